// What every store measures of behaviour, without anybody's declaration.
#pragma once

#include "engine/domain/computed_trait.h"

namespace tributary {

/// A page that is open for longer is not being looked at: 30 minutes count.
constexpr int64_t kDwellMillisMax = 1'800'000;

constexpr std::string_view kDwellTrait = "dwell_ms_30d";          // sum of `dwell_ms` of Page Left
constexpr std::string_view kFeaturesTrait = "features_used_30d";  // distinct `feature` of Feature Used

/// Both, by name, of all workspaces; 30 days of 24 hours.
const ComputedTraits& behaviour_traits();

}  // namespace tributary
