#include "tests/model/random_world.h"

#include <algorithm>
#include <set>

#include "tests/model/universe.h"

namespace tributary::model {
namespace {

std::vector<Identifier> identifiers_of(const std::vector<Event>& events) {
  std::set<Identifier> identifiers = model::identifiers_of(World{events, {}, {}});
  return {identifiers.begin(), identifiers.end()};
}

class Draws {
 public:
  explicit Draws(std::mt19937_64& random) : random_(random) {}

  uint64_t below(uint64_t n) { return random_() % n; }
  bool one_in(uint64_t n) { return below(n) == 0; }
  template <class T>
  const T& one_of(const std::vector<T>& things) {
    return things[below(things.size())];
  }

 private:
  std::mt19937_64& random_;
};

class RulesGenerator {
 public:
  RulesGenerator(std::mt19937_64& random, const std::vector<Event>& events)
      : draws_(random), identifiers_(identifiers_of(events)) {
    std::set<IdentifierKind> kinds;
    for (const Identifier& id : identifiers_) kinds.insert(id.kind());
    kinds_.assign(kinds.begin(), kinds.end());
  }

  Rules rules() {
    rules_ = default_rules();
    if (draws_.one_in(3) || identifiers_.empty()) return rules_;
    rules_.claims = static_cast<ClaimsPolicy>(1 + draws_.below(3));
    for (const IdentifierKind& kind : kinds_) vary(kind);
    vary_hubs();
    if (draws_.one_in(3)) block_values();
    if (draws_.one_in(4)) block_a_pattern();
    return rules_;
  }

 private:
  // As rules may spell it: half of the time for all platforms of its family.
  IdentifierKind listed(const IdentifierKind& kind) {
    return draws_.one_in(2) ? IdentifierKind{kind.family, {}} : kind;
  }

  void vary(const IdentifierKind& kind) {
    KindRule& rule = rules_.kinds.try_emplace(listed(kind), rules_.kinds.at({kind.family, {}})).first->second;
    if (draws_.one_in(2)) rule.limit = draws_.one_in(8) ? 0 : static_cast<uint32_t>(1 + draws_.below(3));
    for (uint64_t n = draws_.one_in(3) ? 1 + draws_.below(2) : 0; n > 0; --n) {
      auto seconds = static_cast<int64_t>(1 + draws_.below(8));
      rule.windows.push_back({static_cast<uint32_t>(1 + draws_.below(2)), seconds * kMicrosPerSecond});
    }
    if (draws_.one_in(3)) rule.owner = OwnerPolicy::newest;
    if (draws_.one_in(6)) rule.priority = static_cast<uint16_t>(1 + draws_.below(100));
    if (draws_.one_in(12)) rule.weak = !rule.weak;
  }

  void vary_hubs() {
    if (draws_.one_in(2)) rules_.hubs.clear();
    for (uint64_t n = draws_.below(4); n > 0; --n) {
      IdentifierKind kind = listed(draws_.one_of(kinds_)), met = listed(draws_.one_of(kinds_));
      bool of_platforms = has_platforms(kind.family) && kind.platform.empty();
      if (kind == met && !of_platforms) continue;  // no threshold among identifiers of one kind
      rules_.hubs[kind][met] = static_cast<uint32_t>(1 + draws_.below(4));
    }
  }

  BlockedValues& blocked_with(const Identifier& identifier) {
    return draws_.one_in(2) ? rules_.blocked : rules_.blocked_of_kind[listed(identifier.kind())];
  }

  void block_values() {
    for (uint64_t n = 1 + draws_.below(2); n > 0; --n) {
      const Identifier& identifier = draws_.one_of(identifiers_);
      blocked_with(identifier).exact.insert(identifier.value());
    }
  }

  // By the end of one value, which may end others, too, or by the beginning of all of its kind.
  void block_a_pattern() {
    const Identifier& identifier = draws_.one_of(identifiers_);
    const std::string& value = identifier.value();
    std::string pattern = value.substr(value.rfind('-')) + "$";
    if (draws_.one_in(4)) pattern = "^" + value.substr(0, value.rfind('-')) + "-[0-2]$";
    blocked_with(identifier).patterns.insert(pattern);
  }

