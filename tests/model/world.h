// All that decides which customers there are: what happened, what somebody decided, and the rules.
#pragma once

#include <set>
#include <vector>

#include "engine/domain/assertion.h"
#include "engine/domain/event.h"
#include "engine/identity/rules.h"

namespace tributary::model {

/// A set, whatever order its parts stand in: repeats of an event or of a decision add nothing.
struct World {
  std::vector<Event> events;
  std::vector<Assertion> assertions;
  Rules rules = default_rules();
};

/// All that are named by an event or a decision, in the order of kinds and values.
std::set<Identifier> identifiers_of(const World& world);

}  // namespace tributary::model
