// What an identify says about its customer.
#pragma once

#include <vector>

#include "engine/domain/event.h"
#include "engine/ingest/json_index.h"

namespace tributary {

/// The members of both objects by name, `traits` before `context_traits`, the last of a name. Values are
/// their own source text without white space between tokens, so numbers keep every character. A value that is no object
/// gives nothing.
///
/// Two names are operations: `$set_once: {...}` keeps the earliest value of each of its members, `$increment: {...}`
/// adds its members' integers. The result is sorted by (operation, key).
std::vector<TraitChange> read_traits(const JsonValue& context_traits, const JsonValue& traits);

}  // namespace tributary
