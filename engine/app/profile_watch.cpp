#include "engine/app/profile_watch.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <future>
#include <utility>

namespace tributary {
namespace {

constexpr size_t kCustomersPerRound = 256;
constexpr size_t kContainersPerRound = 64;
constexpr std::chrono::milliseconds kIdle{100};
constexpr int kRestPerWork = 4;  // of processor time: a fifth of a core
constexpr int kNice = 10;
constexpr int64_t kScalesEveryMicros = 20 * kMicrosPerSecond;
constexpr int64_t kTellAgainMicros = kMicrosPerSecond;

std::chrono::nanoseconds thread_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Whatever has something to do goes first. Where the system does not allow it, the rests alone must do.
void yield_to_others() {
  sched_param none{};
  ::pthread_setschedparam(::pthread_self(), SCHED_BATCH, &none);
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
}

}  // namespace

void ProfileWatch::set(std::vector<WorkspaceId> workspaces) {
  std::lock_guard lock(mutex_);
  workspaces_ = {workspaces.begin(), workspaces.end()};
  asked_to_meet_ = true;
  asked_for_walk_ = true;
}

void ProfileWatch::start() {
  look();
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "trib-watch");
}

void ProfileWatch::run() {
  yield_to_others();
  while (true) {
    auto before = thread_time();
    bool worked = look();
    std::chrono::nanoseconds pause = worked ? kRestPerWork * (thread_time() - before) : kIdle;
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, pause, [this] { return stopping_; })) return;
  }
}

bool ProfileWatch::look() {
  Timestamp now = services_.clock.now();
  if (!untold_.changes.empty()) {
    bool told = now >= tell_again_at_ && tell(untold_);
    if (!told) return false;
  }
  Round round;
  meet_workspaces(round);
  notice_new_scales();
  bool touched = look_at_touched(round);
  bool due = look_at_due(round);
  bool next = !touched && !due && look_at_next(round);
  bool told = tell(round);
  services_.metrics.watch_timers.set(static_cast<double>(timers_.size()));
  services_.metrics.watch_lag_seconds.set(static_cast<double>(timers_.overdue_micros(now)) / kMicrosPerSecond);
  return told && (touched || due || next);
}

void ProfileWatch::meet_workspaces(Round& round) {
  std::set<WorkspaceId> workspaces;
  {
    std::lock_guard lock(mutex_);
    if (!std::exchange(asked_to_meet_, false)) return;
    workspaces = workspaces_;
  }
  std::erase_if(known_, [&](const auto& known) { return !workspaces.contains(known.first); });
  for (WorkspaceId workspace : workspaces) {
    if (!known_.contains(workspace)) meet(workspace, round);
  }
}

// Whoever comes into a workspace that has nobody yet is told of from the first step on.
void ProfileWatch::meet(WorkspaceId workspace, Round& round) {
  auto first = services_.engine.watched_customers(workspace, std::nullopt, 1);
  auto scale = services_.engine.rfm_scale(workspace);
  if (!first || !scale) {
    log_line(LogLevel::warn, "the customers of a workspace cannot be watched",
             {{"reason", (first ? scale.error() : first.error()).message}});
    return;
  }
  Rules rules = rules_by(scale->get());
  bool nobody = first->customers.empty() && !first->last;
  known_.emplace(workspace, Workspace{std::move(first->everybody), rules, std::move(*scale)});
  if (nobody) everybody_was_looked_at(workspace, rules, round);
}

bool ProfileWatch::look_at_touched(Round& round) {
  auto taken = services_.engine.take_touched(kCustomersPerRound);
  if (taken.left_out) walk_over_all();
  for (const TouchedCustomer& each : taken.customers) look_at(each.workspace, each.identifier, each.cause, round);
  return !taken.customers.empty();
}

bool ProfileWatch::look_at_due(Round& round) {
  Timestamp now = services_.clock.now();
  size_t looked = 0;
  for (; looked < kCustomersPerRound; ++looked) {
    auto due = timers_.take_due(now);
    if (!due) break;
    look_at(due->workspace, due->customer, ProfileChangeCause::time, round);
  }
  return looked > 0;
}

// A walk over everybody never stands in the way of the others for longer than a few containers take.
bool ProfileWatch::look_at_next(Round& round) {
  if (!walk_ && !begin_walk()) return false;
  if (walk_->workspaces.empty()) {
    walk_.reset();
    return true;
  }
  WorkspaceId workspace = walk_->workspaces.back();
  auto known = known_.find(workspace);
  if (known == known_.end()) {
    walk_->workspaces.pop_back();
    return true;
  }
  if (!walk_->container) walk_->rules = known->second.rules;
  auto page = services_.engine.watched_customers(workspace, walk_->container, kContainersPerRound);
  if (page) {
    for (const WatchedCustomer& customer : page->customers) compare(workspace, customer, std::nullopt, round);
    walk_->container = page->last;
    if (!page->last) everybody_was_looked_at(workspace, walk_->rules, round);
  } else {
    log_line(LogLevel::warn, "customers could not be looked at", {{"reason", page.error().message}});
    walk_->container.reset();
  }
  if (!walk_->container) walk_->workspaces.pop_back();
  return true;
}

