// What a customer uses, is a member of and follows, as the JSON that readers get.
#pragma once

#include "connectors/query/value_json.h"

namespace tributary {

/// Appends the members `behaviour`, `membership` and `following`.
void append_engagement(JsonOut& json, const ProfileView& profile, const CustomerValue& value,
                       const ValueMoment& moment);

}  // namespace tributary
