#include "engine/log/raw_segment.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

namespace tributary {
namespace {

constexpr size_t kScanWindowBytes = 4u << 20;  // a record with its header always fits
// Sixteen records of 600 bytes: what one look-up reads at once.
constexpr size_t kLookupBytes = 12u << 10;
constexpr size_t kBatchBytesMax = 16u << 20;

size_t window_bytes(uint64_t offset, uint64_t file_bytes) {
  return std::min<uint64_t>(kScanWindowBytes, file_bytes > offset ? file_bytes - offset : 0);
}

}  // namespace

RawSegment::RawSegment(std::string path, SegmentHeader header, FileHandle file)
    : Segment(std::move(path), std::move(header)), file_(std::move(file)), last_(base().value() - 1) {}

uint64_t RawSegment::disk_bytes() const {
  struct stat info{};
  return ::fstat(file_.get(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

void RawSegment::index(Lsn lsn, uint64_t offset) {
  if ((lsn.value() - base().value()) % kIndexStride != 0) return;
  std::lock_guard lock(mutex_);
  offsets_.push_back(static_cast<uint32_t>(offset));
}

void RawSegment::published(Lsn last, uint64_t end_offset) {
  end_offset_.store(end_offset, std::memory_order_release);
  last_.store(last.value(), std::memory_order_release);
}

RawSegment::Place RawSegment::floor_place(Lsn lsn) const {
  uint64_t step = (lsn.value() - base().value()) / kIndexStride;
  std::lock_guard lock(mutex_);
  return {Lsn{base().value() + step * kIndexStride}, offsets_[step]};
}

Result<RecordBatch> RawSegment::read(Lsn from, Lsn to, size_t bytes_max) const {
  Place place = floor_place(from);
  size_t window = std::clamp(bytes_max, kLookupBytes, kBatchBytesMax);
  while (true) {
    size_t bytes = std::min<uint64_t>(window, end_offset() - place.offset);
    auto content = read_at(file_.get(), place.offset, bytes, path());
    if (!content) return content.error();
    auto memory = std::make_shared<const std::string>(std::move(*content));
    RecordScanner scanner(*memory, header().epoch, place.lsn);
    RecordBatch batch{collect_records(scanner, from, to, bytes_max), memory};
    if (!batch.records.empty()) return batch;
    // Large records before `from` or at it: look from there, and at all of it.
    bool can_grow = scanner.stop() == RecordScanner::Stop::incomplete && memory->size() == bytes &&
                    place.offset + bytes < end_offset();
    if (!can_grow) return damaged_record(path(), scanner.next_lsn(), place.offset + scanner.offset());
    place = {scanner.next_lsn(), place.offset + scanner.offset()};
    window = std::max(window, scanner.wanted_bytes());
  }
}

Result<std::pair<RecordKind, std::string>> RawSegment::read_one(Lsn lsn) const {
  auto batch = read(lsn, lsn, 1);
  if (!batch) return batch.error();
  const RecordView& record = batch->records.front();
  return std::pair{record.kind, std::string(record.payload)};
}

Result<std::shared_ptr<RawSegment>> open_raw_segment(const std::string& path, int flags) {
  auto file = open_file(path, flags);
  if (!file) return file.error();
  auto bytes = read_at(file->get(), 0, kSegmentHeaderBytes, path);
  if (!bytes) return bytes.error();
  auto header = decode_segment_header(*bytes, kRawMagic);
  if (!header) return with_context(path, header.error());
  return std::make_shared<RawSegment>(path, *header, std::move(*file));
}

Result<RawScan> scan_raw_segment(const std::string& path) {
  auto segment = open_raw_segment(path, O_RDONLY);
  if (!segment) return segment.error();
  RawScan scan{*segment, (*segment)->header().previous_crc, {}};
  auto size = file_size(scan.segment->descriptor(), path);
  if (!size) return size.error();
  uint64_t offset = kSegmentHeaderBytes;
  Lsn next_lsn = scan.segment->base();
  while (true) {
    auto window = read_at(scan.segment->descriptor(), offset, window_bytes(offset, *size), path);
    if (!window) return window.error();
    RecordScanner scanner(*window, scan.segment->header().epoch, next_lsn);
    while (auto record = scanner.next()) {
      scan.segment->index(record->view.lsn, offset + record->offset);
      scan.last_crc = record->crc;
      scan.last_received_at = record->view.received_at;
    }
    next_lsn = scanner.next_lsn();
    offset += scanner.offset();
    scan.segment->published(Lsn{next_lsn.value() - 1}, offset);
    bool at_window_end = scanner.stop() == RecordScanner::Stop::incomplete && window->size() == kScanWindowBytes;
    if (!at_window_end) return scan;
  }
}

Result<uint64_t> remains_behind(const RawSegment& segment) {
  auto size = file_size(segment.descriptor(), segment.path());
  if (!size) return size.error();
  uint64_t offset = segment.end_offset();
  uint64_t remains = 0;
  while (true) {
    auto window = read_at(segment.descriptor(), offset, window_bytes(offset, *size), segment.path());
    if (!window) return window.error();
    size_t last = window->find_last_not_of('\0');
    if (last != std::string::npos) remains = offset + last + 1 - segment.end_offset();
    if (window->size() < kScanWindowBytes) return remains;
    offset += window->size();
  }
}

}  // namespace tributary
