#include <algorithm>
#include <set>

#include "engine/fold/identity_fold.h"

namespace tributary {

Result<void> IdentityFold::open_cuts() {
  auto rows = store_.scan(Family::meta, kCutPrefix);
  for (; rows->valid(); rows->next()) {
    auto row = decode_cut(rows->key(), rows->value());
    if (!row) return row.error();
    namings_[cut_workspace(rows->key()).value()].cuts.add(row->identifier, row->at);
  }
  return rows->status();
}

const EventNaming& IdentityFold::naming(WorkspaceId workspace) const {
  static const EventNaming kNone;
  auto known = namings_.find(workspace.value());
  return known == namings_.end() ? kNone : known->second;
}

Result<std::vector<Evidence>> IdentityFold::concerned_by(const Assertion& cut, const RecordCause& cause) {
  const Cuts& known = cuts(cause.workspace);
  const Hash128& identifier = cut.identifiers.at(0).hash;
  if (known.has(identifier, cut.cut_at)) return std::vector<Evidence>();
  const Hash128& divided = known.right_after(identifier, cut.cut_at);
  auto vertex = table_.find_vertex(cause.workspace, divided);
  if (!vertex) return vertex.error();
  if (!*vertex) return std::vector<Evidence>();
  auto home = find_container((*vertex)->root, cause);
  if (!home) return home.error();
  auto containers = containers_elsewhere(divided, (*home)->root, cause);
  if (!containers) return containers.error();
  containers->push_back(*home);
  std::vector<Evidence> concerned;
  for (const Container* container : *containers) {
    std::copy_if(container->evidence.begin(), container->evidence.end(), std::back_inserter(concerned),
                 [&](const Evidence& evidence) { return evidence.names(divided); });
  }
  // In an order that does not depend on how they came.
  std::sort(concerned.begin(), concerned.end(), [](const auto& a, const auto& b) { return a.hash < b.hash; });
  return concerned;
}

// Who was cut, and what a cut made, exist from now on whatever events say: so that they do in every order.
Result<void> IdentityFold::cut(const Assertion& cut, const RecordCause& cause) {
  const AssertedIdentifier& asserted = cut.identifiers.at(0);
  Cuts& cuts = namings_[cause.workspace.value()].cuts;
  if (cuts.has(asserted.hash, cut.cut_at)) {
    // Twice the same: of its authors the last one is told.
    std::string value;
    auto found = store_.get(Family::meta, cut_key(cause.workspace, asserted.hash, cut.cut_at), value);
    if (!found) return found.error();
    auto row = decode_cut(cut_key(cause.workspace, asserted.hash, cut.cut_at), value);
    if (!row) return row.error();
    if (!holds_over(cut.decision, row->decision)) return {};
    table_.put_cut(cause.workspace, {asserted.hash, cut.cut_at, cut.decision});
    return {};
  }
  cuts.add(asserted.hash, cut.cut_at);
  ++namings_version_;
  table_.put_cut(cause.workspace, {asserted.hash, cut.cut_at, cut.decision});
  auto vertex = ensure_vertex(asserted, cause);
  if (!vertex) return vertex.error();
  if (!vertex->decided) TRIBUTARY_TRY(review(asserted.hash, false, cause));
  AssertedIdentifier generation{generation_hash(asserted.hash, cut.cut_at), asserted.identifier};
  auto made = ensure_vertex(generation, cause, cut.cut_at);
  return made ? Result<void>() : made.error();
}

// What moved comes first: until then the evidence that it comes from is all that keeps its other members in their
// container.
Result<void> IdentityFold::divide(Division division, const RecordCause& cause) {
  const Evidence& before = division.before;
  if (before.decided) table_.put_evidence_register(cause.workspace, before.said(), *before.decided);
  // Everybody in it is known: by the evidence it comes from, or by the cut.
  std::vector<RecordIdentifier> identifiers;
  identifiers.reserve(division.moved.members.size());
  for (const EvidenceMember& member : division.moved.members) {
    identifiers.push_back({member.id, member.trust, family_of(member.kind), {}, {}});
  }
  TRIBUTARY_TRY(add(std::move(division.moved), identifiers, cause));
  auto found = known_evidence(before.hash, home_of(before.members).id, cause);
  if (!found) return found.error();
  Container& container = *found->container;
  TRIBUTARY_TRY(touch(container, cause));
  if (division.kept) {
    *found->evidence = std::move(*division.kept);
    table_.put_evidence(cause.workspace, container.root, *found->evidence);
  } else {
    take_out(container, {&before, 1}, cause.workspace);
  }
  return recounted(container, cause);
}

// With what this container knows of hubs for their sake alone.
void IdentityFold::take_out(Container& container, std::span<const Evidence> gone, WorkspaceId workspace) {
  std::set<Hash128> hashes;
  for (const Evidence& evidence : gone) {
    table_.erase_evidence(workspace, container.root, evidence.hash);
    hashes.insert(evidence.hash);
  }
  std::erase_if(container.evidence, [&](const Evidence& each) { return hashes.contains(each.hash); });
  std::set<Hash128> named;
  for (const Evidence& evidence : container.evidence) {
    for (const EvidenceMember& each : evidence.members) named.insert(each.id);
  }
  std::set<Hash128> unnamed;
  for (const Evidence& evidence : gone) {
    for (const EvidenceMember& each : evidence.members) {
      const ContainerMember& member = *container.find(each.id);
      if (member.out != 0) table_.erase_hub_evidence(workspace, member.id, evidence.hash);
      if (member.foreign && !named.contains(each.id)) unnamed.insert(each.id);
    }
  }
  for (const Hash128& id : unnamed) {
    ContainerMember& member = *container.find(id);
    member.out = 0;
    member.foreign = member.decided = false;
    table_.put_mark(workspace, container.root, member);
  }
}

// Into how many parts cuts divided it, somebody decided about all of it.
Result<void> IdentityFold::inherit_decision(Evidence& evidence, const RecordCause& cause) {
  if (evidence.decided || !has_cuts()) return {};
  const Cuts& cuts = this->cuts(cause.workspace);
  bool concerned = std::any_of(evidence.members.begin(), evidence.members.end(),
                               [&](const EvidenceMember& member) { return cuts.concern(member.id); });
  if (!concerned) return {};
  auto decided = load_evidence_register(store_, cause.workspace, evidence.said());
  if (!decided) return decided.error();
  evidence.decided = std::move(*decided);
  return {};
}

// What the records name so, into which parts cuts may have divided it; all know one member by its name in the records.
Result<std::vector<IdentityFold::FoundEvidence>> IdentityFold::parts_of(const Hash128& said, const Hash128& member,
                                                                        const RecordCause& cause) {
  std::vector<FoundEvidence> parts;
  const Cuts& known = cuts(cause.workspace);
  for (const Hash128& each : known.all_of(member)) {
    auto vertex = table_.find_vertex(cause.workspace, each);
    if (!vertex) return vertex.error();
    if (!*vertex) continue;
    if (known.empty()) {
      auto found = find_evidence(said, each, cause);
      if (!found) return found.error();
      if (found->evidence != nullptr) parts.push_back(*found);
      continue;
    }
    auto home = find_container((*vertex)->root, cause);
    if (!home) return home.error();
    auto containers = containers_elsewhere(each, (*home)->root, cause);
    if (!containers) return containers.error();
    containers->push_back(*home);
    for (Container* container : *containers) {
      for (Evidence& evidence : container->evidence) {
        // By one of its parts' names for the member only, or a part that is in two lists would be found twice.
        if (evidence.said() == said && evidence.names(each)) parts.push_back({container, &evidence});
      }
    }
  }
  return parts;
}

}  // namespace tributary
