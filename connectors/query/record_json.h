// The base record of a customer as the JSON that readers get.
#pragma once

#include <string>

#include "connectors/query/value_json.h"
#include "engine/engine.h"

namespace tributary {

/// The base record of a profile as of a moment. Lifetime: of the profile.
std::optional<CustomerRecord> record_of(const ProfileView& profile, const ValueMoment& moment);

/// Appends the members `grade` and `record`, which is null without one. Verbose: with the source of each value, and
/// what was said against it.
void append_record(JsonOut& json, const ProfileView& profile, const std::optional<CustomerRecord>& record,
                   bool verbose);

/// Appends the member `classification`.
void append_classification(JsonOut& json, const Classification& is);

/// The header ETag: names what the record says, nothing else of the profile. Source: RFC 9110 section 8.8.3.
std::string record_etag(const std::optional<CustomerRecord>& record);

}  // namespace tributary
