#include "engine/ingest/text_fold.h"

#include <utf8proc.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "engine/ingest/json_text.h"

namespace tributary {
namespace {

constexpr uint64_t kEachByte = 0x0101010101010101;
constexpr uint64_t kHighBits = kEachByte * 0x80;

/// Calls on_word for 8 bytes at a time; the rest is filled up with `a`.
template <class OnWord>
void for_each_word(std::string_view text, OnWord on_word) {
  uint64_t word;
  size_t i = 0;
  for (; i + sizeof word <= text.size(); i += sizeof word) {
    std::memcpy(&word, text.data() + i, sizeof word);
    on_word(word);
  }
  if (i == text.size()) return;
  word = kEachByte * 'a';
  std::memcpy(&word, text.data() + i, text.size() - i);
  on_word(word);
}

std::optional<std::string> mapped(std::string_view text, int options) {
  utf8proc_uint8_t* out = nullptr;
  utf8proc_ssize_t length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &out, static_cast<utf8proc_option_t>(options));
  if (length < 0) return std::nullopt;
  std::string result(reinterpret_cast<char*>(out), static_cast<size_t>(length));
  std::free(out);
  return result;
}

constexpr int kNfkc = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;

template <class Map>
std::optional<std::string> each_mapped(std::string_view text, Map map) {
  std::string result;
  result.reserve(text.size());
  bool whole = for_each_code_point(
      text, [&](char32_t c) { append_utf8(result, static_cast<char32_t>(map(static_cast<utf8proc_int32_t>(c)))); });
  if (!whole) return std::nullopt;
  return result;
}

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }

}  // namespace

std::optional<std::string> simple_lower(std::string_view text) { return each_mapped(text, utf8proc_tolower); }
std::optional<std::string> simple_upper(std::string_view text) { return each_mapped(text, utf8proc_toupper); }

bool is_ascii(std::string_view text) {
  uint64_t bits = 0;
  for_each_word(text, [&](uint64_t word) { bits |= word; });
  return (bits & kHighBits) == 0;
}

bool is_visible_ascii(std::string_view text) {
  uint64_t bad = 0;
  for_each_word(text, [&](uint64_t word) {
    uint64_t below_exclamation =
        word - kEachByte * 0x21;              // borrows reach the high bit only for bytes below, or over 0xa0
    uint64_t above_tilde = word + kEachByte;  // 0x7f becomes 0x80
    bad |= word | below_exclamation | above_tilde;
  });
  return (bad & kHighBits) == 0;
}

FrontCodePoint front_code_point_beyond_ascii(std::string_view text) {
  utf8proc_int32_t code_point = -1;
  utf8proc_ssize_t bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                            static_cast<utf8proc_ssize_t>(text.size()), &code_point);
  if (bytes <= 0 || code_point < 0) return {0, 0};
  return {static_cast<char32_t>(code_point), static_cast<size_t>(bytes)};
}

bool is_white_space(char32_t c) {
  if (c < 0x80) return (c >= 9 && c <= 13) || c == ' ';
  return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
         c == 0x202f || c == 0x205f || c == 0x3000;
}

std::string_view trim_white_space(std::string_view text) {
  while (!text.empty()) {
    FrontCodePoint front = front_code_point(text);
    if (front.bytes == 0 || !is_white_space(front.code_point)) break;
    text.remove_prefix(front.bytes);
  }
  while (!text.empty()) {
    size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xc0) == 0x80) --last;
    FrontCodePoint back = front_code_point(text.substr(last));
    if (last + back.bytes != text.size() || back.bytes == 0 || !is_white_space(back.code_point)) break;
    text.remove_suffix(back.bytes);
  }
  return text;
}

std::string without_controls(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (is_control(c)) continue;
    bool c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) {
      ++i;
      continue;
    }
    result += text[i];
  }
  return result;
}

std::optional<std::string> nfkc(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  return mapped(text, kNfkc);
}

std::optional<std::string> nfkc_casefold(std::string_view text) {
  if (is_ascii(text)) return ascii_lowered(text);
  return mapped(text, kNfkc | UTF8PROC_CASEFOLD);
}

std::optional<std::string> match_text(std::string_view text) {
  std::optional<std::string> folded = nfkc_casefold(text);
  if (!folded) return std::nullopt;
  std::string collapsed;
  bool blank = false;
  bool valid = for_each_code_point(*folded, [&](char32_t c) {
    if (is_white_space(c)) {
      blank = !collapsed.empty();
      return;
    }
    if (blank) collapsed += ' ';
    blank = false;
    append_utf8(collapsed, c);
  });
  if (!valid) return std::nullopt;
  return collapsed;
}

std::optional<std::string> nfkc_lower(std::string_view text) {
  if (is_ascii(text)) return ascii_lowered(text);
  std::optional<std::string> current = mapped(text, kNfkc);
  // Lower-casing can leave normal form and normalising can give a capital; in Unicode 15 two rounds settle every text.
  for (int round = 0; current && round < 4; ++round) {
    std::optional<std::string> further = mapped(*simple_lower(*current), kNfkc);
    if (further == current) break;
    current = std::move(further);
  }
  return current;
}

bool is_punctuation_only(std::string_view text) {
  bool only = true;
  bool valid = for_each_code_point(text, [&](char32_t c) {
    utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
    only = only && category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_ZP &&
           !(category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO);
  });
  return valid && only;
}

int decimal_digit(char32_t code_point) {
  if (code_point < 0x80) return code_point >= '0' && code_point <= '9' ? static_cast<int>(code_point - '0') : -1;
  auto at = static_cast<utf8proc_int32_t>(code_point);
  if (utf8proc_category(at) != UTF8PROC_CATEGORY_ND) return -1;
  // Digits stand in runs of ten, zero first; the mathematical digits, five runs without a gap, fold by NFKC before.
  utf8proc_int32_t zero = at;
  while (at - zero < 9 && utf8proc_category(zero - 1) == UTF8PROC_CATEGORY_ND) --zero;
  return static_cast<int>(at - zero);
}

}  // namespace tributary
