#include <algorithm>
#include <utility>

#include "engine/fold/identity_fold.h"

namespace tributary {

Result<bool> IdentityFold::decide(const Assertion& assertion, const RecordCause& cause) {
  switch (assertion.subject) {
    case AssertionSubject::pair:
      return decide_pair(assertion, cause);
    case AssertionSubject::evidence:
      return decide_evidence(assertion, cause);
    case AssertionSubject::hub:
      return decide_hub(assertion, cause);
    case AssertionSubject::cut:
      break;
  }
  return false;
}

// What people say of somebody who was erased is about whoever came after; what was decided before is about nobody, and
// must not write their name again.
std::optional<AssertedIdentifier> IdentityFold::as_it_is_now(const AssertedIdentifier& asserted,
                                                             const Decision& decision, WorkspaceId workspace) const {
  auto id = naming(workspace).decided_about(asserted.hash, decision.at);
  return id ? std::optional(AssertedIdentifier{*id, asserted.identifier}) : std::nullopt;
}

// An identifier that no event has named yet: a container of its own.
Result<VertexRow> IdentityFold::ensure_vertex(const AssertedIdentifier& asserted, const RecordCause& cause,
                                              std::optional<Timestamp> from) {
  auto found = table_.find_vertex(cause.workspace, asserted.hash);
  if (!found) return found.error();
  if (*found) return **found;
  auto rules = this->rules(cause.workspace);
  if (!rules) return rules.error();
  const IdentifierKind& kind = asserted.identifier.kind();
  uint8_t out = (*rules)->blocked(kind, asserted.identifier.value()) ? OutFlags::kBlocked : 0;
  auto container = unite({}, asserted.hash, cause);
  if (!container) return container.error();
  RecordIdentifier identifier{asserted.hash, Trust::claimed, kind.family, kind.platform, asserted.identifier.value()};
  add_vertex(identifier, out, asserted.hash, cause.workspace, from);
  bool decided = cuts(cause.workspace).concern(asserted.hash);
  ContainerMember& member = add_member(**container, {asserted.hash, kind_code(kind), out, false, decided}, **rules);
  table_.put_mark(cause.workspace, asserted.hash, member, true);
  return table_.vertex(cause.workspace, asserted.hash);
}

// Both containers become one, whatever was decided: the loop must meet the pair when their customers would.
Result<bool> IdentityFold::decide_pair(const Assertion& assertion, const RecordCause& cause) {
  if (assertion.identifiers.size() != 2 || assertion.identifiers[0].hash == assertion.identifiers[1].hash) return false;
  auto a = as_it_is_now(assertion.identifiers[0], assertion.decision, cause.workspace);
  auto b = as_it_is_now(assertion.identifiers[1], assertion.decision, cause.workspace);
  if (!a || !b) return false;
  if (b->hash < a->hash) std::swap(a, b);
  auto first = ensure_vertex(*a, cause);
  if (!first) return first.error();
  auto second = ensure_vertex(*b, cause);
  if (!second) return second.error();
  std::vector<Hash128> roots{first->root};
  if (second->root != first->root) roots.push_back(second->root);
  auto united = unite(roots, first->root, cause);
  if (!united) return united.error();
  Container& container = **united;
  const PairRegister* known = container.find_pair(a->hash, b->hash);
  if (known != nullptr && !holds_over(assertion.decision, known->decision)) return true;
  PairRegister pair{a->hash, b->hash, first->kind, second->kind, assertion.pair, assertion.decision};
  set_pair(container, pair);
  table_.put_pair(cause.workspace, container.root, pair);
  TRIBUTARY_TRY(recounted(container, cause));
  return true;
}

Result<bool> IdentityFold::decide_evidence(const Assertion& assertion, const RecordCause& cause) {
  if (assertion.identifiers.empty()) return false;
  auto parts = parts_of(assertion.evidence, assertion.identifiers[0].hash, cause);
  if (!parts) return parts.error();
  // Only what was seen can be retracted, by those who were seen.
  if (parts->empty()) return false;
  const Evidence& any = *parts->front().evidence;
  for (const AssertedIdentifier& asserted : assertion.identifiers) {
    bool named = std::any_of(any.members.begin(), any.members.end(), [&](const EvidenceMember& member) {
      return cuts(cause.workspace).origin(member.id) == asserted.hash;
    });
    if (!named) return false;
  }
  if (any.decided && !holds_over(assertion.decision, any.decided->decision)) return true;
  auto decided =
      std::make_shared<const EvidenceRegister>(EvidenceRegister{assertion.evidence_state, assertion.decision});
  table_.put_evidence_register(cause.workspace, assertion.evidence, *decided);
  for (auto [container, evidence] : *parts) {
    TRIBUTARY_TRY(touch(*container, cause));
    evidence->decided = decided;
    table_.put_evidence(cause.workspace, container->root, *evidence);
    TRIBUTARY_TRY(recounted(*container, cause));
  }
  return true;
}

Result<bool> IdentityFold::decide_hub(const Assertion& assertion, const RecordCause& cause) {
  if (assertion.identifiers.size() != 1) return false;
  const auto asserted = as_it_is_now(assertion.identifiers[0], assertion.decision, cause.workspace);
  if (!asserted) return false;
  if (auto vertex = ensure_vertex(*asserted, cause); !vertex) return vertex.error();
  auto known = table_.find_hub(cause.workspace, asserted->hash);
  if (!known) return known.error();
  HubRow row = known->value_or(HubRow{});
  bool decided = *known && !row.decision.id.empty();
  if (decided && !holds_over(assertion.decision, row.decision)) return true;
  row.decided = assertion.hub;
  row.decision = assertion.decision;
  table_.put_hub(cause.workspace, asserted->hash, row);
  TRIBUTARY_TRY(review(asserted->hash, false, cause));
  return true;
}

}  // namespace tributary
