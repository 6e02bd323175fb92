#include "engine/query/cursor.h"

namespace tributary {
namespace {

constexpr size_t kSignatureBytes = 8;

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

std::optional<std::string> open_cursor(const KeyedHash& key, std::string_view purpose, std::string_view cursor) {
  auto bytes = parse_base64(cursor);
  if (!bytes || bytes->size() < kSignatureBytes) return std::nullopt;
  std::string position = bytes->substr(kSignatureBytes);
  if (!equal_in_constant_time(bytes->substr(0, kSignatureBytes), signature(key, purpose, position)))
    return std::nullopt;
  return position;
}

}  // namespace tributary
