#include "engine/ingest/punycode.h"

#include <cstdint>

namespace tributary {
namespace {

constexpr uint32_t kBase = 36, kTMin = 1, kTMax = 26, kSkew = 38, kDamp = 700, kInitialBias = 72, kInitialN = 128;

char digit(uint32_t value) { return static_cast<char>(value < 26 ? 'a' + value : '0' + value - 26); }

uint32_t adapt(uint32_t delta, uint32_t points, bool first) {
  delta = first ? delta / kDamp : delta / 2;
  delta += delta / points;
  uint32_t k = 0;
  for (; delta > (kBase - kTMin) * kTMax / 2; k += kBase) delta /= kBase - kTMin;
  return k + (kBase - kTMin + 1) * delta / (delta + kSkew);
}

void append_delta(std::string& out, uint32_t delta, uint32_t bias) {
  for (uint32_t k = kBase;; k += kBase) {
    uint32_t threshold = k <= bias ? kTMin : k >= bias + kTMax ? kTMax : k - bias;
    if (delta < threshold) break;
    out += digit(threshold + (delta - threshold) % (kBase - threshold));
    delta = (delta - threshold) / (kBase - threshold);
  }
  out += digit(delta);
}

/// The smallest code point of the label that is at least `n`.
uint32_t next_code_point(std::u32string_view label, uint32_t n) {
  uint32_t next = UINT32_MAX;
  for (char32_t c : label) {
    if (c >= n && c < next) next = c;
  }
  return next;
}

}  // namespace

std::optional<std::string> punycode(std::u32string_view label) {
  std::string out;
  for (char32_t c : label) {
    if (c < kInitialN) out += static_cast<char>(c);
  }
  auto basic = static_cast<uint32_t>(out.size());
  if (basic > 0) out += '-';
  uint32_t n = kInitialN, delta = 0, bias = kInitialBias;
  for (uint32_t handled = basic; handled < label.size(); ++delta, ++n) {
    uint32_t next = next_code_point(label, n);
    if (next - n > (UINT32_MAX - delta) / (handled + 1)) return std::nullopt;
    delta += (next - n) * (handled + 1);
    n = next;
    for (char32_t c : label) {
      if (c < n) ++delta;
      if (c != n) continue;
      append_delta(out, delta, bias);
      bias = adapt(delta, handled + 1, handled == basic);
      delta = 0;
      ++handled;
    }
  }
  return out;
}

}  // namespace tributary
