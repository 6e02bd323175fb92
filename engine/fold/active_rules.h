// The rules in force, by workspace, as the store knows them, and how far customers follow a change of them.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/identity/rule_set.h"
#include "engine/store/container_rows.h"
#include "engine/store/state_store.h"

namespace tributary {

/// Rules of one workspace. While `sweep` is set, containers are of the active version or of the one before.
struct WorkspaceRules {
  RuleSet active;
  Decision decision;
  std::optional<SweepRow> sweep;
  RuleSet before;                  // while a sweep is in progress
  std::vector<Hash128> unvisited;  // roots of containers, last one first; refilled from the store
};

/// Owner: fold thread.
class ActiveRules {
 public:
  explicit ActiveRules(StateStore& store) : store_(store) {}

  /// Finds the sweeps that a restart interrupted.
  Result<void> open();

  Result<WorkspaceRules*> of(WorkspaceId workspace);

  /// Puts other rules in force, of the next version; the sweep begins.
  Result<void> activate(WorkspaceId workspace, const RuleSetChange& change, const Rules& rules, StateBatch& batch);

  /// A workspace with a sweep in progress.
  std::optional<WorkspaceId> sweeping() const;
  bool sweeping(WorkspaceId workspace) const;
  /// The next containers of a sweep, at most so many; none: it is done.
  Result<std::vector<Hash128>> next_roots(WorkspaceId workspace, size_t count);
  /// Notes in the batch how far the sweep came; done: it ends.
  void put_sweep(WorkspaceId workspace, bool done, StateBatch& batch);

 private:
  Result<void> refill(WorkspaceId workspace, WorkspaceRules& rules);

  StateStore& store_;
  std::unordered_map<uint32_t, WorkspaceRules> workspaces_;
};

}  // namespace tributary
