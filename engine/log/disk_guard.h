// Stops accepting before the disk is full, and accepts again by itself when space returns.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "engine/base/result.h"
#include "engine/log/file_ops.h"
#include "engine/metrics/metrics.h"

namespace tributary {

struct DiskSpace {
  uint64_t free_bytes = 0;
  uint64_t total_bytes = 0;
  uint64_t free_inodes = 0;
  uint64_t total_inodes = 0;  // 0: this file system has no limit
};

/// statvfs(3): what a process without privileges may still use.
Result<DiskSpace> ask_disk_space(const std::string& directory);

/// Two marks: below `low` nothing is accepted; at `low` + 10 % it is again. A ballast file of real blocks is given up
/// when free space falls below half of `low`, so that what was accepted can still be written; it is made again after
/// resuming.
///
/// Thread: check() and start() belong to one thread at a time; low() is safe from any thread.
class DiskGuard {
 public:
  struct Options {
    std::string directory;
    uint64_t low_bytes = 0;      // 0: max(512 MiB, 2 % of the disk)
    uint64_t low_inodes = 32;    // a state store needs about ten to open
    uint64_t ballast_bytes = 0;  // 0: none
  };
  using AskSpace = std::function<Result<DiskSpace>(const std::string& directory)>;

  DiskGuard(Options options, Metrics& metrics, AskSpace ask = ask_disk_space);

  /// Errors: disk_full with path, free and needed when not even half of `low` is free, ballast included.
  Result<void> start();
  void check();
  bool low() const { return low_.load(std::memory_order_relaxed); }
  uint64_t low_bytes() const { return low_bytes_; }

 private:
  std::string ballast_path() const;
  void release_ballast();
  void make_ballast();

  const Options options_;
  Metrics& metrics_;
  const AskSpace ask_;
  uint64_t low_bytes_ = 0;
  bool has_ballast_ = false;
  std::atomic<bool> low_{false};
};

}  // namespace tributary
