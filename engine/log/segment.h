// One file of the log as readers see it: raw (being written, or full) or sealed (compressed).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/domain/record.h"
#include "engine/log/record_format.h"

namespace tributary {

/// Records with the memory they lie in.
struct RecordBatch {
  std::vector<RecordView> records;
  std::shared_ptr<const std::string> memory;
};

/// Thread: const methods are safe from any thread. A reader keeps the segment alive, and with it the file's content.
class Segment {
 public:
  Segment(std::string path, SegmentHeader header) : path_(std::move(path)), header_(std::move(header)) {}
  virtual ~Segment() = default;
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  const std::string& path() const { return path_; }
  const SegmentHeader& header() const { return header_; }
  Lsn base() const { return header_.base; }
  /// LSN of the last durable record; base - 1 when there is none.
  virtual Lsn last() const = 0;
  bool empty() const { return last() < base(); }
  virtual bool sealed() const = 0;
  virtual uint64_t disk_bytes() const = 0;

  /// Records `from` .. `to` (both in this segment), until their payloads exceed `bytes_max`; at least one.
  /// Errors: corrupt, naming file and offset; not_found when the file was trimmed meanwhile; io.
  virtual Result<RecordBatch> read(Lsn from, Lsn to, size_t bytes_max) const = 0;

  /// One record's kind and payload. Errors as read().
  virtual Result<std::pair<RecordKind, std::string>> read_one(Lsn lsn) const = 0;

 private:
  const std::string path_;
  const SegmentHeader header_;
};

/// The error of a record that should be there and is not readable.
Error damaged_record(const std::string& path, Lsn lsn, uint64_t offset);

/// Takes records `from` .. `to` out of `scanner` until `bytes_max` of payload; `scanner` stands at or before `from`.
std::vector<RecordView> collect_records(RecordScanner& scanner, Lsn from, Lsn to, size_t bytes_max);

}  // namespace tributary
