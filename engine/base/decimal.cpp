#include "engine/base/decimal.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace tributary {
namespace {

__extension__ using WideUnsigned = unsigned __int128;

constexpr int kDigitsMax = 36;        // 10^36 < 2^127, with room for a sign and one addition
constexpr size_t kTextBytesMax = 48;  // 39 digits of 128 bits, sign, point

bool overflows_add(WideInteger a, WideInteger b, WideInteger& sum) { return __builtin_add_overflow(a, b, &sum); }
bool overflows_multiply(WideInteger a, WideInteger b, WideInteger& product) {
  return __builtin_mul_overflow(a, b, &product);
}

bool rescale(Decimal& value, int scale) {
  for (; value.scale < scale; ++value.scale) {
    if (overflows_multiply(value.digits, 10, value.digits)) return false;
  }
  return true;
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
  bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  Decimal value;
  int count = 0;
  bool point = false;
  for (char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9' || ++count > kDigitsMax) return std::nullopt;
    value.digits = value.digits * 10 + (c - '0');
    if (point && ++value.scale > kDecimalScaleMax) return std::nullopt;
  }
  if (count == 0) return std::nullopt;
  if (negative) value.digits = -value.digits;
  return value;
}

std::optional<Decimal> add(const Decimal& a, const Decimal& b) {
  Decimal left = a;
  Decimal right = b;
  int scale = std::max(a.scale, b.scale);
  if (!rescale(left, scale) || !rescale(right, scale)) return std::nullopt;
  Decimal sum{0, scale};
  if (overflows_add(left.digits, right.digits, sum.digits)) return std::nullopt;
  return sum;
}

std::optional<Decimal> multiply(const Decimal& a, const Decimal& b) {
  Decimal product{0, a.scale + b.scale};
  if (product.scale > kDecimalScaleMax || overflows_multiply(a.digits, b.digits, product.digits)) return std::nullopt;
  return product;
}

std::string to_text(const Decimal& value) {
  char text[kTextBytesMax];
  char* begin = std::end(text);
  bool negative = value.digits < 0;
  // Unsigned, which also holds the smallest value. Dividing 128 bits costs ten times as much as dividing 64.
  auto wide = static_cast<WideUnsigned>(value.digits);
  if (negative) wide = -wide;
  int place = 0;
  auto put = [&](unsigned digit) {
    if (place == value.scale && value.scale > 0) *--begin = '.';
    *--begin = static_cast<char>('0' + digit);
    ++place;
  };
  for (; wide > UINT64_MAX; wide /= 10) put(static_cast<unsigned>(wide % 10));
  auto rest = static_cast<uint64_t>(wide);
  for (; rest != 0 || place <= value.scale; rest /= 10) put(static_cast<unsigned>(rest % 10));
  if (negative) *--begin = '-';
  return {begin, std::end(text)};
}

std::string to_shortest_text(const Decimal& value) {
  std::string text = to_text(value);
  if (value.scale == 0) return text;
  text.resize(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace tributary
