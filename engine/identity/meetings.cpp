#include "engine/identity/meetings.h"

#include <algorithm>

namespace tributary {

void Meetings::add(const Evidence& evidence, const Container& container) {
  if (!evidence.names(of_)) return;
  for (const EvidenceMember& member : evidence.members) {
    if (member.id == of_) continue;
    const ContainerMember* known = container.find(member.id);
    if (known == nullptr || !known->blocked()) met_.emplace_back(member.kind, cuts_.origin(member.id));
  }
}

std::optional<Meetings::Crossing> Meetings::crossing(KindCode kind, const RuleSet& rules) {
  std::sort(met_.begin(), met_.end());
  met_.erase(std::unique(met_.begin(), met_.end()), met_.end());
  for (auto first = met_.begin(); first != met_.end();) {
    auto end = std::find_if(first, met_.end(), [&](const auto& row) { return row.first != first->first; });
    auto count = static_cast<uint32_t>(end - first);
    uint32_t threshold = rules.hub_threshold(kind, first->first);
    if (threshold > 0 && count > threshold) return Crossing{first->first, first->second, count, threshold};
    first = end;
  }
  return std::nullopt;
}

bool may_be_hub(KindCode kind, const ContainerSummary& summary, const RuleSet& rules) {
  for (const auto& [met, count] : summary.kinds) {
    uint32_t least = rules.least_hub_threshold(met);
    if (least == 0 || count <= least) continue;
    uint32_t threshold = rules.hub_threshold(kind, met);
    if (threshold > 0 && count > threshold) return true;
  }
  return false;
}

}  // namespace tributary
