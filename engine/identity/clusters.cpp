#include "engine/identity/clusters.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string_view>
#include <tuple>

#include "engine/identity/sides.h"

namespace tributary {
namespace {

// Where a link stands among all links: content only, so the order is the same for every arrival.
struct LinkKey {
  int8_t link_class;
  uint16_t priority;
  int64_t time;
  std::string_view id;
  Hash128 a, b;

  auto tie() const { return std::tie(link_class, priority, time, id, a, b); }
};

class Computation {
 public:
  Computation(const Container& container, const RuleSet& rules) : container_(container), rules_(rules) {
    index_members();
    find_first_seen();
  }

  Clusters run() {
    collect_links();
    sort_links();
    collect_cannot_pairs();
    Sides sides(container_, first_seen_, rules_);
    accept_or_refuse(sides);
    name_clusters(sides);
    give_evidence_to_clusters();
    return std::move(result_);
  }

 private:
  // Member indices of all evidence, one after the other.
  void index_members() {
    begin_of_.reserve(container_.evidence.size() + 1);
    for (const Evidence& evidence : container_.evidence) {
      begin_of_.push_back(static_cast<uint32_t>(member_of_.size()));
      for (const EvidenceMember& member : evidence.members) member_of_.push_back(container_.index_of(member.id));
    }
    begin_of_.push_back(static_cast<uint32_t>(member_of_.size()));
  }

  // Over live evidence; over all of it where none is live.
  void find_first_seen() {
    size_t members = container_.members.size();
    std::vector<Timestamp> of_any(members, Timestamp{INT64_MAX});
    first_seen_.assign(members, Timestamp{INT64_MAX});
    std::vector<char> has_live(members, 0);
    for (size_t e = 0; e < container_.evidence.size(); ++e) {
      const Evidence& evidence = container_.evidence[e];
      for (uint32_t at = begin_of_[e]; at < begin_of_[e + 1]; ++at) {
        uint32_t member = member_of_[at];
        of_any[member] = std::min(of_any[member], evidence.first.at);
        if (!evidence.live()) continue;
        has_live[member] = 1;
        first_seen_[member] = std::min(first_seen_[member], evidence.first.at);
      }
    }
    for (size_t i = 0; i < members; ++i) {
      if (has_live[i] == 0) first_seen_[i] = of_any[i];
    }
  }

  // The member of the evidence that is not out and has the smallest (priority, hash): its place within the evidence.
  std::optional<uint32_t> centre_of(size_t e) const {
    return best_of(e, [](const ContainerMember& member) { return member.out == 0; });
  }

  std::optional<uint32_t> best_hub_of(size_t e) const {
    return best_of(e, [](const ContainerMember& member) { return !member.nobody(); });
  }

  std::optional<uint32_t> best_of(size_t e, const auto& eligible) const {
    const Evidence& evidence = container_.evidence[e];
    auto place_of = [&](const EvidenceMember& member) {
      return static_cast<uint32_t>(&member - evidence.members.data());
    };
    const EvidenceMember* best = best_centre(evidence, rules_, [&](const EvidenceMember& member) {
      return eligible(container_.members[member_of_[begin_of_[e] + place_of(member)]]);
    });
    return best == nullptr ? std::nullopt : std::optional(place_of(*best));
  }

  // A star around the centre, never a clique: a conflict must not tear an event's own identifiers apart.
  void collect_links() {
    for (uint32_t e = 0; e < container_.evidence.size(); ++e) {
      const Evidence& evidence = container_.evidence[e];
      auto centre = evidence.live() ? centre_of(e) : std::nullopt;
      if (!centre) continue;
      bool centre_verified = evidence.members[*centre].trust == Trust::verified;
      for (uint32_t i = 0; i < evidence.members.size(); ++i) {
        uint32_t member = member_of_[begin_of_[e] + i];
        if (i == *centre || container_.members[member].out != 0) continue;
        bool verified = centre_verified && evidence.members[i].trust == Trust::verified;
        links_.push_back({member_of_[begin_of_[e] + *centre], member, e, kNobody, static_cast<int8_t>(!verified)});
      }
    }
    for (uint32_t p = 0; p < container_.pairs.size(); ++p) {
      const PairRegister& pair = container_.pairs[p];
      if (pair.state != PairState::must) continue;
      uint32_t a = container_.index_of(pair.a), b = container_.index_of(pair.b);
      if (container_.members[a].out == 0 && container_.members[b].out == 0) links_.push_back({a, b, kNobody, p, -1});
    }
  }

