#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace tributary::load {

/// Log-linear histogram of nanoseconds: 128 buckets per power of two, so a quantile is at most 0.8 % off. Fixed size,
/// and recording costs a few instructions.
class LatencyHistogram {
 public:
  void record(uint64_t nanoseconds) {
    ++counts_[bucket_of(nanoseconds)];
    ++total_;
    max_ = std::max(max_, nanoseconds);
  }
  uint64_t total() const { return total_; }
  double max_ms() const { return static_cast<double>(max_) / 1e6; }

  /// The value that `share` (0..1) of the records do not exceed, in milliseconds; 0 without records.
  double quantile_ms(double share) const {
    auto wanted = static_cast<uint64_t>(share * static_cast<double>(total_));
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen > wanted || (seen == total_ && seen > 0)) {
        return static_cast<double>(std::min(upper_bound_of(bucket), max_)) / 1e6;
      }
    }
    return 0;
  }

 private:
  static constexpr unsigned kSubBits = 7;
  static constexpr uint64_t kSub = 1ull << kSubBits;

  static size_t bucket_of(uint64_t value) {
    if (value < kSub) return value;
    auto exponent = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
    return exponent * kSub + (value >> exponent);
  }
  static uint64_t upper_bound_of(size_t bucket) {
    if (bucket < 2 * kSub) return bucket;
    uint64_t exponent = bucket / kSub - 1;
    return ((bucket % kSub + kSub + 1) << exponent) - 1;
  }

  std::array<uint64_t, (64 - kSubBits + 1) * kSub> counts_{};
  uint64_t total_ = 0;
  uint64_t max_ = 0;
};

}  // namespace tributary::load
