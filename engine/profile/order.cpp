#include "engine/profile/order.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "engine/base/bytes.h"
#include "engine/base/hash_bytes.h"
#include "engine/base/money.h"

namespace tributary {
namespace {

constexpr uint8_t kOrderVersion = 2;

// A message id that counts twice, because the window forgot it, may come with other values.
auto rank_of(const OrderVersion& version, std::string_view value) { return std::make_tuple(version, value); }

OrderVersion version_of(const EventView& event) {
  OrderVersion version{Trust::claimed, event.occurred_at, event.message_hash};
  for (const RecordIdentifier& identifier : event.identifiers) {
    version.trust = std::max(version.trust, identifier.trust);
  }
  return version;
}

void note_act(OrderCourse& course, OrderAct act, const OrderVersion& version) {
  course.first_at = std::min(course.first_at, version.at);
  if (act == OrderAct::completed) {
    course.completed_at = std::min(course.completed_at, version.at);
    course.completed_trust = std::max(course.completed_trust, version.trust);
  }
  if (act == OrderAct::cancelled) {
    course.cancelled_at = std::min(course.cancelled_at, version.at);
    course.cancelled_trust = std::max(course.cancelled_trust, version.trust);
  }
}

// No id that somebody gave begins with 0: ids have no control characters.
std::string refund_id_of(const RecordOrder& said, const OrderVersion& version) {
  if (!said.refund_id.empty()) return std::string(said.refund_id);
  std::string id(1, '\0');
  id += version.message.view();
  return id;
}

std::string_view currency_of(const RecordOrder& said) {
  for (const RecordOrder::Value& value : said.values) {
    if (value.field == OrderField::currency) return value.text;
  }
  return {};
}

void put_field(OrderState& order, OrderFieldState said) {
  auto place = std::lower_bound(order.fields.begin(), order.fields.end(), said.field,
                                [](const OrderFieldState& known, OrderField field) { return known.field < field; });
  if (place == order.fields.end() || place->field != said.field) {
    order.fields.insert(place, std::move(said));
  } else if (rank_of(place->version, place->value) < rank_of(said.version, said.value)) {
    *place = std::move(said);
  }
}

void put_refund(OrderState& order, const OrderRefund& said) {
  OrderRefund* known = order.refunds.find_or_add(said.id, [&] { return said; });
  if (known == nullptr) return;
  auto rank = [](const OrderRefund& refund) {
    return std::tuple_cat(rank_of(refund.version, refund.amount), std::make_tuple(std::string_view(refund.currency)));
  };
  if (rank(*known) < rank(said)) *known = said;
}

void write_head(std::string_view order_namespace, std::string_view order_id, const OrderCourse& course,
                ByteWriter& out) {
  out.u8(kOrderVersion);
  out.text(order_namespace);
  out.text(order_id);
  out.i64(course.first_at.micros);
  out.i64(course.completed_at.micros);
  out.i64(course.cancelled_at.micros);
  out.u8(static_cast<uint8_t>(course.completed_trust));
  out.u8(static_cast<uint8_t>(course.cancelled_trust));
}

void write_version(const OrderVersion& version, ByteWriter& out) {
  out.u8(static_cast<uint8_t>(version.trust));
  out.i64(version.at.micros);
  out.raw(version.message.view());
}

OrderVersion read_version(ByteReader& in) {
  OrderVersion version;
  version.trust = static_cast<Trust>(in.u8());
  version.at = Timestamp{in.i64()};
  version.message = read_hash(in);
  return version;
}

// `same`: as that of the field before. Most orders are what one event said.
void write_field(OrderField field, bool same, const OrderVersion& version, std::string_view value, ByteWriter& out) {
  out.u8(static_cast<uint8_t>(field));
  out.u8(same ? 1 : 0);
  if (!same) write_version(version, out);
  out.text(value);
}

void write_refund(std::string_view id, const OrderVersion& version, std::string_view amount, std::string_view currency,
                  ByteWriter& out) {
  out.text(id);
  write_version(version, out);
  out.text(amount);
  out.text(currency);
}

/// The values of an order by field.
class Said {
 public:
  explicit Said(const OrderState& state) : state_(state) {}

  std::string_view text(OrderField field) const {
    for (const OrderFieldState& known : state_.fields) {
      if (known.field == field) return known.value;
    }
    return {};
  }
  bool flag(OrderField field) const { return text(field) == "true"; }
  std::optional<Decimal> amount(OrderField field) const {
    std::string_view value = text(field);
    return value.empty() ? std::nullopt : parse_decimal(value);
  }

