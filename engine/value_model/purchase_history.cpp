#include "engine/value_model/purchase_history.h"

#include <algorithm>
#include <span>
#include <string>
#include <tuple>

namespace tributary {
namespace {

constexpr double kDaysPerWeek = 7;

double weeks_between(int64_t first_day, int64_t last_day) {
  return static_cast<double>(last_day - first_day) / kDaysPerWeek;
}

/// `purchases` are one customer's by day, at least one.
Result<PurchaseHistory> history_of(std::span<const DatedPurchase> purchases, int64_t last_day) {
  PurchaseHistory history;
  const DatedPurchase& first = purchases.front();
  history.customer = first.customer;
  history.weeks = weeks_between(first.day, last_day);
  history.last_week = weeks_between(first.day, purchases.back().day);
  int64_t repeated_minor = 0;
  int64_t day = first.day;
  for (const DatedPurchase& purchase : purchases) {
    if (purchase.day == first.day) continue;
    if (purchase.day != day) ++history.repeats;
    day = purchase.day;
    if (__builtin_add_overflow(repeated_minor, purchase.amount_minor, &repeated_minor)) {
      return Error{ErrorCode::invalid, "the purchases of one customer add up to more than 64 bits hold"};
    }
  }
  if (history.repeats > 0) history.mean_repeat_minor = static_cast<double>(repeated_minor) / history.repeats;
  return history;
}

}  // namespace

Result<std::vector<PurchaseHistory>> purchase_histories(std::vector<DatedPurchase> purchases, int64_t last_day) {
  std::erase_if(purchases, [&](const DatedPurchase& purchase) { return purchase.day > last_day; });
  for (const DatedPurchase& purchase : purchases) {
    if (purchase.amount_minor >= 0) continue;
    return Error{ErrorCode::invalid, "a purchase has a negative amount: " + std::to_string(purchase.amount_minor)};
  }
  std::sort(purchases.begin(), purchases.end(), [](const DatedPurchase& a, const DatedPurchase& b) {
    return std::tie(a.customer, a.day) < std::tie(b.customer, b.day);
  });
  std::vector<PurchaseHistory> histories;
  for (size_t begin = 0, end = 0; begin < purchases.size(); begin = end) {
    while (end < purchases.size() && purchases[end].customer == purchases[begin].customer) ++end;
    auto history = history_of(std::span(purchases).subspan(begin, end - begin), last_day);
    if (!history) return history.error();
    histories.push_back(*history);
  }
  return histories;
}

}  // namespace tributary
