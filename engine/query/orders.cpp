#include "engine/query/orders.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/query/cursor.h"
#include "engine/query/evidence_rows.h"

namespace tributary {
namespace {

constexpr std::string_view kOrdersCursor = "orders";

/// What is known of an order, without its lines, and whose rows tell of it.
struct JoinedOrder {
  OrderState state;
  std::vector<const Evidence*> told_by;
};
using JoinedOrders = std::map<Hash128, JoinedOrder>;

auto place_of(const Order& order) { return std::tie(order.at, order.hash); }

void forget_lines(OrderState& state) {
  std::erase_if(state.fields, [](const OrderFieldState& said) { return said.field == OrderField::lines; });
}

/// Adds what one evidence says, keeping the orders with the smallest hash. Rows of an evidence come in that order.
Result<void> add_orders(EvidenceRows& rows, WorkspaceId workspace, const EvidencePlace& place, JoinedOrders& orders,
                        bool& complete) {
  for (rows.to(fragment_key(workspace, place.home, place.evidence->hash)); rows.valid(); rows.next()) {
    Hash128 hash = order_position(rows.key()).order;
    if (!orders.contains(hash) && orders.size() >= kOrdersPerCustomerMax) {
      complete = false;
      if (hash > orders.rbegin()->first) break;
      orders.erase(std::prev(orders.end()));
    }
    auto state = decode_order(rows.value());
    if (!state) return state.error();
    forget_lines(*state);
    JoinedOrder& order = orders[hash];
    join(order.state, *state);
    order.told_by.push_back(place.evidence);
  }
  return rows.status();
}

Result<JoinedOrders> join_orders(const StateReader& reader, WorkspaceId workspace,
                                 const std::vector<const Evidence*>& evidence, bool& complete) {
  JoinedOrders orders;
  complete = true;
  EvidenceRows rows(reader, Family::order);
  for (const EvidencePlace& each : places_of(evidence)) {
    TRIBUTARY_TRY(add_orders(rows, workspace, each, orders, complete));
  }
  return orders;
}

std::vector<Order> judge_all(const JoinedOrders& joined) {
  std::vector<Order> orders;
  orders.reserve(joined.size());
  for (const auto& [hash, order] : joined) {
    orders.push_back(judge(order.state));
    orders.back().hash = hash;
  }
  std::sort(orders.begin(), orders.end(), [](const Order& a, const Order& b) { return place_of(a) < place_of(b); });
  return orders;
}

Result<Order> read_order_with_lines(const StateReader& reader, WorkspaceId workspace,
                                    const std::vector<const Evidence*>& told_by, const Hash128& hash) {
  OrderState joined;
  std::string value;
  for (const Evidence* evidence : told_by) {
    Hash128 home = home_of(evidence->members).id;
    auto found = reader.get(Family::order, order_key(workspace, home, evidence->hash, hash), value);
    if (!found) return found.error();
    if (!*found) return Error{ErrorCode::corrupt, "an order is gone from its snapshot"};
    auto state = decode_order(value);
    if (!state) return state.error();
    join(joined, *state);
  }
  Order order = judge(joined);
  order.hash = hash;
  return order;
}

}  // namespace

Result<std::vector<Order>> read_orders(const StateReader& reader, WorkspaceId workspace,
                                       const std::vector<const Evidence*>& evidence, bool& complete) {
  auto joined = join_orders(reader, workspace, evidence, complete);
  if (!joined) return joined.error();
  return judge_all(*joined);
}

Result<OrdersPage> read_orders_page(const StateReader& reader, const KeyedHash& cursor_key, const Customer& customer,
                                    const OrdersQuery& query) {
  OrdersPage page;
  page.customer = customer.id;
  auto joined = join_orders(reader, customer.workspace, customer.evidence, page.complete);
  if (!joined) return joined.error();
  std::vector<Order> orders = judge_all(*joined);
  auto end = orders.end();
  if (!query.cursor.empty()) {
    auto place = open_dated_cursor(cursor_key, kOrdersCursor, query.cursor);
    if (!place) return place.error();
    Order before;
    before.at = place->at;
    before.hash = place->hash;
    end = std::lower_bound(orders.begin(), orders.end(), before,
                           [](const Order& a, const Order& b) { return place_of(a) < place_of(b); });
  }
  while (end != orders.begin() && page.orders.size() < query.limit) {
    --end;
    auto order = read_order_with_lines(reader, customer.workspace, joined->at(end->hash).told_by, end->hash);
    if (!order) return order.error();
    page.orders.push_back(std::move(*order));
  }
  if (end != orders.begin()) page.next_cursor = seal_cursor(cursor_key, kOrdersCursor, DatedPlace{end->at, end->hash});
  return page;
}

}  // namespace tributary
