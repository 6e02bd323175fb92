#include "engine/identity/erasures.h"

#include <algorithm>

#include "engine/identity/evidence.h"

namespace tributary {

const std::set<std::string>& Erasures::suppressed_by(const Hash128& said) const {
  static const std::set<std::string> kNone;
  auto found = suppressed_.find(said);
  return found == suppressed_.end() ? kNone : found->second;
}

std::vector<Hash128> Erasures::lift(const std::string& erasure) {
  std::vector<Hash128> lifted;
  for (auto& [said, by] : suppressed_) {
    if (by.erase(erasure) != 0) lifted.push_back(said);
  }
  for (const Hash128& said : lifted) {
    if (suppressed_.at(said).empty()) suppressed_.erase(said);
  }
  std::sort(lifted.begin(), lifted.end());
  return lifted;
}

std::optional<Hash128> EventNaming::decided_about(const Hash128& said, Timestamp at) const {
  if (!erasures.contains(said)) return said;
  if (erasures.suppressed(said) || at <= cuts.newest_from(said)) return std::nullopt;
  return cuts.newest(said);
}

Admission EventNaming::admit(EventView& event) const {
  auto is_suppressed = [&](const RecordIdentifier& each) { return erasures.suppressed(each.hash); };
  if (std::any_of(event.identifiers.begin(), event.identifiers.end(), is_suppressed)) return Admission::suppressed;
  cuts.apply_to(event);
  if (erasures.empty()) return Admission::admitted;
  if (erasures.contains(event.evidence)) return Admission::erased;
  auto is_erased = [&](const RecordIdentifier& each) { return erasures.contains(each.hash); };
  if (std::none_of(event.identifiers.begin(), event.identifiers.end(), is_erased)) return Admission::admitted;
  return erasures.contains(home_of(members_of(event)).id) ? Admission::erased : Admission::admitted;
}

}  // namespace tributary