  Draws draws_;
  std::vector<Identifier> identifiers_;
  std::vector<IdentifierKind> kinds_;
  Rules rules_;
};

class DecisionGenerator {
 public:
  DecisionGenerator(std::mt19937_64& random, const KeyedHash& index_key, const std::vector<Event>& events)
      : draws_(random), index_key_(index_key), identifiers_(identifiers_of(events)) {
    for (const Event& event : events) {
      times_.push_back(event.occurred_at);
      if (!event.identifiers.empty()) with_evidence_.push_back(&event);
    }
    for (char name = 'a'; name < 'a' + 8; ++name) names_.emplace_back(1, name);
    std::shuffle(names_.begin(), names_.end(), random);
  }

  std::vector<Assertion> decisions() {
    std::vector<Assertion> decisions;
    if (draws_.one_in(3) || identifiers_.size() < 2) return decisions;
    for (uint64_t n = 1 + draws_.below(6); n > 0; --n) {
      bool again = !decisions.empty() && draws_.one_in(3);
      decisions.push_back(again ? another(draws_.one_of(decisions)) : decision());
    }
    return decisions;
  }

 private:
  // Names are distinct and in no order, so that of decisions made at one time any may hold.
  Decision when() {
    std::string id = "decision-" + names_.back();
    names_.pop_back();
    return {Timestamp{kBaseMicros + static_cast<int64_t>(draws_.below(4)) * kMicrosPerSecond}, id, "tester", ""};
  }

  Identifier identifier() {
    const Identifier& seen = draws_.one_of(identifiers_);
    if (!draws_.one_in(8)) return seen;
    return Identifier::from_normalised(seen.kind(), "unseen-" + std::to_string(draws_.below(2)));
  }

  std::pair<Identifier, Identifier> two_identifiers() {
    Identifier a = identifier(), b = identifier();
    while (a == b) b = identifier();
    return {a, b};
  }

  // Those are one person but for the rules.
  std::pair<Identifier, Identifier> two_of_one_event() {
    const std::vector<EventIdentifier>& members = draws_.one_of(with_evidence_)->identifiers;
    if (members.size() < 2) return two_identifiers();
    uint64_t a = draws_.below(members.size()), b = draws_.below(members.size() - 1);
    return {members[a].identifier, members[b < a ? b : b + 1].identifier};
  }

  // Most pairs and hubs are decided to be what no evidence says.
  PairState pair_state() { return static_cast<PairState>(draws_.one_in(6) ? 0 : 1 + draws_.below(2)); }
  HubState hub_state() { return static_cast<HubState>(draws_.one_in(6) ? 0 : 1 + draws_.below(2)); }
  EvidenceState evidence_state() { return draws_.one_in(4) ? EvidenceState::live : EvidenceState::retracted; }

  Assertion decision() {
    switch (draws_.below(5)) {
      case 0: {
        Identifier of = identifier();
        HubState state = hub_state();
        return decide_hub(of, state, when(), index_key_);
      }
      case 1: {
        const Event* of = draws_.one_of(with_evidence_);
        EvidenceState state = evidence_state();
        return decide_evidence(*of, state, when(), index_key_);
      }
      case 2: {
        Identifier of = identifier();
        Timestamp at = draws_.one_of(times_);
        return decide_cut(of, at, when(), index_key_);
      }
      default: {
        auto [a, b] = draws_.one_in(2) ? two_identifiers() : two_of_one_event();
        PairState state = pair_state();
        return decide_pair(a, b, state, when(), index_key_);
      }
    }
  }

  // About the same subject. Which of the two ends of a pair is named first does not matter.
  Assertion another(Assertion decision) {
    decision.pair = pair_state();
    decision.hub = hub_state();
    decision.evidence_state = evidence_state();
    if (draws_.one_in(2)) decision.cut_at = draws_.one_of(times_);
    if (decision.subject == AssertionSubject::pair) std::swap(decision.identifiers[0], decision.identifiers[1]);
    decision.decision = when();
    return decision;
  }

  Draws draws_;
  const KeyedHash& index_key_;
  std::vector<Identifier> identifiers_;
  std::vector<const Event*> with_evidence_;
  std::vector<Timestamp> times_;  // of events
  std::vector<std::string> names_;
};

}  // namespace

Rules random_rules(std::mt19937_64& random, const std::vector<Event>& events) {
  return RulesGenerator(random, events).rules();
}

World random_world(std::mt19937_64& random, const KeyedHash& index_key) {
  World world;
  world.events = random_events(random, index_key);
  world.assertions = DecisionGenerator(random, index_key, world.events).decisions();
  world.rules = random_rules(random, world.events);
  return world;
}

}  // namespace tributary::model
