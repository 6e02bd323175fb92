// The days between two order days of a customer, and the middle of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tributary {

/// Takes the days of orders one after the other, rising; a day that comes again adds nothing.
class OrderGaps {
 public:
  void add(int64_t day) {
    if (last_ == day) return;
    if (last_) gaps_.insert(std::upper_bound(gaps_.begin(), gaps_.end(), day - *last_), day - *last_);
    last_ = day;
  }

  /// Half days; nothing for fewer than three days.
  std::optional<int64_t> median_halves() const {
    if (gaps_.size() + 1 < kOrderDaysForGap) return std::nullopt;
    return gaps_[(gaps_.size() - 1) / 2] + gaps_[gaps_.size() / 2];
  }

 private:
  static constexpr size_t kOrderDaysForGap = 3;
  std::optional<int64_t> last_;
  std::vector<int64_t> gaps_;  // sorted
};

}  // namespace tributary
