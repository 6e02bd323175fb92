#include <set>

#include "engine/base/check.h"
#include "engine/fold/identity_fold.h"

namespace tributary {
namespace {

ChangeCause cause_of(const Decision& activation) {
  return {CauseKind::rules, activation.id, {}, activation.author, activation.reason};
}

}  // namespace

Result<bool> IdentityFold::change_rules(const RuleSetChange& change, const RecordCause& cause) {
  auto state = rules_.of(cause.workspace);
  if (!state) return state.error();
  TRIBUTARY_CHECK(!(*state)->sweep);
  auto rules = decode_rules(change.rules);
  if (!rules) return rules.error();
  if (change.based_on != (*state)->active.version() || !mistakes_of(*rules).empty()) return false;
  TRIBUTARY_TRY(rules_.activate(cause.workspace, change, *rules, *batch_));
  Change activated;
  activated.type = ChangeType::rules_activated;
  add_change(std::move(activated), cause);
  return true;
}

Result<void> IdentityFold::sweep(size_t containers) {
  swept_ = rules_.sweeping();
  TRIBUTARY_CHECK(swept_);
  auto rules = rules_.of(*swept_);
  if (!rules) return rules.error();
  auto roots = rules_.next_roots(*swept_, containers);
  if (!roots) return roots.error();
  sweep_done_ = roots->empty();
  RecordCause cause{*swept_, pending_->lsn, pending_->received_at, cause_of((*rules)->decision)};
  for (const Hash128& root : *roots) {
    auto there = is_container(*swept_, root);
    if (!there) return there.error();
    if (!*there) continue;
    auto container = find_container(root, cause);
    if (!container) return container.error();
  }
  return {};
}

Result<bool> IdentityFold::is_container(WorkspaceId workspace, const Hash128& root) {
  auto vertex = table_.find_vertex(workspace, root);
  if (!vertex) return vertex.error();
  return *vertex && (*vertex)->root == root;
}

// A container of older rules: whoever meets it brings it up to date first. Who is out is reviewed later: until then it
// is as it was, and nothing that is looked for under it moves.
Result<void> IdentityFold::refresh(Container& container, const WorkspaceRules& rules, const RecordCause& cause) {
  RecordCause activation = cause;
  activation.cause = cause_of(rules.decision);
  TRIBUTARY_TRY(touch(container, activation));
  container.summary.rules_version = rules.active.version();
  if (rules.active.has_newest() && !rules.before.has_newest()) {
    TRIBUTARY_TRY(read_last_times(cause.workspace, container));
  }
  recount(container, rules.active);
  for (const ContainerMember& member : container.members) {
    if (member.foreign) continue;
    bool judge = rules.active.blocks_anything() || member.blocked();
    bool maybe = member.out != 0 || member.decided || may_be_hub(member.kind, container.summary, rules.active);
    if (judge || maybe) review_later(member.id, judge, activation);
  }
  return join_ownerless(container, activation);
}

// A blocked identifier counts for nobody: those that met it may be hubs now, or no more.
Result<void> IdentityFold::review_met(const Hash128& identifier, const RecordCause& cause) {
  auto review_named_with = [&](const Container& container) {
    std::set<Hash128> met;
    for (const Evidence& evidence : container.evidence) {
      if (!evidence.names(identifier)) continue;
      for (const EvidenceMember& member : evidence.members) met.insert(member.id);
    }
    for (const Hash128& id : met) review_later(id, false, cause);
  };
  auto home = container_of(identifier, cause);
  if (!home) return home.error();
  review_named_with(**home);
  auto elsewhere = containers_elsewhere(identifier, (*home)->root, cause);
  if (!elsewhere) return elsewhere.error();
  for (const Container* other : *elsewhere) review_named_with(*other);
  return {};
}

// Evidence does not follow its last event until some rule looks at it; its fragment always does.
Result<void> IdentityFold::read_last_times(WorkspaceId workspace, Container& container) {
  for (Evidence& evidence : container.evidence) {
    auto last = load_last_time(store_, workspace, evidence);
    if (!last) return last.error();
    if (*last <= evidence.last_at) continue;
    evidence.last_at = *last;
    table_.put_evidence(workspace, container.root, evidence);
  }
  return {};
}

}  // namespace tributary
