#include "engine/ingest/phone_metadata.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>

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

size_t index_of(const PhoneRegion& region) { return static_cast<size_t>(&region - kRegions); }

}  // namespace

const PhoneRegion* find_phone_region(std::string_view iso) {
  if (iso.size() != 2) return nullptr;
  auto found = std::find_if(std::begin(kRegions), std::end(kRegions), [&](auto& region) { return region.iso == iso; });
  return found == std::end(kRegions) ? nullptr : found;
}

std::span<const PhoneRegion> phone_regions_of(std::string_view international_digits) {
  unsigned code = 0;
  for (size_t length = 1; length <= 3 && length <= international_digits.size(); ++length) {
    code = code * 10 + static_cast<unsigned>(international_digits[length - 1] - '0');
    auto [first, last] = std::ranges::equal_range(kRegions, code, {}, &PhoneRegion::calling_code);
    if (first != last) return {first, last};
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
