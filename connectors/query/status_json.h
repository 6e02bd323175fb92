// The status of a customer as the JSON that readers get.
#pragma once

#include <string>

#include "connectors/query/value_json.h"

namespace tributary {

/// Appends the member `status`: where the customer stands, since when, and the newest that waits for a decision.
void append_status(JsonOut& json, const ProfileView& profile, const ValueMoment& moment);

/// What a profile tells of the requests that wait for a decision: the newest ones, and how many there are.
constexpr size_t kOpenRequestsShown = 10;

/// The same with every change, oldest first.
std::string status_json(const ProfileView& profile, const ValueMoment& moment);

/// All that waits for a decision, in pages that begin with what has waited longest.
std::string status_requests_json(const ProfileView& profile, const ValueMoment& moment, const PageQuery& query);

/// `{"decision":"approved",...}`
std::string status_decision_json(const StatusDecision& decision);

/// What the status of a profile follows from. Lifetime: of both.
StatusBasis status_basis(const ProfileView& profile, const ValueMoment& moment);

}  // namespace tributary
