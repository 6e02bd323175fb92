#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/base/check.h"
#include "engine/fold/identity_fold.h"

namespace tributary {
namespace {

// Changes of a sweep stand behind those of the record whose LSN they share.
constexpr uint32_t kFirstSweepIndex = 1u << 31;

// Pieces of evidence: computing customers among more takes several milliseconds.
constexpr size_t kSettledAtOnceMax = 10'000;

}  // namespace

// Record by record, so that the history tells the same steps however records come in groups. Where computing is dear,
// once per group: what the history lacks then are steps within one group.
Result<void> IdentityFold::end_record() {
  if (touched_.empty()) return {};
  TRIBUTARY_TRY(complete());
  for (auto touched = touched_.begin(); touched != touched_.end();) {
    const Container* container = table_.known_container(touched->first);
    TRIBUTARY_CHECK(container != nullptr);
    if (container->evidence.size() > kSettledAtOnceMax) {
      ++touched;
      continue;
    }
    TRIBUTARY_TRY(settle_container(touched->first, touched->second));
    touched = touched_.erase(touched);
  }
  return {};
}

Result<void> IdentityFold::settle() {
  TRIBUTARY_TRY(complete());
  for (const auto& [root, touched] : touched_) TRIBUTARY_TRY(settle_container(root, touched));
  return put_changes();
}

// What hubs that came or went do to containers, until nothing follows any more. What a review asks for is seen to when
// containers are united: what an identifier met is counted where all its evidence is.
Result<void> IdentityFold::complete() {
  while (!joins_.empty() || !reviews_.empty()) {
    TRIBUTARY_TRY(unite_pending());
    for (auto& [identifier, review] : std::exchange(reviews_, {})) {
      TRIBUTARY_TRY(this->review(identifier, review.judge_value, review.cause));
    }
  }
  return {};
}

Result<void> IdentityFold::settle_container(const Hash128& root, const Touched& touched) {
  Container* container = table_.known_container(root);
  TRIBUTARY_CHECK(container != nullptr);
  auto rules = this->rules(touched.cause.workspace);
  if (!rules) return rules.error();
  ContainerSummary& summary = container->summary;
  ContainerSummary before = summary;
  summary.rules_version = (*rules)->version();
  summary.simple = is_simple(summary, **rules);
  summary.refused_cannot = summary.refused_trust = summary.refused_limit = summary.refused_window = 0;
  std::vector<Cluster> after;
  if (summary.simple) {
    after.push_back(only_cluster(*container));
    container->settled.reset();
  } else {
    Clusters clusters = compute_clusters(*container, **rules);
    for (const Refusal& refusal : clusters.refusals) count_refusal(refusal, summary);
    after = std::move(clusters.clusters);
  }
  summary.customers = static_cast<uint32_t>(after.size());
  for (Change& change : changes_between(touched.before, after)) add_change(std::move(change), touched.cause);
  if (!summary.simple) container->settled = std::make_shared<const std::vector<Cluster>>(std::move(after));
  count_settled(before, summary);
  table_.put_header(touched.cause.workspace, *container);
  return {};
}

void IdentityFold::count_refusal(const Refusal& refusal, ContainerSummary& summary) {
  switch (refusal.reason) {
    case RefusalReason::cannot_link:
      ++summary.refused_cannot;
      return;
    case RefusalReason::join_not_trusted:
      ++summary.refused_trust;
      return;
    case RefusalReason::limit:
      ++summary.refused_limit;
      return;
    case RefusalReason::window:
      ++summary.refused_window;
      return;
  }
}

void IdentityFold::count_settled(const ContainerSummary& before, const ContainerSummary& after) {
  pending_->customers += after.customers - static_cast<uint64_t>(before.customers);
  pending_->containers_not_simple += (after.simple ? 0u : 1u) - static_cast<uint64_t>(before.simple ? 0u : 1u);
  auto grown = [](uint32_t from, uint32_t to) { return to > from ? static_cast<double>(to - from) : 0.0; };
  metrics_.link_refusals_cannot.increment(grown(before.refused_cannot, after.refused_cannot));
  metrics_.link_refusals_trust.increment(grown(before.refused_trust, after.refused_trust));
  metrics_.link_refusals_limit.increment(grown(before.refused_limit, after.refused_limit));
  metrics_.link_refusals_window.increment(grown(before.refused_window, after.refused_window));
}

void IdentityFold::add_change(Change change, const RecordCause& cause) {
  change.cause = cause.cause;
  change.at = cause.received_at;
  if (change.type == ChangeType::merged) metrics_.merges.increment(static_cast<double>(change.from.size()));
  if (change.type == ChangeType::split) metrics_.splits.increment();
  changes_.push_back({cause.workspace, cause.lsn, std::move(change)});
}

// In an order that does not depend on how the group's containers stand in memory.
Result<void> IdentityFold::put_changes() {
  std::sort(changes_.begin(), changes_.end(), [](const PendingChange& a, const PendingChange& b) {
    auto key = [](const PendingChange& p) {
      return std::tie(p.lsn, p.change.type, p.change.from, p.change.into, p.change.hub.identifier);
    };
    return key(a) < key(b);
  });
  uint32_t index = 0;
  for (size_t i = 0; i < changes_.size(); ++i) {
    auto& [workspace, lsn, change] = changes_[i];
    auto rules = rules_.of(workspace);
    if (!rules) return rules.error();
    change.rules_version = (*rules)->active.version();
    bool same_record = i > 0 && changes_[i - 1].lsn == lsn;
    index = same_record ? index + 1 : (swept_ ? kFirstSweepIndex + (*rules)->sweep->changes : 0);
    put_change(workspace, lsn, index, change);
  }
  if (!swept_) return {};
  auto rules = rules_.of(*swept_);
  if (!rules) return rules.error();
  (*rules)->sweep->changes += static_cast<uint32_t>(changes_.size());
  rules_.put_sweep(*swept_, sweep_done_, *batch_);
  return {};
}

// Once under its position, and by name under each customer that it tells of.
void IdentityFold::put_change(WorkspaceId workspace, Lsn lsn, uint32_t index, const Change& change) {
  std::string row;
  encode(change, row);
  batch_->put(Family::history, change_key(workspace, lsn, index), row);
  for (const auto* names : {&change.from, &change.into}) {
    for (const Hash128& name : *names) batch_->put(Family::history, change_of_key(workspace, name, lsn, index), {});
  }
  if (change.type == ChangeType::hub_detected) {
    batch_->put(Family::history, change_of_key(workspace, change.hub.identifier, lsn, index), {});
  }
}

void IdentityFold::add_touched(std::vector<TouchedCustomer>& touched) const {
  for (const PendingChange& pending : changes_) {
    bool rules = pending.change.cause.kind == CauseKind::rules;
    ProfileChangeCause cause = rules ? ProfileChangeCause::rules : ProfileChangeCause::identity;
    for (const Hash128& name : pending.change.into) touched.push_back({pending.workspace, name, cause});
  }
}

}  // namespace tributary
