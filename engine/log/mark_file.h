// The acked high-water mark: the LSN up to which records were acknowledged, kept outside the log. Checksums cannot see
// a missing tail; this can.
//
// File `mark`, 4,096 bytes, two slots written in turn, at 0 and 2048, so that a torn write leaves the other.
// Little-endian.
//   offset  bytes  field
//        0      8  magic "TRIBMARK"
//        8      8  generation: +1 with each write; the valid slot with the higher one counts
//       16      8  lsn: everything up to it may have been acknowledged
//       24      8  epoch of the segment that lsn lies in
//       32      8  first lsn that is kept; what lies below was trimmed on purpose
//       40     16  store id
//       56      4  zero
//       60      4  crc32c of bytes 0 .. 59, masked
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/base/strong_id.h"
#include "engine/log/file_ops.h"

namespace tributary {

struct MarkState {
  Lsn lsn;
  uint64_t epoch = 0;
  Lsn first{1};
  std::string store_id;
  uint64_t generation = 0;
};

constexpr std::string_view kMarkFileName = "mark";

/// Nothing when there is no file. Errors: corrupt when neither slot is valid, io.
Result<std::optional<MarkState>> read_mark(const std::string& directory);

/// Owner: the log. Thread: all methods are safe from any thread.
class MarkFile {
 public:
  /// Opens for writing, creating the file when it is not there, and makes `state` durable in it.
  static Result<std::unique_ptr<MarkFile>> open(const std::string& directory, const MarkState& state, FileOps& files);

  /// Durable when it returns. The mark never falls.
  Result<void> advance(Lsn lsn, uint64_t epoch);
  /// To be called before files below `first` are deleted.
  Result<void> keep_from(Lsn first);

 private:
  MarkFile(std::string path, FileHandle file, MarkState state, FileOps& files);
  Result<void> write(MarkState state);

  const std::string path_;
  FileHandle file_;
  FileOps& files_;
  std::mutex mutex_;
  MarkState state_;
};

}  // namespace tributary
