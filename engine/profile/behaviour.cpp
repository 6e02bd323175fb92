#include "engine/profile/behaviour.h"

#include <algorithm>

#include "engine/base/money.h"

namespace tributary {

std::optional<Decimal> BehaviourFigures::feature_depth(uint64_t declared) const {
  constexpr int kPlaces = 3;
  if (declared == 0) return std::nullopt;
  return Decimal{divide_half_even(WideInteger{std::min(features_used, declared)} * 1000, WideInteger{declared}),
                 kPlaces};
}

}  // namespace tributary
