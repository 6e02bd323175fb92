// Containers as rows: how identity's values are read from and written to the store.
#pragma once

#include <optional>

#include "engine/identity/container.h"
#include "engine/store/state_store.h"

namespace tributary {

/// The container named `root`, whole. Errors: corrupt when a row is damaged or the header is missing.
Result<Container> load_container(const StateReader& reader, WorkspaceId workspace, const Hash128& root,
                                 const RuleSet& rules);

/// The vertex of an identifier; nothing when it was never seen.
Result<std::optional<VertexRow>> load_vertex(const StateReader& reader, WorkspaceId workspace, const Hash128& id);

}  // namespace tributary
