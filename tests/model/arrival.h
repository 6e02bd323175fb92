// The order in which a world becomes known: events, decisions and changes of the rules, one after the other.
#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tests/model/fold_harness.h"
#include "tests/model/world.h"

namespace tributary::model {

using Step = std::variant<Event, Assertion, Rules>;
using Steps = std::vector<Step>;

/// What these steps add up to. Of several rules the last ones hold.
World world_after(std::span<const Step> steps);

/// A decision about evidence can be made only when there is some. Moves each that comes too early behind the first
/// event it is about; drops those about evidence that never comes.
Steps with_evidence_first(const Steps& steps, const KeyedHash& index_key);

/// How many steps from the first one on can be told at once, at most `most`: several events, or one of the others.
size_t group_of(std::span<const Step> steps, size_t most);

/// Tells the fold one such group. Returns how many of its events were new.
size_t tell(FoldHarness& harness, WorkspaceId workspace, std::span<const Step> group);

/// One line for each step.
std::string describe(const Steps& steps);

}  // namespace tributary::model
