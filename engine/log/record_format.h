// How segments and records lie on disk: coding and checking of bytes, without files. All integers little-endian.
//
// Segment header, 4,096 bytes
//   offset  bytes  field
//        0      8  magic "TRIBLOG1"; "TRIBSEA1" in a sealed segment
//        8      2  format version, 1
//       10      2  header bytes, 4096
//       12      4  segment bytes
//       16     16  store id, random, made with the data directory
//       32      8  epoch: +1 each time any file becomes a segment
//       40      8  base lsn
//       48      8  created at, microseconds since 1970
//       56      4  crc field of the last record of the previous segment, 0 for the first
//       60      4  zero
//       64     40  zero; in a sealed segment see sealed_segment.h
//      104   3988  zero
//     4092      4  crc32c of bytes 0 .. 4091, masked
//
// Record, 8-byte aligned
//   offset  bytes  field
//        0      4  crc32c, masked, of: segment epoch (8 bytes) followed by bytes 4 .. 32+n-1
//        4      4  n = payload bytes, 1 .. 1 MiB
//        8      8  lsn = previous + 1
//       16      8  received_at, microseconds since 1970, never falling
//       24      4  workspace
//       28      2  partition
//       30      1  kind
//       31      1  flags: 1 encrypted, 2 zstd, 4 last record of its group
//       32      n  payload
//     32+n   0..7  zero, to the next multiple of 8
//
// Epoch and LSN inside the checksum make old records in a recycled file unreadable; base LSN and the previous segment's
// checksum chain the files; the store id keeps out a segment of another directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/domain/record.h"

namespace tributary {

constexpr size_t kSegmentHeaderBytes = 4096;
constexpr size_t kRecordHeaderBytes = 32;
constexpr size_t kStoreIdBytes = 16;
constexpr uint16_t kLogFormatVersion = 1;
constexpr std::string_view kRawMagic = "TRIBLOG1";
constexpr std::string_view kSealedMagic = "TRIBSEA1";
constexpr uint8_t kFlagLastOfGroup = 4;

struct SegmentHeader {
  uint32_t segment_bytes = 0;
  std::string store_id;  // kStoreIdBytes
  uint64_t epoch = 0;
  Lsn base;
  Timestamp created_at;
  uint32_t previous_crc = 0;
};

/// kSegmentHeaderBytes with a valid checksum.
std::string encode_segment_header(const SegmentHeader& header, std::string_view magic);
/// Writes the checksum again after somebody filled the spare area.
void finish_segment_header(std::string& bytes);
/// Errors: corrupt, saying which field is wrong; the caller adds the file's name.
Result<SegmentHeader> decode_segment_header(std::string_view bytes, std::string_view magic);

/// Bytes a record takes on disk, padding included.
constexpr size_t record_bytes(size_t payload_bytes) { return (kRecordHeaderBytes + payload_bytes + 7) & ~size_t{7}; }

/// The checksum's start value for every record of one segment.
uint32_t epoch_seed(uint64_t epoch);

struct StoredRecord {
  RecordView view;
  uint32_t crc = 0;
  uint8_t flags = 0;
  size_t offset = 0;  // of the record in the scanned bytes
};

/// Writes one record with checksum and padding to `out`, record_bytes() of it; `view.payload` is the payload to copy.
/// Returns the crc field.
uint32_t encode_record(char* out, const RecordView& view, uint8_t flags, uint32_t seed);

/// Reads consecutive records from bytes that begin at a record's border. Every record is checked: length, LSN,
/// checksum. Views point into the bytes. Never reads outside them, whatever they hold.
class RecordScanner {
 public:
  enum class Stop {
    incomplete,  // the bytes end inside a record (or before it): more bytes may help
    damaged,     // no valid record with the expected LSN begins here
  };

  RecordScanner(std::string_view bytes, uint64_t epoch, Lsn first);

  /// The next record; nothing at the stop, for good.
  std::optional<StoredRecord> next();
  /// Steps over a record by its header alone, unless it is not the expected one.
  bool skip();
  Lsn next_lsn() const { return next_lsn_; }
  /// Where the next record begins, or where reading stopped.
  size_t offset() const { return offset_; }
  Stop stop() const { return stop_; }
  /// Bytes from offset() on that must be there to go on after `incomplete`.
  size_t wanted_bytes() const { return wanted_; }

 private:
  std::optional<uint32_t> payload_bytes_here();
  void advance(uint32_t payload_bytes);

  std::string_view bytes_;
  uint32_t seed_;
  Lsn next_lsn_;
  size_t offset_ = 0;
  Stop stop_ = Stop::incomplete;
  size_t wanted_ = 0;
};

/// `00000000000000000001.seg` and `.sealed`.
std::string segment_file_name(Lsn base, std::string_view suffix);
constexpr std::string_view kRawSuffix = ".seg";
constexpr std::string_view kSealedSuffix = ".sealed";

}  // namespace tributary
