// Facts, and what follows from them, as the JSON that readers get.
#pragma once

#include <string>

#include "connectors/query/value_json.h"

namespace tributary {

/// Appends the member `interactions`: figures of the talks up to the moment.
void append_interaction_figures(JsonOut& json, const ProfileView& profile, Timestamp now);

std::string interactions_json(const InteractionsPage& page);

}  // namespace tributary
