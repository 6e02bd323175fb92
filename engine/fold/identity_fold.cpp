#include "engine/fold/identity_fold.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "engine/base/check.h"

namespace tributary {
namespace {

// Changes of a sweep stand behind those of the record whose LSN they share.
constexpr uint32_t kFirstSweepIndex = 1u << 31;

// Pieces of evidence: computing customers among more takes several milliseconds.
constexpr size_t kSettledAtOnceMax = 10'000;

bool holds_over(const Decision& newer, const Decision& older) {
  return std::tie(newer.at, newer.id) > std::tie(older.at, older.id);
}

ChangeCause cause_of(const Decision& activation) {
  return {CauseKind::rules, activation.id, {}, activation.author, activation.reason};
}

Evidence* find_evidence(Container& container, const Hash128& hash) {
  auto found = std::find_if(container.evidence.begin(), container.evidence.end(),
                            [&](const Evidence& evidence) { return evidence.hash == hash; });
  return found == container.evidence.end() ? nullptr : &*found;
}

}  // namespace

IdentityFold::IdentityFold(StateStore& store, size_t vertex_bytes, size_t container_bytes, Metrics& metrics)
    : store_(store), metrics_(metrics), table_(store, vertex_bytes, container_bytes), rules_(store) {}

Result<void> IdentityFold::open() { return rules_.open(); }

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

// -------------------------------------------------------------------------------------------------------- new evidence

// New evidence: the containers of its members that are not out become one, in which the rules decide.
Result<void> IdentityFold::add(Evidence evidence, std::span<const RecordIdentifier> identifiers,
                               const RecordCause& cause) {
  auto rules = this->rules(cause.workspace);
  if (!rules) return rules.error();
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
      best_centre(evidence, rules, [&](const auto& member) { return (out_of(member) & OutFlags::kBlocked) == 0; });
  if (best == nullptr) best = best_centre(evidence, rules, [](const auto&) { return true; });
  return {best->id};
}

void IdentityFold::add_vertex(const RecordIdentifier& identifier, uint8_t out, const Hash128& root,
                              WorkspaceId workspace) {
  IdentifierKind kind{identifier.family, std::string(identifier.platform)};
  KindCode code = kind_code(kind);
  if (!kind.platform.empty()) kinds_.emplace(code, kind);
  table_.put_vertex(workspace, identifier.hash, {code, root, out, false});
  table_.put_value(workspace, identifier.hash, {std::move(kind), std::string(identifier.value)});
  ++pending_->identifiers;
  if (out == 0) return;
  ++pending_->hubs;
  table_.put_hub(workspace, identifier.hash, HubRow{out, {}, 0, 0, HubState::automatic, {}});
}

// The container must know who of its members is out, and a hub must know which evidence names it elsewhere.
Result<void> IdentityFold::note_if_out(Container& container, const Hash128& identifier,
                                       const IdentityTable::HubEvidence& evidence, const RecordCause& cause) {
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
  Evidence* found = nullptr;
  auto container = container_with(evidence, home, cause, found);
  if (!container) return container.error();
  if (found == nullptr) {
    return Error{ErrorCode::corrupt, "fragment without evidence in its container: " + base32(evidence)};
  }
  TRIBUTARY_TRY(touch(**container, cause));
  found->first = std::move(first);
  table_.put_evidence(cause.workspace, (*container)->root, *found);
  return {};
}

Result<void> IdentityFold::set_last(const Hash128& evidence, const Hash128& home, Timestamp at,
                                    const RecordCause& cause) {
  Evidence* found = nullptr;
  auto container = container_with(evidence, home, cause, found);
  if (!container) return container.error();
  if (found == nullptr) {
    return Error{ErrorCode::corrupt, "fragment without evidence in its container: " + base32(evidence)};
  }
  if (at <= found->last_at) return {};
  if (!(*container)->summary.simple) TRIBUTARY_TRY(touch(**container, cause));
  found->last_at = at;
  table_.put_evidence(cause.workspace, (*container)->root, *found);
  return {};
}

// ---------------------------------------------------------------------------------------------------------- containers

Result<Container*> IdentityFold::find_container(const Hash128& root, const RecordCause& cause) {
  auto rules = rules_.of(cause.workspace);
  if (!rules) return rules.error();
  auto container = table_.find_container(cause.workspace, root, (*rules)->active);
  if (!container) return container.error();
  uint32_t version = (*container)->summary.rules_version;
  if (version != 0 && version != (*rules)->active.version()) TRIBUTARY_TRY(refresh(**container, **rules, cause));
  return *container;
}

Result<Container*> IdentityFold::container_of(const Hash128& identifier, const RecordCause& cause) {
  auto vertex = table_.vertex(cause.workspace, identifier);
  if (!vertex) return vertex.error();
  return find_container(vertex->root, cause);
}

// Where evidence lives: with its home, unless that is a hub.
Result<Container*> IdentityFold::container_with(const Hash128& evidence, const Hash128& home, const RecordCause& cause,
                                                Evidence*& found) {
  auto container = container_of(home, cause);
  if (!container) return container.error();
  found = find_evidence(**container, evidence);
  if (found != nullptr) return *container;
  auto seat = table_.seat_of(cause.workspace, home, evidence);
  if (!seat) return seat.error();
  if (!*seat) return *container;
  container = container_of(**seat, cause);
  if (container) found = find_evidence(**container, evidence);
  return container;
}

// The container of all roots: the one with most evidence takes the others in, so a row moves O(log n) times.
Result<Container*> IdentityFold::unite(const std::vector<Hash128>& roots, const Hash128& new_root,
                                       const RecordCause& cause) {
  if (roots.empty()) {
    ++pending_->containers;
    Container& fresh = table_.add_container(new_root);
    TRIBUTARY_TRY(touch(fresh, cause));
    return &fresh;
  }
  std::vector<Container*> joined;
  for (const Hash128& root : roots) {
    auto container = find_container(root, cause);
    if (!container) return container.error();
    TRIBUTARY_TRY(touch(**container, cause));
    joined.push_back(*container);
  }
  // Ties go to the smaller root, so that a replay builds the same rows.
  auto large = std::max_element(joined.begin(), joined.end(), [](const Container* a, const Container* b) {
    return std::make_tuple(a->evidence.size(), b->root) < std::make_tuple(b->evidence.size(), a->root);
  });
  std::swap(joined[0], *large);
  auto rules = this->rules(cause.workspace);
  if (!rules) return rules.error();
  Touched& touched = touched_.at(joined[0]->root);
  if (joined.size() > 1) touched.cause = cause;
  for (size_t i = 1; i < joined.size(); ++i) {
    if (!joined[i]->summary.simple) --pending_->containers_not_simple;
    --pending_->containers;
    auto small = touched_.find(joined[i]->root);
    std::move(small->second.before.begin(), small->second.before.end(), std::back_inserter(touched.before));
    touched_.erase(small);
  }
  Container* large_one = joined[0];
  joined.erase(joined.begin());
  if (!joined.empty()) TRIBUTARY_TRY(table_.unite(cause.workspace, *large_one, joined, **rules));
  return large_one;
}

// All containers that belong together at once: one after the other, the large one would be gone through for each.
Result<void> IdentityFold::unite_pending() {
  std::vector<Join> joins = std::exchange(joins_, {});
  std::map<Hash128, Hash128> parents;
  auto find = [&](Hash128 root) {
    for (auto parent = parents.find(root); parent != parents.end(); parent = parents.find(root)) root = parent->second;
    return root;
  };
  std::map<Hash128, RecordCause> causes;  // by root, of those that have company
  for (Join& join : joins) {
    auto a = table_.vertex(join.cause.workspace, join.a);
    if (!a) return a.error();
    auto b = table_.vertex(join.cause.workspace, join.b);
    if (!b) return b.error();
    Hash128 x = find(a->root), y = find(b->root);
    causes.emplace(a->root, join.cause);
    causes.emplace(b->root, join.cause);
    if (x != y) parents[std::max(x, y)] = std::min(x, y);
  }
  std::map<Hash128, std::vector<Hash128>> together;
  for (const auto& [root, cause] : causes) together[find(root)].push_back(root);
  for (const auto& [first, roots] : together) {
    if (roots.size() < 2) continue;
    auto united = unite(roots, first, causes.at(first));
    if (!united) return united.error();
  }
  return {};
}

Result<void> IdentityFold::touch(const Container& container, const RecordCause& cause) {
  if (touched_.contains(container.root)) return {};
  auto before = customers_before(cause.workspace, container);
  if (!before) return before.error();
  touched_.emplace(container.root, Touched{std::move(*before), cause});
  return {};
}

// As of the last settling, under the rules of that time.
Result<std::vector<Cluster>> IdentityFold::customers_before(WorkspaceId workspace, const Container& container) {
  if (container.summary.customers == 0) return std::vector<Cluster>();
  if (container.summary.simple) return std::vector<Cluster>{only_cluster(container)};
  if (container.settled) return *container.settled;
  auto rules = rules_.of(workspace);
  if (!rules) return rules.error();
  bool now = container.summary.rules_version == (*rules)->active.version();
  return compute_clusters(container, now ? (*rules)->active : (*rules)->before).clusters;
}

// ----------------------------------------------------------------------------------------------------------- decisions

Result<bool> IdentityFold::decide(const Assertion& assertion, const RecordCause& cause) {
  switch (assertion.subject) {
    case AssertionSubject::pair:
      TRIBUTARY_TRY(decide_pair(assertion, cause));
      return true;
    case AssertionSubject::evidence:
      return decide_evidence(assertion, cause);
    case AssertionSubject::hub:
      TRIBUTARY_TRY(decide_hub(assertion, cause));
      return true;
  }
  return false;
}

// An identifier that no event has named yet: a container of its own.
Result<VertexRow> IdentityFold::ensure_vertex(const AssertedIdentifier& asserted, const RecordCause& cause) {
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
  add_vertex(identifier, out, asserted.hash, cause.workspace);
  ContainerMember& member = add_member(**container, {asserted.hash, kind_code(kind), out, false, false}, **rules);
  table_.put_mark(cause.workspace, asserted.hash, member, true);
  return table_.vertex(cause.workspace, asserted.hash);
}

// Both containers become one, whatever was decided: the loop must meet the pair when their customers would.
Result<void> IdentityFold::decide_pair(const Assertion& assertion, const RecordCause& cause) {
  if (assertion.identifiers.size() != 2 || assertion.identifiers[0].hash == assertion.identifiers[1].hash) return {};
  const AssertedIdentifier* a = &assertion.identifiers[0];
  const AssertedIdentifier* b = &assertion.identifiers[1];
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
  PairRegister pair{a->hash, b->hash, first->kind, second->kind, assertion.pair, assertion.decision};
  auto place = std::lower_bound(
      container.pairs.begin(), container.pairs.end(), pair,
      [](const PairRegister& x, const PairRegister& y) { return std::tie(x.a, x.b) < std::tie(y.a, y.b); });
  if (place == container.pairs.end() || place->a != pair.a || place->b != pair.b) {
    container.pairs.insert(place, pair);
  } else if (holds_over(pair.decision, place->decision)) {
    *place = pair;
  } else {
    return {};
  }
  table_.put_pair(cause.workspace, container.root, pair);
  return recounted(container, cause);
}

Result<bool> IdentityFold::decide_evidence(const Assertion& assertion, const RecordCause& cause) {
  if (assertion.identifiers.empty()) return false;
  auto known = table_.find_vertex(cause.workspace, assertion.identifiers[0].hash);
  if (!known) return known.error();
  if (!*known) return false;
  Evidence* found = nullptr;
  auto container = container_with(assertion.evidence, assertion.identifiers[0].hash, cause, found);
  if (!container) return container.error();
  // Only what was seen can be retracted, by those who were seen.
  if (found == nullptr) return false;
  for (const AssertedIdentifier& asserted : assertion.identifiers) {
    auto same = [&](const EvidenceMember& member) { return member.id == asserted.hash; };
    if (std::none_of(found->members.begin(), found->members.end(), same)) return false;
  }
  if (found->decided && !holds_over(assertion.decision, found->decided->decision)) return true;
  TRIBUTARY_TRY(touch(**container, cause));
  found->decided =
      std::make_shared<const EvidenceRegister>(EvidenceRegister{assertion.evidence_state, assertion.decision});
  table_.put_evidence(cause.workspace, (*container)->root, *found);
  TRIBUTARY_TRY(recounted(**container, cause));
  return true;
}

Result<void> IdentityFold::decide_hub(const Assertion& assertion, const RecordCause& cause) {
  if (assertion.identifiers.size() != 1) return {};
  const AssertedIdentifier& asserted = assertion.identifiers[0];
  if (auto vertex = ensure_vertex(asserted, cause); !vertex) return vertex.error();
  auto known = table_.find_hub(cause.workspace, asserted.hash);
  if (!known) return known.error();
  HubRow row = known->value_or(HubRow{});
  bool decided = *known && !row.decision.id.empty();
  if (decided && !holds_over(assertion.decision, row.decision)) return {};
  row.decided = assertion.hub;
  row.decision = assertion.decision;
  table_.put_hub(cause.workspace, asserted.hash, row);
  return review(asserted.hash, false, cause);
}

Result<void> IdentityFold::recounted(Container& container, const RecordCause& cause) {
  auto rules = this->rules(cause.workspace);
  if (!rules) return rules.error();
  recount(container, **rules);
  return {};
}

// ---------------------------------------------------------------------------------------------------------------- hubs

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
  Meetings meetings(identifier);
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
  if (vertex->out == out && vertex->decided == decided) return {};
  auto found = find_container(vertex->root, cause);
  if (!found) return found.error();
  Container& container = **found;
  TRIBUTARY_TRY(touch(container, cause));
  uint8_t before = std::exchange(vertex->out, out);
  vertex->decided = decided;
  table_.put_vertex(workspace, identifier, *vertex);
  TRIBUTARY_TRY(put_hub_row(identifier, out, decided, crossing, workspace));
  ContainerMember& member = *container.find(identifier);
  member.out = out;
  member.decided = decided;
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
        evidence, **rules, [&](const EvidenceMember& member) { return !container.find(member.id)->blocked(); });
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

// ------------------------------------------------------------------------------------------------------------ settling

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
    TRIBUTARY_TRY(settle(touched->first, touched->second));
    touched = touched_.erase(touched);
  }
  return {};
}

Result<void> IdentityFold::settle() {
  TRIBUTARY_TRY(complete());
  for (auto& [root, touched] : touched_) TRIBUTARY_TRY(settle(root, touched));
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

Result<void> IdentityFold::settle(const Hash128& root, Touched& touched) {
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

// --------------------------------------------------------------------------------------------------------- other rules

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
      auto same = [&](const EvidenceMember& member) { return member.id == identifier; };
      if (std::none_of(evidence.members.begin(), evidence.members.end(), same)) continue;
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
