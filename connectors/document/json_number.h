// Which plain scalars of YAML are numbers of JSON.
#pragma once

#include <string_view>

namespace tributary {

/// True for a number as RFC 8259 section 6 spells it.
bool is_json_number(std::string_view text);

}  // namespace tributary
