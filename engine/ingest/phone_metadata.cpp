#include "engine/ingest/phone_metadata.h"

#include <re2/re2.h>

#include <array>
#include <memory>
#include <mutex>
#include <optional>

namespace tributary {
namespace {

constexpr PhoneRegion kRegions[] = {
#include "engine/ingest/phone_metadata.inc"
};
constexpr size_t kRegionCount = std::size(kRegions);

/// Patterns compiled on first use: a store sees a few countries, the table has them all.
class PatternCache {
 public:
  bool full_match(size_t index, std::string_view pattern, std::string_view digits) {
    std::call_once(once_[index], [&] { compiled_[index] = std::make_unique<RE2>(re2::StringPiece(pattern)); });
    return RE2::FullMatch(re2::StringPiece(digits), *compiled_[index]);
  }

 private:
  std::array<std::once_flag, kRegionCount> once_;
  std::array<std::unique_ptr<RE2>, kRegionCount> compiled_;
};

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
  for (size_t length = 1; length <= 3 && length <= international_digits.size(); ++length) {
    code = code * 10 + static_cast<unsigned>(international_digits[length - 1] - '0');
    if (Rows rows = by_code[code]; rows.count > 0) return {kRegions + rows.first, rows.count};
  }
  return {};
}

bool is_national_number(const PhoneRegion& region, std::string_view national_digits) {
  static PatternCache cache;
  return region.has_length(national_digits.size()) &&
         cache.full_match(index_of(region), region.national_pattern, national_digits);
}

bool is_mobile_number(const PhoneRegion& region, std::string_view national_digits) {
  static PatternCache cache;
  return !region.mobile_pattern.empty() && cache.full_match(index_of(region), region.mobile_pattern, national_digits);
}

}  // namespace tributary
