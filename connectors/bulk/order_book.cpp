#include "connectors/bulk/order_book.h"

namespace tributary {

bool OrderBook::complete(std::string_view key, const BookedOrder& order) {
  if (key.empty()) {
    entries_.push_back({order, nullptr});
    return true;
  }
  Fate& fate = fates_[std::string(key)];
  if (fate.completed) return false;
  fate.completed = true;
  entries_.push_back({order, &fate});
  return true;
}

void OrderBook::cancel(std::string_view key) { fates_[std::string(key)].taken_back = true; }

void OrderBook::refund(std::string_view key, std::string_view refund_id, const std::optional<Decimal>& amount) {
  Fate& fate = fates_[std::string(key)];
  if (!fate.refund_ids.emplace(refund_id).second) return;
  auto sum = amount ? add(fate.refunded, *amount) : std::nullopt;
  if (sum) {
    fate.refunded = *sum;
  } else {
    fate.taken_back = true;
  }
}

OrderBook::Standing OrderBook::standing() const {
  Standing standing;
  for (const auto& [order, fate] : entries_) {
    if (fate == nullptr || (!fate->taken_back && fate->refunded.digits <= 0)) {
      standing.orders.push_back(order);
      continue;
    }
    auto left = add(order.amount, negate(fate->refunded));
    if (fate->taken_back || !left || left->digits <= 0) {
      ++standing.taken_back;
    } else {
      standing.orders.push_back({order.customer, order.day, *left});
    }
  }
  return standing;
}

}  // namespace tributary
