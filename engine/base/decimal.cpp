#include "engine/base/decimal.h"

#include <algorithm>

namespace tributary {
namespace {

constexpr int kDigitsMax = 36;  // 10^36 < 2^127, with room for a sign and one addition

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
  // Digits are taken one by one from the negative side, which also holds the smallest value.
  WideInteger rest = value.digits > 0 ? -value.digits : value.digits;
  std::string reversed;
  for (int place = 0; rest != 0 || place <= value.scale; ++place) {
    if (place == value.scale && value.scale > 0) reversed += '.';
    reversed += static_cast<char>('0' - static_cast<int>(rest % 10));
    rest /= 10;
  }
  if (value.digits < 0) reversed += '-';
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

}  // namespace tributary
