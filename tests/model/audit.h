// What must hold between the rows of a workspace's state, whatever was folded.
#pragma once

#include <string>
#include <vector>

#include "engine/store/state_store.h"

namespace tributary::model {

struct Audit {
  uint64_t customers = 0;
  uint64_t identifiers = 0;
  uint64_t containers = 0;
  uint64_t containers_not_simple = 0;
  uint64_t hubs = 0;
  std::vector<std::string> problems;  // broken invariants, as sentences
};

/// Reads every row of the workspace and recounts what the fold counts on the way.
Audit audit(const StateReader& reader, WorkspaceId workspace);

}  // namespace tributary::model
