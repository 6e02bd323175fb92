// For who reads a YAML text with yaml-cpp itself: whether it is one document.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tributary {

struct DocumentPlace {
  size_t line = 1;
  size_t column = 1;
};

/// Where a second document begins. Nothing when there is none, or when the text is no YAML before it: YAML::Load() says
/// so. YAML::LoadAll() never comes back from a stray comma, whose documents have no end.
std::optional<DocumentPlace> find_second_document(std::string_view text);

}  // namespace tributary
