// Evidence: a distinct set of identifiers seen together, with the trust of each.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/domain/assertion.h"
#include "engine/domain/event.h"
#include "engine/domain/record.h"
#include "engine/identity/rule_set.h"

namespace tributary {

struct EvidenceMember {
  Hash128 id;
  KindCode kind = 0;
  Trust trust = Trust::claimed;
  friend bool operator==(const EvidenceMember&, const EvidenceMember&) = default;
};

/// The earliest event of something, by (time, message id, source): content, never arrival.
struct FirstEvent {
  Timestamp at;
  std::string message_id;
  std::string source = {};
  friend auto operator<=>(const FirstEvent&, const FirstEvent&) = default;
};

/// What people decided about evidence: the last decision holds.
struct EvidenceRegister {
  EvidenceState state = EvidenceState::live;
  Decision decision;
};

/// Exists => members are distinct, sorted by id, and at least one.
struct Evidence {
  Hash128 hash;
  std::vector<EvidenceMember> members;
  FirstEvent first;
  Timestamp last_at = {};  // event time of its last event; kept up to date only while a rule looks at it
  std::shared_ptr<const EvidenceRegister> decided = {};  // null: nobody decided anything
  Hash128 divided_from = {};  // its name in the records, where a cut made another one of it; otherwise zero

  bool names(const Hash128& id) const {
    return std::any_of(members.begin(), members.end(), [&](const EvidenceMember& member) { return member.id == id; });
  }
  /// As the records name it, whatever cuts made of it: what people decide is about that.
  const Hash128& said() const { return divided_from == Hash128{} ? hash : divided_from; }
  bool live() const { return decided == nullptr || decided->state == EvidenceState::live; }
};

/// The better centre of two members: the smaller (priority, hash).
bool is_better_centre(const EvidenceMember& a, const EvidenceMember& b, const RuleSet& rules);
/// The best centre of the members that are eligible; null when none is.
const EvidenceMember* best_centre(const Evidence& evidence, const RuleSet& rules, const auto& eligible) {
  const EvidenceMember* best = nullptr;
  for (const EvidenceMember& member : evidence.members) {
    if (!eligible(member)) continue;
    if (best == nullptr || is_better_centre(member, *best, rules)) best = &member;
  }
  return best;
}
/// The best centre of all members, out or not.
const EvidenceMember& centre_of(const Evidence& evidence, const RuleSet& rules);

/// The member with the smallest (rank, kind, hash): where the fragment and the timeline of this evidence live. Depends
/// on the event alone, so it never moves.
const EvidenceMember& home_of(const std::vector<EvidenceMember>& members);

/// Who is named by an event, as evidence knows them.
std::vector<EvidenceMember> members_of(const EventView& event);

}  // namespace tributary
