// Scales of recency, frequency and money, computed and recorded beside the threads that answer requests.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>

#include "connectors/http/message.h"
#include "connectors/http/task.h"
#include "engine/engine.h"

namespace tributary {

/// Computes one scale at a time: for a request on a thread of its own, for a schedule on the schedule's.
///
/// Lifecycle: run() and run_here() any number of times -> stop(). It must be stopped before the engine is, and before
/// the I/O contexts of its callers are destroyed; their threads may still run, or not.
/// Thread: run() on any I/O thread, run_here() and stop() on any other.
class ScaleRunner {
 public:
  ScaleRunner(Engine& engine, Metrics& metrics, ValueRules rules);
  ~ScaleRunner() { stop(); }
  ScaleRunner(const ScaleRunner&) = delete;
  ScaleRunner& operator=(const ScaleRunner&) = delete;

  /// The scale of the orders up to this moment, which is the newest of the workspace from then on. Errors: overloaded
  /// while another one is computed, unavailable when it can't be recorded, those of Engine::compute_rfm_scale. Given up
  /// when nobody awaits the answer to the request any more.
  Task<Result<RfmScale>> run(const HttpRequest& request, WorkspaceId workspace, Timestamp as_of);

  /// The same on the caller's thread, which waits for it. Given up when `cancelled` says so.
  Result<RfmScale> run_here(WorkspaceId workspace, Timestamp as_of, const std::function<bool()>& cancelled);

  const ValueRules& rules() const { return rules_; }

  /// Cancels the one that runs and returns when none runs on the own thread; later ones are refused. Idempotent.
  void stop();

 private:
  struct Job;
  void compute(std::shared_ptr<Job> job);
  Result<RfmScale> compute_and_record(WorkspaceId workspace, Timestamp as_of, const std::function<bool()>& cancelled);

  Engine& engine_;
  Metrics& metrics_;
  const ValueRules rules_;
  std::atomic<bool> busy_{false};
  std::atomic<bool> stopping_{false};
  boost::asio::thread_pool pool_{1};
};

}  // namespace tributary
