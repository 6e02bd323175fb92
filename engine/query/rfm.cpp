#include "engine/query/rfm.h"

#include <utility>

#include "engine/query/customer_walk.h"
#include "engine/query/orders.h"

namespace tributary {
namespace {

constexpr uint64_t kStepsPerQuestion = 64;  // between two looks at `cancelled`

}  // namespace

Result<std::shared_ptr<const RfmScale>> read_rfm_scale(const StateReader& reader, WorkspaceId workspace) {
  std::string row;
  auto found = reader.get(Family::meta, rfm_scale_key(workspace), row);
  if (!found) return found.error();
  if (!*found) return std::shared_ptr<const RfmScale>();
  auto scale = decode_rfm_scale(row);
  if (!scale) return scale.error();
  return std::make_shared<const RfmScale>(std::move(*scale));
}

Result<RfmScale> compute_rfm_scale(std::shared_ptr<const StateReader> snapshot, WorkspaceId workspace, RuleSet rules,
                                   const RfmScaleQuery& query, Timestamp now, const std::function<bool()>& cancelled) {
  CustomerWalk walk(std::move(snapshot), workspace, std::move(rules));
  RfmPopulation population(query.rules, query.as_of);
  for (uint64_t steps = 1;; ++steps) {
    if (steps % kStepsPerQuestion == 0 && cancelled()) return Error{ErrorCode::stopping, "the scale is not computed"};
    auto step = walk.next();
    if (!step) return step.error();
    if (*step == ExportStep::end) return population.scale(now);
    if (*step == ExportStep::nothing) continue;
    bool complete = true;  // what is left out here is left out of the customer's own figures
    auto orders = read_orders(walk.snapshot(), workspace, walk.customer().evidence, complete);
    if (!orders) return orders.error();
    population.add(*orders);
  }
}

}  // namespace tributary
