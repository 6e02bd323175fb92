// What the operator asks of the running process by signals.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace tributary {

enum class OperatorRequest { stop, reload };

/// SIGTERM and SIGINT ask to stop, SIGHUP to reload; a second stop ends the process at once, whatever it is doing.
/// SIGPIPE is ignored. While the process has nothing to drain (stop_at_once) the first stop ends it as well.
///
/// Lifecycle: made before any other thread, because the signals are blocked in threads that start later. One per
/// process. Thread: all methods are safe from any thread.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The next request, at most after `timeout`. A stop is told once.
  std::optional<OperatorRequest> wait(std::chrono::milliseconds timeout);

  /// From now on the first stop ends the process with exit code 0 without further ado, or no longer does.
  void stop_at_once(bool enabled) { stop_at_once_ = enabled; }

  /// Ends the process with `exit_code` when this much time has passed: a shutdown that hangs is a crash, which loses
  /// nothing that was acknowledged.
  void end_within(std::chrono::milliseconds time, int exit_code);

 private:
  void run();
  void on_stop(int signal_number);
  void check_deadline();

  std::atomic<bool> stop_at_once_{false};
  std::atomic<bool> ending_{false};
  std::atomic<int64_t> deadline_ticks_{0};  // of the steady clock; 0: none
  std::atomic<int> deadline_exit_code_{0};
  int stops_ = 0;  // owner: the signal thread
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_wanted_ = false;    // under mutex_
  bool reload_wanted_ = false;  // under mutex_
  std::thread thread_;
};

}  // namespace tributary
