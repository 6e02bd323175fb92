#include "engine/query/preview.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/identity/meetings.h"
#include "engine/identity/root_sets.h"
#include "engine/query/customer.h"
#include "engine/query/identity_names.h"

namespace tributary {
namespace {

constexpr uint64_t kContainersPerQuestion = 64;  // between two looks at `cancelled`

class Preview {
 public:
  Preview(const StateReader& reader, WorkspaceId workspace, const RuleSet& active, const PreviewQuery& query,
          const std::function<bool()>& cancelled)
      : reader_(reader),
        workspace_(workspace),
        active_(active),
        draft_(query.rules ? RuleSet(active.version() + 1, *query.rules) : active),
        query_(query),
        cancelled_(cancelled),
        names_(reader, workspace) {
    view_.rules_version = active.version();
  }

  Result<PreviewView> run() {
    auto cuts = load_cut_times(reader_, cut_prefix(workspace_));
    if (!cuts) return cuts.error();
    cuts_ = std::move(*cuts);
    TRIBUTARY_TRY(take_decisions());
    TRIBUTARY_TRY(find_released());
    together_ = unions_.sets();
    if (query_.rules) {
      TRIBUTARY_TRY(visit_all());
    } else {
      TRIBUTARY_TRY(visit_concerned());
    }
    return std::move(view_);
  }

 private:
  // ------------------------------------------------------------------------------------------ what would be decided

  Result<void> take_decisions() {
    for (const Assertion& assertion : query_.assertions) {
      std::vector<Hash128> roots;
      for (const AssertedIdentifier& each : assertion.identifiers) {
        auto vertex = load_vertex(reader_, workspace_, each.hash);
        if (!vertex) return vertex.error();
        if (*vertex) roots.push_back((*vertex)->root);
      }
      if (assertion.subject == AssertionSubject::evidence) {
        auto homes = roots_of_evidence(assertion);
        if (!homes) return homes.error();
        roots = std::move(*homes);
      }
      for (const Hash128& root : roots) concerned_.insert(root);
      if (assertion.subject == AssertionSubject::pair && roots.size() == 2) unions_.unite(roots[0], roots[1]);
      if (assertion.subject == AssertionSubject::hub && assertion.identifiers.size() == 1) {
        hubs_decided_[assertion.identifiers[0].hash] = assertion.hub;
      }
    }
    return {};
  }

  // Where it may live, or its parts, if cuts divided it.
  Result<std::vector<Hash128>> roots_of_evidence(const Assertion& assertion) {
    std::vector<Hash128> roots;
    if (assertion.identifiers.empty()) return roots;
    for (const Hash128& member : cuts_.all_of(assertion.identifiers.front().hash)) {
      TRIBUTARY_TRY(add_root(member, roots));
      auto elsewhere = load_hub_evidence(reader_, workspace_, member);
      if (!elsewhere) return elsewhere.error();
      for (const HubEvidence& each : *elsewhere) {
        if (each.evidence == assertion.evidence || !cuts_.empty()) TRIBUTARY_TRY(add_root(each.seat, roots));
      }
    }
    return roots;
  }

  Result<void> add_root(const Hash128& member, std::vector<Hash128>& roots) {
    auto vertex = load_vertex(reader_, workspace_, member);
    if (!vertex) return vertex.error();
    if (*vertex) roots.push_back((*vertex)->root);
    return {};
  }

  // --------------------------------------------------------------------------- identifiers that would be out no more

  // Each ties together the containers that it was kept out of.
  Result<void> find_released() {
    if (!query_.rules) {
      for (const auto& [hub, state] : hubs_decided_) TRIBUTARY_TRY(release_or_keep(hub));
      return {};
    }
    auto rows = reader_.scan(Family::hub, workspace_prefix(workspace_));
    std::optional<Hash128> last;
    for (; rows->valid(); rows->next()) {
      Hash128 hub = Hash128::from_bytes(rows->key().substr(4, 16));
      if (last != hub) TRIBUTARY_TRY(release_or_keep(hub));
      last = hub;
    }
    return rows->status();
  }

