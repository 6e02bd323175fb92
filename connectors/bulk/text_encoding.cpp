#include "connectors/bulk/text_encoding.h"

#include <array>
#include <cstdint>

#include "engine/base/utf8.h"

namespace tributary {
namespace {

// Windows-1252 differs from ISO 8859-1 in 0x80..0x9f only; 0 marks a byte that is no character.
// Source: the WHATWG encoding standard's index, with its five C1 fall-backs refused.
constexpr std::array<uint16_t, 32> kWindows1252 = {0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                                   0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
                                                   0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                                   0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

void append_code_point(uint16_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

}  // namespace

std::optional<TextEncoding> parse_text_encoding(std::string_view name) {
  if (name == "utf-8") return TextEncoding::utf8;
  if (name == "latin-1") return TextEncoding::latin1;
  if (name == "windows-1252") return TextEncoding::windows1252;
  if (name == "gbk" || name == "gb18030") return TextEncoding::gb18030;
  return std::nullopt;
}

bool append_as_utf8(TextEncoding encoding, std::string_view text, std::string& out) {
  if (encoding == TextEncoding::utf8 || encoding == TextEncoding::gb18030) {
    out.append(text);
    return is_utf8(text);
  }
  for (char c : text) {
    auto byte = static_cast<uint8_t>(c);
    uint16_t code = byte;
    if (encoding == TextEncoding::windows1252 && byte >= 0x80 && byte <= 0x9f) code = kWindows1252[byte - 0x80];
    if (code == 0 && byte != 0) return false;
    append_code_point(code, out);
  }
  return true;
}

}  // namespace tributary
