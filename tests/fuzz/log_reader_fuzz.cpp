// Everything the log reads from a file that may be damaged: segment headers, records, the index and the blocks of
// sealed segments. The first byte chooses the reader; checksums are mended, because a fuzzer does not guess them.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "engine/base/check.h"
#include "engine/base/crc32c.h"
#include "engine/log/little_endian.h"
#include "engine/log/raw_segment.h"
#include "engine/log/record_format.h"
#include "engine/log/sealed_segment.h"

namespace tributary {
namespace {

constexpr uint64_t kEpoch = 3;
constexpr Lsn kFirst{1};

/// Gives the records, as far as their lengths lead, valid LSNs and checksums.
void mend_records(std::string& bytes, size_t offset) {
  uint64_t lsn = kFirst.value();
  while (bytes.size() - offset >= kRecordHeaderBytes) {
    char* at = bytes.data() + offset;
    auto size = get_le<uint32_t>(at + 4);
    if (size == 0 || size > kRecordPayloadMax || size > bytes.size() - offset - kRecordHeaderBytes) return;
    put_le<uint64_t>(at + 8, lsn++);
    put_le<uint32_t>(at, masked_crc(crc32c({at + 4, kRecordHeaderBytes - 4 + size}, epoch_seed(kEpoch))));
    offset = std::min(offset + record_bytes(size), bytes.size());
  }
}

/// What is accepted lies inside the input and encodes to what was read.
void scan_records(std::string_view bytes) {
  RecordScanner scanner(bytes, kEpoch, kFirst);
  size_t behind = 0;
  while (auto record = scanner.next()) {
    TRIBUTARY_CHECK(record->offset == behind && scanner.offset() > behind && scanner.offset() <= bytes.size());
    behind = scanner.offset();
    std::string again(record_bytes(record->view.payload.size()), '\0');
    encode_record(again.data(), record->view, record->flags, epoch_seed(kEpoch));
    size_t size = kRecordHeaderBytes + record->view.payload.size();
    TRIBUTARY_CHECK(again.compare(0, size, bytes.substr(record->offset, size)) == 0);
  }
  RecordScanner stepper(bytes, kEpoch, kFirst);
  while (stepper.skip()) TRIBUTARY_CHECK(stepper.offset() <= bytes.size());
  TRIBUTARY_CHECK(stepper.offset() >= scanner.offset());
}

void read_header(std::string_view bytes) {
  for (std::string_view magic : {kRawMagic, kSealedMagic}) {
    auto header = decode_segment_header(bytes, magic);
    if (header) TRIBUTARY_CHECK(header->store_id.size() == kStoreIdBytes);
  }
}

/// A whole file: header, records, remains.
void read_segment_file(std::string bytes) {
  SegmentHeader header{1 << 20, std::string(kStoreIdBytes, 's'), kEpoch, kFirst, {}, 0};
  std::string file = encode_segment_header(header, kRawMagic) + std::move(bytes);
  int fd = ::memfd_create("segment", MFD_CLOEXEC);
  TRIBUTARY_CHECK(fd >= 0 && ::write(fd, file.data(), file.size()) == static_cast<ssize_t>(file.size()));
  FileHandle owner(fd);
  auto scan = scan_raw_segment("/proc/self/fd/" + std::to_string(fd));
  TRIBUTARY_CHECK(scan.has_value());
  const RawSegment& segment = *scan->segment;
  auto remains = remains_behind(segment);
  TRIBUTARY_CHECK(remains.has_value() && segment.end_offset() + *remains <= file.size());
  for (Lsn lsn = segment.base(); lsn <= segment.last();) {
    auto batch = segment.read(lsn, segment.last(), 1000);
    TRIBUTARY_CHECK(batch.has_value() && batch->records.front().lsn == lsn);
    TRIBUTARY_CHECK(segment.read_one(lsn).value().second == batch->records.front().payload);
    lsn = next(batch->records.back().lsn);
  }
}

void read_index(std::string_view bytes) {
  if (bytes.size() < 16) return;
  Lsn last{get_le<uint64_t>(bytes.data())};
  auto end = get_le<uint64_t>(bytes.data() + 8);
  auto blocks = decode_block_index(bytes.substr(16), kFirst, last, end);
  if (!blocks) return;
  uint64_t offset = kSegmentHeaderBytes;
  for (const SealedSegment::Block& block : *blocks) {
    TRIBUTARY_CHECK(block.offset == offset && block.first <= last);
    offset += block.compressed_bytes;
  }
  TRIBUTARY_CHECK(offset == end);
}

void read_block(std::string_view bytes) {
  if (bytes.size() < 4) return;
  SealedSegment::Block block{kFirst, 0, static_cast<uint32_t>(bytes.size() - 4), 0, 0};
  block.record_bytes = get_le<uint32_t>(bytes.data()) % (1u << 20);
  block.crc = masked_crc(crc32c(bytes.substr(4)));
  auto records = open_block(bytes.substr(4), block, "fuzzed block");
  if (records) scan_records(*records);
}

void read_any(uint8_t reader, std::string bytes) {
  switch (reader % 6) {
    case 0:
      return scan_records(bytes);
    case 1:
      mend_records(bytes, 0);
      return scan_records(bytes);
    case 2:
      mend_records(bytes, 0);
      return read_segment_file(std::move(bytes));
    case 3:
      read_header(bytes);
      if (bytes.size() >= kSegmentHeaderBytes) finish_segment_header(bytes);
      return read_header(bytes);
    case 4:
      return read_index(bytes);
    default:
      return read_block(bytes);
  }
}

}  // namespace
}  // namespace tributary

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) tributary::read_any(data[0], std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  return 0;
}
