// Customers inside a container: a constrained Kruskal over a content-ordered list of links. The result is a function of
// the set of evidence, decisions and rules; arrival order, batching and crashes never appear in it.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/identity/container.h"

namespace tributary {

constexpr uint32_t kNobody = UINT32_MAX;

/// "These two identifiers are one person", as one evidence says or somebody decided.
struct Link {
  uint32_t centre = 0;  // index into Container::members
  uint32_t other = 0;
  uint32_t evidence = kNobody;  // index into Container::evidence
  uint32_t pair = kNobody;      // of a must-link: index into Container::pairs
  int8_t link_class = 1;        // -1: must-link; 0: both ends verified; 1: weak
};

enum class RefusalReason : uint8_t { cannot_link = 1, join_not_trusted = 2, limit = 3, window = 4 };

/// A link that the rules did not accept, kept with its reason.
struct Refusal {
  Link link;
  RefusalReason reason;
  KindCode kind = 0;                  // of a limit or window
  uint32_t count_a = 0, count_b = 0;  // of that kind: on the centre's side and the other
  uint32_t most = 0;                  // what the limit allows
  int64_t window_micros = 0;          // of a window
  uint32_t pair = kNobody;            // of a cannot-link: index into Container::pairs
};

struct Clusters {
  std::vector<Cluster> clusters;      // sorted by anchor
  std::vector<uint32_t> of_member;    // cluster index by member index; kNobody: blocked, erased, or at home elsewhere
  std::vector<uint32_t> of_evidence;  // cluster index by evidence index: whose fragment it is; kNobody: nobody's
  std::vector<Link> accepted;         // a forest, in link order
  std::vector<Refusal> refusals;      // in link order
};

/// The customers of a container, whether it is simple or not. Pure; O(m log m) in its links.
Clusters compute_clusters(const Container& container, const RuleSet& rules);

/// The customer of a simple container, without the loop.
Cluster only_cluster(const Container& container);

}  // namespace tributary
