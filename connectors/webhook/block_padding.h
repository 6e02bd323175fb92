// PKCS#7 padding, for blocks of any size up to 255: WeChat's have 32 bytes. Source: RFC 5652 section 6.3.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace tributary {

inline void add_block_padding(std::string& text, size_t block_bytes) {
  size_t count = block_bytes - text.size() % block_bytes;
  text.append(count, static_cast<char>(count));
}

/// False, and the text as it was, when its end is no padding.
inline bool remove_block_padding(std::string& text, size_t block_bytes) {
  size_t count = text.empty() ? 0 : static_cast<uint8_t>(text.back());
  if (count == 0 || count > block_bytes || count > text.size()) return false;
  auto first = text.end() - static_cast<std::ptrdiff_t>(count);
  if (std::any_of(first, text.end(), [&](char c) { return c != text.back(); })) return false;
  text.erase(first, text.end());
  return true;
}

}  // namespace tributary
