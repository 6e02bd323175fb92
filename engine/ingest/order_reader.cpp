#include "engine/ingest/order_reader.h"

#include <algorithm>
#include <array>

#include "engine/base/decimal.h"
#include "engine/base/json_out.h"
#include "engine/base/money.h"
#include "engine/base/utf8.h"
#include "engine/domain/event.h"
#include "engine/ingest/normalise.h"
#include "engine/ingest/place_holder.h"

namespace tributary {
namespace {

constexpr size_t kLinesBytesMax = 16 << 10;
constexpr size_t kFieldsOfOrder = 12;
constexpr size_t kLineTextBytesMax = 500;
// What is kept of a line, beside price, quantity and whether it is a gift.
constexpr std::array<std::string_view, 7> kLineTexts = {"product_id", "sku",     "name",  "brand",
                                                        "category",   "variant", "coupon"};

std::optional<OrderAct> act_of(std::string_view event_name) {
  if (event_name == "Order Completed") return OrderAct::completed;
  if (event_name == "Order Updated") return OrderAct::updated;
  if (event_name == "Order Cancelled") return OrderAct::cancelled;
  if (event_name == "Order Refunded") return OrderAct::refunded;
  return std::nullopt;
}

std::optional<Decimal> amount_of(const JsonValue& value) {
  if (!value.is(JsonKind::number) && !value.is(JsonKind::string)) return std::nullopt;
  std::string scratch;
  return parse_amount(value.text(scratch));
}

std::optional<bool> truth_of(const JsonValue& value) {
  if (!value.is(JsonKind::boolean)) return std::nullopt;
  return value.raw() == "true";
}

/// The properties that orders have, the last of a name.
struct OrderProperties {
  JsonValue order_id, order_namespace, refund_id, amount, currency, revenue, total, shipping, tax, discount, is_gift,
      test, products;
};

OrderProperties read_order_properties(const JsonValue& properties) {
  OrderProperties found;
  struct Name {
    std::string_view name;
    JsonValue OrderProperties::* value;
  };
  static constexpr std::array kOrderProperties = {Name{"order_id", &OrderProperties::order_id},
                                                  Name{"order_namespace", &OrderProperties::order_namespace},
                                                  Name{"refund_id", &OrderProperties::refund_id},
                                                  Name{"amount", &OrderProperties::amount},
                                                  Name{"currency", &OrderProperties::currency},
                                                  Name{"revenue", &OrderProperties::revenue},
                                                  Name{"total", &OrderProperties::total},
                                                  Name{"shipping", &OrderProperties::shipping},
                                                  Name{"tax", &OrderProperties::tax},
                                                  Name{"discount", &OrderProperties::discount},
                                                  Name{"is_gift", &OrderProperties::is_gift},
                                                  Name{"test", &OrderProperties::test},
                                                  Name{"products", &OrderProperties::products}};
  std::string scratch;
  for_each_member(properties, [&](const JsonValue& key, const JsonValue& value) {
    std::string_view name = key.text(scratch);
    auto known = std::find_if(kOrderProperties.begin(), kOrderProperties.end(),
                              [name](const Name& property) { return property.name == name; });
    if (known != kOrderProperties.end()) found.*known->value = value;
  });
  return found;
}

/// Members of a line, the last of a name.
struct LineProperties {
  std::array<JsonValue, kLineTexts.size()> texts;
  JsonValue price, quantity, is_gift;
};

LineProperties read_line_properties(const JsonValue& product) {
  LineProperties found;
  std::string scratch;
  for_each_member(product, [&](const JsonValue& key, const JsonValue& value) {
    std::string_view name = key.text(scratch);
    if (name == "price") found.price = value;
    if (name == "quantity") found.quantity = value;
    if (name == "is_gift") found.is_gift = value;
    for (size_t i = 0; i < kLineTexts.size(); ++i) {
      if (kLineTexts[i] == name) found.texts[i] = value;
    }
  });
  return found;
}

/// Takes what can be read of an order's values, and notes what cannot.
class OrderValues {
 public:
  explicit OrderValues(uint8_t& flags) : flags_(flags) { values_.reserve(kFieldsOfOrder); }

  void currency(const JsonValue& value) {
    if (value.missing()) return;
    std::string scratch;
    auto code = value.is(JsonKind::string) ? parse_currency(value.text(scratch)) : std::nullopt;
    code ? add(OrderField::currency, std::move(*code)) : wrong();
  }

  void amount(OrderField field, const JsonValue& value) {
    if (value.missing()) return;
    auto amount = amount_of(value);
    amount ? add(field, to_text(*amount)) : wrong();
  }

  void truth(OrderField field, const JsonValue& value) {
    if (value.missing()) return;
    auto truth = truth_of(value);
    truth ? add(field, *truth ? "true" : "false") : wrong();
  }

  void lines(const JsonValue& products) {
    if (products.missing()) return;
    if (!products.is(JsonKind::array)) return wrong();
    std::string kept = "[";
    kept.reserve(std::min(products.raw().size(), kLinesBytesMax));
    size_t count = 0;
    LineSums sums;
    bool keeping = true;
    for_each_element(products, [&](const JsonValue& product) {
      ++count;
      if (!product.is(JsonKind::object)) {
        sums.readable = false;
        return;
      }
      size_t before = kept.size();
      if (before > 1) kept += ',';
      read_line(product, kept, sums);
      keeping = keeping && count <= kOrderLinesMax && kept.size() + 1 <= kLinesBytesMax;  // bracket
      if (!keeping) kept.resize(before);
    });
    kept += ']';
    if (!sums.readable) wrong();
    // Also when there is none: those of earlier lines count no more. A sum without some of the lines would be a guess.
    add(OrderField::line_sum, sums.readable && sums.worth ? to_text(*sums.worth) : std::string());
    add(OrderField::quantity, sums.readable && sums.quantity ? to_text(*sums.quantity) : std::string());
    add(OrderField::line_count, std::to_string(count));
    add(OrderField::lines, std::move(kept));
  }