  LinkKey key_of(const Link& link) const {
    const Hash128& a = container_.members[link.centre].id;
    const Hash128& b = container_.members[link.other].id;
    if (link.pair != kNobody) {
      const Decision& decision = container_.pairs[link.pair].decision;
      return {link.link_class, 0, decision.at.micros, decision.id, a, b};
    }
    const Evidence& evidence = container_.evidence[link.evidence];
    const KindRule& rule = rules_.rule(container_.members[link.other].kind);
    bool newest = rule.owner == OwnerPolicy::newest;
    int64_t time = newest ? -evidence.last_at.micros : evidence.first.at.micros;
    return {link.link_class, rule.priority, time, evidence.first.message_id, a, b};
  }

  void sort_links() {
    std::vector<std::pair<LinkKey, uint32_t>> order;
    order.reserve(links_.size());
    for (uint32_t i = 0; i < links_.size(); ++i) order.emplace_back(key_of(links_[i]), i);
    std::sort(order.begin(), order.end(), [&](const auto& x, const auto& y) {
      if (x.first.tie() != y.first.tie()) return x.first.tie() < y.first.tie();
      return evidence_hash_of(links_[x.second]) < evidence_hash_of(links_[y.second]);
    });
    std::vector<Link> sorted;
    sorted.reserve(links_.size());
    for (const auto& [key, i] : order) sorted.push_back(links_[i]);
    links_ = std::move(sorted);
  }

  // Several evidences may say the same link at the same time.
  Hash128 evidence_hash_of(const Link& link) const {
    return link.evidence == kNobody ? Hash128{} : container_.evidence[link.evidence].hash;
  }

  void collect_cannot_pairs() {
    for (uint32_t p = 0; p < container_.pairs.size(); ++p) {
      const PairRegister& pair = container_.pairs[p];
      if (pair.state != PairState::cannot) continue;
      cannot_.push_back({container_.index_of(pair.a), container_.index_of(pair.b), p});
    }
  }

  void accept_or_refuse(Sides& sides) {
    for (const Link& link : links_) {
      uint32_t a = sides.find(link.centre);
      uint32_t b = sides.find(link.other);
      if (a == b) continue;
      if (auto refusal = refusal_of(link, a, b, sides)) {
        result_.refusals.push_back(*refusal);
      } else {
        result_.accepted.push_back(link);
        sides.unite(a, b);
      }
    }
  }

  // For the first reason that applies.
  std::optional<Refusal> refusal_of(const Link& link, uint32_t a, uint32_t b, Sides& sides) const {
    for (const CannotPair& pair : cannot_) {
      uint32_t x = sides.find(pair.a), y = sides.find(pair.b);
      if (!(x == a && y == b) && !(x == b && y == a)) continue;
      Refusal refusal{link, RefusalReason::cannot_link};
      refusal.pair = pair.pair;
      return refusal;
    }
    if (link.link_class < 0) return std::nullopt;
    const Side& side_a = sides.side(a);
    const Side& side_b = sides.side(b);
    if (untrusted_join(link, side_a, side_b)) return Refusal{link, RefusalReason::join_not_trusted};
    if (auto refusal = over_limit(link, side_a, side_b)) return refusal;
    return over_window(link, side_a, side_b);
  }

  bool untrusted_join(const Link& link, const Side& a, const Side& b) const {
    if (link.link_class <= 0 || a.strong == 0 || b.strong == 0) return false;
    switch (rules_.claims()) {
      case ClaimsPolicy::fill:
        return a.verified_strong > 0 && b.verified_strong > 0;
      case ClaimsPolicy::guarded: {
        if (a.verified_strong == 0 && b.verified_strong == 0) return false;
        // A lone, never verified identifier may attach to a verified side as a claimed line.
        bool claimed_line = a.verified_strong > 0 && b.strong == 1 && b.verified_strong == 0 && b.kinds.size() == 1 &&
                            b.kinds[0].count == 1;
        return !claimed_line;
      }
      case ClaimsPolicy::strict:
        return true;
    }
    return true;
  }

  // Tolerates a side that a must-link already pushed over the limit: it refuses only what makes it worse.
  std::optional<Refusal> over_limit(const Link& link, const Side& a, const Side& b) const {
    std::optional<Refusal> first;
    for (const auto& [kind, count] : a.kinds) {
      uint32_t limit = rules_.rule(kind).limit;
      uint32_t other = b.count(kind);
      if (limit == 0 || other == 0 || count + other <= std::max({limit, count, other})) continue;
      if (first && first->kind < kind) continue;  // of several kinds the same one whatever came first
      first = Refusal{link, RefusalReason::limit, kind, count, other, limit};
    }
    return first;
  }

