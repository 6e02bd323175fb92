// Completes appends: makes the acked mark durable, then runs their `done`.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/log/log.h"
#include "engine/log/mark_file.h"
#include "engine/metrics/metrics.h"

namespace tributary {

/// An append whose records are all durable.
struct DurableCompletion {
  std::function<void(Result<Lsn>)> done;
  Lsn last_lsn;
  std::vector<Record> records;  // freed here, away from the log thread
};

/// Appends that one mark covers.
struct MarkBatch {
  std::vector<DurableCompletion> completions;
  Lsn durable;
  uint64_t epoch = 0;
};

/// A thread of its own, "trib-mark", so that the mark's sync runs while the log thread writes the next group and the
/// fold works. It batches naturally: one mark covers every group that became durable during the sync before.
///
/// Thread: submit() belongs to the log thread; stop() to whoever owns this.
class MarkWriter {
 public:
  MarkWriter(MarkFile& mark, Metrics& metrics, std::function<void()> on_failure);
  ~MarkWriter() { stop(); }

  void start();
  /// `durable` is the last LSN of the group, `epoch` that of its segment.
  void submit(std::vector<DurableCompletion> completions, Lsn durable, uint64_t epoch);
  /// Completes what was submitted, then joins. Idempotent.
  void stop();

 private:
  void run();
  void complete(MarkBatch batch);

  MarkFile& mark_;
  Metrics& metrics_;
  const std::function<void()> on_failure_;
  std::optional<Error> failure_;  // of the mark; then nothing is acknowledged any more. Owner: the thread
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<MarkBatch> pending_;  // under mutex_
  bool stopping_ = false;             // under mutex_
  std::thread thread_;
};

}  // namespace tributary
