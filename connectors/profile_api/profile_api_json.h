// Profiles and events as Segment's Profile API shows them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/profile_api/profile_api_parameters.h"
#include "engine/base/json_out.h"
#include "engine/engine.h"

namespace tributary {

/// A trait that was said, or one computed here, which has no source and no time.
struct ProfileApiTrait {
  std::string_view name, value_json, source;
  Timestamp updated_at;
};

/// Those of the page, as `traits` and `cursor`. The traits are sorted by name.
std::string profile_api_traits_json(const std::vector<ProfileApiTrait>& traits, const NamedPage& page,
                                    const HttpRequest& request);

/// An identifier with the first event that named it; empty where no event did.
struct ProfileApiIdentifier {
  std::string type, value;
  Timestamp first_seen;
  std::string source, message_id;
};
void append_external_id(JsonOut& json, const ProfileApiIdentifier& identifier);

/// What the type of such an identifier is called: `email`, and `crm` for an identifier that only its sender knows.
std::string external_type(const IdentifierKind& kind);

/// Appends one event of the customer. Context and properties keep the bytes they came with.
void append_profile_api_event(JsonOut& json, const TimelineEntry& entry, const CustomerId& customer);

/// The group that an event of this type names; empty when it can't be read.
std::string group_of(const TimelineEntry& entry);

}  // namespace tributary
