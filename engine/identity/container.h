// A container: a grow-only set of identifiers and evidence inside which customers are computed. An implementation unit,
// never shown. Which identifiers share a container may depend on arrival order; the customers inside do not.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
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
  uint32_t verified_strong = 0;                        // of them, verified by some live evidence
  uint32_t weak_links = 0;                             // links without verified identifiers at both ends
  uint32_t evidence = 0;
  uint32_t out = 0;        // members that link nobody
  uint32_t decisions = 0;  // pairs, evidence and members that somebody decided about

  // As of the last settling; 0 for a new container.
  uint32_t rules_version = 0;
  uint32_t customers = 0;
  uint32_t refused_cannot = 0;  // links refused, by rule
  uint32_t refused_trust = 0;
  uint32_t refused_limit = 0;
  uint32_t refused_window = 0;
  bool simple = true;

  void count_kind(KindCode kind);
};

/// Why an identifier links nobody. Stored: bits.
struct OutFlags {
  static constexpr uint8_t kThreshold = 1;  // it met too many others
  static constexpr uint8_t kAlways = 2;     // somebody decided that it is shared
  static constexpr uint8_t kBlocked = 4;    // its value is blocked by the rule set
  static constexpr uint8_t kErased = 8;     // its customer was erased; evidence of others may name it
  static constexpr uint8_t kNobody = kBlocked | kErased;
};

/// One identifier inside a container.
struct ContainerMember {
  Hash128 id;
  KindCode kind = 0;
  bool verified = false;  // by some live evidence
  uint8_t out = 0;        // OutFlags; 0: it links
  bool foreign = false;   // out, and at home in another container; here because evidence names it
  bool decided = false;   // somebody decided whether it is shared
  bool marked = false;    // its MemberMark is stored

  bool blocked() const { return (out & OutFlags::kBlocked) != 0; }
  bool nobody() const { return (out & OutFlags::kNobody) != 0; }
};

/// What somebody decided about two identifiers: the last decision holds. `a` < `b`.
struct PairRegister {
  Hash128 a, b;
  KindCode kind_a = 0, kind_b = 0;
  PairState state = PairState::none;
  Decision decision;
};

/// One customer: a cluster of identifiers that the rules accept as one person.
struct Cluster {
  Hash128 anchor;  // its earliest-seen identifier: the customer's id
  Timestamp anchor_first_seen;
  std::vector<Hash128> members;  // sorted
};

struct Container {
  Hash128 root;  // its name in the store: one of its members
  ContainerSummary summary;
  std::vector<ContainerMember> members;  // sorted by id
  std::vector<Evidence> evidence;        // in order of arrival
  std::vector<PairRegister> pairs;       // sorted by (a, b)
  // Of a container that is not simple: its customers as of the last settling; null when not known.
  std::shared_ptr<const std::vector<Cluster>> settled;

  ContainerMember* find(const Hash128& id);
  const ContainerMember* find(const Hash128& id) const;
  /// The place of a member that must be there.
  uint32_t index_of(const Hash128& id) const;
  /// What was decided about two identifiers, the smaller one first.
  const PairRegister* find_pair(const Hash128& a, const Hash128& b) const;
};

/// What is known of a container beside its evidence: members that are out, or that nothing else names.
struct MemberMark {
  Hash128 id;
  KindCode kind = 0;
  uint8_t out = 0;
  bool foreign = false;
  bool decided = false;
};

/// True when no rule can refuse any link among these members, so that the whole container is one customer: nobody is
/// out, nobody decided anything, every kind keeps its limits, and untrusted joins either do not occur or are allowed.
/// Holds because such a container is connected by its links and every subset of an acceptable set is acceptable.
bool is_simple(const ContainerSummary& summary, const RuleSet& rules);

/// The container that holds all this: the same as adding it piece by piece, in one pass.
Container make_container(const Hash128& root, std::vector<Evidence> evidence, std::vector<PairRegister> pairs,
                         const std::vector<MemberMark>& marks, const RuleSet& rules);

/// Counts members and evidence again, after something other than adding evidence. What was settled stays as it was.
void recount(Container& container, const RuleSet& rules);

/// Adds evidence whose members belong to this container, to no container yet, or are out. New members are as `out`
/// says.
void add_evidence(Container& container, Evidence evidence, const RuleSet& rules);

/// Adds a member that is not there yet.
ContainerMember& add_member(Container& container, const MemberMark& mark, const RuleSet& rules);

/// Puts what was decided about two members in the place of what was decided before. Counts stay as they are.
void set_pair(Container& container, PairRegister pair);

/// Whose customer a piece of the container's evidence belongs to, retracted or not: its centre, without one the best of
/// its shared identifiers; null when all its members are nobody.
const EvidenceMember* owner_of(const Evidence& evidence, const Container& container, const RuleSet& rules);

/// Moves everything of the small ones into `large`, in one pass over all of it. A member of several is foreign in all
/// but at most one.
void absorb(Container& large, std::vector<Container> small, const RuleSet& rules);

/// Rough bytes in memory, for the front table's limit.
size_t memory_bytes(const Container& container);

}  // namespace tributary
