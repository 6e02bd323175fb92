// What people are told about a link that the rules did not accept.
#pragma once

#include <string>

#include "engine/engine.h"

namespace tributary {

/// One sentence: what stands against the link, and what would have to change.
std::string refusal_text(const RefusalView& refusal);

/// `7d`, `36h`, `90s`, `250ms`: a length in the greatest unit that divides it.
std::string window_text(int64_t micros);

}  // namespace tributary
