// How much a customer looks at and uses, from what every store measures of it.
#pragma once

#include <optional>

#include "engine/base/decimal.h"

namespace tributary {

/// Of the 30 days before the moment of asking.
struct BehaviourFigures {
  Decimal dwell_ms;            // visible time of pages, each at most kDwellMillisMax
  uint64_t features_used = 0;  // distinct
  bool complete = true;        // false: there is more than is read

  /// Share of the features that there are, 0 to 1, 3 places half to even; nothing when nobody said how many there are.
  std::optional<Decimal> feature_depth(uint64_t declared) const;
};

}  // namespace tributary
