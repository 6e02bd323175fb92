#include "engine/identity/clusters.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <numeric>
#include <optional>
#include <tuple>

namespace tributary {
namespace {

// Disjoint sets of member indices with what the rules look at.
class Sides {
 public:
  struct Side {
    boost::container::small_vector<ContainerSummary::KindCount, 4> kinds;
    uint32_t strong = 0;
    uint32_t verified_strong = 0;
  };

  Sides(const Container& container, const RuleSet& rules)
      : parent_(container.members.size()), sides_(container.members.size()) {
    std::iota(parent_.begin(), parent_.end(), 0u);
    for (size_t i = 0; i < sides_.size(); ++i) {
      const ContainerMember& member = container.members[i];
      bool strong = !rules.rule(member.kind).weak;
      sides_[i].kinds.push_back({member.kind, 1});
      sides_[i].strong = strong ? 1 : 0;
      sides_[i].verified_strong = strong && member.verified ? 1 : 0;
    }
  }

  uint32_t find(uint32_t member) {
    while (parent_[member] != member) {
      parent_[member] = parent_[parent_[member]];
      member = parent_[member];
    }
    return member;
  }

  const Side& side(uint32_t root) const { return sides_[root]; }

  void unite(uint32_t a, uint32_t b) {
    if (sides_[a].kinds.size() < sides_[b].kinds.size()) std::swap(a, b);
    parent_[b] = a;
    for (const auto& [kind, count] : sides_[b].kinds) add(sides_[a], kind, count);
    sides_[a].strong += sides_[b].strong;
    sides_[a].verified_strong += sides_[b].verified_strong;
    sides_[b] = {};
  }

  static uint32_t count(const Side& side, KindCode kind) {
    for (const auto& row : side.kinds) {
      if (row.kind == kind) return row.count;
    }
    return 0;
  }

 private:
  static void add(Side& side, KindCode kind, uint32_t count) {
    for (auto& row : side.kinds) {
      if (row.kind != kind) continue;
      row.count += count;
      return;
    }
    side.kinds.push_back({kind, count});
  }

  std::vector<uint32_t> parent_;
  std::vector<Side> sides_;
};

uint32_t index_of(const Container& container, const Hash128& id) {
  return static_cast<uint32_t>(container.find(id) - container.members.data());
}

// A star around the centre, never a clique: a conflict must not tear an event's own identifiers apart.
std::vector<Link> links_of(const Container& container, const RuleSet& rules) {
  std::vector<Link> links;
  for (uint32_t e = 0; e < container.evidence.size(); ++e) {
    const Evidence& evidence = container.evidence[e];
    const EvidenceMember& centre = centre_of(evidence, rules);
    uint32_t centre_index = index_of(container, centre.id);
    for (const EvidenceMember& member : evidence.members) {
      if (member.id == centre.id) continue;
      bool verified = member.trust == Trust::verified && centre.trust == Trust::verified;
      links.push_back({centre_index, index_of(container, member.id), e, static_cast<int8_t>(verified ? 0 : 1)});
    }
  }
  return links;
}

// (class, priority of the other end, time, message id, hashes): content only, so the order is the same for every
// arrival.
void sort_by_content(std::vector<Link>& links, const Container& container, const RuleSet& rules) {
  auto key = [&](const Link& link) {
    const FirstEvent& first = container.evidence[link.evidence].first;
    return std::make_tuple(link.link_class, rules.rule(container.members[link.other].kind).priority, first.at,
                           std::string_view(first.message_id), container.members[link.centre].id,
                           container.members[link.other].id);
  };
  std::sort(links.begin(), links.end(), [&](const Link& a, const Link& b) { return key(a) < key(b); });
}

bool untrusted_join(const Link& link, const Sides::Side& a, const Sides::Side& b, const RuleSet& rules) {
  if (link.link_class <= 0 || a.strong == 0 || b.strong == 0) return false;
  switch (rules.claims()) {
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

std::optional<Refusal> refusal_of(const Link& link, const Sides::Side& a, const Sides::Side& b, const RuleSet& rules) {
  if (untrusted_join(link, a, b, rules)) return Refusal{link, RefusalReason::join_not_trusted, 0};
  for (const auto& [kind, count] : a.kinds) {
    uint32_t limit = rules.rule(kind).limit;
    uint32_t other = Sides::count(b, kind);
    if (limit == 0 || other == 0) continue;
    if (count + other > std::max({limit, count, other})) return Refusal{link, RefusalReason::limit, kind};
  }
  return std::nullopt;
}

void accept_or_refuse(const std::vector<Link>& links, Sides& sides, const RuleSet& rules, Clusters& result) {
  for (const Link& link : links) {
    uint32_t a = sides.find(link.centre);
    uint32_t b = sides.find(link.other);
    if (a == b) continue;
    if (auto refusal = refusal_of(link, sides.side(a), sides.side(b), rules)) {
      result.refusals.push_back(*refusal);
    } else {
      sides.unite(a, b);
    }
  }
}

std::vector<Timestamp> first_seen_by_member(const Container& container) {
  std::vector<Timestamp> first_seen(container.members.size(), Timestamp{INT64_MAX});
  for (const Evidence& evidence : container.evidence) {
    for (const EvidenceMember& member : evidence.members) {
      Timestamp& seen = first_seen[index_of(container, member.id)];
      seen = std::min(seen, evidence.first.at);
    }
  }
  return first_seen;
}

// Names each cluster after its earliest-seen member and sorts by that name.
void name_clusters(const Container& container, Sides& sides, Clusters& result) {
  std::vector<Timestamp> first_seen = first_seen_by_member(container);
  std::vector<uint32_t> cluster_of_root(container.members.size(), UINT32_MAX);
  result.of_member.resize(container.members.size());
  for (uint32_t i = 0; i < container.members.size(); ++i) {
    uint32_t root = sides.find(i);
    const Hash128& id = container.members[i].id;
    if (cluster_of_root[root] == UINT32_MAX) {
      cluster_of_root[root] = static_cast<uint32_t>(result.clusters.size());
      result.clusters.push_back({id, first_seen[i], {}});
    }
    Cluster& cluster = result.clusters[cluster_of_root[root]];
    cluster.members.push_back(id);
    if (std::tie(first_seen[i], id) < std::tie(cluster.anchor_first_seen, cluster.anchor)) {
      cluster.anchor = id;
      cluster.anchor_first_seen = first_seen[i];
    }
    result.of_member[i] = cluster_of_root[root];
  }

  std::vector<uint32_t> order(result.clusters.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return result.clusters[a].anchor < result.clusters[b].anchor; });
  std::vector<uint32_t> place(order.size());
  std::vector<Cluster> sorted(order.size());
  for (uint32_t i = 0; i < order.size(); ++i) {
    place[order[i]] = i;
    sorted[i] = std::move(result.clusters[order[i]]);
  }
  result.clusters = std::move(sorted);
  for (uint32_t& cluster : result.of_member) cluster = place[cluster];
}

}  // namespace

Clusters compute_clusters(const Container& container, const RuleSet& rules) {
  Clusters result;
  Sides sides(container, rules);
  std::vector<Link> links = links_of(container, rules);
  sort_by_content(links, container, rules);
  accept_or_refuse(links, sides, rules, result);
  name_clusters(container, sides, result);
  result.of_evidence.reserve(container.evidence.size());
  for (const Evidence& evidence : container.evidence) {
    result.of_evidence.push_back(result.of_member[index_of(container, centre_of(evidence, rules).id)]);
  }
  return result;
}

}  // namespace tributary
