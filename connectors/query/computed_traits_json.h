// Computed traits, and how they are declared, as the JSON that readers get.
#pragma once

#include <string>

#include "engine/base/json_out.h"
#include "engine/engine.h"

namespace tributary {

/// Appends an object with a value per name; `verbose`: with count, window and whether it is complete.
void append_computed_traits(JsonOut& json, const std::vector<ComputedTraitView>& traits, bool verbose);

/// The same as a text, not verbose.
std::string computed_traits_json(const std::vector<ComputedTraitView>& traits);

/// What is declared for a workspace. `traits` may be null.
std::string computed_trait_definitions_json(const ComputedTraits* traits, WorkspaceId workspace);

}  // namespace tributary
