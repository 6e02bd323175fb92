// The embedded log: prewritten segment files, group commit by natural batching, an exact acknowledged mark.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "engine/base/time.h"
#include "engine/log/log.h"
#include "engine/metrics/metrics.h"

namespace tributary {

class FileOps;

struct SegmentLogOptions {
  // Behaviour.
  std::string directory;                 // created when absent; <data_dir>/log
  bool accept_loss = false;              // open although acknowledged records are missing; audited
  uint64_t retention_bytes = 0;          // 0: keep everything; otherwise trim sealed segments beyond it
  int64_t retention_micros = 0;          // 0: keep for ever
  uint64_t disk_low_bytes = 0;           // 0: max(512 MiB, 2 % of the disk)
  uint64_t disk_low_inodes = 32;         // refused below this many free inodes too; resumed at 10 % above
  uint64_t ballast_bytes = 64ull << 20;  // 0: none
  // Speed and memory.
  uint64_t segment_bytes = 64ull << 20;  // 1 MiB .. 1 GiB
  int spare_segments = 2;                // prewritten files kept ready
  size_t group_bytes_max = 4ull << 20;
  size_t group_records_max = 4096;
  size_t queue_bytes_max = 64ull << 20;  // beyond it append() answers overloaded
  size_t queue_records_max = 200'000;
  bool seal = true;  // rewrite full segments as compressed blocks
  // Tests put failing writes and syncs here; null: the operating system. Outlives the log.
  FileOps* file_ops = nullptr;
};

/// What opening found out.
struct LogRecovery {
  Lsn first_lsn;  // the oldest that is kept, or will be written; what lies below was trimmed or its loss accepted
  Lsn last_lsn;
  Lsn mark;
  uint64_t tail_dropped_bytes = 0;
  uint64_t accepted_loss_records = 0;
  std::string store_id;  // 16 bytes, random, made with the directory
};

class SegmentLog : public Log {
 public:
  /// Recovers and opens. `applied` is the state's applied LSN, the second witness of what must be there.
  /// Errors: corrupt (exit 65) naming file and offset; disk_full (exit 75); unavailable when another process has it
  /// open; config; io.
  static Result<std::unique_ptr<SegmentLog>> open(SegmentLogOptions options, Lsn applied, Metrics& metrics);

  virtual const LogRecovery& recovery() const = 0;

  /// Why an event would be refused right now; nothing when it would be accepted. Thread: any.
  virtual std::optional<AppendRefusal> refusal() const = 0;

  /// True after a failed write or sync: nothing will be written any more and the process must exit 74. Thread: any.
  virtual bool failed() const = 0;
};

/// What `tributary verify` reports of a log directory, without opening it for writing. The log must not be in use.
struct LogVerification {
  uint64_t records = 0;
  Lsn last_lsn;
  Lsn mark;
  std::string last_segment;  // file name
  uint64_t end_offset = 0;   // write position in it
};

/// Reads every record of every segment and checks it, the chain of the segments, and their end against the mark.
/// Errors: corrupt naming file and offset, io.
Result<LogVerification> verify_log(const std::string& directory);

}  // namespace tributary