bool ProfileWatch::begin_walk() {
  std::lock_guard lock(mutex_);
  if (!std::exchange(asked_for_walk_, false)) return false;
  walk_.emplace(Walk{{workspaces_.begin(), workspaces_.end()}, std::nullopt, {}});
  return true;
}

void ProfileWatch::notice_new_scales() {
  Timestamp now = services_.clock.now();
  bool lately = scales_read_at_ && now >= *scales_read_at_ && now.micros - scales_read_at_->micros < kScalesEveryMicros;
  if (lately) return;
  scales_read_at_ = now;
  for (auto& [workspace, known] : known_) {
    auto scale = services_.engine.rfm_scale(workspace);
    if (!scale) continue;
    bool other = *scale != nullptr && (known.scale == nullptr || known.scale->computed_at != (*scale)->computed_at);
    if (!other) continue;
    known.scale = std::move(*scale);
    known.rules = rules_by(known.scale.get());
    walk_over_all();
  }
}

ProfileWatch::Rules ProfileWatch::rules_by(const RfmScale* scale) const {
  Rules rules;
  for (WatchedFigure figure : kWatchedFigures) rules.emplace(figure, rules_text(figure, services_.rules, scale));
  return rules;
}

void ProfileWatch::walk_over_all() {
  std::lock_guard lock(mutex_);
  asked_for_walk_ = true;
}

void ProfileWatch::look_at(WorkspaceId workspace, const Hash128& customer, Cause cause, Round& round) {
  if (!known_.contains(workspace)) return;
  auto watched = services_.engine.watched_customer(workspace, CustomerId{customer});
  if (!watched) {
    timers_.forget(workspace, customer);
    if (watched.error().code == ErrorCode::not_found) return;  // erased, or a value that the rules block
    log_line(LogLevel::warn, "a customer could not be looked at", {{"reason", watched.error().message}});
    return;
  }
  if (watched->id.anchor != customer) timers_.forget(workspace, customer);
  compare(workspace, *watched, cause, round);
}

void ProfileWatch::compare(WorkspaceId workspace, const WatchedCustomer& customer, Cause cause, Round& round) {
  const Hash128& id = customer.id.anchor;
  if (!round.seen[workspace].insert(id).second) return;
  services_.metrics.watch_evaluations.increment();
  const Workspace& known = known_.at(workspace);
  FiguresNow now = figures_of(customer, services_.rules, known.scale.get(), services_.clock.now());
  for (FigureNow& is : now.figures) {
    auto told = customer.told.find(is.figure);
    std::string was = told != customer.told.end() ? told->second : value_before_any(is.figure);
    if (was == is.value) continue;
    auto looked_by = known.looked_by.find(is.figure);
    ProfileChangeCause why = cause.value_or(is.cause);
    if (looked_by == known.looked_by.end()) {
      if (told == customer.told.end()) why = ProfileChangeCause::first_seen;
    } else if (!cause && looked_by->second != known.rules.at(is.figure)) {
      why = ProfileChangeCause::rules;
    }
    round.changes[workspace].push_back({id, is.figure, std::move(was), std::move(is.value), is.since, why});
  }
  if (now.next) {
    timers_.set(workspace, id, *now.next);
  } else {
    timers_.forget(workspace, id);
  }
}

void ProfileWatch::everybody_was_looked_at(WorkspaceId workspace, const Rules& rules, Round& round) {
  const Rules& before = known_.at(workspace).looked_by;
  for (const auto& [figure, text] : rules) {
    auto was = before.find(figure);
    if (was != before.end() && was->second == text) continue;
    round.changes[workspace].push_back({kEverybody, figure, was == before.end() ? "" : was->second, text,
                                        services_.clock.now(), ProfileChangeCause::first_seen});
  }
}

// What the log refuses is told before anybody is looked at again.
bool ProfileWatch::tell(Round& round) {
  Round refused;
  for (auto& [workspace, changes] : round.changes) {
    if (!record(workspace, changes)) {
      refused.changes[workspace] = std::move(changes);
      continue;
    }
    auto known = known_.find(workspace);
    for (const ProfileChange& change : changes) {
      if (change.is_told()) services_.metrics.changes_told.increment();
      if (change.customer == kEverybody && known != known_.end()) known->second.looked_by[change.figure] = change.to;
    }
  }
  untold_ = std::move(refused);
  tell_again_at_ = Timestamp{services_.clock.now().micros + kTellAgainMicros};
  return untold_.changes.empty();
}

// Waits until they are durable and folded: whoever is looked at next is compared with them.
bool ProfileWatch::record(WorkspaceId workspace, const std::vector<ProfileChange>& changes) {
  auto recorded = std::make_shared<std::promise<bool>>();
  auto done = recorded->get_future();
  services_.engine.record_profile_changes(
      workspace, changes, [recorded](const IngestOutcome& outcome) { recorded->set_value(!outcome.refused); });
  return done.get();
}

void ProfileWatch::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace tributary
