// The batch answer: customers and profiles as a function of the set of events, decisions and rules, written straight
// from the definitions over ordered maps. Shares no code with identity, profile, fold or query but the plain values of
// rules.h.
#pragma once

#include <vector>

#include "tests/model/export.h"
#include "tests/model/world.h"

namespace tributary::model {

/// What the definitions say about this world, in whatever order its parts stand; repeats of (source, message id) do not
/// count. Hashes are taken from the events and decisions.
Export reference(const World& world, const KeyedHash& index_key);

/// Events alone under the default rules, but for the claims.
Export reference(const std::vector<Event>& events, const KeyedHash& index_key,
                 ClaimsPolicy claims = ClaimsPolicy::fill);

/// The clusters alone, as what engines that join in order of arrival would make of the events. The negative control.
std::vector<std::vector<Hash128>> clusters_in_order_of_arrival(const World& world);

}  // namespace tributary::model
