// What an event says about an order. Source of the vocabulary: the common e-commerce event specification (Segment's
// "V2 Ecommerce Events"), with the extensions of README.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/keyed_hash.h"

namespace tributary {

/// What happened to the order. Stored: never renumber.
enum class OrderAct : uint8_t { completed = 1, updated = 2, cancelled = 3, refunded = 4 };

/// One thing that can be said of an order; each is known by itself, because an update names only what it changes.
/// Stored: never renumber.
enum class OrderField : uint8_t {
  currency = 1,  // ISO 4217, upper case
  revenue = 2,   // amounts: decimals in units of the currency, as text
  total = 3,
  shipping = 4,
  tax = 5,
  discount = 6,
  line_sum = 7,     // sum of price x quantity over the lines; empty: none has a price
  quantity = 8,     // sum of the lines' quantities, a decimal; empty: no lines
  gift = 9,         // "true" or "false"
  test = 10,        // "true" or "false"
  line_count = 11,  // a number
  lines = 12,       // the first kOrderLinesMax lines, a JSON array
};

/// Lines that are kept of an order; their bytes as well are limited, see read_order().
constexpr size_t kOrderLinesMax = 100;

/// Text is `std::string` in an event that is being made, and a view into its record in one that was read.
template <class Text>
struct OrderStatement {
  struct Value {
    OrderField field;
    Text text;
  };
  OrderAct act = OrderAct::completed;
  Hash128 order;              // keyed hash of namespace and id
  Text order_namespace;       // 1.. bytes: whose numbers these are
  Text order_id;              // 1.. bytes
  Text refund_id;             // of a refund; empty: the event names it
  Text refund_amount;         // of a refund, a decimal, 0 or more; empty: all that is left
  std::vector<Value> values;  // sorted by field, distinct
};

using OrderSaid = OrderStatement<std::string>;
using RecordOrder = OrderStatement<std::string_view>;

/// Keyed hash that names an order.
Hash128 order_hash(const KeyedHash& index_key, std::string_view order_namespace, std::string_view order_id);

}  // namespace tributary
