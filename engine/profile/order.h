// What is known of one order: the join of what events said, in whatever order they came, and what follows from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/domain/record.h"
#include "engine/profile/capped_list.h"
#include "engine/profile/fragment.h"

namespace tributary {

/// Who said something about an order, and when. The later of two wins, what is verified over what is claimed.
struct OrderVersion {
  Trust trust = Trust::claimed;
  Timestamp at;
  Hash128 message;  // keyed hash of source and message id: decides between events of one time
  friend auto operator<=>(const OrderVersion&, const OrderVersion&) = default;
};

struct OrderFieldState {
  OrderField field = OrderField::currency;
  OrderVersion version;
  std::string value;
};

struct OrderRefund {
  std::string id;  // its own, or 0 and the hash of the message that told it
  OrderVersion version;
  std::string amount;    // a decimal; empty: all that is left
  std::string currency;  // empty: that of the order
};
inline const std::string& key_of(const OrderRefund& refund) { return refund.id; }

/// Refunds that are kept of one order: those whose id has the smallest hash.
constexpr size_t kRefundsPerOrderMax = 200;

/// What happened to an order, and when it first did. INT64_MAX: never.
struct OrderCourse {
  Timestamp first_at{INT64_MAX};      // of the earliest event about it
  Timestamp completed_at{INT64_MAX};  // of the earliest completion
  Timestamp cancelled_at{INT64_MAX};
  Trust completed_trust = Trust::claimed;  // the greatest of those who said so
  Trust cancelled_trust = Trust::claimed;
};

struct OrderState : OrderCourse {
  std::string order_namespace;
  std::string order_id;
  std::vector<OrderFieldState> fields;  // sorted by field, one each
  CappedList<OrderRefund, kRefundsPerOrderMax> refunds;
};

/// Adds what an event says about this order. The event has one.
void apply(OrderState& order, const EventView& event);

/// Adds what other events said about the same order.
void join(OrderState& into, const OrderState& other);

/// False when no event of the fragment was about an order.
bool may_have_orders(const Fragment& fragment);

/// The value of an order row, version 2.
void encode_order(const OrderState& order, std::string& out);
/// The same bytes as those of a state to which nothing but this event was applied, without making it. The event has an
/// order.
void encode_order(const EventView& event, std::string& out);
Result<OrderState> decode_order(std::string_view bytes);

enum class OrderStatus : uint8_t { pending, completed, partially_refunded, refunded, cancelled };
std::string_view order_status_name(OrderStatus status);

/// An order as readers see it. Amounts are in minor units of the currency.
struct Order {
  Hash128 hash;  // names it, see order_hash()
  std::string order_namespace;
  std::string order_id;
  OrderStatus status = OrderStatus::pending;  // pending: nobody said that it was completed
  bool counts = false;                        // for every figure: completed, worth something, no test
  Trust trust = Trust::claimed;               // the greatest of those who said that it was completed
  Timestamp at;                               // of its completion, else of the first that was said
  std::string currency;                       // empty: nobody said
  std::optional<int64_t> net_minor;           // nothing when amount or currency is missing
  int64_t refunded_minor = 0;
  int64_t value_minor = 0;  // net without refunds, 0 or more
  std::optional<int64_t> discount_minor, shipping_minor, tax_minor;
  std::string quantity;  // a decimal; empty: nobody said
  bool gift = false;
  bool test = false;
  uint64_t line_count = 0;
  std::string lines_json = "[]";
  bool refund_exceeds_order = false;
  bool refund_in_other_currency = false;  // it was not taken off
  bool refunds_cut = false;               // there may be more than kRefundsPerOrderMax
  bool amount_rounded = false;            // an amount had more places than the currency
};

/// What follows from all that was said. What a browser claims neither cancels nor gives back what a server said was
/// completed.
Order judge(const OrderState& state);

}  // namespace tributary
