// Pages of lists whose rows stand newest first (`NewestFirst`).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/keyed_hash.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace tributary {

/// Behind which suffix of a key a page starts: the cursor's, or where the newest row before `until` may stand; empty
/// for the newest of all. Errors: invalid when the cursor is not this list's.
Result<std::string> start_newest_first(const KeyedHash& cursor_key, std::string_view purpose, std::string_view cursor,
                                       std::optional<Timestamp> until);

}  // namespace tributary
