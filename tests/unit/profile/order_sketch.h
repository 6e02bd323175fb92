#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/profile/order.h"

namespace tributary {

/// What a test says about an order.
struct SketchedStatement {
  OrderAct act = OrderAct::completed;
  int64_t at = 0;
  std::vector<std::pair<OrderField, std::string>> values = {};
  std::string message_id = "m";
  std::string refund_id = "";
  std::string refund_amount = "";
  Trust trust = Trust::verified;
  std::string source = "shop";
};

/// Lifetime: the view points into `said`.
inline EventView view_of(const SketchedStatement& said) {
  EventView view;
  view.source = said.source;
  view.message_id = said.message_id;
  static const KeyedHash key(std::string(32, 'o'));
  view.message_hash = message_hash(key, said.source, said.message_id);
  view.type = EventType::track;
  view.occurred_at = Timestamp{said.at};
  view.identifiers.push_back({Hash128{}, Trust::claimed, IdentifierFamily::anonymous_id, {}, {}});
  view.identifiers.push_back({Hash128{}, said.trust, IdentifierFamily::user_id, {}, {}});
  RecordOrder& order = view.order.emplace();
  order.act = said.act;
  order.order_namespace = "shop";
  order.order_id = "A-1";
  order.refund_id = said.refund_id;
  order.refund_amount = said.refund_amount;
  for (const auto& [field, text] : said.values) order.values.push_back({field, text});
  return view;
}

inline OrderState state_of(const std::vector<SketchedStatement>& statements) {
  OrderState state;
  for (const SketchedStatement& said : statements) apply(state, view_of(said));
  return state;
}

inline std::string bytes_of(const OrderState& state) {
  std::string bytes;
  encode_order(state, bytes);
  return bytes;
}

/// The bytes of a row that one event alone has written.
inline std::string bytes_of_event(const SketchedStatement& said) {
  std::string bytes;
  encode_order(view_of(said), bytes);
  return bytes;
}

/// An order of this many yuan.
inline SketchedStatement completed(const std::string& revenue, int64_t at = 0) {
  return {OrderAct::completed, at, {{OrderField::currency, "CNY"}, {OrderField::revenue, revenue}}, "completed"};
}

/// Each with an id of its own; an empty amount is all that is left.
inline SketchedStatement refunded(const std::string& amount, const std::string& id = "r", int64_t at = 1) {
  return {OrderAct::refunded, at, {}, "refunded " + id, id, amount};
}

}  // namespace tributary
