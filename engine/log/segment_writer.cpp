#include "engine/log/segment_writer.h"

#include <fcntl.h>

#include <chrono>

#include "engine/base/check.h"

namespace tributary {

SegmentWriter::SegmentWriter(Origin origin, SpareSegments& spares, SegmentCatalog& catalog, FileOps& files,
                             Metrics& metrics, std::function<void()> on_roll)
    : origin_(std::move(origin)),
      spares_(spares),
      catalog_(catalog),
      files_(files),
      metrics_(metrics),
      on_roll_(std::move(on_roll)) {}

/// A spare, or when housekeeping did not keep up an empty file: slower to append to, but nobody waits for 64 MiB of
/// zeroes.
Result<std::pair<std::string, FileHandle>> SegmentWriter::take_file() {
  auto spare = spares_.take();
  std::string path = spare ? *spare : origin_.directory + "/segment.tmp";
  auto file = open_file(path, spare ? O_RDWR : O_RDWR | O_CREAT | O_TRUNC);
  if (!file) return file.error();
  return std::pair{std::move(path), std::move(*file)};
}

Result<void> SegmentWriter::roll() {
  auto taken = take_file();
  if (!taken) return taken.error();
  auto& [from, file] = *taken;
  SegmentHeader header{static_cast<uint32_t>(origin_.segment_bytes),
                       origin_.store_id,
                       origin_.epoch + 1,
                       next_lsn(),
                       system_clock().now(),
                       origin_.last_crc};
  std::string path = origin_.directory + "/" + segment_file_name(header.base, kRawSuffix);
  auto written = write_at(files_, file.get(), 0, encode_segment_header(header, kRawMagic), from);
  if (!written) return written.error();
  TRIBUTARY_TRY(sync_data(files_, file.get(), from));
  TRIBUTARY_TRY(rename_file(files_, from, path));
  TRIBUTARY_TRY(sync_directory(files_, origin_.directory));
  origin_.epoch = header.epoch;
  active_ = std::make_shared<RawSegment>(path, header, std::move(file));
  catalog_.add(active_);
  on_roll_();
  return {};
}

Result<void> SegmentWriter::make_room(size_t bytes) {
  if (active_->end_offset() + bytes <= origin_.segment_bytes || active_->empty()) return {};
  return roll();
}

Result<void> SegmentWriter::write(const EncodedGroup& group) {
  TRIBUTARY_CHECK(group.first == next_lsn());
  uint64_t offset = active_->end_offset();
  auto written = write_at(files_, active_->descriptor(), offset, group.bytes, active_->path());
  if (!written) return written.error();
  if (*written > 0) metrics_.log_short_writes.increment(*written);
  auto before = std::chrono::steady_clock::now();
  TRIBUTARY_TRY(sync_data(files_, active_->descriptor(), active_->path()));
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
  metrics_.log_sync_seconds.observe(took.count());
  metrics_.log_bytes.increment(static_cast<double>(group.bytes.size()));
  for (auto [lsn, at] : group.index) active_->index(lsn, offset + at);
  active_->published(group.last, offset + group.bytes.size());
  origin_.last_lsn = group.last;
  origin_.last_crc = group.last_crc;
  return {};
}

}  // namespace tributary
