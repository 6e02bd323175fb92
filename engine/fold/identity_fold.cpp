#include "engine/fold/identity_fold.h"

namespace tributary {

IdentityFold::IdentityFold(StateStore& store, size_t vertex_bytes, size_t container_bytes, Metrics& metrics)
    : store_(store), metrics_(metrics), table_(store, vertex_bytes, container_bytes), rules_(store) {}

Result<void> IdentityFold::open() {
  TRIBUTARY_TRY(open_cuts());
  TRIBUTARY_TRY(open_erasures());
  return rules_.open();
}

Result<const RuleSet*> IdentityFold::rules(WorkspaceId workspace) {
  auto rules = rules_.of(workspace);
  if (!rules) return rules.error();
  return &(*rules)->active;
}

void IdentityFold::begin(StateBatch& batch, AppliedState& pending) {
  batch_ = &batch;
  pending_ = &pending;
  table_.begin(batch);
}

void IdentityFold::forget_group() {
  touched_.clear();
  changes_.clear();
  swept_.reset();
  table_.forget_group();
}

}  // namespace tributary
