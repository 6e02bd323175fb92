// The stage of its life that a customer is in: a pure function of its orders, as they stand now, and the time. Nothing
// of it is stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/profile/order.h"

namespace tributary {

struct ValueRules;

enum class LifecycleStage : uint8_t { acquisition, growth, mature, decline };
std::string_view lifecycle_stage_name(LifecycleStage stage);

/// Of the stages decline comes first, then mature, then growth; who is in none of them is in acquisition.
struct LifecycleRules {
  uint64_t growth_orders = 1;  // that count
  uint64_t mature_orders = 5;
  /// Decline begins so long after the last order, or after so many of the customer's own median gaps between order
  /// days, whichever is later. Who ordered on fewer than three days has no own gap.
  int64_t decline_micros = 90 * kMicrosPerDay;
  int64_t decline_gaps = 2;
};

/// One stage followed another. The first is acquisition, which nobody enters.
struct LifecycleChange {
  LifecycleStage from = LifecycleStage::acquisition, to = LifecycleStage::acquisition;
  Timestamp at;
  std::optional<Hash128> order;  // that ended the stage before; nothing: silence did
  std::string order_namespace, order_id;
};

/// Every change up to `now`, oldest first. Orders in any order; of those that count at one time, one change tells.
std::vector<LifecycleChange> lifecycle_history(const std::vector<Order>& orders, const ValueRules& rules,
                                               Timestamp now);

/// When time alone brings the next stage: silence, or an order of a time to come. Nothing: never.
std::optional<Timestamp> next_lifecycle_change(const std::vector<Order>& orders, const ValueRules& rules,
                                               Timestamp now);

}  // namespace tributary
