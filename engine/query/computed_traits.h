// The computed traits of a customer: what its evidence was measured at, put together.
#pragma once

#include <vector>

#include "engine/profile/computed_trait.h"
#include "engine/query/customer.h"

namespace tributary {

/// Measurements that are read for one trait of a customer.
constexpr size_t kMeasurementsPerTraitMax = 100'000;

/// One per definition of the workspace, by name, as of `now`. With more than kMeasurementsPerTraitMax measurements in
/// its window a trait is of some of them, and not complete. Errors: corrupt.
Result<std::vector<ComputedTraitView>> read_computed_traits(const StateReader& reader, const Customer& customer,
                                                            const ComputedTraits& traits, Timestamp now);

}  // namespace tributary
