// Fixed-width little-endian fields at byte offsets.
#pragma once

#include <bit>
#include <concepts>
#include <cstring>

namespace tributary {

static_assert(std::endian::native == std::endian::little, "the log's files are little-endian");

template <std::integral Value>
void put_le(char* at, Value value) {
  std::memcpy(at, &value, sizeof value);
}

template <std::integral Value>
Value get_le(const char* at) {
  Value value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace tributary
