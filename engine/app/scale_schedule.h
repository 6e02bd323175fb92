// Once a day every workspace gets a new scale of recency, frequency and money.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "connectors/query/scale_runner.h"
#include "engine/engine.h"

namespace tributary {

/// When clocks last showed this many seconds after midnight, up to `now`.
Timestamp last_due(const TimeZone& zone, int64_t second_of_day, Timestamp now);

/// What the schedule needs. The references outlive it.
struct ScaleScheduleServices {
  Engine& engine;
  ScaleRunner& scales;
  const Clock& clock;
  int64_t second_of_day = 0;  // local time of the runner's rules
};

/// A scale is computed when the newest is older than the last time it was due, so a process that was down then, or was
/// killed over it, does it after its start. One that failed is tried again after ten minutes.
///
/// Lifecycle: set() any number of times, start() -> stop(). It must be stopped before the runner is.
/// Thread: "trib-daily", which computes; set() and stop() on any other.
class ScaleSchedule {
 public:
  explicit ScaleSchedule(ScaleScheduleServices services) : services_(services) {}
  ~ScaleSchedule() { stop(); }
  ScaleSchedule(const ScaleSchedule&) = delete;
  ScaleSchedule& operator=(const ScaleSchedule&) = delete;

  /// Whose scales are computed, in the place of those before.
  void set(std::vector<WorkspaceId> workspaces);

  /// Looks what is due after a minute, and then several times a minute: the clock may be changed.
  void start();

  /// Computes what is due, on the caller's thread.
  void look();

  /// Cancels what is being computed and returns when the thread has ended. Idempotent.
  void stop();

 private:
  void run();
  bool is_stopping();
  Result<bool> is_due(WorkspaceId workspace, Timestamp now);
  void compute(WorkspaceId workspace, Timestamp now);

  ScaleScheduleServices services_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;                     // guarded by mutex_
  std::vector<WorkspaceId> workspaces_;       // guarded by mutex_
  std::map<WorkspaceId, Timestamp> retries_;  // when one that failed is tried again; of who calls look()
  std::thread thread_;
};

}  // namespace tributary