  Result<void> release_or_keep(const Hash128& hub) {
    TRIBUTARY_TRY(ask_cancelled());
    auto vertex = load_vertex(reader_, workspace_, hub);
    if (!vertex) return vertex.error();
    if (!*vertex || (*vertex)->out == 0 || ((*vertex)->out & OutFlags::kErased) != 0) return {};
    auto state = state_of(hub);
    if (!state) return state.error();
    auto blocked = is_blocked(hub);
    if (!blocked) return blocked.error();
    if (*blocked || *state == HubState::always) return {};
    std::set<Hash128> roots;
    Meetings meetings(hub, cuts_);
    TRIBUTARY_TRY(count_meetings((*vertex)->root, meetings));
    auto elsewhere = load_hub_evidence(reader_, workspace_, hub);
    if (!elsewhere) return elsewhere.error();
    for (const HubEvidence& each : *elsewhere) {
      auto seat = load_vertex(reader_, workspace_, each.seat);
      if (!seat) return seat.error();
      if (!*seat || !roots.insert((*seat)->root).second) continue;
      TRIBUTARY_TRY(count_meetings((*seat)->root, meetings));
    }
    if (*state == HubState::automatic && meetings.crossing((*vertex)->kind, draft_)) {
      crossing_.insert(hub);
      return {};
    }
    released_.insert(hub);
    for (const Hash128& root : roots) {
      unions_.unite((*vertex)->root, root);
      concerned_.insert(root);
    }
    return {};
  }

  Result<void> count_meetings(const Hash128& root, Meetings& meetings) {
    TRIBUTARY_TRY(ask_cancelled());
    auto container = load_container(reader_, workspace_, root, active_);
    if (!container) return container.error();
    TRIBUTARY_TRY(set_blocked(*container));
    for (const Evidence& evidence : container->evidence) meetings.add(evidence, *container);
    return {};
  }

  Result<HubState> state_of(const Hash128& identifier) {
    auto decided = hubs_decided_.find(identifier);
    if (decided != hubs_decided_.end()) return decided->second;
    auto row = load_hub(reader_, workspace_, identifier);
    if (!row) return row.error();
    return *row ? (*row)->decided : HubState::automatic;
  }

  Result<bool> is_blocked(const Hash128& identifier) {
    if (!draft_.blocks_anything()) return false;
    auto value = load_value(reader_, workspace_, identifier);
    if (!value) return value.error();
    return draft_.blocked(value->kind, value->value);
  }

  // Counting again keeps what is marked.
  static void set(ContainerMember& member, uint8_t out) {
    member.out = out;
    member.marked = member.marked || out != 0;
  }

  // Marks members as the draft blocks them.
  Result<void> set_blocked(Container& container) {
    for (ContainerMember& member : container.members) {
      if (!draft_.blocks_anything() && member.out == 0) continue;
      if ((member.out & OutFlags::kErased) != 0) continue;
      auto blocked = is_blocked(member.id);
      if (!blocked) return blocked.error();
      set(member, static_cast<uint8_t>((member.out & ~OutFlags::kBlocked) | (*blocked ? OutFlags::kBlocked : 0)));
    }
    return {};
  }

  // ------------------------------------------------------------------------------------------------ every container

  Result<void> visit_all() {
    constexpr size_t kRootEnd = 4 + 16;
    auto rows = reader_.scan(Family::container, workspace_prefix(workspace_));
    std::optional<Hash128> root;
    ContainerParts parts;
    auto finish = [&]() -> Result<void> {
      if (!root) return {};
      auto container = make_container(*root, std::exchange(parts, {}), active_);
      return container ? visit(std::move(*container)) : container.error();
    };
    for (; rows->valid(); rows->next()) {
      Hash128 of = Hash128::from_bytes(rows->key().substr(4, 16));
      if (!root || of != *root) {
        TRIBUTARY_TRY(finish());
        root = of;
      }
      TRIBUTARY_TRY(add_row(rows->key().substr(kRootEnd), rows->value(), parts));
    }
    TRIBUTARY_TRY(rows->status());
    return finish();
  }

