// Words that people and programs write where they have nothing to say.
#pragma once

#include <string_view>

namespace tributary {

/// True for `无`, `n/a`, `-` and their like, in any case and width. Such a value is missing.
bool is_place_holder(std::string_view text);

}  // namespace tributary
