#include "tests/model/reference.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "tests/model/profile_lines.h"
#include "tests/model/rulebook.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

using Stamp = std::pair<int64_t, std::string>;  // (time, id of a message or a decision)
using Side = std::set<Hash128>;                 // identifiers accepted as one person so far
using Pair = std::pair<Hash128, Hash128>;       // the smaller one first

// Of the decisions about one subject the greatest (at, id) holds. Without any the state is the enumerator 0.
template <class Subject, class State>
class Register {
 public:
  struct Row {
    Stamp stamp;
    State state;
  };

  void decide(const Subject& subject, const Decision& decision, State state) {
    Row row{{decision.at.micros, decision.id}, state};
    Row& known = rows_.try_emplace(subject, row).first->second;
    if (known.stamp < row.stamp) known = row;
  }

  State of(const Subject& subject) const {
    auto row = rows_.find(subject);
    return row == rows_.end() ? State{} : row->second.state;
  }

  const std::map<Subject, Row>& rows() const { return rows_; }

 private:
  std::map<Subject, Row> rows_;
};

// A distinct set of (identifier, verified), with its events.
struct Proof {
  std::map<Hash128, bool> members;
  Stamp first{INT64_MAX, ""};
  int64_t last = INT64_MIN;
  bool live = true;
  std::vector<const Event*> events;
};

struct Vertex {
  Identifier identifier;
  Hash128 origin;               // before it changed hands, or itself
  std::optional<int64_t> from;  // when it changed hands to become this one
  bool blocked = false;
  bool hub = false;
  bool verified = false;
  // Over the live evidence that holds it, over all of it when none is live; crossed when no evidence holds it.
  int64_t first_seen = INT64_MAX;
  int64_t last_seen = INT64_MIN;

  bool out() const { return blocked || hub; }
};

enum class Reason { cannot_link, join_not_trusted, limit, window };

constexpr int kMustLink = -1;
constexpr int kWeakLink = 1;

struct Link {
  int link_class;
  int priority;
  Stamp stamp;
  Hash128 centre;
  Hash128 other;
  friend auto operator<=>(const Link&, const Link&) = default;
};

Pair pair_of(const Hash128& a, const Hash128& b) { return {std::min(a, b), std::max(a, b)}; }

// The most of these times that lie in one window [t, t + length).
size_t fullest(const std::vector<int64_t>& times, int64_t length) {
  size_t most = 0;
  for (int64_t t : times) {
    auto inside = [&](int64_t time) { return time >= t && time - t < length; };
    most = std::max(most, static_cast<size_t>(std::count_if(times.begin(), times.end(), inside)));
  }
  return most;
}

class Model {
 public:
  Model(const World& world, const KeyedHash& index_key) : index_key_(index_key), rules_(world.rules) {
    for (const Assertion& assertion : world.assertions) {
      if (assertion.subject == AssertionSubject::cut) add_cut(assertion);
    }
    std::set<std::pair<std::string, std::string>> seen;
    for (const Event& event : world.events) {
      if (seen.emplace(event.source, event.message_id).second && !event.identifiers.empty()) add(event);
    }
    for (const Assertion& assertion : world.assertions) add(assertion);
    find_retracted();
    find_blocked_and_hubs();
    find_verified_and_seen();
  }

  Export answer() {
    join_by_links();
    Export all;
    all.identifiers = vertices_.size();
    all.hubs = static_cast<uint64_t>(
        std::count_if(vertices_.begin(), vertices_.end(), [](const auto& row) { return row.second.out(); }));
    all.refused_cannot = refused_[Reason::cannot_link];
    all.refused_trust = refused_[Reason::join_not_trusted];
    all.refused_limit = refused_[Reason::limit];
    all.refused_window = refused_[Reason::window];
    for (const Side& side : sides()) all.customers.emplace(base32(anchor_of(side)), customer_of(side));
    return all;
  }

 private:
  void add_cut(const Assertion& cut) {
    const AssertedIdentifier& id = cut.identifiers.at(0);
    cuts_[id.hash].insert(cut.cut_at.micros);
    Hash128 made = generation_hash(id.hash, cut.cut_at);
    vertices_.emplace(made, Vertex{id.identifier, id.hash, cut.cut_at.micros});
  }

  // Whom a sender's identifier names at this time: whoever has it since the last cut before.
  Hash128 named_at(const Hash128& id, int64_t time) const {
    auto cuts = cuts_.find(id);
    if (cuts == cuts_.end()) return id;
    auto later = cuts->second.lower_bound(time);
    return later == cuts->second.begin() ? id : generation_hash(id, Timestamp{*std::prev(later)});
  }

