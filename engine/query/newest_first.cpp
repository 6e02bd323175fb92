#include "engine/query/newest_first.h"

#include "engine/query/cursor.h"
#include "engine/store/key_schema.h"

namespace tributary {

Result<std::string> start_newest_first(const KeyedHash& cursor_key, std::string_view purpose, std::string_view cursor,
                                       std::optional<Timestamp> until) {
  if (!cursor.empty()) return open_cursor(cursor_key, purpose, cursor, kNewestFirstBytes);
  if (until) return newest_first_suffix({Timestamp{until->micros - 1}, kLastLsn});
  return std::string();
}

}  // namespace tributary
