#include "connectors/query/value_json.h"

#include "connectors/query/json_members.h"
#include "engine/base/decimal.h"

namespace tributary {
namespace {

constexpr size_t kCutPoints = 4;

void append_rfm(JsonOut& json, const std::optional<RfmScores>& rfm) {
  json.key("rfm");
  if (!rfm) {
    json.null();
    return;
  }
  json.begin_object().key("r_days").number(rfm->r_days).key("f_count").unsigned_number(rfm->f_count);
  json.key("m_minor").raw(decimal(rfm->m_minor)).key("aov_minor").number(rfm->aov_minor);
  json.key("r_score").number(rfm->r_score).key("f_score").number(rfm->f_score).key("m_score").number(rfm->m_score);
  json.key("aov_score").number(rfm->aov_score).key("cell").string(rfm->cell()).key("group").string(rfm->group());
  json.key("scale").string(scale_name(rfm->scale_computed_at.has_value()));
  append_time_or_null(json, "scale_computed_at", rfm->scale_computed_at);
  json.end_object();
}

void append_days(JsonOut& json, std::string_view name, const std::optional<int64_t>& halves) {
  json.key(name);
  if (halves) {
    json.raw(std::to_string(*halves / 2) + (*halves % 2 != 0 ? ".5" : ""));
  } else {
    json.null();
  }
}

/// The cut points of scores 2 to 5, null where nobody reached the score. `sign` turns those of days round again.
void append_cuts(JsonOut& json, std::string_view name, const CutPoints& cuts, int sign) {
  json.key(name).begin_array();
  for (size_t i = 0; i < kCutPoints; ++i) {
    if (i < cuts.size()) {
      json.number(sign * cuts[i]);
    } else {
      json.null();
    }
  }
  json.end_array();
}

void append_churn(JsonOut& json, const CustomerValue& value) {
  append_days(json, "expected_gap_days", value.expected_gap_halves);
  json.key("churn_ratio");
  if (value.expected_gap_halves) {
    json.raw(to_text(Decimal{value.churn_ratio_hundredths(), 2}));
  } else {
    json.null();
  }
  json.key("churn_band").string(churn_band_name(value.churn_band));
}

void append_order(JsonOut& json, const Order& order) {
  json.begin_object().key("order_namespace").string(order.order_namespace).key("order_id").string(order.order_id);
  json.key("status").string(order_status_name(order.status)).key("counts").boolean(order.counts);
  json.key("occurred_at").string(format_iso8601(order.at));
  append_text_or_null(json, "currency", order.currency);
  append_number_or_null(json, "net_minor", order.net_minor);
  json.key("refunded_minor").number(order.refunded_minor).key("value_minor").number(order.value_minor);
  append_number_or_null(json, "discount_minor", order.discount_minor);
  append_number_or_null(json, "shipping_minor", order.shipping_minor);
  append_number_or_null(json, "tax_minor", order.tax_minor);
  json.key("quantity").raw(order.quantity.empty() ? "null" : order.quantity);
  json.key("is_gift").boolean(order.gift).key("test").boolean(order.test);
  json.key("line_count").unsigned_number(order.line_count).key("lines").raw(order.lines_json);
  json.key("flags").begin_array();
  if (!order.net_minor) json.string("amount_missing");
  if (order.amount_rounded) json.string("amount_rounded");
  if (order.refund_exceeds_order) json.string("refund_exceeds_order");
  if (order.refund_in_other_currency) json.string("refund_in_other_currency");
  if (order.refunds_cut) json.string("refunds_cut");
  json.end_array().end_object();
}

}  // namespace

void append_value(JsonOut& json, const CustomerValue& value, bool complete) {
  json.key("lifecycle").string(lifecycle_stage_name(value.lifecycle));
  append_time_or_null(json, "lifecycle_since", value.lifecycle_since);
  json.key("value").begin_object();
  append_text_or_null(json, "currency", value.currency);
  json.key("orders_count").unsigned_number(value.orders_count);
  json.key("other_currency_orders").unsigned_number(value.other_currency_orders);
  json.key("revenue_minor").raw(decimal(value.revenue_minor));
  json.key("refunds_minor").raw(decimal(value.refunds_minor));
  json.key("aov_minor").number(value.aov_minor);
  json.key("clv_minor").raw(decimal(value.revenue_minor));
  json.key("orders_365d").unsigned_number(value.orders_365d);
  json.key("revenue_365d_minor").raw(decimal(value.revenue_365d_minor));
  json.key("repeat_band").string(value.repeat_band());
  append_time_or_null(json, "first_order_at", value.first_order_at);
  append_time_or_null(json, "last_order_at", value.last_order_at);
  append_rfm(json, value.rfm);
  append_churn(json, value);
  json.key("complete").boolean(complete).end_object();
}

Result<ValueMoment> value_moment(Engine& engine, const ValueRules& rules, WorkspaceId workspace, Timestamp now) {
  auto scale = engine.rfm_scale(workspace);
  if (!scale) return scale.error();
  auto library = engine.tag_library(workspace);
  if (!library) return library.error();
  return ValueMoment{rules, now, std::move(*scale), std::make_shared<const TagLibrary>(std::move(*library))};
}

std::string_view scale_name(bool by_quintiles) { return by_quintiles ? "quintiles" : "fixed"; }

std::string scale_json(const RfmScale& scale, const ValueRules& rules) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("computed_at").string(format_iso8601(scale.computed_at));
  json.key("as_of").string(format_iso8601(scale.as_of)).key("window_seconds");
  if (scale.window_micros) {
    json.number(*scale.window_micros / kMicrosPerSecond);
  } else {
    json.null();
  }
  json.key("gaps").unsigned_number(scale.gaps);
  append_days(json, "median_gap_days", scale.gap_halves);
  json.key("customers").unsigned_number(scale.customers()).key("currencies").begin_array();
  for (const CurrencyScale& each : scale.currencies) {
    json.begin_object().key("currency").string(each.currency).key("customers").unsigned_number(each.customers);
    json.key("scale").string(scale_name(scale_in_force(&scale, rules, each.currency) != nullptr));
    append_cuts(json, "r_days", each.recency, -1);
    append_cuts(json, "f_count", each.frequency, 1);
    append_cuts(json, "m_minor", each.money, 1);
    append_cuts(json, "aov_minor", each.average, 1);
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string orders_json(const OrdersPage& page) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("customer_id").string(page.customer.text()).key("orders").begin_array();
  for (const Order& order : page.orders) append_order(json, order);
  json.end_array().key("complete").boolean(page.complete);
  append_text_or_null(json, "next", page.next_cursor);
  json.end_object();
  return out;
}

}  // namespace tributary
