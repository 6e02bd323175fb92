// The scale by which customers are scored against each other: read, or computed anew.
#pragma once

#include <functional>
#include <memory>

#include "engine/identity/rule_set.h"
#include "engine/query/profile_view.h"
#include "engine/store/state_store.h"

namespace tributary {

/// The newest that was recorded; null before the first. Errors: corrupt.
Result<std::shared_ptr<const RfmScale>> read_rfm_scale(const StateReader& reader, WorkspaceId workspace);

/// Of every customer of the snapshot. Cost and memory: those of CustomerWalk, of all orders and of RfmPopulation. Asks
/// `cancelled` now and then. Errors: stopping when it says so; corrupt.
Result<RfmScale> compute_rfm_scale(std::shared_ptr<const StateReader> snapshot, WorkspaceId workspace, RuleSet rules,
                                   const RfmScaleQuery& query, Timestamp now, const std::function<bool()>& cancelled);

}  // namespace tributary
