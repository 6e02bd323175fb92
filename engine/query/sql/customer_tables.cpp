// What belongs to customers: identifiers, orders, interactions, tags.
#include <algorithm>

#include "engine/domain/interaction.h"
#include "engine/domain/tag.h"
#include "engine/query/sql/table.h"

namespace tributary {
namespace {

using CellOutcome = Result<SqlValue>;

/// One of the things that a customer has.
template <class Thing>
struct ThingOfCustomer {
  SqlCustomer* customer = nullptr;
  const Thing* thing = nullptr;
};

template <class Thing>
CellOutcome owner_cell(const ThingOfCustomer<Thing>& row) {
  return SqlValue(row.customer->id());
}

template <class Thing>
void add_things(SqlCustomer& customer, const std::vector<Thing>& things, std::vector<ThingOfCustomer<Thing>>& rows) {
  for (const Thing& thing : things) rows.push_back({&customer, &thing});
}

SqlValue truth(bool is) { return SqlValue(int64_t{is ? 1 : 0}); }

SqlValue number_in(std::string_view digits) {
  return digits.empty() ? SqlValue() : SqlValue(std::stod(std::string(digits)));
}

struct IdentifierRows {
  using Row = ThingOfCustomer<IdentifierView>;
  static Result<void> find(SqlCustomers& customers, std::span<const SqlBound> bounds) {
    const SqlValue* kind = equal_to(bounds, kKind);
    const SqlValue* value = equal_to(bounds, kValue);
    if (kind == nullptr || value == nullptr) return find_by_customer_id(customers, bounds, 0);
    const auto* kind_text = std::get_if<std::string>(kind);
    const auto* text = std::get_if<std::string>(value);
    // A number is no text: SQLite compares it as one, so all identifiers are offered.
    if (kind_text == nullptr || text == nullptr) return find_by_customer_id(customers, {}, 0);
    return customers.begin_with(*kind_text, *text);
  }
  static Result<void> load(SqlCustomer& customer, std::vector<Row>& rows) {
    auto profile = customer.profile();
    if (!profile) return profile.error();
    add_things(customer, (*profile)->identifiers, rows);
    return {};
  }
  static constexpr int kKind = 1, kValue = 2;
  static const std::vector<SqlListColumn<Row>>& columns() {
    static const std::vector<SqlListColumn<Row>> kColumns = {
        {{"customer_id"}, owner_cell<IdentifierView>},
        {{"kind"}, [](const Row& row) -> CellOutcome { return SqlValue(kind_name(row.thing->kind)); }},
        {{"value"}, [](const Row& row) -> CellOutcome { return SqlValue(row.thing->value); }},
        {{"trust"},
         [](const Row& row) -> CellOutcome {
           return sql_text(row.thing->trust == Trust::verified ? "verified" : "claimed");
         }},
        {{"shared", "INTEGER"}, [](const Row& row) -> CellOutcome { return truth(row.thing->shared); }},
        {{"first_seen_at"}, [](const Row& row) -> CellOutcome { return seen(row.thing->first_seen); }},
        {{"last_seen_at"}, [](const Row& row) -> CellOutcome { return seen(row.thing->last_seen); }},
        {{"events_count", "INTEGER"},
         [](const Row& row) -> CellOutcome { return SqlValue(static_cast<int64_t>(row.thing->events)); }},
        {{"since"}, [](const Row& row) -> CellOutcome { return sql_time_or_null(row.thing->from); }},
    };
    return kColumns;
  }

