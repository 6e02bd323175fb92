// A container: a grow-only set of identifiers and evidence inside which customers are computed. An implementation unit,
// never shown. Which identifiers share a container may depend on arrival order; the customers inside do not.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/identity/evidence.h"

namespace tributary {

/// What can be known of a container without looking at its evidence: enough to tell whether any rule can refuse a link.
struct ContainerSummary {
  struct KindCount {
    KindCode kind = 0;
    uint32_t count = 0;
  };
  boost::container::small_vector<KindCount, 6> kinds;  // members by kind, unordered
  uint32_t strong = 0;                                 // members of strong kinds
  uint32_t verified_strong = 0;                        // of them, verified by some evidence
  uint32_t weak_links = 0;                             // links without verified identifiers at both ends
  uint32_t evidence = 0;
  uint32_t customers = 0;      // as of the last settling; 0 for a new container
  uint32_t refused_limit = 0;  // links refused at the last settling, by rule
  uint32_t refused_trust = 0;
  bool simple = true;

  void count_kind(KindCode kind);
};

/// One identifier inside a container.
struct ContainerMember {
  Hash128 id;
  KindCode kind = 0;
  bool verified = false;  // by some evidence
};

struct Container {
  Hash128 root;  // its name in the store: one of its members
  ContainerSummary summary;
  std::vector<ContainerMember> members;  // sorted by id
  std::vector<Evidence> evidence;        // in order of arrival

  ContainerMember* find(const Hash128& id);
  const ContainerMember* find(const Hash128& id) const;
};

/// True when no rule can refuse any link among these members, so that the whole container is one customer: every kind
/// keeps its limit, and untrusted joins either do not occur or are allowed. Holds because a container is connected by
/// its links and every subset of an acceptable set is acceptable.
bool is_simple(const ContainerSummary& summary, const RuleSet& rules);

/// The container that holds all this evidence: the same as adding it piece by piece, in one pass.
Container make_container(const Hash128& root, std::vector<Evidence> evidence, const RuleSet& rules);

/// Adds evidence whose members belong to this container or to no container yet: members, counts, trust.
void add_evidence(Container& container, Evidence evidence, const RuleSet& rules);

/// Moves everything of `small` into `large`. Their member sets are disjoint.
void absorb(Container& large, Container small);

/// Rough bytes in memory, for the front table's limit.
size_t memory_bytes(const Container& container);

}  // namespace tributary
