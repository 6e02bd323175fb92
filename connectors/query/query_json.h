// Values of the engine's queries as the JSON that readers get.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/query/value_json.h"
#include "engine/engine.h"

namespace tributary {

/// With `verbose` each trait is `{"value","source","message_id","occurred_at"}` instead of its value.
std::string profile_json(const ProfileView& profile, std::string_view workspace, bool verbose,
                         const ValueMoment& moment);

/// Each event's own bytes are spliced unchanged: a number leaves with the characters it came with.
std::string timeline_json(const TimelinePage& page);

/// An entry of a timeline with the id of its customer, null for nobody's. The event's own bytes may have line ends.
std::string exported_event_json(const ExportedEvent& event);

/// Parts of a profile, as profile_json() has them.
std::string traits_json(const ProfileView& profile);
std::string event_counts_json(const ProfileView& profile);

/// `raw` is the item's bytes as a JSON string, each byte sequence that is no UTF-8 replaced by U+FFFD.
std::string rejected_json(const RejectedPage& page);

}  // namespace tributary
