// Statements of analysts, run beside the threads that answer requests.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

#include "connectors/http/message.h"
#include "connectors/http/task.h"
#include "engine/engine.h"

namespace tributary {

/// A statement's rows as JSON, and what became of it.
struct SqlAnswer {
  SqlOutcome outcome;
  std::string columns_json = "[]", rows_json = "[]";
  int64_t took_micros = 0;  // without the wait for its turn
};

/// Runs kRunningMax statements at a time, of one key kRunningPerKeyMax, and lets kWaitingMax others wait.
///
/// Lifecycle: run() any number of times -> stop(). It must be stopped before the engine is, and before the I/O contexts
/// of its callers are destroyed; their threads may still run, or not.
/// Thread: run() on any I/O thread, stop() on any other.
class SqlRunner {
 public:
  static constexpr size_t kRunningMax = 4, kRunningPerKeyMax = 2, kWaitingMax = 16;

  SqlRunner(Engine& engine, ValueRules rules);
  ~SqlRunner() { stop(); }
  SqlRunner(const SqlRunner&) = delete;
  SqlRunner& operator=(const SqlRunner&) = delete;

  /// Errors: overloaded when too many wait, stopping. Given up when nobody awaits the answer any more.
  Task<Result<SqlAnswer>> run(const HttpRequest& request, WorkspaceId workspace, std::string key, SqlQuery query);

  const ValueRules& rules() const { return rules_; }

  /// Cancels what runs and waits, and returns when all has ended; later ones are refused. Idempotent.
  void stop();

 private:
  struct Job;
  Result<void> enqueue(std::shared_ptr<Job> job);
  void start_waiting();
  void compute(std::shared_ptr<Job> job);
  void leave(const std::string& key);

  Engine& engine_;
  const ValueRules rules_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // guards what follows
  std::deque<std::shared_ptr<Job>> waiting_;
  size_t running_ = 0;
  std::map<std::string, size_t> running_of_key_;
  boost::asio::thread_pool pool_{kRunningMax};
};

}  // namespace tributary
