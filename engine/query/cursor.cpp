#include "engine/query/cursor.h"

#include "engine/base/bytes.h"
#include "engine/base/hash_bytes.h"

namespace tributary {
namespace {

constexpr size_t kSignatureBytes = 8;

Error not_a_cursor() { return {ErrorCode::invalid, "cursor is not valid"}; }

std::string signature(const KeyedHash& key, std::string_view purpose, std::string_view position) {
  std::string message(purpose);
  message += '\0';
  message += position;
  return std::string(key(message).view().substr(0, kSignatureBytes));
}

}  // namespace

std::string seal_cursor(const KeyedHash& key, std::string_view purpose, std::string_view position) {
  std::string text = base64(signature(key, purpose, position) + std::string(position));
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return text;
}

Result<std::string> open_cursor(const KeyedHash& key, std::string_view purpose, std::string_view cursor) {
  auto bytes = parse_base64(cursor);
  if (!bytes || bytes->size() < kSignatureBytes) return not_a_cursor();
  std::string position = bytes->substr(kSignatureBytes);
  if (!equal_in_constant_time(bytes->substr(0, kSignatureBytes), signature(key, purpose, position)))
    return not_a_cursor();
  return position;
}

Result<std::string> open_cursor(const KeyedHash& key, std::string_view purpose, std::string_view cursor, size_t bytes) {
  auto position = open_cursor(key, purpose, cursor);
  if (position && position->size() != bytes) return not_a_cursor();
  return position;
}

std::string seal_cursor(const KeyedHash& key, std::string_view purpose, const DatedPlace& place) {
  std::string position;
  ByteWriter out(position);
  out.i64(place.at.micros);
  out.raw(place.hash.view());
  return seal_cursor(key, purpose, position);
}

Result<DatedPlace> open_dated_cursor(const KeyedHash& key, std::string_view purpose, std::string_view cursor) {
  auto position = open_cursor(key, purpose, cursor, 8 + 16);
  if (!position) return position.error();
  ByteReader in(*position);
  Timestamp at{in.i64()};
  return DatedPlace{at, read_hash(in)};
}

}  // namespace tributary
