// The status of a customer as the JSON that readers get.
#pragma once

#include <string>

#include "connectors/query/value_json.h"

namespace tributary {

/// Appends the member `status`: where the customer stands, since when, and what waits for a decision.
void append_status(JsonOut& json, const ProfileView& profile, const ValueMoment& moment);

/// The same with every change, oldest first.
std::string status_json(const ProfileView& profile, const ValueMoment& moment);

/// What the status of a profile follows from. Lifetime: of both.
StatusBasis status_basis(const ProfileView& profile, const ValueMoment& moment);

}  // namespace tributary
