#pragma once

#include <cstdint>

namespace tributary {

/// Who said it: somebody who might lie, or somebody entitled to say it. Stored; the greater one wins.
enum class Trust : uint8_t { claimed = 0, verified = 1 };

}  // namespace tributary
