#pragma once

#include <string>
#include <string_view>

#include "engine/base/keyed_hash.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace tributary {

/// Opaque page cursors: a position, signed, so that a forged or mangled one is told from a real one. Stateless.
/// `purpose` keeps a cursor of one list from being used on another.
std::string seal_cursor(const KeyedHash& key, std::string_view purpose, std::string_view position);
/// The position in a cursor. Errors: invalid when it was not sealed for this purpose.
Result<std::string> open_cursor(const KeyedHash& key, std::string_view purpose, std::string_view cursor);
/// The same, where positions of this purpose have `bytes` bytes.
Result<std::string> open_cursor(const KeyedHash& key, std::string_view purpose, std::string_view cursor, size_t bytes);

/// Position in a list that is sorted by time, and by a hash where the times are the same.
struct DatedPlace {
  Timestamp at;
  Hash128 hash;
};
std::string seal_cursor(const KeyedHash& key, std::string_view purpose, const DatedPlace& place);
Result<DatedPlace> open_dated_cursor(const KeyedHash& key, std::string_view purpose, std::string_view cursor);

}  // namespace tributary
