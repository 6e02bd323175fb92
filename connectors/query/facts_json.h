// Facts, and what follows from them, as the JSON that readers get.
#pragma once

#include <string>

#include "connectors/query/value_json.h"

namespace tributary {

/// Appends the member `interactions`: figures of the talks up to the moment.
void append_interaction_figures(JsonOut& json, const ProfileView& profile, const std::vector<Interaction>& talks,
                                Timestamp now);

/// Appends the members `service` and `feedback`: figures of tickets and surveys as of the moment.
void append_service_figures(JsonOut& json, const ProfileView& profile, const ValueMoment& moment);

CustomerPreferences preferences_of(const ProfileView& profile, Timestamp now);

/// Appends the members `preferences`, the heaviest, `exclusions` and `preferences_complete`.
void append_preferences(JsonOut& json, const ProfileView& profile, const CustomerPreferences& judged);

std::string interactions_json(const InteractionsPage& page);

/// Local days are those of the zone.
std::string tickets_json(const TicketsPage& page, const TimeZone& zone);

}  // namespace tributary
