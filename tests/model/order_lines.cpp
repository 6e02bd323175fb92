#include "tests/model/order_lines.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "engine/domain/record.h"

namespace tributary::model {
namespace {

// Trust, time, hash of the message, value: the greatest one holds.
using Said = std::tuple<int, int64_t, Hash128, std::string>;

struct Order {
  std::set<int64_t> completed, cancelled;
  std::map<OrderField, std::set<Said>> fields;
  std::map<std::string, std::set<std::pair<Said, std::string>>> refunds;  // with their currency
  int completed_trust = 0, cancelled_trust = 0;
  std::set<int64_t> told;

  std::string value(OrderField field) const {
    auto known = fields.find(field);
    return known == fields.end() ? "" : std::get<3>(*known->second.rbegin());
  }
  std::optional<int64_t> cents(OrderField field) const {
    std::string text = value(field);
    if (text.empty()) return std::nullopt;
    return cents_of(text);
  }
  static int64_t cents_of(std::string text) {
    text.erase(text.find('.'), 1);
    return std::stoll(text);
  }
};

Said said_by(const Event& event, const std::string& value, const KeyedHash& index_key) {
  int trust = 0;
  for (const EventIdentifier& id : event.identifiers) trust = std::max(trust, static_cast<int>(id.trust));
  return {trust, event.occurred_at.micros, message_hash(index_key, event.source, event.message_id), value};
}

std::optional<int64_t> net_of(const Order& order) {
  if (order.value(OrderField::currency).empty()) return std::nullopt;
  if (auto revenue = order.cents(OrderField::revenue)) return revenue;
  auto part = [&](OrderField field) { return order.cents(field).value_or(0); };
  if (auto total = order.cents(OrderField::total)) return *total - part(OrderField::shipping) - part(OrderField::tax);
  if (auto lines = order.cents(OrderField::line_sum)) return *lines - part(OrderField::discount);
  return std::nullopt;
}

OrderLine line_of(const std::string& name, const Order& order) {
  OrderLine line;
  line.name = name;
  line.currency = order.value(OrderField::currency);
  auto net = net_of(order);
  line.net = net.value_or(-1);
  int64_t worth = std::max<int64_t>(net.value_or(0), 0);
  bool whole = false;
  for (const auto& [id, said] : order.refunds) {
    const auto& [last, currency] = *said.rbegin();
    std::string amount = std::get<3>(last);
    if (std::get<0>(last) < order.completed_trust) continue;
    if (!currency.empty() && !line.currency.empty() && currency != line.currency) continue;
    whole = whole || amount.empty();
    if (!amount.empty() && !line.currency.empty()) line.refunded += Order::cents_of(amount);
  }
  if (whole) line.refunded = std::max(line.refunded, worth);
  line.value = std::max<int64_t>(worth - line.refunded, 0);
  line.at = order.completed.empty() ? *order.told.begin() : *order.completed.begin();
  line.cancelled =
      !order.completed.empty() && !order.cancelled.empty() && order.cancelled_trust >= order.completed_trust;
  bool done = !order.completed.empty() && !line.cancelled;
  line.counts = done && net && *net >= 1 && line.value > 0 && order.value(OrderField::test) != "true";
  line.pending = order.completed.empty();
  return line;
}

}  // namespace

std::vector<OrderLine> orders_of(const std::vector<const Event*>& events, const KeyedHash& index_key) {
  std::map<std::string, Order> orders;
  for (const Event* event : events) {
    if (!event->order) continue;
    const OrderSaid& said = *event->order;
    Order& order = orders[said.order_namespace + "/" + said.order_id];
    int64_t at = event->occurred_at.micros;
    order.told.insert(at);
    int trust = std::get<0>(said_by(*event, "", index_key));
    if (said.act == OrderAct::completed) order.completed.insert(at);
    if (said.act == OrderAct::completed) order.completed_trust = std::max(order.completed_trust, trust);
    if (said.act == OrderAct::cancelled) order.cancelled.insert(at);
    if (said.act == OrderAct::cancelled) order.cancelled_trust = std::max(order.cancelled_trust, trust);
    if (said.act == OrderAct::refunded) {
      std::string id = said.refund_id.empty() ? event->source + "\n" + event->message_id : said.refund_id;
      std::string currency;
      for (const OrderSaid::Value& value : said.values) currency = value.text;
      order.refunds[id].emplace(said_by(*event, said.refund_amount, index_key), currency);
      continue;
    }
    for (const OrderSaid::Value& value : said.values)
      order.fields[value.field].insert(said_by(*event, value.text, index_key));
  }
  std::vector<OrderLine> lines;
  for (const auto& [name, order] : orders) lines.push_back(line_of(name, order));
  return lines;
}

}  // namespace tributary::model
