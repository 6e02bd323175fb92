#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "connectors/bulk/mapping.h"

namespace tributary {

/// Reads a mapping, all mistakes at once: each is `file:line:column: what is wrong`. Unknown and doubled keys are
/// mistakes. The language is described in config/import/README.md.
std::variant<Mapping, std::vector<std::string>> parse_mapping(std::string_view yaml, std::string_view file_name);
std::variant<Mapping, std::vector<std::string>> load_mapping(const std::string& path);

}  // namespace tributary