  void add(const Event& event) {
    std::map<Hash128, bool> members;
    for (const EventIdentifier& id : event.identifiers) {
      Hash128 named = named_at(id.hash, event.occurred_at.micros);
      members[named] = id.trust == Trust::verified;
      vertices_.emplace(named, Vertex{id.identifier, id.hash, {}});
    }
    Proof& proof = proofs_[members];
    proof.members = members;
    proof.first = std::min(proof.first, Stamp{event.occurred_at.micros, event.message_id});
    proof.last = std::max(proof.last, event.occurred_at.micros);
    proof.events.push_back(&event);
  }

  void add(const Assertion& assertion) {
    const auto& ids = assertion.identifiers;
    for (const AssertedIdentifier& id : ids) vertices_.emplace(id.hash, Vertex{id.identifier, id.hash, {}});
    switch (assertion.subject) {
      case AssertionSubject::pair:
        pairs_.decide(pair_of(ids.at(0).hash, ids.at(1).hash), assertion.decision, assertion.pair);
        break;
      case AssertionSubject::evidence:
        evidence_.decide(assertion.evidence, assertion.decision, assertion.evidence_state);
        break;
      case AssertionSubject::hub:
        hubs_.decide(ids.at(0).hash, assertion.decision, assertion.hub);
        break;
      case AssertionSubject::cut:
        break;
    }
  }

  void find_retracted() {
    for (auto& [members, proof] : proofs_) {
      Hash128 evidence = evidence_of(*proof.events.front(), index_key_);
      proof.live = evidence_.of(evidence) == EvidenceState::live;
    }
  }

  void find_blocked_and_hubs() {
    for (auto& [id, vertex] : vertices_) vertex.blocked = rules_.blocked(vertex.identifier);
    for (auto& [id, vertex] : vertices_) {
      HubState decided = hubs_.of(id);
      bool automatic = decided == HubState::automatic && met_too_many(id);
      vertex.hub = !vertex.blocked && (decided == HubState::always || automatic);
    }
  }

  // Retracted evidence counts: what was once seen together stays seen. Whoever has an identifier, it is one.
  bool met_too_many(const Hash128& id) const {
    std::map<IdentifierKind, std::set<Hash128>> met;
    for (const auto& [members, proof] : proofs_) {
      if (!members.contains(id)) continue;
      for (const auto& [other, verified] : members) {
        if (other != id && !vertices_.at(other).blocked) met[kind_of(other)].insert(vertices_.at(other).origin);
      }
    }
    return std::any_of(met.begin(), met.end(), [&](const auto& row) {
      auto most = rules_.threshold(kind_of(id), row.first);
      return most && row.second.size() > *most;
    });
  }

  void find_verified_and_seen() {
    for (auto& [id, vertex] : vertices_) {
      bool any_live = std::any_of(proofs_.begin(), proofs_.end(),
                                  [&](const auto& row) { return row.second.live && row.first.contains(id); });
      for (const auto& [members, proof] : proofs_) {
        auto member = members.find(id);
        if (member == members.end() || proof.live != any_live) continue;
        vertex.verified |= proof.live && member->second;
        vertex.first_seen = std::min(vertex.first_seen, proof.first.first);
        vertex.last_seen = std::max(vertex.last_seen, proof.last);
      }
    }
  }

  const IdentifierKind& kind_of(const Hash128& id) const { return vertices_.at(id).identifier.kind(); }
  const KindRule& rule_of(const Hash128& id) const { return rules_.rule_of(kind_of(id)); }

  // The one with the smallest (priority, hash) of those that `counts`.
  template <class Counts>
  std::optional<Hash128> best_of(const Proof& proof, Counts counts) const {
    std::set<std::pair<int, Hash128>> ranked;
    for (const auto& [id, verified] : proof.members) {
      if (counts(vertices_.at(id))) ranked.emplace(rule_of(id).priority, id);
    }
    if (ranked.empty()) return std::nullopt;
    return ranked.begin()->second;
  }

  std::optional<Hash128> centre_of(const Proof& proof) const {
    return best_of(proof, [](const Vertex& vertex) { return !vertex.out(); });
  }

  // The identifier whose customer the events belong to: the centre, else the best hub, else nobody.
  std::optional<Hash128> owner_of(const Proof& proof) const {
    if (auto centre = centre_of(proof)) return centre;
    return best_of(proof, [](const Vertex& vertex) { return !vertex.blocked; });
  }

