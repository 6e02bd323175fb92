#include "engine/profile/lifecycle.h"

#include <algorithm>
#include <tuple>

#include "engine/profile/order_gaps.h"
#include "engine/profile/value.h"

namespace tributary {
namespace {

constexpr Timestamp kForever{INT64_MAX};

std::vector<const Order*> counted_in_time(const std::vector<Order>& orders) {
  std::vector<const Order*> counted;
  for (const Order& order : orders) {
    if (order.counts) counted.push_back(&order);
  }
  std::sort(counted.begin(), counted.end(),
            [](const Order* a, const Order* b) { return std::tie(a->at, a->hash) < std::tie(b->at, b->hash); });
  return counted;
}

LifecycleStage stage_by_orders(uint64_t count, const LifecycleRules& rules) {
  if (count >= rules.mature_orders) return LifecycleStage::mature;
  return count >= rules.growth_orders ? LifecycleStage::growth : LifecycleStage::acquisition;
}

int64_t decline_after_micros(std::optional<int64_t> own_gap_halves, const LifecycleRules& rules) {
  return std::max(rules.decline_micros, own_gap_halves.value_or(0) * rules.decline_gaps * (kMicrosPerDay / 2));
}

/// All changes, also those that are still to come if no order does. At each moment only what was until then plays a
/// part, so the changes up to any moment are the first of them.
std::vector<LifecycleChange> course_of(const std::vector<Order>& orders, const ValueRules& rules) {
  std::vector<LifecycleChange> course;
  LifecycleStage stage = LifecycleStage::acquisition;
  auto enter = [&](LifecycleStage next, Timestamp at, const Order* order) {
    if (next == stage) return;
    LifecycleChange& change = course.emplace_back(LifecycleChange{stage, next, at, {}, {}, {}});
    stage = next;
    if (order == nullptr) return;
    change.order = order->hash;
    change.order_namespace = order->order_namespace;
    change.order_id = order->order_id;
  };
  std::vector<const Order*> counted = counted_in_time(orders);
  OrderGaps gaps;
  for (size_t i = 0; i < counted.size(); ++i) {
    Timestamp at = counted[i]->at;
    gaps.add(rules.zone.local_day(at));
    Timestamp next = i + 1 < counted.size() ? counted[i + 1]->at : kForever;
    if (next == at) continue;
    enter(stage_by_orders(i + 1, rules.lifecycle), at, counted[i]);
    int64_t silence = decline_after_micros(gaps.median_halves(), rules.lifecycle);
    Timestamp silent{at.micros + silence};
    if (silent < next) enter(LifecycleStage::decline, silent, nullptr);
  }
  return course;
}

auto first_after(const std::vector<LifecycleChange>& course, Timestamp now) {
  return std::find_if(course.begin(), course.end(), [&](const LifecycleChange& change) { return change.at > now; });
}

}  // namespace

std::string_view lifecycle_stage_name(LifecycleStage stage) {
  switch (stage) {
    case LifecycleStage::acquisition:
      return "acquisition";
    case LifecycleStage::growth:
      return "growth";
    case LifecycleStage::mature:
      return "mature";
    case LifecycleStage::decline:
      return "decline";
  }
  return "unknown";
}

std::vector<LifecycleChange> lifecycle_history(const std::vector<Order>& orders, const ValueRules& rules,
                                               Timestamp now) {
  std::vector<LifecycleChange> course = course_of(orders, rules);
  course.erase(first_after(course, now), course.end());
  return course;
}

std::optional<Timestamp> next_lifecycle_change(const std::vector<Order>& orders, const ValueRules& rules,
                                               Timestamp now) {
  std::vector<LifecycleChange> course = course_of(orders, rules);
  auto next = first_after(course, now);
  if (next == course.end()) return std::nullopt;
  return next->at;
}

}  // namespace tributary