 private:
  static SqlValue seen(Timestamp time) { return time == Timestamp{} ? SqlValue() : SqlValue(sql_time(time)); }
};

/// Why an order is in no figure; empty when it is.
std::string_view not_counted_reason(const Order& order) {
  if (order.counts) return {};
  if (order.test) return "test";
  if (order.status == OrderStatus::cancelled) return "cancelled";
  if (order.status == OrderStatus::refunded) return "refunded";
  if (order.status == OrderStatus::pending) return "not_completed";
  return order.net_minor ? "no_value" : "amount_missing";
}

struct OrderRows {
  using Row = ThingOfCustomer<Order>;
  static Result<void> find(SqlCustomers& customers, std::span<const SqlBound> bounds) {
    return find_by_customer_id(customers, bounds, kCustomer);
  }
  static Result<void> load(SqlCustomer& customer, std::vector<Row>& rows) {
    auto orders = customer.orders();
    if (!orders) return orders.error();
    add_things(customer, **orders, rows);
    return {};
  }
  static CellOutcome items(const Row& row) {
    auto orders = row.customer->orders_with_lines();
    if (!orders) return orders.error();
    auto found = std::ranges::find(**orders, row.thing->hash, &Order::hash);
    return found != (*orders)->end() ? SqlValue(found->lines_json) : SqlValue();
  }
  static constexpr int kCustomer = 2;
  static const std::vector<SqlListColumn<Row>>& columns() {
    static const std::vector<SqlListColumn<Row>> kColumns = {
        {{"order_namespace"}, [](const Row& row) -> CellOutcome { return SqlValue(row.thing->order_namespace); }},
        {{"order_id"}, [](const Row& row) -> CellOutcome { return SqlValue(row.thing->order_id); }},
        {{"customer_id"}, owner_cell<Order>},
        {{"placed_at"}, [](const Row& row) -> CellOutcome { return SqlValue(sql_time(row.thing->at)); }},
        {{"state"}, [](const Row& row) -> CellOutcome { return sql_text(order_status_name(row.thing->status)); }},
        {{"counted", "INTEGER"}, [](const Row& row) -> CellOutcome { return truth(row.thing->counts); }},
        {{"not_counted_reason"},
         [](const Row& row) -> CellOutcome { return sql_text(not_counted_reason(*row.thing)); }},
        {{"net_minor", "INTEGER"},
         [](const Row& row) -> CellOutcome { return sql_integer_or_null(row.thing->net_minor); }},
        {{"refunded_minor", "INTEGER"},
         [](const Row& row) -> CellOutcome { return SqlValue(row.thing->refunded_minor); }},
        {{"value_minor", "INTEGER"}, [](const Row& row) -> CellOutcome { return SqlValue(row.thing->value_minor); }},
        {{"discount_minor", "INTEGER"},
         [](const Row& row) -> CellOutcome { return sql_integer_or_null(row.thing->discount_minor); }},
        {{"currency"}, [](const Row& row) -> CellOutcome { return sql_text(row.thing->currency); }},
        {{"is_gift", "INTEGER"}, [](const Row& row) -> CellOutcome { return truth(row.thing->gift); }},
        {{"line_count", "INTEGER"},
         [](const Row& row) -> CellOutcome { return SqlValue(static_cast<int64_t>(row.thing->line_count)); }},
        {{"items"}, items},
    };
    return kColumns;
  }
};

struct InteractionRows {
  using Row = ThingOfCustomer<Interaction>;
  static Result<void> find(SqlCustomers& customers, std::span<const SqlBound> bounds) {
    return find_by_customer_id(customers, bounds, kCustomer);
  }
  static Result<void> load(SqlCustomer& customer, std::vector<Row>& rows) {
    auto talks = customer.talks();
    if (!talks) return talks.error();
    add_things(customer, **talks, rows);
    return {};
  }
  template <InteractionField FieldOf>
  static CellOutcome text(const Row& row) {
    return sql_text(row.thing->text(FieldOf));
  }
  static CellOutcome next_what(const Row& row) {
    std::string_view what = row.thing->text(InteractionField::next_action);
    return what == kNoNextAction ? SqlValue() : sql_text(what);
  }
  static constexpr int kCustomer = 1;
  static const std::vector<SqlListColumn<Row>>& columns() {
    using enum InteractionField;
    static const std::vector<SqlListColumn<Row>> kColumns = {
        {{"interaction_no"}, [](const Row& row) -> CellOutcome { return SqlValue(row.thing->number); }},
        {{"customer_id"}, owner_cell<Interaction>},
        {{"occurred_at"}, [](const Row& row) -> CellOutcome { return SqlValue(sql_time(row.thing->told.at)); }},
        {{"recorded_at"},
         [](const Row& row) -> CellOutcome { return SqlValue(sql_time(row.thing->told.received_at)); }},
        {{"late", "INTEGER"}, [](const Row& row) -> CellOutcome { return truth(row.thing->late()); }},
        {{"mode"}, text<mode>},
        {{.name = "subject", .folded = true}, text<topic>},
        {{.name = "summary", .folded = true}, text<summary>},
        {{.name = "customer_said", .folded = true}, text<customer_said>},
        {{.name = "we_said", .folded = true}, text<we_said>},
        {{"feedback"}, text<feedback>},
        {{.name = "next_what", .folded = true}, next_what},
        {{.name = "next_who", .folded = true}, text<next_by>},
        {{"next_due"}, text<next_due>},
        {{.name = "logged_by", .folded = true}, text<logged_by>},
        {{"direction"}, text<direction>},
        {{"channel"}, text<channel>},
        {{"sentiment", "REAL"}, [](const Row& row) -> CellOutcome { return number_in(row.thing->text(sentiment)); }},
        {{"ticket_id"}, text<ticket_id>},
        {{"opportunity_id"}, text<opportunity_id>},
        {{"source"}, [](const Row& row) -> CellOutcome { return SqlValue(row.thing->told.source); }},
        {{"event_id"}, [](const Row& row) -> CellOutcome { return SqlValue(row.thing->told.message_id); }},
    };
    return kColumns;
  }
};

struct TagRows {
  using Row = ThingOfCustomer<CustomerTag>;
  static Result<void> find(SqlCustomers& customers, std::span<const SqlBound> bounds) {
    return find_by_customer_id(customers, bounds, 0);
  }
  static Result<void> load(SqlCustomer& customer, std::vector<Row>& rows) {
    auto tags = customer.tags();
    if (!tags) return tags.error();
    add_things(customer, **tags, rows);
    return {};
  }
  template <TagField FieldOf>
  static CellOutcome text(const Row& row) {
    return sql_text(row.thing->text(FieldOf));
  }
  // Held tags are in the library.
  static const std::vector<SqlListColumn<Row>>& columns() {
    static const std::vector<SqlListColumn<Row>> kColumns = {
        {{"customer_id"}, owner_cell<CustomerTag>},
        {{"tag_type"}, [](const Row& row) -> CellOutcome { return SqlValue(row.thing->entry->type); }},
        {{.name = "tag", .folded = true},
         [](const Row& row) -> CellOutcome { return SqlValue(row.thing->entry->name); }},
        {{.name = "note", .folded = true}, text<TagField::note>},
        {{"added_at"}, [](const Row& row) -> CellOutcome { return SqlValue(sql_time(row.thing->told.at)); }},
        {{.name = "added_by", .folded = true}, text<TagField::by>},
        {{"origin"}, text<TagField::origin>},
        {{"evidence_event_id"}, text<TagField::evidence>},
    };
    return kColumns;
  }
};

}  // namespace

SqlTable identifiers_table() {
  return list_table<IdentifierRows>("identifiers", {{IdentifierRows::kKind, IdentifierRows::kValue}, {0}});
}
SqlTable orders_table() { return list_table<OrderRows>("orders", {{OrderRows::kCustomer}}); }
SqlTable interactions_table() { return list_table<InteractionRows>("interactions", {{InteractionRows::kCustomer}}); }
SqlTable tags_table() { return list_table<TagRows>("tags", {{0}}); }

}  // namespace tributary
