// What the log does beside writing: watch the disk, keep spares, seal full segments, trim old ones.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "engine/log/block_cache.h"
#include "engine/log/disk_guard.h"
#include "engine/log/mark_file.h"
#include "engine/log/raw_segment.h"
#include "engine/log/sealed_segment.h"
#include "engine/log/segment_catalog.h"
#include "engine/log/spare_segments.h"

namespace tributary {

/// A thread of its own, "trib-logkeep", once a second and when woken. Its failures lose nothing: they are logged, and
/// the work is tried again later.
///
/// Thread: wake() and set_durable_state() are safe from any thread.
class Housekeeping {
 public:
  struct Options {
    std::string directory;
    bool seal = true;
    uint64_t retention_bytes = 0;
    int64_t retention_micros = 0;
  };

  Housekeeping(Options options, DiskGuard& guard, SpareSegments& spares, SegmentCatalog& catalog, MarkFile& mark,
               BlockCache& cache, FileOps& files);
  ~Housekeeping() { stop(); }

  void start();
  void wake();
  /// Only segments up to here are sealed or trimmed. Never falls.
  void set_durable_state(Lsn lsn);
  /// Ends work in progress and joins. Idempotent.
  void stop();

 private:
  void run();
  void round();
  Result<void> keep_spares();
  Result<void> seal_full_segments();
  Result<void> seal(const std::shared_ptr<const RawSegment>& raw);
  Result<void> give_back(const std::shared_ptr<const RawSegment>& raw);
  Result<void> trim();
  bool beyond_retention(const Segment& oldest, const Segment& follower, uint64_t total_bytes) const;
  Lsn durable_state() const { return Lsn{durable_state_.load(std::memory_order_acquire)}; }

  const Options options_;
  DiskGuard& guard_;
  SpareSegments& spares_;
  SegmentCatalog& catalog_;
  MarkFile& mark_;
  BlockCache& cache_;
  FileOps& files_;
  std::atomic<uint64_t> durable_state_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;  // under mutex_
  std::thread thread_;
};

}  // namespace tributary
