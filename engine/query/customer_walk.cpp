#include "engine/query/customer_walk.h"

#include <utility>

namespace tributary {
namespace {

constexpr size_t kWorkspaceBytes = 4;
constexpr size_t kRootBytes = 16;

}  // namespace

CustomerWalk::CustomerWalk(std::shared_ptr<const StateReader> snapshot, WorkspaceId workspace, RuleSet rules,
                           const std::optional<Hash128>& after)
    : snapshot_(std::move(snapshot)),
      rules_(std::move(rules)),
      rows_(snapshot_->scan(Family::container, workspace_prefix(workspace))) {
  customer_.workspace = workspace;
  if (after) rows_->seek(container_end(workspace, *after));
}

Result<ExportStep> CustomerWalk::next() {
  if (taken_ == customer_.clusters.clusters.size()) {
    if (!rows_->valid()) {
      TRIBUTARY_TRY(rows_->status());
      return ExportStep::end;
    }
    TRIBUTARY_TRY(take_container());
    if (customer_.clusters.clusters.empty()) return ExportStep::nothing;
  }
  customer_.cluster = taken_++;
  const Cluster& cluster = customer_.clusters.clusters[customer_.cluster];
  customer_.id = CustomerId{cluster.anchor};
  customer_.members = cluster.members;
  customer_.evidence = std::move(evidence_[customer_.cluster]);
  return ExportStep::item;
}

Result<void> CustomerWalk::take_container() {
  std::string prefix(rows_->key().substr(0, kWorkspaceBytes + kRootBytes));
  ContainerParts parts;
  for (; rows_->valid() && rows_->key().starts_with(prefix); rows_->next()) {
    TRIBUTARY_TRY(add_row(rows_->key().substr(prefix.size()), rows_->value(), parts));
  }
  TRIBUTARY_TRY(rows_->status());
  auto container =
      make_container(Hash128::from_bytes(std::string_view(prefix).substr(kWorkspaceBytes)), std::move(parts), rules_);
  if (!container) return container.error();
  customer_.container = std::move(*container);
  customer_.clusters = compute_clusters(customer_.container, rules_);
  taken_ = 0;
  evidence_.assign(customer_.clusters.clusters.size(), {});
  for (size_t i = 0; i < customer_.container.evidence.size(); ++i) {
    uint32_t owner = customer_.clusters.of_evidence[i];
    if (owner != kNobody) evidence_[owner].push_back(&customer_.container.evidence[i]);
  }
  return {};
}

}  // namespace tributary
