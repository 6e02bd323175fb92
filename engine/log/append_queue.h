// What producers hand to the log thread, bounded in records and bytes.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "engine/log/log.h"

namespace tributary {

/// An append on its way through the log thread.
struct WaitingAppend {
  AppendRequest request;
  size_t written = 0;  // records of it that are in earlier groups
};

/// Thread: push(), close() and size() are safe from any thread; take() and release() belong to the log thread.
class AppendQueue {
 public:
  AppendQueue(size_t records_max, size_t bytes_max) : records_max_(records_max), bytes_max_(bytes_max) {}

  /// Never waits. What one request alone holds beyond the bounds is let in when nothing else is queued.
  std::optional<AppendRefusal> push(AppendRequest&& request);
  /// Why push() would refuse a small request now.
  std::optional<AppendRefusal> refusal() const;

  /// Moves everything queued behind `into`; waits for something only when `into` is empty. False when closed and empty.
  bool take(std::deque<WaitingAppend>& into);
  /// Records that left the log thread: their room is free again.
  void release(size_t records, size_t bytes);

  /// From now on push() answers `why`; what is queued stays. The first reason given stays.
  void close(AppendRefusal why);

  struct Size {
    size_t records = 0;
    size_t bytes = 0;
  };
  Size size() const;

 private:
  const size_t records_max_;
  const size_t bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<WaitingAppend> queue_;
  Size size_;  // queued, and taken but not released
  std::optional<AppendRefusal> closed_;
};

/// Bytes of one request's payloads.
size_t payload_bytes(const std::vector<Record>& records);

}  // namespace tributary
