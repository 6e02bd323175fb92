#include "engine/app/watched_figures.h"

#include <algorithm>

#include "engine/profile/lifecycle.h"
#include "engine/profile/value.h"

namespace tributary {
namespace {

// The next stage came by silence, or by an order.
ProfileChangeCause likeliest_of_stage(const WatchedCustomer& customer, const ValueRules& rules, Timestamp now) {
  auto history = lifecycle_history(customer.orders, rules, now);
  bool silence = !history.empty() && !history.back().order;
  return silence ? ProfileChangeCause::time : ProfileChangeCause::event;
}

std::optional<Timestamp> earlier(std::optional<Timestamp> a, std::optional<Timestamp> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace

FiguresNow figures_of(const WatchedCustomer& customer, const ValueRules& rules, const RfmScale* scale, Timestamp now) {
  CustomerValue value = value_of(customer.orders, rules, now, scale);
  FiguresNow found;
  found.figures.push_back({WatchedFigure::lifecycle, std::string(lifecycle_stage_name(value.lifecycle)),
                           value.lifecycle_since.value_or(now), likeliest_of_stage(customer, rules, now)});
  found.figures.push_back({WatchedFigure::rfm_cell, value.rfm ? value.rfm->cell() : "", now, ProfileChangeCause::time});
  found.next = earlier(next_lifecycle_change(customer.orders, rules, now),
                       next_rfm_change(customer.orders, value, rules, now, scale));
  return found;
}

std::string value_before_any(WatchedFigure figure) {
  return figure == WatchedFigure::lifecycle ? std::string(lifecycle_stage_name(LifecycleStage::acquisition)) : "";
}

std::string rules_text(WatchedFigure figure, const ValueRules& rules, const RfmScale* scale) {
  std::string text = "zone " + rules.zone.name();
  auto add = [&](std::string_view name, int64_t number) {
    text.append(", ").append(name).append(" ") += std::to_string(number);
  };
  if (figure == WatchedFigure::lifecycle) {
    add("growth_orders", static_cast<int64_t>(rules.lifecycle.growth_orders));
    add("mature_orders", static_cast<int64_t>(rules.lifecycle.mature_orders));
    add("decline_micros", rules.lifecycle.decline_micros);
    add("decline_gaps", rules.lifecycle.decline_gaps);
    return text;
  }
  text += ", currency " + rules.base_currency;
  add("window_micros", rules.rfm_window_micros.value_or(0));
  add("scoring", static_cast<int64_t>(rules.rfm_scoring));
  add("basis", static_cast<int64_t>(rules.rfm_basis));
  add("scale", scale == nullptr ? 0 : scale->computed_at.micros);
  return text;
}

}  // namespace tributary
