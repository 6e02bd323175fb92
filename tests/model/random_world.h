// Random rules and decisions around random events.
#pragma once

#include <random>

#include "tests/model/world.h"

namespace tributary::model {

/// A third of the time the default rules; otherwise those with a mix of changes about the kinds and values of these
/// events, small enough to matter among them. Always rules without mistakes.
Rules random_rules(std::mt19937_64& random, const std::vector<Event>& events);

/// random_events() with random_rules() and 0 to 6 decisions: often several about one subject, at times that are often
/// equal, now and then about identifiers that no event names. Every draw comes from `random`.
World random_world(std::mt19937_64& random, const KeyedHash& index_key);

}  // namespace tributary::model
