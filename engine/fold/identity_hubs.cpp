#include <algorithm>
#include <set>
#include <utility>

#include "engine/fold/identity_fold.h"

namespace tributary {

// At once, before more evidence comes: what a hub would pull together costs more with every piece.
Result<void> IdentityFold::detect_hubs(Container& container, std::span<const EvidenceMember> members,
                                       const RecordCause& cause) {
  auto rules = this->rules(cause.workspace);
  if (!rules) return rules.error();
  for (const EvidenceMember& each : members) {
    const ContainerMember& member = *container.find(each.id);
    if (member.foreign || member.out != 0 || !may_be_hub(each.kind, container.summary, **rules)) continue;
    TRIBUTARY_TRY(review(each.id, false, cause));
  }
  return {};
}

// Whether an identifier is out, from its decision, what it met and, when asked for, its value. A new identifier's value
// was judged when it came, and is not in the store yet.
Result<void> IdentityFold::review(const Hash128& identifier, bool judge_value, const RecordCause& cause) {
  auto vertex = table_.vertex(cause.workspace, identifier);
  if (!vertex) return vertex.error();
  if ((vertex->out & OutFlags::kErased) != 0) return {};
  auto container = find_container(vertex->root, cause);
  if (!container) return container.error();
  auto hub = table_.find_hub(cause.workspace, identifier);
  if (!hub) return hub.error();
  bool decided = *hub && !(*hub)->decision.id.empty();
  HubState state = *hub ? (*hub)->decided : HubState::automatic;
  auto out = static_cast<uint8_t>(vertex->out & OutFlags::kBlocked);
  if (judge_value) {
    auto blocked = is_blocked(identifier, cause.workspace);
    if (!blocked) return blocked.error();
    out = *blocked ? OutFlags::kBlocked : 0;
  }
  if (state == HubState::always) out |= OutFlags::kAlways;
  std::optional<Meetings::Crossing> crossing;
  if (state == HubState::automatic) {
    auto found = crossing_of(identifier, vertex->kind, **container, vertex->out != 0, cause);
    if (!found) return found.error();
    crossing = *found;
    if (crossing) out |= OutFlags::kThreshold;
  }
  return set_out(identifier, out, decided, crossing, cause);
}

Result<bool> IdentityFold::is_blocked(const Hash128& identifier, WorkspaceId workspace) {
  auto rules = this->rules(workspace);
  if (!rules) return rules.error();
  if (!(*rules)->blocks_anything()) return false;
  auto value = load_value(store_, workspace, identifier);
  if (!value) return value.error();
  return (*rules)->blocked(value->kind, value->value);
}

void IdentityFold::review_later(const Hash128& identifier, bool judge_value, const RecordCause& cause) {
  auto [place, added] = reviews_.try_emplace(identifier, Review{judge_value, cause});
  if (!added) place->second.judge_value = place->second.judge_value || judge_value;
}

// While an identifier is not out, all evidence that names it is in its container. What came after that lives elsewhere.
Result<std::optional<Meetings::Crossing>> IdentityFold::crossing_of(const Hash128& identifier, KindCode kind,
                                                                    const Container& container, bool everywhere,
                                                                    const RecordCause& cause) {
  auto rules = this->rules(cause.workspace);
  if (!rules) return rules.error();
  Meetings meetings(identifier, cuts(cause.workspace));
  for (const Evidence& evidence : container.evidence) meetings.add(evidence, container);
  if (everywhere) {
    auto elsewhere = containers_elsewhere(identifier, container.root, cause);
    if (!elsewhere) return elsewhere.error();
    for (const Container* other : *elsewhere) {
      for (const Evidence& evidence : other->evidence) meetings.add(evidence, *other);
    }
  }
  return meetings.crossing(kind, **rules);
}

Result<void> IdentityFold::set_out(const Hash128& identifier, uint8_t out, bool decided,
                                   const std::optional<Meetings::Crossing>& crossing, const RecordCause& cause) {
  WorkspaceId workspace = cause.workspace;
  auto vertex = table_.vertex(workspace, identifier);
  if (!vertex) return vertex.error();
  bool marked = decided || cuts(workspace).concern(identifier);
  if (vertex->out == out && vertex->decided == marked) return {};
  auto found = find_container(vertex->root, cause);
  if (!found) return found.error();
  Container& container = **found;
  TRIBUTARY_TRY(touch(container, cause));
  uint8_t before = std::exchange(vertex->out, out);
  vertex->decided = marked;
  table_.put_vertex(workspace, identifier, *vertex);
  TRIBUTARY_TRY(put_hub_row(identifier, out, decided, crossing, workspace));
  ContainerMember& member = *container.find(identifier);
  member.out = out;
  member.decided = marked;
  table_.put_mark(workspace, container.root, member, container.evidence.empty());
  TRIBUTARY_TRY(recounted(container, cause));
  pending_->hubs += (out != 0 ? 1u : 0u) - static_cast<uint64_t>(before != 0 ? 1u : 0u);
  if ((out & OutFlags::kThreshold) > (before & OutFlags::kThreshold)) {
    TRIBUTARY_TRY(report_hub(identifier, *crossing, cause));
  }
  // Elsewhere only two things matter: whether it is out, and whether it is blocked.
  bool was_blocked = (before & OutFlags::kBlocked) != 0, blocked = (out & OutFlags::kBlocked) != 0;
  if (blocked != was_blocked) TRIBUTARY_TRY(review_met(identifier, cause));
  if (before != 0 && (out == 0 || blocked != was_blocked)) {
    TRIBUTARY_TRY(tell_elsewhere(identifier, out, container.root, cause));
  }
  if (out == 0) review_later(identifier, false, cause);  // again when everything that names it is in one place
  return join_ownerless(container, cause);
}

Result<void> IdentityFold::put_hub_row(const Hash128& identifier, uint8_t out, bool decided,
                                       const std::optional<Meetings::Crossing>& crossing, WorkspaceId workspace) {
  if (out == 0 && !decided) {
    table_.put_hub(workspace, identifier, std::nullopt);
    return {};
  }
  auto known = table_.find_hub(workspace, identifier);
  if (!known) return known.error();
  HubRow row = known->value_or(HubRow{});
  row.out = out;
  if (crossing) {
    auto met = kind_of(*crossing, workspace);
    if (!met) return met.error();
    row.met = std::move(*met);
    row.count = crossing->count;
    row.threshold = crossing->threshold;
  }
  table_.put_hub(workspace, identifier, row);
  return {};
}

Result<void> IdentityFold::report_hub(const Hash128& identifier, const Meetings::Crossing& crossing,
                                      const RecordCause& cause) {
  auto met = kind_of(crossing, cause.workspace);
  if (!met) return met.error();
  metrics_.hubs_detected.increment();
  Change change;
  change.type = ChangeType::hub_detected;
  change.hub = {identifier, std::move(*met), crossing.count, crossing.threshold};
  add_change(std::move(change), cause);
  return {};
}

// Containers in which evidence names the hub although it is at home elsewhere. Released, it ties them all together.
Result<void> IdentityFold::tell_elsewhere(const Hash128& identifier, uint8_t out, const Hash128& home_root,
                                          const RecordCause& cause) {
  auto elsewhere = containers_elsewhere(identifier, home_root, cause);
  if (!elsewhere) return elsewhere.error();
  for (Container* container : *elsewhere) {
    TRIBUTARY_TRY(touch(*container, cause));
    ContainerMember& member = *container->find(identifier);
    member.out = out;  // still foreign: until both containers are one
    table_.put_mark(cause.workspace, container->root, member);
    TRIBUTARY_TRY(recounted(*container, cause));
    if (out == 0) joins_.push_back({identifier, container->root, cause});
    TRIBUTARY_TRY(join_ownerless(*container, cause));
  }
  if (out != 0) return {};
  auto rows = table_.hub_evidence(cause.workspace, identifier);
  if (!rows) return rows.error();
  for (const auto& row : *rows) table_.erase_hub_evidence(cause.workspace, identifier, row.evidence);
  return {};
}

// Each once, however much of its evidence names the hub; without the hub's own.
Result<std::vector<Container*>> IdentityFold::containers_elsewhere(const Hash128& hub, const Hash128& home_root,
                                                                   const RecordCause& cause) {
  auto rows = table_.hub_evidence(cause.workspace, hub);
  if (!rows) return rows.error();
  std::set<Hash128> roots;
  std::vector<Container*> containers;
  for (const auto& row : *rows) {
    auto seat = table_.vertex(cause.workspace, row.seat);
    if (!seat) return seat.error();
    if (seat->root == home_root || !roots.insert(seat->root).second) continue;
    auto container = find_container(seat->root, cause);
    if (!container) return container.error();
    containers.push_back(*container);
  }
  return containers;
}

// Evidence whose identifiers are all out belongs to the best hub of it, which must live in the same container.
Result<void> IdentityFold::join_ownerless(const Container& container, const RecordCause& cause) {
  if (container.summary.out == 0) return {};
  auto rules = this->rules(cause.workspace);
  if (!rules) return rules.error();
  for (const Evidence& evidence : container.evidence) {
    bool owned = std::any_of(evidence.members.begin(), evidence.members.end(),
                             [&](const auto& member) { return container.find(member.id)->out == 0; });
    if (owned) continue;
    const EvidenceMember* best = best_centre(
        evidence, **rules, [&](const EvidenceMember& member) { return !container.find(member.id)->nobody(); });
    if (best != nullptr && container.find(best->id)->foreign) joins_.push_back({best->id, container.root, cause});
  }
  return {};
}

// Of a kind that was met: told by an event of this run, or by the value of one that was met.
Result<IdentifierKind> IdentityFold::kind_of(const Meetings::Crossing& crossing, WorkspaceId workspace) {
  IdentifierKind family{family_of(crossing.met), {}};
  if (kind_code(family) == crossing.met) return family;
  if (auto known = kinds_.find(crossing.met); known != kinds_.end()) return known->second;
  auto value = load_value(store_, workspace, crossing.example);
  if (!value) return value.error();
  kinds_.emplace(crossing.met, value->kind);
  return value->kind;
}

}  // namespace tributary
