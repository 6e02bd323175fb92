// What the value models know of a customer: when they bought, how often since, and for how much.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/result.h"

namespace tributary {

struct DatedPurchase {
  uint32_t customer = 0;  // the caller's number of them
  int64_t day = 0;        // since 1970-01-01
  int64_t amount_minor = 0;
};

/// One customer up to the end of the calibration. Purchases of one day are one purchase; the first day is no repeat.
struct PurchaseHistory {
  uint32_t customer = 0;
  uint32_t repeats = 0;          // x
  double last_week = 0;          // t_x: weeks from the first to the last purchase
  double weeks = 0;              // T: weeks from the first purchase to the end of the calibration
  double mean_repeat_minor = 0;  // minor units per repeat purchase; 0 without repeats
};

/// The histories of all who bought up to and with `last_day`, by customer. Later purchases are left out, so their days
/// may be anything. A purchase of nothing is one: whoever thinks otherwise leaves it out before.
/// Errors: invalid for a negative amount, and for sums beyond 64 bits.
Result<std::vector<PurchaseHistory>> purchase_histories(std::vector<DatedPurchase> purchases, int64_t last_day);

}  // namespace tributary