  Result<void> visit_concerned() {
    for (const Hash128& root : concerned_) {
      auto container = load_container(reader_, workspace_, root, active_);
      if (!container) return container.error();
      TRIBUTARY_TRY(visit(std::move(*container)));
    }
    return {};
  }

  // A container that stays alone at once; the others when their last one is here.
  Result<void> visit(Container container) {
    TRIBUTARY_TRY(ask_cancelled());
    auto together = together_.find(unions_.find(container.root));
    if (together == together_.end()) return compare(std::move(container));
    std::vector<Container>& waiting = waiting_[together->first];
    waiting.push_back(std::move(container));
    if (waiting.size() < together->second.size()) return {};
    std::vector<Container> all = std::move(waiting);
    return compare(std::move(all));
  }

  Result<void> ask_cancelled() {
    if (++asked_ % kContainersPerQuestion == 0 && cancelled_()) {
      return Error{ErrorCode::stopping, "the preview was given up"};
    }
    return {};
  }

  Result<void> compare(Container container) {
    std::vector<Container> alone;
    alone.push_back(std::move(container));
    return compare(std::move(alone));
  }

  Result<void> compare(std::vector<Container> containers) {
    std::vector<Cluster> before;
    for (const Container& container : containers) {
      Clusters clusters = compute_clusters(container, active_);
      count(clusters, view_.customers_before, view_.refusals_before);
      view_.hubs_before += hubs_in(container);
      std::move(clusters.clusters.begin(), clusters.clusters.end(), std::back_inserter(before));
    }
    view_.containers += containers.size();
    Container joined = std::move(containers.front());
    containers.erase(containers.begin());
    if (!containers.empty()) absorb(joined, std::move(containers), draft_);
    TRIBUTARY_TRY(apply_draft(joined));
    Clusters after = compute_clusters(joined, draft_);
    count(after, view_.customers_after, view_.refusals_after);
    view_.hubs_after += hubs_in(joined);
    for (const Change& change : changes_between(before, after.clusters)) TRIBUTARY_TRY(note(change));
    return {};
  }

  static uint64_t hubs_in(const Container& container) {
    return static_cast<uint64_t>(
        std::count_if(container.members.begin(), container.members.end(), [](const auto& member) {
          bool erased = (member.out & OutFlags::kErased) != 0;
          return member.out != 0 && !erased && !member.foreign;
        }));
  }

  static void count(const Clusters& clusters, uint64_t& customers, std::map<RefusalRule, uint64_t>& refusals) {
    customers += clusters.clusters.size();
    for (const Refusal& refusal : clusters.refusals) ++refusals[refusal_rule(refusal.reason)];
  }

  // The container as it would be: decisions, who is out, when evidence was last seen.
  Result<void> apply_draft(Container& container) {
    for (const Assertion& assertion : query_.assertions) apply_decision(container, assertion);
    TRIBUTARY_TRY(set_blocked(container));
    for (ContainerMember& member : container.members) {
      if (released_.contains(member.id)) member.out = 0, member.foreign = false;
      // It was blocked so far, perhaps: then only this says that it is still out.
      if (crossing_.contains(member.id)) set(member, member.out | OutFlags::kThreshold);
    }
    recount(container, draft_);
    for (ContainerMember& member : container.members) {
      if (member.out == 0) TRIBUTARY_TRY(set_out(container, member));
    }
    if (draft_.has_newest() && !active_.has_newest()) TRIBUTARY_TRY(read_last_times(container));
    recount(container, draft_);
    return {};
  }

  Result<void> set_out(const Container& container, ContainerMember& member) {
    auto decided = hubs_decided_.find(member.id);
    bool asks_store = member.decided && decided == hubs_decided_.end();
    HubState state = decided == hubs_decided_.end() ? HubState::automatic : decided->second;
    if (asks_store) {
      auto stored = state_of(member.id);
      if (!stored) return stored.error();
      state = *stored;
    }
    if (state == HubState::always) set(member, member.out | OutFlags::kAlways);
    if (state != HubState::automatic || !may_be_hub(member.kind, container.summary, draft_)) return {};
    Meetings meetings(member.id, cuts_);
    for (const Evidence& evidence : container.evidence) meetings.add(evidence, container);
    if (meetings.crossing(member.kind, draft_)) set(member, member.out | OutFlags::kThreshold);
    return {};
  }

