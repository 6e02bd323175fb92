#include "engine/app/signals.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "engine/app/exit_code.h"
#include "engine/base/log_line.h"

namespace tributary {
namespace {

constexpr long kDeadlineCheckNanos = 100'000'000;
constexpr int kSignalExitBase = 128;  // as a shell reports a process that a signal ended

sigset_t our_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

}  // namespace

Signals::Signals() {
  sigset_t set = our_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);  // a peer that went away is an error code of the write
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "trib-signals");
}

Signals::~Signals() {
  ending_ = true;
  thread_.join();
}

std::optional<OperatorRequest> Signals::wait(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return stop_wanted_ || reload_wanted_; });
  if (stop_wanted_) {
    stop_wanted_ = false;
    return OperatorRequest::stop;
  }
  if (!reload_wanted_) return std::nullopt;
  reload_wanted_ = false;
  return OperatorRequest::reload;
}

void Signals::end_within(std::chrono::milliseconds time, int exit_code) {
  deadline_exit_code_ = exit_code;
  deadline_ticks_ = (std::chrono::steady_clock::now() + time).time_since_epoch().count();
}

void Signals::run() {
  sigset_t set = our_signals();
  while (!ending_) {
    timespec patience{0, kDeadlineCheckNanos};
    int number = sigtimedwait(&set, nullptr, &patience);
    if (number == SIGTERM || number == SIGINT) on_stop(number);
    if (number == SIGHUP) {
      std::lock_guard lock(mutex_);
      reload_wanted_ = true;
      changed_.notify_all();
    }
    check_deadline();
  }
}

void Signals::on_stop(int signal_number) {
  if (++stops_ > 1) {
    log_line(LogLevel::warn, "second signal, ending at once");
    _exit(kSignalExitBase + signal_number);
  }
  if (stop_at_once_) {
    log_line(LogLevel::info, "stopped before it was ready");
    _exit(kExitOk);
  }
  std::lock_guard lock(mutex_);
  stop_wanted_ = true;
  changed_.notify_all();
}

void Signals::check_deadline() {
  int64_t deadline = deadline_ticks_;
  if (deadline == 0 || std::chrono::steady_clock::now().time_since_epoch().count() < deadline) return;
  log_line(LogLevel::error, "shutting down took too long, ending; nothing acknowledged is lost");
  _exit(deadline_exit_code_);
}

}  // namespace tributary
