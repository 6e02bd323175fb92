// What other rules or decisions would do, computed beside the threads that answer requests.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <memory>

#include "connectors/http/message.h"
#include "connectors/http/task.h"
#include "engine/engine.h"

namespace tributary {

/// Runs one preview at a time on a thread of its own.
///
/// Lifecycle: run() any number of times -> stop(). It must be stopped before the engine is, and before the I/O contexts
/// of its callers are destroyed; their threads may still run, or not.
/// Thread: run() on any I/O thread, stop() on any other.
class PreviewRunner {
 public:
  explicit PreviewRunner(Engine& engine);
  ~PreviewRunner() { stop(); }
  PreviewRunner(const PreviewRunner&) = delete;
  PreviewRunner& operator=(const PreviewRunner&) = delete;

  /// Errors: overloaded while another one runs, those of Engine::preview. Given up when nobody awaits the answer to the
  /// request any more.
  Task<Result<PreviewView>> run(const HttpRequest& request, WorkspaceId workspace, PreviewQuery query);

  /// Cancels the one that runs and returns when it has ended; later ones are refused. Idempotent.
  void stop();

 private:
  struct Job;
  void compute(std::shared_ptr<Job> job);

  Engine& engine_;
  std::atomic<bool> busy_{false};
  std::atomic<bool> stopping_{false};
  boost::asio::thread_pool pool_{1};
};

}  // namespace tributary
