#include "engine/app/scale_schedule.h"

#include <pthread.h>

#include <utility>

namespace tributary {
namespace {

constexpr std::chrono::seconds kFirstLook{60};  // a start has other things to do
constexpr std::chrono::seconds kLookEvery{20};
constexpr int64_t kRetryMicros = 600 * kMicrosPerSecond;

}  // namespace

Timestamp last_due(const TimeZone& zone, int64_t second_of_day, Timestamp now) {
  int64_t day = zone.local_day(now);
  Timestamp today = zone.time_of(day, second_of_day);
  return today <= now ? today : zone.time_of(day - 1, second_of_day);
}

void ScaleSchedule::set(std::vector<WorkspaceId> workspaces) {
  std::lock_guard lock(mutex_);
  workspaces_ = std::move(workspaces);
}

void ScaleSchedule::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "trib-daily");
}

void ScaleSchedule::run() {
  auto pause = kFirstLook;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, pause, [this] { return stopping_; })) return;
    }
    look();
    pause = kLookEvery;
  }
}

void ScaleSchedule::look() {
  std::vector<WorkspaceId> workspaces;
  {
    std::lock_guard lock(mutex_);
    workspaces = workspaces_;
  }
  for (WorkspaceId workspace : workspaces) {
    if (is_stopping()) return;
    Timestamp now = services_.clock.now();
    auto due = is_due(workspace, now);
    // What can't be read is told by those who ask for it; here it would be told three times a minute.
    if (due && *due) compute(workspace, now);
  }
}

Result<bool> ScaleSchedule::is_due(WorkspaceId workspace, Timestamp now) {
  auto retry = retries_.find(workspace);
  if (retry != retries_.end() && now < retry->second) return false;
  auto scale = services_.engine.rfm_scale(workspace);
  if (!scale) return scale.error();
  if (*scale == nullptr) return true;
  const ValueRules& rules = services_.scales.rules();
  if ((*scale)->window_micros != rules.rfm_window_micros) return true;
  Timestamp computed = (*scale)->computed_at;
  // From after now: the clock was wrong then, and would be trusted for as long as it was wrong by.
  return computed < last_due(rules.zone, services_.second_of_day, now) || computed > now;
}

void ScaleSchedule::compute(WorkspaceId workspace, Timestamp now) {
  auto scale = services_.scales.run_here(workspace, now, [this] { return is_stopping(); });
  retries_.erase(workspace);
  if (scale) {
    log_line(LogLevel::info, "the scale of recency, frequency and money was computed",
             {{"workspace", static_cast<int64_t>(workspace.value())}});
    return;
  }
  ErrorCode code = scale.error().code;
  if (code == ErrorCode::stopping || code == ErrorCode::overloaded) return;
  retries_[workspace] = Timestamp{now.micros + kRetryMicros};
  log_line(LogLevel::warn, "the scale of recency, frequency and money could not be computed; it is tried again",
           {{"workspace", static_cast<int64_t>(workspace.value())}, {"reason", scale.error().message}});
}

bool ScaleSchedule::is_stopping() {
  std::lock_guard lock(mutex_);
  return stopping_;
}

void ScaleSchedule::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace tributary