  /// The first that can be computed: revenue; total without shipping and tax; the lines without discount. Parts that
  /// nobody said are 0.
  std::optional<Decimal> net() const {
    if (auto revenue = amount(OrderField::revenue)) return revenue;
    if (auto total = amount(OrderField::total)) return less(less(total, OrderField::shipping), OrderField::tax);
    return less(amount(OrderField::line_sum), OrderField::discount);
  }

 private:
  std::optional<Decimal> less(std::optional<Decimal> from, OrderField part) const {
    auto value = amount(part);
    return from && value ? add(*from, negate(*value)) : from;
  }

  const OrderState& state_;
};

std::optional<int64_t> minor_of(const std::optional<Decimal>& amount, Order& order) {
  if (!amount || order.currency.empty()) return std::nullopt;
  auto minor = to_minor(*amount, order.currency);
  if (minor && has_surplus_digits(*amount, order.currency)) order.amount_rounded = true;
  return minor;
}

bool believed(const OrderRefund& refund, const OrderState& state) {
  return refund.version.trust >= state.completed_trust;
}

// More than there is to give back is said as it is, and flagged.
void add_refunds(const OrderState& state, Order& order) {
  int64_t net = std::max<int64_t>(order.net_minor.value_or(0), 0);
  WideInteger refunded = 0;
  bool all_that_is_left = false;
  for (const OrderRefund& refund : state.refunds) {
    if (!believed(refund, state)) continue;
    bool foreign = !refund.currency.empty() && !order.currency.empty() && refund.currency != order.currency;
    if (foreign) {
      order.refund_in_other_currency = true;
    } else if (refund.amount.empty()) {
      all_that_is_left = true;
    } else {
      bool known = !order.currency.empty();  // then what is no number of 64 bits is more than any order
      refunded += minor_of(parse_decimal(refund.amount), order).value_or(known ? INT64_MAX : 0);
    }
  }
  order.refunds_cut = state.refunds.size() == kRefundsPerOrderMax;
  if (all_that_is_left) refunded = std::max<WideInteger>(refunded, net);
  order.refunded_minor = static_cast<int64_t>(std::min<WideInteger>(refunded, INT64_MAX));
  order.refund_exceeds_order = order.net_minor && refunded > net;
  order.value_minor = std::max<int64_t>(net - order.refunded_minor, 0);
}

OrderStatus status_of(const OrderState& state, const Order& order) {
  if (state.completed_at.micros == INT64_MAX) return OrderStatus::pending;
  bool cancelled = state.cancelled_at.micros != INT64_MAX && state.cancelled_trust >= state.completed_trust;
  if (cancelled) return OrderStatus::cancelled;
  if (order.net_minor) {
    if (order.refunded_minor == 0) return OrderStatus::completed;
    return order.value_minor > 0 ? OrderStatus::partially_refunded : OrderStatus::refunded;
  }
  // Of an amount that nobody said only all can be known to be given back.
  auto some = [&](const OrderRefund& refund) { return believed(refund, state); };
  auto all = [&](const OrderRefund& refund) { return believed(refund, state) && refund.amount.empty(); };
  if (std::any_of(state.refunds.begin(), state.refunds.end(), all)) return OrderStatus::refunded;
  bool any = std::any_of(state.refunds.begin(), state.refunds.end(), some);
  return any ? OrderStatus::partially_refunded : OrderStatus::completed;
}

}  // namespace

void apply(OrderState& order, const EventView& event) {
  const RecordOrder& said = *event.order;
  const OrderVersion version = version_of(event);
  order.order_namespace = said.order_namespace;
  order.order_id = said.order_id;
  note_act(order, said.act, version);
  if (said.act == OrderAct::refunded) {
    put_refund(order,
               {refund_id_of(said, version), version, std::string(said.refund_amount), std::string(currency_of(said))});
    return;
  }
  for (const RecordOrder::Value& value : said.values) put_field(order, {value.field, version, std::string(value.text)});
}

void join(OrderState& into, const OrderState& other) {
  into.order_namespace = other.order_namespace;
  into.order_id = other.order_id;
  into.first_at = std::min(into.first_at, other.first_at);
  into.completed_at = std::min(into.completed_at, other.completed_at);
  into.cancelled_at = std::min(into.cancelled_at, other.cancelled_at);
  into.completed_trust = std::max(into.completed_trust, other.completed_trust);
  into.cancelled_trust = std::max(into.cancelled_trust, other.cancelled_trust);
  for (const OrderFieldState& said : other.fields) put_field(into, said);
  for (const OrderRefund& refund : other.refunds) put_refund(into, refund);
}

bool may_have_orders(const Fragment& fragment) {
  // A full list may have had no place for such a name.
  if (fragment.event_counts.size() >= kEventNamesPerFragmentMax) return true;
  return std::any_of(fragment.event_counts.begin(), fragment.event_counts.end(),
                     [](const EventCount& count) { return count.name.starts_with("Order "); });
}

void encode_order(const OrderState& order, std::string& bytes) {
  ByteWriter out(bytes);
  write_head(order.order_namespace, order.order_id, order, out);
  out.varint(order.fields.size());
  const OrderVersion* last = nullptr;
  for (const OrderFieldState& said : order.fields) {
    write_field(said.field, last != nullptr && *last == said.version, said.version, said.value, out);
    last = &said.version;
  }
  out.varint(order.refunds.size());
  for (const OrderRefund& refund : order.refunds) {
    write_refund(refund.id, refund.version, refund.amount, refund.currency, out);
  }
}

void encode_order(const EventView& event, std::string& bytes) {
  const RecordOrder& said = *event.order;
  const OrderVersion version = version_of(event);
  OrderCourse course;
  note_act(course, said.act, version);
  ByteWriter out(bytes);
  write_head(said.order_namespace, said.order_id, course, out);
  if (said.act == OrderAct::refunded) {
    out.varint(0);
    out.varint(1);
    write_refund(refund_id_of(said, version), version, said.refund_amount, currency_of(said), out);
    return;
  }
  out.varint(said.values.size());
  bool first = true;
  for (const RecordOrder::Value& value : said.values) {
    write_field(value.field, !first, version, value.text, out);
    first = false;
  }
  out.varint(0);
}

Result<OrderState> decode_order(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.u8() != kOrderVersion) return Error{ErrorCode::corrupt, "order has an unknown version"};
  OrderState order;
  order.order_namespace = in.text();
  order.order_id = in.text();
  order.first_at = Timestamp{in.i64()};
  order.completed_at = Timestamp{in.i64()};
  order.cancelled_at = Timestamp{in.i64()};
  order.completed_trust = static_cast<Trust>(in.u8());
  order.cancelled_trust = static_cast<Trust>(in.u8());
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    OrderFieldState said;
    said.field = static_cast<OrderField>(in.u8());
    bool same = in.u8() != 0;
    if (same && order.fields.empty()) return Error{ErrorCode::corrupt, "order begins in its middle"};
    said.version = same ? order.fields.back().version : read_version(in);
    said.value = in.text();
    order.fields.push_back(std::move(said));
  }
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    OrderRefund refund;
    refund.id = in.text();
    refund.version = read_version(in);
    refund.amount = in.text();
    refund.currency = in.text();
    order.refunds.append(std::move(refund));
  }
  if (!in.ok() || !in.at_end()) return Error{ErrorCode::corrupt, "order is cut short"};
  return order;
}

