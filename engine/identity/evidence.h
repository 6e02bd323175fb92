// Evidence: a distinct set of identifiers seen together, with the trust of each.
#pragma once

#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/domain/event.h"
#include "engine/identity/rule_set.h"

namespace tributary {

struct EvidenceMember {
  Hash128 id;
  KindCode kind = 0;
  Trust trust = Trust::claimed;
  friend bool operator==(const EvidenceMember&, const EvidenceMember&) = default;
};

/// The earliest event of something, by (time, message id): content, never arrival.
struct FirstEvent {
  Timestamp at;
  std::string message_id;
  friend auto operator<=>(const FirstEvent&, const FirstEvent&) = default;
};

/// Exists => members are distinct, sorted by id, and at least one.
struct Evidence {
  Hash128 hash;
  std::vector<EvidenceMember> members;
  FirstEvent first;
};

/// The member with the smallest (priority, hash): the centre of the star of links that this evidence stands for.
const EvidenceMember& centre_of(const Evidence& evidence, const RuleSet& rules);

/// The member with the smallest (rank, kind, hash): where the fragment and the timeline of this evidence live. Depends
/// on the event alone, so it never moves.
const EvidenceMember& home_of(const std::vector<EvidenceMember>& members);

}  // namespace tributary
