#include <algorithm>

#include "engine/fold/identity_fold.h"

namespace tributary {

// New evidence: the containers of its members that are not out become one, in which the rules decide.
Result<void> IdentityFold::add(Evidence evidence, std::span<const RecordIdentifier> identifiers,
                               const RecordCause& cause) {
  auto rules = this->rules(cause.workspace);
  if (!rules) return rules.error();
  TRIBUTARY_TRY(inherit_decision(evidence, cause));
  std::vector<Known> known;
  TRIBUTARY_TRY(look_up(identifiers, **rules, cause, known));
  std::vector<Hash128> joining = joining_members(evidence, known, **rules);
  std::vector<Hash128> roots;
  for (const Known& each : known) {
    bool joins = std::find(joining.begin(), joining.end(), each.identifier->hash) != joining.end();
    if (!joins || !each.vertex) continue;
    if (std::find(roots.begin(), roots.end(), each.vertex->root) == roots.end()) roots.push_back(each.vertex->root);
  }
  auto container = unite(roots, joining.front(), cause);
  if (!container) return container.error();
  for (const Known& each : known) {
    if (!each.vertex) add_vertex(*each.identifier, each.out, (*container)->root, cause.workspace);
  }
  table_.put_evidence(cause.workspace, (*container)->root, evidence);
  std::vector<EvidenceMember> members = evidence.members;
  Hash128 hash = evidence.hash;
  add_evidence(**container, std::move(evidence), **rules);
  for (const Known& each : known) {
    TRIBUTARY_TRY(note_if_out(**container, each.identifier->hash, {hash, joining.front()}, cause));
  }
  for (const Known& each : known) {
    if (!each.vertex) TRIBUTARY_TRY(mark_if_cut(**container, each.identifier->hash, cause));
  }
  count_unique_kinds(members, **rules);
  return detect_hubs(**container, members, cause);
}

Result<void> IdentityFold::look_up(std::span<const RecordIdentifier> identifiers, const RuleSet& rules,
                                   const RecordCause& cause, std::vector<Known>& known) {
  known.reserve(identifiers.size());
  for (const RecordIdentifier& identifier : identifiers) {
    Known& each = known.emplace_back();
    each.identifier = &identifier;
    auto vertex = table_.find_vertex(cause.workspace, identifier.hash);
    if (!vertex) return vertex.error();
    each.vertex = *vertex;
    if (each.vertex) {
      each.out = each.vertex->out;
    } else if (rules.blocks_anything()) {
      IdentifierKind kind{identifier.family, std::string(identifier.platform)};
      each.out = rules.blocked(kind, identifier.value) ? OutFlags::kBlocked : 0;
    }
  }
  return {};
}

// The members that are not out; the best hub when all are, the best of all when all are blocked. Out as of now: what
// other rules say of them is seen to when their containers are reviewed, and a container may be larger than needed.
std::vector<Hash128> IdentityFold::joining_members(const Evidence& evidence, const std::vector<Known>& known,
                                                   const RuleSet& rules) {
  std::vector<Hash128> joining;
  auto out_of = [&](const EvidenceMember& member) {
    return std::find_if(known.begin(), known.end(), [&](auto& each) { return each.identifier->hash == member.id; })
        ->out;
  };
  // A new container is named after the first of these; all of them are new then.
  for (const EvidenceMember& member : evidence.members) {
    if (out_of(member) == 0) joining.push_back(member.id);
  }
  if (!joining.empty()) return joining;
  const EvidenceMember* best =
      best_centre(evidence, rules, [&](const auto& member) { return (out_of(member) & OutFlags::kNobody) == 0; });
  if (best == nullptr) best = best_centre(evidence, rules, [](const auto&) { return true; });
  return {best->id};
}

void IdentityFold::add_vertex(const RecordIdentifier& identifier, uint8_t out, const Hash128& root,
                              WorkspaceId workspace, std::optional<Timestamp> from) {
  IdentifierKind kind{identifier.family, std::string(identifier.platform)};
  KindCode code = kind_code(kind);
  if (!kind.platform.empty()) kinds_.emplace(code, kind);
  table_.put_vertex(workspace, identifier.hash, {code, root, out, cuts(workspace).concern(identifier.hash)});
  table_.put_value(workspace, identifier.hash,
                   {std::move(kind), std::string(identifier.value), from,
                    from ? cuts(workspace).origin(identifier.hash) : Hash128{}});
  ++pending_->identifiers;
  if (out == 0) return;
  ++pending_->hubs;
  table_.put_hub(workspace, identifier.hash, HubRow{out, {}, 0, 0, HubState::automatic, {}});
}

// The container must know who of its members is out, and a hub must know which evidence names it elsewhere.
Result<void> IdentityFold::note_if_out(Container& container, const Hash128& identifier, const HubEvidence& evidence,
                                       const RecordCause& cause) {
  // As it is now: with the containers that were united, it may have moved, or have been brought up to date.
  auto vertex = table_.vertex(cause.workspace, identifier);
  if (!vertex) return vertex.error();
  bool at_home = vertex->root == container.root;
  if (vertex->out == 0) {
    if (!at_home) joins_.push_back({identifier, container.root, cause});
    return {};
  }
  ContainerMember& member = *container.find(identifier);
  if (member.out == 0) ++container.summary.out;
  member.out = vertex->out;
  member.foreign = !at_home;
  member.decided = at_home && vertex->decided;
  table_.put_mark(cause.workspace, container.root, member);
  if (!at_home) table_.put_hub_evidence(cause.workspace, identifier, evidence);
  return {};
}

// Who came after somebody who was erased is known to be the work of a cut, like those whom a cut itself makes.
Result<void> IdentityFold::mark_if_cut(Container& container, const Hash128& identifier, const RecordCause& cause) {
  if (!cuts(cause.workspace).concern(identifier)) return {};
  ContainerMember& member = *container.find(identifier);
  member.decided = true;
  table_.put_mark(cause.workspace, container.root, member);
  return recounted(container, cause);
}

// Two user ids on one event: a sender's mistake more often than a person's.
void IdentityFold::count_unique_kinds(const std::vector<EvidenceMember>& members, const RuleSet& rules) {
  for (size_t i = 0; i < members.size(); ++i) {
    if (rules.rule(members[i].kind).limit != 1) continue;
    auto same = [&](const EvidenceMember& other) { return other.kind == members[i].kind; };
    if (std::any_of(members.begin() + static_cast<ptrdiff_t>(i) + 1, members.end(), same)) {
      metrics_.events_with_two_unique_ids.increment();
      return;
    }
  }
}

Result<void> IdentityFold::set_first(const Hash128& evidence, const Hash128& home, FirstEvent first,
                                     const RecordCause& cause) {
  auto found = known_evidence(evidence, home, cause);
  if (!found) return found.error();
  TRIBUTARY_TRY(touch(*found->container, cause));
  found->evidence->first = std::move(first);
  table_.put_evidence(cause.workspace, found->container->root, *found->evidence);
  return {};
}

Result<void> IdentityFold::set_last(const Hash128& evidence, const Hash128& home, Timestamp at,
                                    const RecordCause& cause) {
  auto found = known_evidence(evidence, home, cause);
  if (!found) return found.error();
  if (at <= found->evidence->last_at) return {};
  if (!found->container->summary.simple) TRIBUTARY_TRY(touch(*found->container, cause));
  found->evidence->last_at = at;
  table_.put_evidence(cause.workspace, found->container->root, *found->evidence);
  return {};
}

}  // namespace tributary
