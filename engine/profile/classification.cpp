#include "engine/profile/classification.h"

#include <map>
#include <tuple>

#include "engine/domain/channel.h"

namespace tributary {
namespace {

constexpr int64_t kContactMicros = 180 * kMicrosPerDay;
constexpr uint64_t kContactsLeast = 3;

/// The heaviest that is liked; of those that the customer set alone, if `set`.
std::string most_liked(const CustomerPreferences& preferences, std::string_view kind, bool set) {
  for (const Preference& preference : preferences.preferences) {
    bool wanted = preference.kind == kind && preference.weight.digits > 0 && (preference.set || !set);
    if (wanted) return preference.value;
  }
  return {};
}

bool is_contact_channel(std::string_view code) {
  const Channel* channel = find_channel(code);
  return channel != nullptr && channel->group != "back_office" && code != kOtherChannel && code != "survey";
}

struct Contacts {
  uint64_t count = 0;
  Timestamp last_at;
};

}  // namespace

Classification classify(const ClassificationBasis& basis) {
  Classification is;
  if (const CustomerRecord* record = basis.record) {
    is.industry = record->text(RecordField::industry);
    is.industry_detail = record->text(RecordField::industry_detail);
    is.size = record->size();
    is.region = record->region();
    is.province = record->text(RecordField::province);
    is.city = record->text(RecordField::city);
    is.enterprise_type = record->text(RecordField::enterprise_type);
    is.budget_band = record->budget_band();
    is.cooperation_band = record->cooperation_band(basis.zone, basis.now);
  }
  is.interaction_level = interaction_figures(basis.talks, basis.now).level();
  is.product_focus = product_focus(basis.preferences);
  is.preferred_channel = preferred_channel(basis.record, basis.preferences, basis.talks, basis.now);
  is.repeat_band = basis.value.repeat_band();
  return is;
}

std::string product_focus(const CustomerPreferences& preferences) { return most_liked(preferences, "category", false); }

std::string preferred_channel(const CustomerRecord* record, const CustomerPreferences& preferences,
                              const std::vector<Interaction>& talks, Timestamp now) {
  if (record != nullptr && !record->text(RecordField::preferred_channel).empty()) {
    return std::string(record->text(RecordField::preferred_channel));
  }
  if (std::string chosen = most_liked(preferences, "channel", true); !chosen.empty()) return chosen;
  std::map<std::string_view, Contacts> contacts;
  for (const Interaction& talk : talks) {
    std::string_view channel = talk.text(InteractionField::channel);
    bool recent = talk.told.at <= now && talk.told.at.micros > now.micros - kContactMicros;
    if (!recent || talk.text(InteractionField::direction) != "inbound" || !is_contact_channel(channel)) continue;
    Contacts& through = contacts[channel];
    ++through.count;
    through.last_at = std::max(through.last_at, talk.told.at);
  }
  std::string_view most;
  Contacts best;
  for (const auto& [channel, through] : contacts) {
    if (std::tie(through.count, through.last_at) <= std::tie(best.count, best.last_at)) continue;
    most = channel;
    best = through;
  }
  return best.count >= kContactsLeast ? std::string(most) : std::string();
}

}  // namespace tributary
