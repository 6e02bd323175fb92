// The computed traits of a customer: what its evidence was measured at, put together.
#pragma once

#include <vector>

#include "engine/profile/computed_trait.h"
#include "engine/query/customer.h"

namespace tributary {

/// Measurements that are read of a customer.
struct MeasurementLimits {
  size_t per_trait = 100'000;
  size_t per_answer = 200'000;  // of all traits together, by name; one that several traits are of counts once
};

/// One per definition of the workspace, by name, as of `now`, from evidence with measurements. With more of them than
/// the limits let a trait is of some of those in its window, and not complete. Errors: corrupt.
Result<std::vector<ComputedTraitView>> read_computed_traits(const StateReader& reader, WorkspaceId workspace,
                                                            const std::vector<const Evidence*>& measured,
                                                            const ComputedTraits& traits, Timestamp now,
                                                            const MeasurementLimits& limits = {});

/// What every store measures, as of `now`, within the same limits. Errors: corrupt.
Result<BehaviourFigures> read_behaviour(const StateReader& reader, WorkspaceId workspace,
                                        const std::vector<const Evidence*>& measured, Timestamp now);

}  // namespace tributary
