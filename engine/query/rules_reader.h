// The rules a snapshot was folded under, compiled once per version.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "engine/identity/rule_set.h"
#include "engine/store/state_store.h"

namespace tributary {

/// Thread: any.
class RulesReader {
 public:
  /// Errors: corrupt.
  Result<RuleSet> rules(const StateReader& reader, WorkspaceId workspace);

 private:
  struct Compiled {
    std::string row;
    RuleSet rules;
  };
  using ByWorkspace = std::map<WorkspaceId, Compiled>;

  std::atomic<std::shared_ptr<const ByWorkspace>> known_{std::make_shared<const ByWorkspace>()};
};

}  // namespace tributary