  std::multiset<Link> links() const {
    std::multiset<Link> links;
    for (const auto& [members, proof] : proofs_) {
      auto centre = centre_of(proof);
      if (!proof.live || !centre) continue;
      for (const auto& [id, verified] : members) {
        if (id == *centre || vertices_.at(id).out()) continue;
        const KindRule& rule = rule_of(id);
        bool newest = rule.owner == OwnerPolicy::newest;
        Stamp stamp{newest ? -proof.last : proof.first.first, proof.first.second};
        links.insert({verified && members.at(*centre) ? 0 : kWeakLink, rule.priority, stamp, *centre, id});
      }
    }
    for (const auto& [pair, row] : pairs_.rows()) {
      bool effective = !vertices_.at(pair.first).out() && !vertices_.at(pair.second).out();
      if (row.state == PairState::must && effective) {
        links.insert({kMustLink, 0, row.stamp, pair.first, pair.second});
      }
    }
    return links;
  }

  void join_by_links() {
    for (const auto& [id, vertex] : vertices_) {
      if (!vertex.blocked) side_of_[id] = {id};
    }
    for (const Link& link : links()) {
      Side a = side_of_.at(link.centre), b = side_of_.at(link.other);
      if (a.contains(link.other)) continue;
      if (auto reason = refusal_of(link, a, b)) {
        ++refused_[*reason];
        continue;
      }
      a.insert(b.begin(), b.end());
      for (const Hash128& id : a) side_of_[id] = a;
    }
  }

  // For the first reason that applies. A must-link yields to cannot-links alone.
  std::optional<Reason> refusal_of(const Link& link, const Side& a, const Side& b) const {
    if (kept_apart(a, b)) return Reason::cannot_link;
    if (link.link_class == kMustLink) return std::nullopt;
    if (link.link_class == kWeakLink && distrusted(a, b)) return Reason::join_not_trusted;
    if (over_limit(a, b)) return Reason::limit;
    if (over_window(a, b)) return Reason::window;
    return std::nullopt;
  }

  bool kept_apart(const Side& a, const Side& b) const {
    for (const Hash128& one : a) {
      for (const Hash128& other : b) {
        if (pairs_.of(pair_of(one, other)) == PairState::cannot) return true;
      }
    }
    return false;
  }

  size_t strong(const Side& side, bool verified_only) const {
    return static_cast<size_t>(std::count_if(side.begin(), side.end(), [&](const Hash128& id) {
      return !rule_of(id).weak && (vertices_.at(id).verified || !verified_only);
    }));
  }

  bool distrusted(const Side& a, const Side& b) const {
    if (strong(a, false) == 0 || strong(b, false) == 0) return false;
    bool a_verified = strong(a, true) > 0, b_verified = strong(b, true) > 0;
    if (rules_.claims() == ClaimsPolicy::fill) return a_verified && b_verified;
    if (rules_.claims() == ClaimsPolicy::strict) return true;
    bool claimed_line = a_verified && b.size() == 1 && !b_verified;
    return (a_verified || b_verified) && !claimed_line;
  }

  // When its identifiers of each kind were first seen.
  std::map<IdentifierKind, std::vector<int64_t>> seen_by_kind(const Side& side) const {
    std::map<IdentifierKind, std::vector<int64_t>> seen;
    for (const Hash128& id : side) seen[kind_of(id)].push_back(vertices_.at(id).first_seen);
    return seen;
  }

  bool over_limit(const Side& a, const Side& b) const {
    auto in_a = seen_by_kind(a), in_b = seen_by_kind(b);
    return std::any_of(in_a.begin(), in_a.end(), [&](const auto& row) {
      size_t limit = rules_.rule_of(row.first).limit, n = row.second.size(), m = in_b[row.first].size();
      return limit > 0 && n + m > std::max({limit, n, m});
    });
  }

  bool over_window(const Side& a, const Side& b) const {
    auto in_a = seen_by_kind(a), in_b = seen_by_kind(b);
    for (const auto& [kind, times] : in_a) {
      const std::vector<int64_t>& others = in_b[kind];
      std::vector<int64_t> both = times;
      both.insert(both.end(), others.begin(), others.end());
      for (const WindowLimit& rule : rules_.rule_of(kind).windows) {
        size_t n = fullest(times, rule.window_micros), m = fullest(others, rule.window_micros);
        if (fullest(both, rule.window_micros) > std::max<size_t>({rule.count, n, m})) return true;
      }
    }
    return false;
  }

  std::set<Side> sides() const {
    std::set<Side> sides;
    for (const auto& [id, side] : side_of_) sides.insert(side);
    return sides;
  }

  Hash128 anchor_of(const Side& side) const {
    std::set<std::pair<int64_t, Hash128>> ranked;
    for (const Hash128& id : side) ranked.emplace(vertices_.at(id).first_seen, id);
    return ranked.begin()->second;
  }

