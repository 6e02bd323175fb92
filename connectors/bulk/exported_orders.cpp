#include "connectors/bulk/exported_orders.h"

#include "connectors/bulk/row_cutter.h"
#include "engine/base/json_out.h"
#include "engine/base/money.h"
#include "engine/base/time.h"

namespace tributary {
namespace {

constexpr size_t kPaddingBytes = 64;       // that JsonIndex reads behind a text
constexpr size_t kLevelsOfAnyLine = 1024;  // the server had the real limit

enum class OrderEvent { none, completed, cancelled, refunded };

/// An export names events as the catalogue does.
OrderEvent order_event_named(std::string_view name) {
  if (name == "Order Completed") return OrderEvent::completed;
  if (name == "Order Cancelled") return OrderEvent::cancelled;
  return name == "Order Refunded" ? OrderEvent::refunded : OrderEvent::none;
}

std::string text_in(const JsonValue& value) {
  if (value.missing()) return {};
  std::string scratch;
  return std::string(value.text(scratch));
}

/// A number, or a string that is one.
std::optional<Decimal> decimal_in(const JsonValue& value) {
  if (!value.is(JsonKind::number) && !value.is(JsonKind::string)) return std::nullopt;
  std::string scratch;
  return parse_amount(value.text(scratch));
}

std::optional<Decimal> decimal_or_zero(const JsonValue& value) {
  return value.missing() ? Decimal{} : decimal_in(value);
}

std::optional<Decimal> minus(const std::optional<Decimal>& from, const std::optional<Decimal>& what) {
  return from && what ? add(*from, negate(*what)) : std::nullopt;
}

std::optional<Decimal> sum_of_products(const JsonValue& products) {
  if (!products.is(JsonKind::array) || products.size() == 0) return std::nullopt;
  std::optional<Decimal> sum = Decimal{};
  for_each_element(products, [&](const JsonValue& product) {
    JsonValue quantity = find_member(product, "quantity");
    auto price = decimal_in(find_member(product, "price"));
    auto count = quantity.missing() ? Decimal{1, 0} : decimal_in(quantity);
    auto cost = price && count ? multiply(*price, *count) : std::nullopt;
    sum = sum && cost ? add(*sum, *cost) : std::nullopt;
  });
  return sum;
}

bool can_name(const JsonValue& value) {
  return !value.missing() && (value.is(JsonKind::string) || value.is(JsonKind::number));
}

bool names_a_user(const JsonValue& entry) {
  return text_in(find_member(entry, "collection")) == "users" && text_in(find_member(entry, "encoding")) == "none";
}

/// The first external id that the server takes for a customer's and believes: of Segment's form, or of RudderStack's,
/// which connectors of platforms give as well. As the member of a context.
std::string external_id_member(const JsonValue& context) {
  std::string member;
  auto look_at = [&](const char* name, const JsonValue& entry, bool counts) {
    bool claimed = find_member(entry, "claimed").raw() == "true";
    if (!member.empty() || !counts || claimed || !can_name(find_member(entry, "id"))) return;
    member = "\"" + std::string(name) + "\":[" + std::string(entry.raw()) + "]";
  };
  for_each_element(find_member(context, "externalIds"),
                   [&](const JsonValue& entry) { look_at("externalIds", entry, names_a_user(entry)); });
  for_each_element(find_member(context, "externalId"),
                   [&](const JsonValue& entry) { look_at("externalId", entry, true); });
  return member;
}

/// Also before 1970, where both are negative.
int64_t day_of(Timestamp time, int64_t zone_micros) {
  int64_t local = time.micros + zone_micros;
  return local / kMicrosPerDay - (local % kMicrosPerDay < 0 ? 1 : 0);
}

}  // namespace

std::optional<Decimal> order_amount(const JsonValue& properties) {
  if (auto revenue = decimal_in(find_member(properties, "revenue"))) return revenue;
  auto net = minus(decimal_in(find_member(properties, "total")), decimal_or_zero(find_member(properties, "shipping")));
  if (net) net = minus(net, decimal_or_zero(find_member(properties, "tax")));
  if (net) return net;
  return minus(sum_of_products(find_member(properties, "products")),
               decimal_or_zero(find_member(properties, "discount")));
}

std::string identity_members(const JsonValue& event, std::string_view customer) {
  JsonValue user = find_member(event, "userId");
  if (can_name(user)) return "\"userId\":" + std::string(user.raw());
  if (std::string external = external_id_member(find_member(event, "context")); !external.empty()) {
    std::string members = "\"anonymousId\":";
    append_json_string(members, "customer:" + std::string(customer));
    return members + ",\"context\":{" + external + "}";
  }
  JsonValue anonymous = find_member(event, "anonymousId");
  return can_name(anonymous) ? "\"anonymousId\":" + std::string(anonymous.raw()) : std::string();
}

/// What a line says, in the index's terms.
struct ExportedOrders::ExportLine {
  explicit ExportLine(const JsonValue& line)
      : customer(find_member(line, "customer_id")),
        event(find_member(line, "event")),
        properties(find_member(event, "properties")) {
    std::string order_id = text_in(find_member(properties, "order_id"));
    std::string space = text_in(find_member(properties, "order_namespace"));
    if (space.empty()) space = text_in(find_member(line, "source"));
    if (!order_id.empty()) key = space + '\n' + order_id;
    if (auto at = parse_iso8601(text_in(find_member(line, "occurred_at")))) time = *at;
    message_id = text_in(find_member(line, "message_id"));
  }
  JsonValue customer, event, properties;
  std::string key;  // empty: the order has no number
  std::optional<Timestamp> time;
  std::string message_id;
};

ExportedOrders::ExportedOrders(const PurchaseFileOptions& options, PurchaseFile& file)
    : options_(options), file_(file), index_(kRowBytesMax + kPaddingBytes) {
  file_.currency = options_.currency;
}

Result<void> ExportedOrders::index(std::string_view line) {
  text_.reserve(line.size() + kPaddingBytes);
  text_ = line;
  JsonProof proof = index_.build(text_, text_, kLevelsOfAnyLine);
  if (proof == JsonProof::invalid) {  // or an event with half of a surrogate pair, which the server takes
    repair_ = repair_json(line);
    if (!repair_.fault_at) proof = index_.build(repair_.provable, repair_.readable, kLevelsOfAnyLine);
  }
  if (proof == JsonProof::valid && index_.root().is(JsonKind::object)) return {};
  return Error{ErrorCode::corrupt, "it is no JSON object"};
}

Result<void> ExportedOrders::add(std::string_view text) {
  TRIBUTARY_TRY(index(text));
  JsonValue root = index_.root();
  file_.ended = find_member(root, "end").raw() == "true";
  if (file_.ended) return {};
  if (!find_member(root, "event").is(JsonKind::object) || find_member(root, "customer_id").is(JsonKind::absent)) {
    return Error{ErrorCode::corrupt, "it is no event of an export: it lacks customer_id or event"};
  }
  OrderEvent what = order_event_named(text_in(find_member(root, "name")));
  if (what == OrderEvent::none || find_member(root, "type").raw() != "\"track\"") return {};
  ExportLine line(root);
  if (!line.time) return Error{ErrorCode::corrupt, "its occurred_at is no time"};
  if (what == OrderEvent::completed) complete(line);
  if (what == OrderEvent::cancelled && !line.key.empty()) book_.cancel(line.key);
  if (what == OrderEvent::refunded && !line.key.empty()) refund(line);
  return {};
}

void ExportedOrders::complete(const ExportLine& line) {
  if (line.customer.missing()) {
    ++file_.left_out.of_nobody;
    return;
  }
  if (find_member(line.properties, "test").raw() == "true") {
    ++file_.left_out.tests;
    return;
  }
  auto amount = order_amount(line.properties);
  if (!amount) {
    ++file_.left_out.without_amount;
    return;
  }
  if (!counts_in_currency(line.properties)) {
    ++file_.left_out.other_currency;
    return;
  }
  BookedOrder order{customer_of(line), day_of(*line.time, options_.zone_micros), *amount};
  if (!book_.complete(line.key, order)) ++file_.left_out.repeated;
}

void ExportedOrders::refund(const ExportLine& line) {
  std::string id = text_in(find_member(line.properties, "refund_id"));
  JsonValue amount = find_member(line.properties, "amount");
  if (amount.missing()) amount = find_member(line.properties, "total");
  auto paid_back = decimal_in(amount);
  if (!amount.missing() && !paid_back) return;  // taking it for all that is left would be a guess
  book_.refund(line.key, id.empty() ? line.message_id : id, paid_back);
}

bool ExportedOrders::counts_in_currency(const JsonValue& properties) {
  std::string currency = text_in(find_member(properties, "currency"));
  if (currency.empty()) return true;
  if (auto code = parse_currency(currency)) currency = *code;
  if (file_.currency.empty()) file_.currency = currency;
  return currency == file_.currency;
}

uint32_t ExportedOrders::customer_of(const ExportLine& line) {
  std::string id = text_in(line.customer);
  auto [place, is_new] = customers_.try_emplace(id, static_cast<uint32_t>(file_.customers.size()));
  if (is_new) file_.customers.push_back({id, {}});
  PurchaseFile::Customer& customer = file_.customers[place->second];
  if (customer.identity.empty()) customer.identity = identity_members(line.event, id);
  return place->second;
}

void ExportedOrders::finish() {
  OrderBook::Standing standing = book_.standing();
  file_.orders = std::move(standing.orders);
  file_.left_out.taken_back = standing.taken_back;
}

}  // namespace tributary
