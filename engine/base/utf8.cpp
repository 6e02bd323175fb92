#include "engine/base/utf8.h"

#include <cstdint>

namespace tributary {
namespace {

/// How one lead byte goes on: the bytes that follow it and the range of the first of them, which rules out overlong
/// forms, surrogates and what lies beyond U+10FFFF.
struct Lead {
  int following;  // -1: the byte leads nothing
  uint8_t first_min, first_max;
};

Lead lead_of(uint8_t byte) {
  if (byte < 0x80) return {0, 0, 0};
  if (byte >= 0xc2 && byte <= 0xdf) return {1, 0x80, 0xbf};
  if (byte == 0xe0) return {2, 0xa0, 0xbf};
  if (byte == 0xed) return {2, 0x80, 0x9f};
  if (byte >= 0xe1 && byte <= 0xef) return {2, 0x80, 0xbf};
  if (byte == 0xf0) return {3, 0x90, 0xbf};
  if (byte >= 0xf1 && byte <= 0xf3) return {3, 0x80, 0xbf};
  if (byte == 0xf4) return {3, 0x80, 0x8f};
  return {-1, 0, 0};
}

struct Subpart {
  size_t length;  // at least 1
  bool complete;  // it is a well-formed sequence
};

/// As much of the front as could begin a well-formed sequence.
Subpart maximal_subpart(std::string_view text) {
  Lead lead = lead_of(static_cast<uint8_t>(text[0]));
  uint8_t low = lead.first_min, high = lead.first_max;
  size_t length = 1;
  while (static_cast<int>(length) <= lead.following && length < text.size()) {
    auto byte = static_cast<uint8_t>(text[length]);
    if (byte < low || byte > high) break;
    low = 0x80, high = 0xbf;
    ++length;
  }
  return {length, static_cast<int>(length) == lead.following + 1 && lead.following >= 0};
}

}  // namespace

size_t utf8_sequence(std::string_view text) {
  Subpart front = maximal_subpart(text);
  return front.complete ? front.length : 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    Subpart front = maximal_subpart(text);
    out.append(front.complete ? text.substr(0, front.length) : kReplacementCharacter);
    text.remove_prefix(front.length);
  }
  return out;
}

}  // namespace tributary
