#include "engine/ingest/phone_metadata.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace tributary {
namespace {

constexpr PhoneRegion kRegions[] = {
#include "engine/ingest/phone_metadata.inc"
};
constexpr size_t kRegionCount = std::size(kRegions);

/// Patterns compiled on first use: a store sees a few countries, the table has them all.
class PatternCache {
 public:
  explicit PatternCache(std::string_view PhoneRegion::* pattern) : pattern_(pattern) {}

  const RE2& of(const PhoneRegion& region) {
    auto index = static_cast<size_t>(&region - kRegions);
    std::call_once(once_[index], [&] { compiled_[index] = std::make_unique<RE2>(re2::StringPiece(region.*pattern_)); });
    return *compiled_[index];
  }

 private:
  std::string_view PhoneRegion::* pattern_;
  std::array<std::once_flag, kRegionCount> once_;
  std::array<std::unique_ptr<RE2>, kRegionCount> compiled_;
};

bool fits_plan(const PhoneRegion& region, std::string_view digits) {
  static PatternCache cache(&PhoneRegion::national_pattern);
  return RE2::FullMatch(re2::StringPiece(digits), cache.of(region));
}

bool is_plain(std::string_view pattern) { return pattern.find_first_not_of("0123456789") == std::string_view::npos; }

/// What of a pattern matched at the front: how many digits, and whether the last of its groups took part.
struct Front {
  size_t length = 0;
  bool last_group = false;
};

Front front_of(std::string_view digits, std::string_view pattern, const PhoneRegion& region, PatternCache& cache) {
  constexpr int kPiecesMax = 4;
  if (is_plain(pattern)) return {digits.starts_with(pattern) ? pattern.size() : 0, false};
  const RE2& compiled = cache.of(region);
  re2::StringPiece pieces[kPiecesMax];
  int groups = std::min(compiled.NumberOfCapturingGroups(), kPiecesMax - 1);
  if (!compiled.Match(digits, 0, digits.size(), RE2::ANCHOR_START, pieces, groups + 1)) return {};
  return {pieces[0].size(), groups > 0 && !pieces[groups].empty()};
}

/// What the plan makes of digits with this prefix: what stands behind it, or what its rewriting says.
std::string behind_prefix(const PhoneRegion& region, std::string_view digits, const Front& prefix,
                          PatternCache& cache) {
  if (!prefix.last_group || region.prefix_rewrite.empty()) return std::string(digits.substr(prefix.length));
  std::string result(digits);
  RE2::Replace(&result, cache.of(region), re2::StringPiece(region.prefix_rewrite));
  return result;
}

std::optional<size_t> slot_of(std::string_view iso) {
  auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (iso.size() != 2 || !is_capital(iso[0]) || !is_capital(iso[1])) return std::nullopt;
  return static_cast<size_t>((iso[0] - 'A') * 26 + (iso[1] - 'A'));
}

size_t index_of(const PhoneRegion& region) { return static_cast<size_t>(&region - kRegions); }

}  // namespace

const PhoneRegion* find_phone_region(std::string_view iso) {
  static const auto by_letters = [] {
    std::array<const PhoneRegion*, 26 * 26> table{};
    for (const PhoneRegion& region : kRegions) {
      if (std::optional<size_t> slot = slot_of(region.iso)) table[*slot] = &region;
    }
    return table;
  }();
  std::optional<size_t> slot = slot_of(iso);
  return slot ? by_letters[*slot] : nullptr;
}

std::span<const PhoneRegion> phone_regions_of(std::string_view international_digits) {
  struct Rows {
    uint16_t first = 0, count = 0;
  };
  static const auto by_code = [] {
    std::array<Rows, 1000> table{};
    for (const PhoneRegion& region : kRegions) {
      Rows& rows = table[region.calling_code];
      if (rows.count++ == 0) rows.first = static_cast<uint16_t>(index_of(region));
    }
    return table;
  }();
  unsigned code = 0;
  if (international_digits.starts_with('0')) return {};  // no calling code does
  for (size_t length = 1; length <= 3 && length <= international_digits.size(); ++length) {
    code = code * 10 + static_cast<unsigned>(international_digits[length - 1] - '0');
    if (Rows rows = by_code[code]; rows.count > 0) return {kRegions + rows.first, rows.count};
  }
  return {};
}

bool is_national_number(const PhoneRegion& region, std::string_view national_digits) {
  return region.has_length(national_digits.size()) && fits_plan(region, national_digits);
}

bool is_mobile_number(const PhoneRegion& region, std::string_view national_digits) {
  static PatternCache cache(&PhoneRegion::mobile_pattern);
  return !region.mobile_pattern.empty() && RE2::FullMatch(re2::StringPiece(national_digits), cache.of(region));
}

std::optional<size_t> exit_code_length(const PhoneRegion& region, std::string_view digits) {
  static PatternCache cache(&PhoneRegion::exit_pattern), earlier_cache(&PhoneRegion::exit_pattern_earlier);
  size_t length = front_of(digits, region.exit_pattern, region, cache).length;
  if (region.exit_pattern_earlier.empty()) return length;
  size_t earlier = front_of(digits, region.exit_pattern_earlier, region, earlier_cache).length;
  return length == earlier ? std::optional(length) : std::nullopt;
}

std::optional<std::string_view> without_national_prefix(const PhoneRegion& region, std::string_view digits) {
  static PatternCache cache(&PhoneRegion::prefix_pattern);
  Front prefix = front_of(digits, region.prefix_pattern, region, cache);
  if (prefix.length == 0) return digits;
  std::string rest = behind_prefix(region, digits, prefix, cache);
  if (!fits_plan(region, rest) && fits_plan(region, digits)) return digits;
  if (!digits.ends_with(rest)) return std::nullopt;
  return digits.substr(digits.size() - rest.size());
}

}  // namespace tributary
