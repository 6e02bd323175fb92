// Orders and what follows from them as the JSON that readers get.
#pragma once

#include <string>

#include "engine/base/json_out.h"
#include "engine/engine.h"

namespace tributary {

/// By which rules, and as of when, figures are computed.
struct ValueMoment {
  const ValueRules& rules;
  Timestamp now;
};

/// Appends the members `lifecycle` and `value`.
void append_value(JsonOut& json, const ProfileView& profile, const ValueMoment& moment);

std::string orders_json(const OrdersPage& page);

}  // namespace tributary
