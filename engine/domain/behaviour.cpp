#include "engine/domain/behaviour.h"

namespace tributary {
namespace {

constexpr TraitWindow kThirtyDays{TraitWindow::Kind::rolling, 30 * kMicrosPerDay};

ComputedTraits make_behaviour_traits() {
  const std::vector<std::string> dwell = {"properties", "dwell_ms"};
  MeasureRule left;
  left.name = "Page Left";
  left.where = {{dwell, PropertyCondition::Test::at_least, {"0"}}};
  left.value = dwell;
  left.value_most = kDwellMillisMax;
  MeasureRule used;
  used.name = "Feature Used";
  used.value = {"properties", "feature"};
  ComputedTraits traits;
  traits.definitions = {{std::string(kDwellTrait), Aggregate::sum, std::move(left), kThirtyDays},
                        {std::string(kFeaturesTrait), Aggregate::unique_count, std::move(used), kThirtyDays}};
  return traits;
}

}  // namespace

const ComputedTraits& behaviour_traits() {
  static const ComputedTraits kTraits = make_behaviour_traits();
  return kTraits;
}

}  // namespace tributary
