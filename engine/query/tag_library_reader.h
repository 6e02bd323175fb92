// The tags that may be given in a workspace, put together once per change.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/profile/tag.h"
#include "engine/store/state_store.h"

namespace tributary {

/// Thread: any.
class TagLibraryReader {
 public:
  /// `configured`: of every workspace.
  explicit TagLibraryReader(std::vector<TagEntry> configured) : configured_(std::move(configured)) {}

  /// As of the snapshot. Errors: corrupt.
  Result<std::shared_ptr<const TagLibrary>> library(const StateReader& reader, WorkspaceId workspace);

 private:
  struct Read {
    std::string version;  // the row behind workspace_facts_key(); empty: none
    std::shared_ptr<const TagLibrary> library;
  };
  using ByWorkspace = std::map<WorkspaceId, Read>;

  const std::vector<TagEntry> configured_;
  std::atomic<std::shared_ptr<const ByWorkspace>> known_{std::make_shared<const ByWorkspace>()};
};

}  // namespace tributary