  void wrong() { flags_ |= EventFlags::kPropertyWrong; }

  std::vector<OrderSaid::Value> take() {
    std::sort(values_.begin(), values_.end(), [](const auto& a, const auto& b) { return a.field < b.field; });
    return std::move(values_);
  }

 private:
  void add(OrderField field, std::string text) { values_.push_back({field, std::move(text)}); }

  struct LineSums {
    std::optional<Decimal> worth, quantity;
    bool readable = true;  // every price and quantity
  };

  /// Appends what is kept of it.
  static void read_line(const JsonValue& product, std::string& kept, LineSums& sums) {
    JsonOut json(kept);
    json.begin_object();
    LineProperties found = read_line_properties(product);
    std::string scratch;
    for (size_t i = 0; i < kLineTexts.size(); ++i) {
      const JsonValue& value = found.texts[i];
      bool scalar = value.is(JsonKind::string) || value.is(JsonKind::number);
      if (!scalar || value.missing() || value.text(scratch).size() > kLineTextBytesMax) continue;
      json.key(kLineTexts[i]).string(value.text(scratch));
    }
    auto price = known_amount(found.price, sums), many = known_amount(found.quantity, sums);
    if (price) json.key("price").raw(to_text(*price));
    if (many) json.key("quantity").raw(to_text(*many));
    if (truth_of(found.is_gift).value_or(false)) json.key("is_gift").boolean(true);
    json.end_object();
    Decimal units = many.value_or(Decimal{1, 0});
    add_to(sums.quantity, units, sums);
    if (price) add_to(sums.worth, multiply_amounts(*price, units), sums);
  }

  static std::optional<Decimal> known_amount(const JsonValue& value, LineSums& sums) {
    if (value.missing()) return std::nullopt;
    auto amount = amount_of(value);
    if (!amount) sums.readable = false;
    return amount;
  }

  static void add_to(std::optional<Decimal>& sum, const std::optional<Decimal>& value, LineSums& sums) {
    auto result = value ? tributary::add(sum.value_or(Decimal{}), *value) : std::nullopt;
    if (result) sum = result;
    if (!result) sums.readable = false;
  }

  std::vector<OrderSaid::Value> values_;
  uint8_t& flags_;
};

/// True for what programs send when they have no id, and where a lone surrogate was replaced: ids that were different
/// would be one.
bool names_nothing(std::string_view id, uint8_t flags) {
  if (id.empty() || is_place_holder(id)) return true;
  return (flags & EventFlags::kReplacedSurrogate) != 0 && id.find(kReplacementCharacter) != std::string_view::npos;
}

/// Empty, and noted, for a value that names nothing; empty for none.
std::string id_in(const JsonValue& value, size_t bytes_max, uint8_t& flags) {
  if (value.missing()) return {};
  std::string scratch, clean_scratch;
  CleanId id;
  if (value.is(JsonKind::string) || value.is(JsonKind::number)) {
    id = clean_id(value.text(scratch), bytes_max, clean_scratch);
  }
  if (id.fault == IdFault::none && !names_nothing(id.text, flags)) return std::string(id.text);
  flags |= EventFlags::kPropertyWrong;
  return {};
}

/// False for a refund whose amount cannot be read: taking it for all that is left would be a guess.
bool read_refund(const OrderProperties& found, size_t id_bytes_max, OrderSaid& order, uint8_t& flags) {
  order.refund_id = id_in(found.refund_id, id_bytes_max, flags);
  const JsonValue& said = found.amount.missing() ? found.total : found.amount;
  if (said.missing()) return true;
  auto amount = amount_of(said);
  if (!amount || amount->digits < 0) return false;
  order.refund_amount = to_text(*amount);
  return true;
}

}  // namespace

std::optional<OrderSaid> read_order(std::string_view event_name, const JsonValue& properties,
                                    const OrderReading& reading, uint8_t& flags) {
  auto act = act_of(event_name);
  if (!act || !properties.is(JsonKind::object)) return std::nullopt;
  OrderProperties found = read_order_properties(properties);
  OrderSaid order;
  order.act = *act;
  order.order_id = id_in(found.order_id, reading.id_bytes_max, flags);
  if (order.order_id.empty()) return std::nullopt;
  order.order_namespace = id_in(found.order_namespace, reading.id_bytes_max, flags);
  if (order.order_namespace.empty()) order.order_namespace = reading.source.order_namespace;
  if (order.order_namespace.empty()) order.order_namespace = reading.source.id;
  order.order = order_hash(reading.index_key, order.order_namespace, order.order_id);

  OrderValues values(flags);
  if (*act == OrderAct::refunded && !read_refund(found, reading.id_bytes_max, order, flags)) {
    values.wrong();
    return std::nullopt;
  }
  if (*act != OrderAct::cancelled) values.currency(found.currency);
  if (*act == OrderAct::completed || *act == OrderAct::updated) {
    values.amount(OrderField::revenue, found.revenue);
    values.amount(OrderField::total, found.total);
    values.amount(OrderField::shipping, found.shipping);
    values.amount(OrderField::tax, found.tax);
    values.amount(OrderField::discount, found.discount);
    values.lines(found.products);
    values.truth(OrderField::gift, found.is_gift);
    values.truth(OrderField::test, found.test);
  }
  order.values = values.take();
  return order;
}

}  // namespace tributary
