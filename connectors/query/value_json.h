// Orders and what follows from them as the JSON that readers get.
#pragma once

#include <memory>
#include <string>

#include "engine/base/json_out.h"
#include "engine/engine.h"

namespace tributary {

/// By which rules, as of when and by which scale figures are computed. The scale is the newest whatever the time; null:
/// there is none.
struct ValueMoment {
  const ValueRules& rules;
  Timestamp now;
  std::shared_ptr<const RfmScale> scale = {};
  std::shared_ptr<const TagLibrary> tags = {};  // null: no tag is in it
};

/// As of `now`, with what is known of the workspace today. Errors: those of the store.
Result<ValueMoment> value_moment(Engine& engine, const ValueRules& rules, WorkspaceId workspace, Timestamp now);

/// "quintiles" or "fixed".
std::string_view scale_name(bool by_quintiles);

/// Appends the members `lifecycle`, `lifecycle_since` and `value`.
void append_value(JsonOut& json, const CustomerValue& value, bool complete);

std::string scale_json(const RfmScale& scale, const ValueRules& rules);

std::string orders_json(const OrdersPage& page);

}  // namespace tributary