std::string_view order_status_name(OrderStatus status) {
  switch (status) {
    case OrderStatus::pending:
      return "pending";
    case OrderStatus::completed:
      return "completed";
    case OrderStatus::partially_refunded:
      return "partially_refunded";
    case OrderStatus::refunded:
      return "refunded";
    case OrderStatus::cancelled:
      return "cancelled";
  }
  return "unknown";
}

Order judge(const OrderState& state) {
  Said said(state);
  Order order;
  order.order_namespace = state.order_namespace;
  order.order_id = state.order_id;
  order.trust = state.completed_trust;
  order.at = state.completed_at.micros != INT64_MAX ? state.completed_at : state.first_at;
  order.currency = said.text(OrderField::currency);
  order.net_minor = minor_of(said.net(), order);
  order.discount_minor = minor_of(said.amount(OrderField::discount), order);
  order.shipping_minor = minor_of(said.amount(OrderField::shipping), order);
  order.tax_minor = minor_of(said.amount(OrderField::tax), order);
  add_refunds(state, order);
  order.status = status_of(state, order);
  order.quantity = said.text(OrderField::quantity);
  order.gift = said.flag(OrderField::gift);
  order.test = said.flag(OrderField::test);
  std::string_view count = said.text(OrderField::line_count), lines = said.text(OrderField::lines);
  std::from_chars(count.data(), count.data() + count.size(), order.line_count);
  if (!lines.empty()) order.lines_json = lines;
  bool done = order.status == OrderStatus::completed || order.status == OrderStatus::partially_refunded;
  order.counts = done && order.net_minor.value_or(0) >= 1 && order.value_minor > 0 && !order.test;
  return order;
}

}  // namespace tributary
