// The batch answer: customers and profiles as a function of the set of events, written straight from the definitions
// over ordered maps. Shares no code with identity, profile, fold or query.
#pragma once

#include <vector>

#include "engine/domain/event.h"
#include "tests/model/export.h"

namespace tributary::model {

/// When an untrusted link may join two sides that both hold a strong identifier.
enum class Claims { fill, guarded, strict };

/// What the definitions say about these events, in whatever order they stand; repeats of (source, message id) do not
/// count. Hashes are taken from the events, `message_hash` orders a timeline's ties.
Export reference(const std::vector<Event>& events, const KeyedHash& index_key, Claims claims = Claims::fill);

/// The clusters alone, as what engines that join in order of arrival would make of them. The negative control.
std::vector<std::vector<Hash128>> clusters_in_order_of_arrival(const std::vector<Event>& events);

}  // namespace tributary::model