  std::optional<Refusal> over_window(const Link& link, const Side& a, const Side& b) const {
    std::optional<Refusal> first;
    for (const SeenTimes& row : a.windowed) {
      const std::vector<int64_t>* others = b.times(row.kind);
      if (others == nullptr || (first && first->kind < row.kind)) continue;
      std::vector<int64_t> together = merged_times(row.micros, *others);
      for (const WindowLimit& window : rules_.rule(row.kind).windows) {
        uint32_t count_a = fullest_window(row.micros, window.window_micros);
        uint32_t count_b = fullest_window(*others, window.window_micros);
        if (fullest_window(together, window.window_micros) <= std::max({window.count, count_a, count_b})) continue;
        first = Refusal{link, RefusalReason::window, row.kind, count_a, count_b, window.count, window.window_micros};
        break;
      }
    }
    return first;
  }

  // Names each cluster after its earliest-seen member and sorts by that name. What is blocked or erased is nobody, and
  // what is at home elsewhere has its cluster there.
  void name_clusters(Sides& sides) {
    const auto& members = container_.members;
    std::vector<uint32_t> cluster_of_root(members.size(), kNobody);
    result_.of_member.assign(members.size(), kNobody);
    for (uint32_t i = 0; i < members.size(); ++i) {
      if (members[i].nobody() || members[i].foreign) continue;
      uint32_t root = sides.find(i);
      const Hash128& id = members[i].id;
      if (cluster_of_root[root] == kNobody) {
        cluster_of_root[root] = static_cast<uint32_t>(result_.clusters.size());
        result_.clusters.push_back({id, first_seen_[i], {}});
      }
      Cluster& cluster = result_.clusters[cluster_of_root[root]];
      cluster.members.push_back(id);
      if (std::tie(first_seen_[i], id) < std::tie(cluster.anchor_first_seen, cluster.anchor)) {
        cluster.anchor = id;
        cluster.anchor_first_seen = first_seen_[i];
      }
      result_.of_member[i] = cluster_of_root[root];
    }
    sort_clusters();
  }

  void sort_clusters() {
    std::vector<uint32_t> order(result_.clusters.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(),
              [&](uint32_t a, uint32_t b) { return result_.clusters[a].anchor < result_.clusters[b].anchor; });
    std::vector<uint32_t> place(order.size());
    std::vector<Cluster> sorted(order.size());
    for (uint32_t i = 0; i < order.size(); ++i) {
      place[order[i]] = i;
      sorted[i] = std::move(result_.clusters[order[i]]);
    }
    result_.clusters = std::move(sorted);
    for (uint32_t& cluster : result_.of_member) {
      if (cluster != kNobody) cluster = place[cluster];
    }
  }

  // To its centre's customer; without a centre to the best of its shared identifiers; retracted to nobody.
  void give_evidence_to_clusters() {
    result_.of_evidence.reserve(container_.evidence.size());
    for (size_t e = 0; e < container_.evidence.size(); ++e) {
      const Evidence& evidence = container_.evidence[e];
      auto owner = evidence.live() ? centre_of(e) : std::nullopt;
      if (evidence.live() && !owner) owner = best_hub_of(e);
      result_.of_evidence.push_back(owner ? result_.of_member[member_of_[begin_of_[e] + *owner]] : kNobody);
    }
  }

  struct CannotPair {
    uint32_t a, b, pair;
  };

  const Container& container_;
  const RuleSet& rules_;
  std::vector<uint32_t> begin_of_;   // into member_of_, by evidence
  std::vector<uint32_t> member_of_;  // member indices
  std::vector<Timestamp> first_seen_;
  std::vector<Link> links_;
  std::vector<CannotPair> cannot_;
  Clusters result_;
};

}  // namespace

Clusters compute_clusters(const Container& container, const RuleSet& rules) {
  return Computation(container, rules).run();
}

Cluster only_cluster(const Container& container) {
  std::vector<Timestamp> first_seen(container.members.size(), Timestamp{INT64_MAX});
  for (const Evidence& evidence : container.evidence) {
    for (const EvidenceMember& member : evidence.members) {
      Timestamp& seen = first_seen[container.index_of(member.id)];
      seen = std::min(seen, evidence.first.at);
    }
  }
  Cluster cluster;
  cluster.members.reserve(container.members.size());
  for (size_t i = 0; i < container.members.size(); ++i) {
    const Hash128& id = container.members[i].id;
    cluster.members.push_back(id);
    if (i > 0 && std::tie(first_seen[i], id) >= std::tie(cluster.anchor_first_seen, cluster.anchor)) continue;
    cluster.anchor = id;
    cluster.anchor_first_seen = first_seen[i];
  }
  return cluster;
}

}  // namespace tributary
