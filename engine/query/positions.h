// Where the streams of a source go on.
#pragma once

#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/domain/position.h"
#include "engine/domain/workspace.h"
#include "engine/store/state_store.h"

namespace tributary {

/// In the order of their keys. Errors: corrupt.
Result<std::vector<SourcePosition>> read_positions(const StateReader& reader, WorkspaceId workspace,
                                                   std::string_view source);

}  // namespace tributary
