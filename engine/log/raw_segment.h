// A segment file as the log thread writes it: header, then records one behind the other.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/log/file_ops.h"
#include "engine/log/segment.h"

namespace tributary {

/// Keeps one offset in memory for every kIndexStride records, so that one record is found with one small read.
///
/// Owner: the writer calls published(); everything else is safe from any thread.
class RawSegment : public Segment {
 public:
  static constexpr uint64_t kIndexStride = 16;

  RawSegment(std::string path, SegmentHeader header, FileHandle file);

  Lsn last() const override { return Lsn{last_.load(std::memory_order_acquire)}; }
  bool sealed() const override { return false; }
  uint64_t disk_bytes() const override;
  Result<RecordBatch> read(Lsn from, Lsn to, size_t bytes_max) const override;
  Result<std::pair<RecordKind, std::string>> read_one(Lsn lsn) const override;

  int descriptor() const { return file_.get(); }
  uint64_t end_offset() const { return end_offset_.load(std::memory_order_acquire); }

  /// Tells where a record lies, in LSN order, before it is published. Only every kIndexStride-th is kept.
  void index(Lsn lsn, uint64_t offset);
  /// Records up to `last` are durable and end at `end_offset`.
  void published(Lsn last, uint64_t end_offset);

 private:
  /// The nearest known record at or before `lsn`.
  struct Place {
    Lsn lsn;
    uint64_t offset;
  };
  Place floor_place(Lsn lsn) const;

  const FileHandle file_;
  std::atomic<uint64_t> last_;
  std::atomic<uint64_t> end_offset_{kSegmentHeaderBytes};
  mutable std::mutex mutex_;
  std::vector<uint32_t> offsets_;  // of base, base + stride, ...; under mutex_
};

/// What reading a raw segment file from its first record on found.
struct RawScan {
  std::shared_ptr<RawSegment> segment;  // indexed and published up to the last good record
  uint32_t last_crc = 0;                // of the last good record; the header's previous_crc when there is none
  Timestamp last_received_at;
};

/// Opens a segment file and checks its header. Errors: corrupt naming the file, not_found, io.
Result<std::shared_ptr<RawSegment>> open_raw_segment(const std::string& path, int flags);

/// Reads every record, window by window, until the first that is not valid.
Result<RawScan> scan_raw_segment(const std::string& path);

/// Bytes from the end of the last good record to the last byte of the file that is not zero: remains of a torn group.
Result<uint64_t> remains_behind(const RawSegment& segment);

}  // namespace tributary
