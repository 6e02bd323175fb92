#include "tests/model/reference.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "engine/domain/record.h"

namespace tributary::model {
namespace {

struct KindRow {
  std::string kind;
  int priority;
  bool weak;
  size_t limit;
};

// The default rules, written a second time: the kinds that the universes use.
const KindRow& rule_of(const std::string& kind) {
  static const std::vector<KindRow> rows = {
      {"user_id", 10, false, 1},         {"member_card", 20, false, 5},
      {"external_id/crm", 50, false, 5}, {"external_id/stripe", 50, false, 100},
      {"phone", 60, false, 5},           {"email", 70, false, 5},
      {"device_id", 90, true, 50},       {"anonymous_id", 96, true, 1000},
      {"social_id/line", 45, false, 5},  {"social_id/douyin", 45, false, 20},
      {"customer_no", 25, false, 20},    {"ga_client_id", 94, true, 1000},
  };
  return *std::find_if(rows.begin(), rows.end(), [&](const KindRow& row) { return row.kind == kind; });
}

struct Vertex {
  std::string kind;
  std::string value;
  bool verified = false;
  int64_t first_seen = INT64_MAX;
  int64_t last_seen = INT64_MIN;
};

using First = std::pair<int64_t, std::string>;  // (time, message id)

struct Proof {  // a distinct set of (identifier, trust)
  std::map<Hash128, bool> members;
  First first{INT64_MAX, ""};
  std::vector<const Event*> events;
};

using Side = std::set<Hash128>;

class Model {
 public:
  Model(const std::vector<Event>& events, const KeyedHash& index_key, Claims claims)
      : index_key_(index_key), claims_(claims) {
    std::set<std::pair<std::string, std::string>> seen;
    for (const Event& event : events) {
      if (seen.emplace(event.source, event.message_id).second && !event.identifiers.empty()) add(event);
    }
  }

  Export answer() {
    join_by_edges();
    Export all;
    all.identifiers = vertices_.size();
    all.refused_limit = refused_limit_;
    all.refused_trust = refused_trust_;
    for (const Side& side : sides()) all.customers.emplace(base32(anchor_of(side)), customer_of(side));
    return all;
  }

 private:
  void add(const Event& event) {
    std::map<Hash128, bool> members;
    for (const EventIdentifier& id : event.identifiers) {
      bool verified = id.trust == Trust::verified;
      members[id.hash] = verified;
      Vertex& vertex = vertices_[id.hash];
      vertex.kind = kind_name(id.identifier.kind());
      vertex.value = id.identifier.value();
      vertex.verified |= verified;
      vertex.first_seen = std::min(vertex.first_seen, event.occurred_at.micros);
      vertex.last_seen = std::max(vertex.last_seen, event.occurred_at.micros);
    }
    Proof& proof = proofs_[members];
    proof.members = members;
    proof.first = std::min(proof.first, First{event.occurred_at.micros, event.message_id});
    proof.events.push_back(&event);
  }

  Hash128 centre_of(const Proof& proof) const {
    std::set<std::pair<int, Hash128>> ranked;
    for (const auto& [id, verified] : proof.members) ranked.emplace(rule_of(vertices_.at(id).kind).priority, id);
    return ranked.begin()->second;
  }

  void join_by_edges() {
    std::multiset<std::tuple<int, int, First, Hash128, Hash128>> edges;  // class, priority, first, centre, other
    for (const auto& [members, proof] : proofs_) {
      Hash128 centre = centre_of(proof);
      for (const auto& [id, verified] : members) {
        if (id == centre) continue;
        int weak = verified && members.at(centre) ? 0 : 1;
        edges.emplace(weak, rule_of(vertices_.at(id).kind).priority, proof.first, centre, id);
      }
    }
    for (const auto& [id, vertex] : vertices_) side_of_[id] = {id};
    for (const auto& [weak, priority, first, centre, other] : edges) join(weak == 1, centre, other);
  }

  void join(bool weak, const Hash128& centre, const Hash128& other) {
    Side a = side_of_[centre], b = side_of_[other];
    if (a.contains(other)) return;
    if (weak && distrusted(a, b)) {
      ++refused_trust_;
    } else if (over_limit(a, b)) {
      ++refused_limit_;
    } else {
      a.insert(b.begin(), b.end());
      for (const Hash128& id : a) side_of_[id] = a;
    }
  }

  size_t strong(const Side& side, bool verified_only) const {
    return static_cast<size_t>(std::count_if(side.begin(), side.end(), [&](const Hash128& id) {
      const Vertex& vertex = vertices_.at(id);
      return !rule_of(vertex.kind).weak && (vertex.verified || !verified_only);
    }));
  }

  bool distrusted(const Side& a, const Side& b) const {
    if (strong(a, false) == 0 || strong(b, false) == 0) return false;
    bool a_verified = strong(a, true) > 0, b_verified = strong(b, true) > 0;
    if (claims_ == Claims::fill) return a_verified && b_verified;
    if (claims_ == Claims::strict) return true;
    bool claimed_line = a_verified && b.size() == 1 && !b_verified;
    return (a_verified || b_verified) && !claimed_line;
  }

