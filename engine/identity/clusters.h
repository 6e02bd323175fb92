// Customers inside a container: a constrained Kruskal over a content-ordered list of links. The result is a function of
// the set of evidence and the rules; arrival order, batching and crashes never appear in it.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/identity/container.h"

namespace tributary {

/// "These two identifiers are one person", as one evidence says.
struct Link {
  uint32_t centre = 0;  // index into Container::members
  uint32_t other = 0;
  uint32_t evidence = 0;  // index into Container::evidence
  int8_t link_class = 1;  // 0: both ends verified; 1: weak
};

enum class RefusalReason : uint8_t { join_not_trusted = 2, limit = 3 };

/// A link that the rules did not accept, kept with its reason.
struct Refusal {
  Link link;
  RefusalReason reason;
  KindCode kind = 0;  // of the limit
};

/// One customer: a cluster of identifiers that the rules accept as one person.
struct Cluster {
  Hash128 anchor;  // its earliest-seen identifier: the customer's id
  Timestamp anchor_first_seen;
  std::vector<Hash128> members;  // sorted
};

struct Clusters {
  std::vector<Cluster> clusters;      // sorted by anchor
  std::vector<uint32_t> of_member;    // cluster index by member index
  std::vector<uint32_t> of_evidence;  // cluster index by evidence index: whose fragment it is
  std::vector<Refusal> refusals;      // in link order
};

/// The customers of a container, whether it is simple or not. Pure; O(m log m) in its links.
Clusters compute_clusters(const Container& container, const RuleSet& rules);

}  // namespace tributary
