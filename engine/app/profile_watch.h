// Notices when customers come into another stage or cell, by what happens to them or by time alone, and writes it to
// the log.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "engine/app/due_timers.h"
#include "engine/app/watched_figures.h"
#include "engine/engine.h"

namespace tributary {

/// What the watch needs. The references outlive it.
struct ProfileWatchServices {
  Engine& engine;
  Metrics& metrics;
  const Clock& clock;
  ValueRules rules;
};

/// What a customer is now is compared with what was told of it last, which a record of the log says; where they differ
/// another record is written and its fold awaited before anybody is looked at again. So every change is told once,
/// also when the process is killed in between. Steps that came and went between two looks are not told.
///
/// Looked at are: those whom records were about, those whose time has come, and everybody after a start, a new scale,
/// or when so many were touched that they could not be kept.
///
/// When everybody of a workspace was looked at, a record says by what rules (kEverybody). Until there is one, customers
/// of whom nothing was told are remembered as they are, and not told of: a first start over a million customers tells
/// nothing. While it says other rules than those of now, what a look at everybody finds is told to come from rules.
///
/// Lifecycle: set() any number of times, start() -> stop(). It must be stopped before the engine is.
/// Thread: "trib-watch", of low priority, at most a fifth of a core; set() and stop() on any other.
/// Memory: that of DueTimers.
class ProfileWatch {
 public:
  explicit ProfileWatch(ProfileWatchServices services) : services_(std::move(services)) {}
  ~ProfileWatch() { stop(); }
  ProfileWatch(const ProfileWatch&) = delete;
  ProfileWatch& operator=(const ProfileWatch&) = delete;

  /// Whose customers are watched, in the place of those before.
  void set(std::vector<WorkspaceId> workspaces);

  /// Looks once before it returns, so that customers who come after it into a workspace that had none are told of.
  void start();

  /// Looks at some customers, on the caller's thread; false when nobody was to be looked at, or the log takes nothing.
  bool look();

  /// Returns when the thread has ended. Idempotent.
  void stop();

 private:
  using Cause = std::optional<ProfileChangeCause>;  // nothing: found by looking at everybody
  using Rules = std::map<WatchedFigure, std::string>;
  struct Workspace {
    Rules looked_by;  // as records say; of other figures not everybody was looked at yet
    Rules rules;      // of now
    std::shared_ptr<const RfmScale> scale;
  };
  /// What is to be told of customers of one snapshot after the other, each looked at once.
  struct Round {
    std::map<WorkspaceId, std::set<Hash128>> seen;
    std::map<WorkspaceId, std::vector<ProfileChange>> changes;
  };
  /// Where a walk over everybody has come to.
  struct Walk {
    std::vector<WorkspaceId> workspaces;  // still to come, the present one last
    std::optional<Hash128> container;
    Rules rules;  // when it came to the present one
  };

  void run();
  void meet_workspaces(Round& round);
  void meet(WorkspaceId workspace, Round& round);
  bool look_at_touched(Round& round);
  bool look_at_due(Round& round);
  bool look_at_next(Round& round);
  bool begin_walk();
  void notice_new_scales();
  Rules rules_by(const RfmScale* scale) const;
  void walk_over_all();
  void look_at(WorkspaceId workspace, const Hash128& customer, Cause cause, Round& round);
  void compare(WorkspaceId workspace, const WatchedCustomer& customer, Cause cause, Round& round);
  void everybody_was_looked_at(WorkspaceId workspace, const Rules& rules, Round& round);
  bool tell(Round& round);
  bool record(WorkspaceId workspace, const std::vector<ProfileChange>& changes);

  ProfileWatchServices services_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;             // guarded by mutex_
  std::set<WorkspaceId> workspaces_;  // guarded by mutex_
  bool asked_to_meet_ = false;        // guarded by mutex_
  bool asked_for_walk_ = false;       // guarded by mutex_: one after the present

  // Of who calls look().
  std::map<WorkspaceId, Workspace> known_;
  DueTimers timers_;
  std::optional<Walk> walk_;
  Round untold_;  // the log refused it
  Timestamp tell_again_at_;
  std::optional<Timestamp> scales_read_at_;
  std::thread thread_;
};

}  // namespace tributary
