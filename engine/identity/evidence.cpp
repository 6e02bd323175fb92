#include "engine/identity/evidence.h"

#include <algorithm>
#include <tuple>

namespace tributary {

bool is_better_centre(const EvidenceMember& a, const EvidenceMember& b, const RuleSet& rules) {
  return std::make_tuple(rules.rule(a.kind).priority, a.id) < std::make_tuple(rules.rule(b.kind).priority, b.id);
}

const EvidenceMember& centre_of(const Evidence& evidence, const RuleSet& rules) {
  return *best_centre(evidence, rules, [](const EvidenceMember&) { return true; });
}

const EvidenceMember& home_of(const std::vector<EvidenceMember>& members) {
  return *std::min_element(members.begin(), members.end(), [](const EvidenceMember& a, const EvidenceMember& b) {
    return std::make_tuple(home_rank(a.kind), a.kind, a.id) < std::make_tuple(home_rank(b.kind), b.kind, b.id);
  });
}

std::vector<EvidenceMember> members_of(const EventView& event) {
  std::vector<EvidenceMember> members;
  members.reserve(event.identifiers.size());
  for (const RecordIdentifier& identifier : event.identifiers) {
    KindCode kind = kind_code({identifier.family, std::string(identifier.platform)});
    members.push_back({identifier.hash, kind, identifier.trust});
  }
  return members;
}

}  // namespace tributary