  bool over_limit(const Side& a, const Side& b) const {
    std::map<std::string, std::pair<size_t, size_t>> counts;
    for (const Hash128& id : a) ++counts[vertices_.at(id).kind].first;
    for (const Hash128& id : b) ++counts[vertices_.at(id).kind].second;
    return std::any_of(counts.begin(), counts.end(), [](const auto& row) {
      auto [n, m] = row.second;
      return n + m > std::max({rule_of(row.first).limit, n, m});
    });
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
      if (side.contains(centre_of(proof))) events.insert(events.end(), proof.events.begin(), proof.events.end());
    }
    CustomerLine customer;
    for (const Hash128& id : side) customer.identifiers.push_back(line_of(id, events));
    std::sort(customer.identifiers.begin(), customer.identifiers.end());
    customer.events = events.size();
    customer.first_seen = events.empty() ? customer.identifiers[0].first_seen : INT64_MAX;
    customer.last_seen = events.empty() ? customer.identifiers[0].last_seen : INT64_MIN;
    std::set<std::string> channels;
    for (const Event* event : events) {
      customer.first_seen = std::min(customer.first_seen, event->occurred_at.micros);
      customer.last_seen = std::max(customer.last_seen, event->occurred_at.micros);
      ++customer.event_counts[event->name.empty() ? std::string(event_type_name(event->type)) : event->name];
      if (!event->channel.empty()) channels.insert(event->channel);
    }
    customer.channels.assign(channels.begin(), channels.end());
    customer.traits = traits_of(events, customer.last_seen);
    customer.timeline = timeline_of(events);
    return customer;
  }

  // Seen with its own customer's events; when there are none, with the events of another customer that name it.
  IdentifierLine line_of(const Hash128& id, const std::vector<const Event*>& events) const {
    const Vertex& vertex = vertices_.at(id);
    IdentifierLine line{vertex.kind, vertex.value, vertex.verified, INT64_MAX, INT64_MIN, 0};
    for (const Event* event : events) {
      bool holds = std::any_of(event->identifiers.begin(), event->identifiers.end(),
                               [&](const EventIdentifier& member) { return member.hash == id; });
      if (!holds) continue;
      ++line.events;
      line.first_seen = std::min(line.first_seen, event->occurred_at.micros);
      line.last_seen = std::max(line.last_seen, event->occurred_at.micros);
    }
    if (line.events == 0) std::tie(line.first_seen, line.last_seen) = std::tie(vertex.first_seen, vertex.last_seen);
    return line;
  }

  // A set value or its unset beats a value set once, and both beat a sum.
  std::map<std::string, TraitLine> traits_of(const std::vector<const Event*>& events, int64_t last_seen) const {
    using Version = std::tuple<int, int64_t, std::string, std::string, std::string>;
    std::map<std::string, Version> latest, earliest;
    std::map<std::string, int64_t> sums;
    for (const Event* event : events) {
      int trust = 0;
      for (const EventIdentifier& id : event->identifiers) trust = std::max(trust, static_cast<int>(id.trust));
      for (const TraitChange& trait : event->traits) {
        Version version{trust, event->occurred_at.micros, event->message_id, trait.value_json, event->source};
        if (trait.operation == TraitOperation::increment) {
          sums[trait.key] += std::stoll(trait.value_json);
        } else if (trait.operation == TraitOperation::set) {
          latest[trait.key] = std::max(latest.emplace(trait.key, version).first->second, version);
        } else {
          std::get<0>(version) = 0;  // trust does not count
          earliest[trait.key] = std::min(earliest.emplace(trait.key, version).first->second, version);
        }
      }
    }
    std::map<std::string, TraitLine> traits;
    for (const auto* versions : {&latest, &earliest}) {
      for (const auto& [key, v] : *versions) {
        traits.emplace(key, TraitLine{std::get<3>(v), std::get<4>(v), std::get<2>(v), std::get<1>(v)});
      }
    }
    for (const auto& [key, sum] : sums) traits.emplace(key, TraitLine{std::to_string(sum), "", "", last_seen});
    std::erase_if(traits, [](const auto& trait) { return trait.second.value_json == "null"; });
    return traits;
  }

  std::vector<std::string> timeline_of(const std::vector<const Event*>& events) const {
    std::map<std::pair<int64_t, Hash128>, std::string> newest_first;
    for (const Event* event : events) {
      Hash128 message = message_hash(index_key_, event->source, event->message_id);
      newest_first.emplace(std::pair{-event->occurred_at.micros, message}, event->source + "/" + event->message_id);
    }
    std::vector<std::string> timeline;
    for (const auto& [position, name] : newest_first) timeline.push_back(name);
    return timeline;
  }

  const KeyedHash& index_key_;
  Claims claims_;
  std::map<Hash128, Vertex> vertices_;
  std::map<std::map<Hash128, bool>, Proof> proofs_;
  std::map<Hash128, Side> side_of_;
  uint64_t refused_limit_ = 0;
  uint64_t refused_trust_ = 0;
};

}  // namespace

Export reference(const std::vector<Event>& events, const KeyedHash& index_key, Claims claims) {
  return Model(events, index_key, claims).answer();
}

// Each event joins its identifiers to its first one under the limits alone, as it comes.
std::vector<std::vector<Hash128>> clusters_in_order_of_arrival(const std::vector<Event>& events) {
  std::map<Hash128, std::string> kinds;
  std::map<Hash128, Side> side_of;
  auto fits = [&](const Side& a, const Side& b) {
    std::map<std::string, size_t> counts;
    for (const Hash128& id : a) ++counts[kinds.at(id)];
    for (const Hash128& id : b) ++counts[kinds.at(id)];
    return std::all_of(counts.begin(), counts.end(), [](auto& row) { return row.second <= rule_of(row.first).limit; });
  };
  for (const Event& event : events) {
    for (const EventIdentifier& id : event.identifiers) {
      kinds.emplace(id.hash, kind_name(id.identifier.kind()));
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
