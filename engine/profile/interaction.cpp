#include "engine/profile/interaction.h"

#include <algorithm>
#include <map>

#include "engine/profile/talks.h"

namespace tributary {

bool Interaction::vague() const {
  std::string_view what = text(InteractionField::next_action);
  if (what.empty() || what == kNoNextAction) return false;
  return text(InteractionField::next_by).empty() || text(InteractionField::next_due).empty();
}

std::vector<const Fact*> talks_of(std::span<const Fact> facts) {
  std::map<Hash128, const Fact*> last_told;
  for (const Fact& fact : facts) {
    const Fact*& known = last_told[fact.subject];
    if (known == nullptr || told_before(*known, fact)) known = &fact;
  }
  std::vector<const Fact*> talks;
  talks.reserve(last_told.size());
  for (const auto& [subject, fact] : last_told) talks.push_back(fact);
  std::sort(talks.begin(), talks.end(), [](const Fact* a, const Fact* b) { return said_before(*a, *b); });
  return talks;
}

std::vector<Interaction> interactions_of(std::span<const Fact> facts) {
  std::vector<const Fact*> talks = talks_of(facts);
  std::vector<Interaction> interactions;
  interactions.reserve(talks.size());
  for (const Fact* talk : talks) interactions.push_back({talk->subject_text, *talk});
  return interactions;
}

InteractionFigures interaction_figures(const std::vector<Interaction>& interactions, Timestamp now) {
  InteractionFigures figures;
  for (const Interaction& talk : interactions) {
    if (talk.told.at > now) break;
    ++figures.count;
    if (talk.told.at.micros > now.micros - 30 * kMicrosPerDay) ++figures.count_30d;
    figures.last_at = talk.told.at;
    if (auto feedback = talk.text(InteractionField::feedback); !feedback.empty()) figures.last_feedback = feedback;
    if (talk.told.act == static_cast<uint8_t>(InteractionAct::logged)) {
      figures.next_due = parse_iso8601(talk.text(InteractionField::next_due));
    }
  }
  return figures;
}

std::string_view InteractionFigures::level() const {
  if (count_30d >= 4) return "high";
  return count_30d >= 1 ? "mid" : "low";
}

}  // namespace tributary
