#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <memory>

#include "engine/base/check.h"
#include "engine/base/crc32c.h"
#include "engine/log/little_endian.h"
#include "engine/log/sealed_segment.h"

namespace tributary {
namespace {

// Level 3 writes about 300 MB/s on one core; higher levels gain few per cent on events of JSON.
constexpr int kCompressionLevel = 3;

void append_index_entry(std::string& index, const SealedSegment::Block& block) {
  char entry[32] = {};
  put_le<uint64_t>(entry, block.first.value());
  put_le<uint64_t>(entry + 8, block.offset);
  put_le<uint32_t>(entry + 16, block.compressed_bytes);
  put_le<uint32_t>(entry + 20, block.record_bytes);
  put_le<uint32_t>(entry + 24, block.crc);
  index.append(entry, sizeof entry);
}

/// Writes blocks one behind the other, then the index, then the header that makes the file valid.
class SealedWriter {
 public:
  SealedWriter(const RawSegment& raw, std::string path, FileHandle file, FileOps& files)
      : raw_(raw), path_(std::move(path)), file_(std::move(file)), files_(files) {}

  /// Adds the records' bytes, as they lie in the raw segment.
  Result<void> add(Lsn first, std::string_view records) {
    std::string compressed(ZSTD_compressBound(records.size()), '\0');
    size_t size =
        ZSTD_compress(compressed.data(), compressed.size(), records.data(), records.size(), kCompressionLevel);
    TRIBUTARY_CHECK(ZSTD_isError(size) == 0);
    compressed.resize(size);
    append_index_entry(index_, {first, offset_, static_cast<uint32_t>(size), static_cast<uint32_t>(records.size()),
                                masked_crc(crc32c(compressed))});
    ++blocks_;
    return write(compressed);
  }

  Result<void> finish(const StoredRecord& last) {
    std::string header = encode_segment_header(raw_.header(), kSealedMagic);
    put_le<uint64_t>(header.data() + 64, last.view.lsn.value());
    put_le<uint64_t>(header.data() + 72, offset_);
    put_le<uint32_t>(header.data() + 80, blocks_);
    put_le<uint32_t>(header.data() + 84, last.crc);
    put_le<uint32_t>(header.data() + 88, masked_crc(crc32c(index_)));
    put_le<int64_t>(header.data() + 96, last.view.received_at.micros);
    finish_segment_header(header);
    TRIBUTARY_TRY(write(index_));
    offset_ = 0;
    TRIBUTARY_TRY(write(header));
    return sync_data(files_, file_.get(), path_);
  }

 private:
  Result<void> write(std::string_view bytes) {
    auto written = write_at(files_, file_.get(), offset_, bytes, path_);
    if (!written) return written.error();
    offset_ += bytes.size();
    return {};
  }

  const RawSegment& raw_;
  const std::string path_;
  FileHandle file_;
  FileOps& files_;
  std::string index_;
  uint32_t blocks_ = 0;
  uint64_t offset_ = kSegmentHeaderBytes;
};

/// How many bytes of whole records make the next block, and its last record; every record is checked on the way.
struct Cut {
  size_t bytes = 0;
  StoredRecord last;
};
Cut cut_block(RecordScanner& scanner) {
  Cut cut;
  while (auto record = scanner.next()) {
    cut.bytes = scanner.offset();
    cut.last = *record;
    if (cut.bytes >= kSealedBlockBytes) break;
  }
  return cut;
}

Result<void> write_blocks(const RawSegment& raw, SealedWriter& writer, const std::atomic<bool>& stop) {
  Lsn next_lsn = raw.base();
  uint64_t offset = kSegmentHeaderBytes;
  StoredRecord last;
  while (next_lsn <= raw.last()) {
    if (stop) return Error{ErrorCode::stopping, "sealing " + raw.path()};
    size_t window = kSealedBlockBytes + record_bytes(kRecordPayloadMax);
    auto bytes = read_at(raw.descriptor(), offset, std::min<uint64_t>(window, raw.end_offset() - offset), raw.path());
    if (!bytes) return bytes.error();
    RecordScanner scanner(*bytes, raw.header().epoch, next_lsn);
    Cut cut = cut_block(scanner);
    if (cut.bytes == 0) return damaged_record(raw.path(), next_lsn, offset);
    TRIBUTARY_TRY(writer.add(next_lsn, std::string_view(*bytes).substr(0, cut.bytes)));
    next_lsn = scanner.next_lsn();
    offset += cut.bytes;
    last = cut.last;
    last.view.payload = {};
  }
  return writer.finish(last);
}

}  // namespace

Result<std::shared_ptr<SealedSegment>> seal_segment(const RawSegment& raw, BlockCache& cache, FileOps& files,
                                                    const std::atomic<bool>& stop) {
  TRIBUTARY_CHECK(!raw.empty());
  std::string directory = raw.path().substr(0, raw.path().rfind('/'));
  std::string path = directory + "/" + segment_file_name(raw.base(), kSealedSuffix);
  std::string temporary = path + ".tmp";
  auto file = open_file(temporary, O_RDWR | O_CREAT | O_TRUNC);
  if (!file) return file.error();
  SealedWriter writer(raw, temporary, std::move(*file), files);
  auto written = write_blocks(raw, writer, stop);
  if (!written) {
    ::unlink(temporary.c_str());
    return written.error();
  }
  TRIBUTARY_TRY(rename_file(files, temporary, path));
  TRIBUTARY_TRY(sync_directory(files, directory));
  return SealedSegment::open(path, cache);
}

}  // namespace tributary
