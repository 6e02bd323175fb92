// The files of config/connectors as they were when the program was built.
#pragma once

#include <span>
#include <string_view>

namespace tributary {

struct ShippedFile {
  std::string_view name;  // without .yaml
  std::string_view text;
};

/// Sorted by name. Lifetime: of the process.
std::span<const ShippedFile> shipped_files();

}  // namespace tributary
