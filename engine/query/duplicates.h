// Customers who may be one though no identifier says so, found on a snapshot.
#pragma once

#include <functional>

#include "engine/query/duplicates_view.h"
#include "engine/store/state_store.h"

namespace tributary {

class RuleSet;

/// What one search takes: about 1 KB of memory for each customer with a record, and for each pair to be reviewed.
constexpr size_t kDuplicateCandidatesMax = 1'000'000;
constexpr size_t kDuplicatePairsMax = 10'000;

/// Evaluates the rules of duplicates over all customers with a base record. Pairs that somebody decided about are none;
/// where the decision was withdrawn since, it is never merged again, only reviewed. A customer all of whose identifiers
/// are shared is no candidate, because nothing can be decided about it.
///
/// Cost: a seek for each piece of evidence that says facts, then the containers of those who have a record, so that
/// customers of traffic alone cost nothing. Asks `cancelled` now and then. Errors: corrupt; stopping when cancelled.
Result<DuplicatesView> search_duplicates(const StateReader& reader, WorkspaceId workspace, const KeyedHash& index_key,
                                         const RuleSet& rules, const DuplicateQuery& query, Timestamp now,
                                         const std::function<bool()>& cancelled);

}  // namespace tributary
