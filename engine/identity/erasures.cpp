#include "engine/identity/erasures.h"

#include <algorithm>

#include "engine/identity/evidence.h"

namespace tributary {

std::vector<Hash128> Erasures::lift(std::string_view erasure) {
  std::vector<Hash128> lifted;
  for (const auto& [said, id] : suppressed_) {
    if (id == erasure) lifted.push_back(said);
  }
  for (const Hash128& said : lifted) suppressed_.erase(said);
  std::sort(lifted.begin(), lifted.end());
  return lifted;
}

Admission EventNaming::admit(EventView& event) const {
  bool named = std::any_of(event.identifiers.begin(), event.identifiers.end(),
                           [&](const RecordIdentifier& each) { return erasures.suppressed(each.hash); });
  if (named) return Admission::suppressed;
  cuts.apply_to(event);
  if (erasures.empty() || event.identifiers.empty()) return Admission::admitted;
  bool late = erasures.contains(event.evidence) || erasures.contains(home_of(members_of(event)).id);
  return late ? Admission::erased : Admission::admitted;
}

}  // namespace tributary
