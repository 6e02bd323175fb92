// The log thread: takes what is queued, makes it durable as one group, hands it on.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "engine/log/append_queue.h"
#include "engine/log/mark_writer.h"
#include "engine/log/segment_writer.h"

namespace tributary {

/// Group commit by natural batching: under light load a group is one request and waits for nothing; under heavy load
/// the next group forms while the disk works, and for 400 us at least after the one before began.
///
/// Lifecycle: start() · running · stop() writes what was queued before, or failed for good after the first failed write
/// or sync: the group and the queue get the error, and only a restart leaves that state.
class GroupCommit {
 public:
  struct Limits {
    size_t group_bytes_max = 0;
    size_t group_records_max = 0;
  };
  GroupCommit(Limits limits, AppendQueue& queue, SegmentWriter& writer, MarkWriter& marks, Metrics& metrics,
              Timestamp last_received_at, std::atomic<bool>& failed);
  ~GroupCommit() { stop(); }

  void start(Log::Sink sink);
  /// The queue must be closed before. Joins. Idempotent.
  void stop();
  Lsn last_durable() const { return Lsn{last_durable_.load(std::memory_order_acquire)}; }

 private:
  /// A run of records of one request inside a group.
  struct Slice {
    size_t request = 0;  // index into waiting_
    size_t first = 0;    // record of the request
    size_t count = 0;
    bool ends_request = false;
  };
  /// What is to be written together, before it is encoded.
  struct Plan {
    std::vector<Slice> slices;
    size_t records = 0;
    size_t disk_bytes = 0;
    size_t payload_bytes = 0;
  };
  struct Group {
    EncodedGroup encoded;
    DurableGroup durable;
    std::vector<DurableAppend> appends;
    std::vector<DurableCompletion> completions;
    uint64_t epoch = 0;
    size_t payload_bytes = 0;
  };

  void run();
  bool take_waiting();
  Plan plan() const;
  Group encode(const Plan& plan);
  void hand_over(const Plan& plan, Group& group);
  Result<void> commit(Group& group);
  Result<void> write(const EncodedGroup& group);
  void publish(Group& group);
  void fail(const Error& error, const std::vector<DurableCompletion>& completions);
#ifdef TRIBUTARY_TEST_BUGS
  Result<void> acknowledge_before_sync(Group& group);
  Result<void> write_held();
  std::unique_ptr<Group> held_;
#endif

  const Limits limits_;
  AppendQueue& queue_;
  SegmentWriter& writer_;
  MarkWriter& marks_;
  Metrics& metrics_;
  std::atomic<bool>& failed_;
  Log::Sink sink_;
  std::deque<WaitingAppend> waiting_;                       // Owner: the thread
  Timestamp last_received_at_;                              // Owner: the thread
  std::chrono::steady_clock::time_point last_group_began_;  // Owner: the thread
  size_t last_group_requests_ = 0;                          // Owner: the thread
  std::atomic<uint64_t> last_durable_;
  std::thread thread_;
};

}  // namespace tributary