  CustomerLine customer_of(const Side& side) const {
    std::vector<const Event*> events;
    for (const auto& [members, proof] : proofs_) {
      auto owner = owner_of(proof);
      if (!proof.live || !owner || !side.contains(*owner)) continue;
      events.insert(events.end(), proof.events.begin(), proof.events.end());
    }
    CustomerLine customer = profile_of(events, index_key_);
    std::map<std::pair<Identifier, std::optional<int64_t>>, IdentifierLine> lines;  // in the order of kinds
    for (const Hash128& id : side) {
      const Vertex& vertex = vertices_.at(id);
      lines.emplace(std::pair{vertex.identifier, vertex.from}, line_of(id, events));
    }
    if (events.empty()) {
      customer.first_seen = lines.begin()->second.first_seen;
      customer.last_seen = lines.begin()->second.last_seen;
    }
    for (const auto& [identifier, line] : lines) customer.identifiers.push_back(line);
    std::sort(customer.identifiers.begin(), customer.identifiers.end());
    return customer;
  }

  // Seen with its own customer's events. When there are none: with the events of others that name it, unless it is
  // shared, because then those say nothing about it. Never seen: 0.
  IdentifierLine line_of(const Hash128& id, const std::vector<const Event*>& events) const {
    const Vertex& vertex = vertices_.at(id);
    IdentifierLine line{
        kind_name(kind_of(id)), vertex.identifier.value(), vertex.from, false, INT64_MAX, INT64_MIN, 0, vertex.hub};
    bool verified_here = false;
    for (const Event* event : events) {
      for (const EventIdentifier& member : event->identifiers) {
        if (named_at(member.hash, event->occurred_at.micros) != id) continue;
        verified_here |= member.trust == Trust::verified;
        ++line.events;
        line.first_seen = std::min(line.first_seen, event->occurred_at.micros);
        line.last_seen = std::max(line.last_seen, event->occurred_at.micros);
      }
    }
    line.verified = vertex.hub ? verified_here : vertex.verified;
    if (line.events > 0) return line;
    bool seen = !vertex.hub && vertex.first_seen <= vertex.last_seen;
    line.first_seen = seen ? vertex.first_seen : 0;
    line.last_seen = seen ? vertex.last_seen : 0;
    return line;
  }

  const KeyedHash& index_key_;
  Rulebook rules_;
  std::map<Hash128, std::set<int64_t>> cuts_;  // by the identifier that senders name
  std::map<Hash128, Vertex> vertices_;
  std::map<std::map<Hash128, bool>, Proof> proofs_;
  Register<Pair, PairState> pairs_;
  Register<Hash128, EvidenceState> evidence_;
  Register<Hash128, HubState> hubs_;
  std::map<Hash128, Side> side_of_;  // of identifiers that are not blocked
  std::map<Reason, uint64_t> refused_;
};

}  // namespace

Export reference(const World& world, const KeyedHash& index_key) { return Model(world, index_key).answer(); }

Export reference(const std::vector<Event>& events, const KeyedHash& index_key, ClaimsPolicy claims) {
  World world{events, {}, default_rules()};
  world.rules.claims = claims;
  return reference(world, index_key);
}

// Each event joins its identifiers to its first one under the limits alone, as it comes.
std::vector<std::vector<Hash128>> clusters_in_order_of_arrival(const World& world) {
  Rulebook rules(world.rules);
  std::map<Hash128, IdentifierKind> kinds;
  std::map<Hash128, Side> side_of;
  auto fits = [&](const Side& a, const Side& b) {
    std::map<IdentifierKind, size_t> counts;
    for (const Hash128& id : a) ++counts[kinds.at(id)];
    for (const Hash128& id : b) ++counts[kinds.at(id)];
    return std::all_of(counts.begin(), counts.end(), [&](const auto& row) {
      uint32_t limit = rules.rule_of(row.first).limit;
      return limit == 0 || row.second <= limit;
    });
  };
  for (const Event& event : world.events) {
    for (const EventIdentifier& id : event.identifiers) {
      kinds.emplace(id.hash, id.identifier.kind());
      side_of.emplace(id.hash, Side{id.hash});
    }
    for (const EventIdentifier& id : event.identifiers) {
      Side joined = side_of[event.identifiers[0].hash];
      const Side& other = side_of[id.hash];
      if (joined.contains(id.hash) || !fits(joined, other)) continue;
      joined.insert(other.begin(), other.end());
      for (const Hash128& member : joined) side_of[member] = joined;
    }
  }
  std::set<std::vector<Hash128>> clusters;
  for (const auto& [id, side] : side_of) clusters.emplace(side.begin(), side.end());
  return {clusters.begin(), clusters.end()};
}

}  // namespace tributary::model
