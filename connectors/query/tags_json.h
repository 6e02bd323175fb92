// Tags, and the library of them, as the JSON that readers get.
#pragma once

#include <string>

#include "connectors/query/value_json.h"

namespace tributary {

/// Appends the members `tags`, those the customer has, and `tag_conflicts`, those that exclude each other.
void append_tags(JsonOut& json, const ProfileView& profile, const ValueMoment& moment);

/// Every tag that was ever said of the customer, with its standing.
std::string customer_tags_json(const ProfileView& profile, const TagLibrary& library, Timestamp now);

/// One word after the other, as they were said.
std::string tag_history_json(const FactsPage& page);

std::string tag_entry_json(const TagEntry& entry);
/// The entries of a state or a type; an empty one does not filter.
std::string tag_library_json(const TagLibrary& library, std::string_view state, std::string_view type);

std::string_view tag_state_name(TagState state);

}  // namespace tributary
