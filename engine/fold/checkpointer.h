// Makes the state durable every few seconds and tells the log how far.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/fold/partition.h"

namespace tributary {

/// Flushes every partition's store; the smallest LSN that was applied before its flush is durable afterwards.
/// Thread: "trib-state", one for all partitions. Errors are logged and retried: a store with background errors shows in
/// readiness.
class Checkpointer {
 public:
  Checkpointer(std::vector<Partition*> partitions, Log& log, int64_t interval_micros);
  ~Checkpointer();

  /// One round, on the caller's thread.
  Result<void> flush_all();

  /// Ends the thread without a last round. Idempotent.
  void stop();

 private:
  void run();

  std::vector<Partition*> partitions_;
  Log& log_;
  std::chrono::microseconds interval_;
  std::mutex flushing_;  // one round at a time
  Lsn durable_;          // guarded by flushing_
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace tributary
