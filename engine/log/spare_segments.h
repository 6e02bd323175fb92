// Prewritten files that wait to become segments. Writing into blocks that are allocated and written already needs no
// metadata commit of the file system: one fdatasync is one I/O instead of two or more.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/log/file_ops.h"

namespace tributary {

/// Files `spare-<number>.spare`, all zero, exactly `segment_bytes` long. Made and recycled by housekeeping, taken by
/// the log thread. Thread: take() and missing() are safe from any thread, the rest belongs to housekeeping.
class SpareSegments {
 public:
  SpareSegments(std::string directory, uint64_t segment_bytes, size_t wanted, FileOps& files);

  /// Takes over the spares of an earlier run and deletes half-made ones.
  Result<void> adopt();

  /// A spare's path, now the caller's; nothing when there is none.
  std::optional<std::string> take();
  size_t missing() const;

  /// Makes one: zeroes in pieces, synced, then renamed. `stop` ends it early with the error `stopping`.
  Result<void> make(const std::atomic<bool>& stop);
  /// The same with the blocks of a file that is no longer needed.
  Result<void> recycle(const std::string& path, const std::atomic<bool>& stop);

 private:
  Result<void> zero_and_keep(const std::string& temporary, const std::atomic<bool>& stop);

  const std::string directory_;
  const uint64_t segment_bytes_;
  const size_t wanted_;
  FileOps& files_;
  mutable std::mutex mutex_;
  std::deque<std::string> ready_;  // under mutex_
  uint64_t last_number_ = 0;
};

}  // namespace tributary