  void apply_decision(Container& container, const Assertion& assertion) {
    if (assertion.subject == AssertionSubject::evidence) {
      for (Evidence& evidence : container.evidence) {
        if (evidence.said() != assertion.evidence) continue;
        evidence.decided =
            std::make_shared<const EvidenceRegister>(EvidenceRegister{assertion.evidence_state, assertion.decision});
      }
    }
    if (assertion.subject != AssertionSubject::pair || assertion.identifiers.size() != 2) return;
    Hash128 a = assertion.identifiers[0].hash, b = assertion.identifiers[1].hash;
    if (b < a) std::swap(a, b);
    const ContainerMember *x = container.find(a), *y = container.find(b);
    if (x == nullptr || y == nullptr) return;
    set_pair(container, {a, b, x->kind, y->kind, assertion.pair, assertion.decision});
  }

  Result<void> read_last_times(Container& container) {
    for (Evidence& evidence : container.evidence) {
      auto last = load_last_time(reader_, workspace_, evidence);
      if (!last) return last.error();
      evidence.last_at = std::max(evidence.last_at, *last);
    }
    return {};
  }

  Result<void> note(const Change& change) {
    if (change.type == ChangeType::merged) view_.merged += change.from.size();
    if (change.type == ChangeType::split) ++view_.split;
    if (change.type == ChangeType::renamed) ++view_.renamed;
    if (view_.samples.size() >= query_.samples) return {};
    auto shown = names_.change(change);
    if (!shown) return shown.error();
    view_.samples.push_back(std::move(*shown));
    return {};
  }

  const StateReader& reader_;
  WorkspaceId workspace_;
  const RuleSet& active_;
  RuleSet draft_;
  const PreviewQuery& query_;
  const std::function<bool()>& cancelled_;
  IdentityNames names_;
  Cuts cuts_;
  PreviewView view_;
  uint64_t asked_ = 0;
  RootSets unions_;                                   // of containers that would become one
  std::map<Hash128, std::vector<Hash128>> together_;  // unions_.sets(), when all are known
  std::set<Hash128> concerned_;                       // roots
  std::map<Hash128, HubState> hubs_decided_;
  std::set<Hash128> released_;
  std::set<Hash128> crossing_;                         // out now, and they would meet too many
  std::map<Hash128, std::vector<Container>> waiting_;  // by the name of their union
};

// What people say of somebody who was erased is about whoever came after.
Result<void> name_as_it_is_now(const StateReader& reader, WorkspaceId workspace, PreviewQuery& query) {
  for (Assertion& assertion : query.assertions) {
    for (AssertedIdentifier& each : assertion.identifiers) {
      std::string nothing;
      auto erased = reader.get(Family::meta, gone_key(workspace, each.hash), nothing);
      if (!erased) return erased.error();
      if (!*erased) continue;
      auto now = named_at(reader, workspace, each.hash, std::nullopt);
      if (!now) return now.error();
      each.hash = *now;
    }
  }
  return {};
}

}  // namespace

Result<PreviewView> preview_identity(const StateReader& reader, WorkspaceId workspace, const RuleSet& active,
                                     const PreviewQuery& query, const std::function<bool()>& cancelled) {
  for (const Assertion& assertion : query.assertions) {
    if (assertion.subject != AssertionSubject::cut) continue;
    return Error{ErrorCode::invalid, "what a change of hands would do cannot be told before"};
  }
  if (query.rules) {
    auto mistakes = mistakes_of(*query.rules);
    if (!mistakes.empty()) return Error{ErrorCode::invalid, mistakes.front()};
  }
  std::string sweep;
  auto sweeping = reader.get(Family::meta, sweep_key(workspace), sweep);
  if (!sweeping) return sweeping.error();
  if (*sweeping)
    return Error{ErrorCode::overloaded, "customers still follow the last change of rules; try again later"};
  PreviewQuery now = query;
  TRIBUTARY_TRY(name_as_it_is_now(reader, workspace, now));
  return Preview(reader, workspace, active, now, cancelled).run();
}

}  // namespace tributary
