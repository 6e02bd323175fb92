// What is left of a shop's orders when all that happened to them is known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/base/decimal.h"

namespace tributary {

struct BookedOrder {
  uint32_t customer = 0;
  int64_t day = 0;  // since 1970-01-01
  Decimal amount;
};

/// Takes what happened in any order, and any number of times: a refund or a cancellation may come before its order, and
/// counts for the order's day. Memory: all orders. Owner: one thread.
class OrderBook {
 public:
  OrderBook() = default;
  OrderBook(const OrderBook&) = delete;
  OrderBook& operator=(const OrderBook&) = delete;

  /// False when this order is known already: what came first counts. An empty key is an order that has none.
  bool complete(std::string_view key, const BookedOrder& order);
  void cancel(std::string_view key);
  /// Without an amount, of all that is left. A refund of one id counts once.
  void refund(std::string_view key, std::string_view refund_id, const std::optional<Decimal>& amount);

  struct Standing {
    std::vector<BookedOrder> orders;  // as they came, less what was paid back
    uint64_t taken_back = 0;          // orders cancelled or paid back as a whole
  };
  Standing standing() const;

 private:
  struct Fate {
    bool completed = false;
    bool taken_back = false;
    Decimal refunded;
    std::unordered_set<std::string> refund_ids;
  };
  struct Entry {
    BookedOrder order;
    const Fate* fate = nullptr;  // null without a key
  };

  std::vector<Entry> entries_;
  std::unordered_map<std::string, Fate> fates_;  // its nodes stay where they are
};

}  // namespace tributary
