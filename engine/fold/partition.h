// One writer for one slice of the world.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "engine/fold/fold.h"
#include "engine/fold/pending_ingest.h"
#include "engine/log/log.h"

namespace tributary {

/// Purpose:   applies durable records of one partition, in log order; then completes the requests.
/// Lifecycle: constructed -> recover() -> start() -> stop(), or failed. A failed partition refuses what it gets and
///            keeps serving reads; only a restart leaves that state.
/// Thread:    the fold belongs to one thread, "trib-fold-N"; recover() runs on the caller's before that thread exists.
///            push() and set_pushed() are for the log thread, everything else for any thread.
/// Limits:    the mailbox is bounded where requests enter: waiting_records() and waiting_bytes() against the
///            engine's fold_queue limits.
class Partition {
 public:
  Partition(PartitionId id, std::unique_ptr<StateStore> store, const FoldOptions& options, Metrics& metrics);
  ~Partition();

  /// Takes over what the store holds; applied() tells it from here on.
  Result<void> open();

  /// Folds one batch of records read back from the log. The same functions as for new records.
  Result<void> recover(std::span<const RecordView> records);

  /// Where the fold can read records again. Call before recover().
  void read_again_from(Log& log) { fold_.read_again_from(log); }

  void start();

  struct Work {
    std::vector<RecordView> records;
    std::vector<DurableAppend> appends;  // contexts are PendingIngest; `first` counts within `records`
    std::vector<std::shared_ptr<const void>> memory;
    Lsn up_to;  // follow the log to here, although no record of this partition stands there
  };
  void push(Work work);

  /// Every record of this partition up to here was recovered or pushed. Thread: the one that pushes.
  void set_pushed(Lsn lsn) { pushed_.store(lsn.value(), std::memory_order_release); }
  /// Lets a partition that gets no records follow the log: otherwise the log could never be trimmed, and each start
  /// would read it all again for this partition's sake. Thread: any.
  void catch_up();

  /// Folds what waits, then ends the thread. Idempotent.
  void stop();

  bool failed() const { return failed_.load(std::memory_order_acquire); }
  size_t waiting_bytes() const { return waiting_bytes_.load(std::memory_order_relaxed); }
  size_t waiting_records() const { return waiting_records_.load(std::memory_order_relaxed); }
  /// Microseconds since the oldest waiting work came in; 0 when nothing waits.
  int64_t waiting_micros() const;
  AppliedState applied() const;
  /// Bytes of the front table after the last group.
  size_t front_bytes() const;
  /// Which events are not taken any more, by workspace, as of the last group; null while nobody was erased.
  std::shared_ptr<const IdentityFold::Namings> namings() const;
  PartitionId id() const { return id_; }
  StateStore& store() { return *store_; }

 private:
  void run();
  void fold(const std::deque<Work>& works);
  Result<void> apply(std::span<const RecordView> records, std::vector<ItemOutcome>& outcomes);
  bool sweeping() const;
  void sweep();
  void fail(const Error& error);
  Result<void> wait_out_stall(Result<void> applied);
  void publish();
  std::shared_ptr<const IdentityFold::Namings> changed_namings();

  PartitionId id_;
  std::unique_ptr<StateStore> store_;
  Metrics& metrics_;
  Fold fold_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> mailbox_;                              // guarded by mutex_
  bool stopping_ = false;                                 // guarded by mutex_
  AppliedState applied_;                                  // guarded by mutex_: a copy for readers
  size_t front_bytes_ = 0;                                // guarded by mutex_: a copy for readers
  uint64_t published_namings_ = 0;                        // of the fold thread
  std::shared_ptr<const IdentityFold::Namings> namings_;  // guarded by mutex_: a copy for the edge
  std::atomic<bool> erases_{false};
  std::atomic<uint64_t> pushed_{0};
  std::atomic<size_t> waiting_records_{0};
  std::atomic<size_t> waiting_bytes_{0};   // of payloads
  std::atomic<int64_t> oldest_micros_{0};  // monotonic; 0: nothing waits
  std::atomic<bool> failed_{false};
  std::thread thread_;
};

}  // namespace tributary
