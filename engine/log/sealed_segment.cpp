#include "engine/log/sealed_segment.h"

#include <fcntl.h>
#include <zstd.h>

#include <algorithm>

#include "engine/base/crc32c.h"
#include "engine/log/little_endian.h"

namespace tributary {
namespace {

constexpr size_t kEntryBytes = 32;

/// The header fields that only a sealed segment has.
struct SealedFields {
  SealedSegment::Summary summary;
  uint32_t block_count = 0;
  uint32_t index_crc = 0;
};

SealedFields decode_sealed_fields(std::string_view header) {
  SealedFields fields;
  fields.summary.last = Lsn{get_le<uint64_t>(header.data() + 64)};
  fields.summary.index_offset = get_le<uint64_t>(header.data() + 72);
  fields.block_count = get_le<uint32_t>(header.data() + 80);
  fields.summary.last_crc = get_le<uint32_t>(header.data() + 84);
  fields.index_crc = get_le<uint32_t>(header.data() + 88);
  fields.summary.last_received_at.micros = get_le<int64_t>(header.data() + 96);
  return fields;
}

}  // namespace

Result<std::vector<SealedSegment::Block>> decode_block_index(std::string_view bytes, Lsn base, Lsn last, uint64_t end) {
  Error bad{ErrorCode::corrupt, "index at offset " + std::to_string(end) + ": entries do not follow one another"};
  std::vector<SealedSegment::Block> blocks;
  uint64_t offset = kSegmentHeaderBytes;
  for (size_t at = 0; at + kEntryBytes <= bytes.size(); at += kEntryBytes) {
    const char* entry = bytes.data() + at;
    SealedSegment::Block block{Lsn{get_le<uint64_t>(entry)}, get_le<uint64_t>(entry + 8), get_le<uint32_t>(entry + 16),
                               get_le<uint32_t>(entry + 20), get_le<uint32_t>(entry + 24)};
    bool follows = blocks.empty() ? block.first == base : block.first > blocks.back().first;
    if (!follows || block.first > last || block.offset != offset || block.record_bytes > 2 * kRecordPayloadMax)
      return bad;
    offset += block.compressed_bytes;
    blocks.push_back(block);
  }
  if (blocks.empty() || offset != end || bytes.size() % kEntryBytes != 0) return bad;
  return blocks;
}

Result<std::string> open_block(std::string_view compressed, const SealedSegment::Block& block,
                               const std::string& where) {
  if (compressed.size() != block.compressed_bytes || masked_crc(crc32c(compressed)) != block.crc) {
    return Error{ErrorCode::corrupt, where + ": wrong checksum"};
  }
  std::string records(block.record_bytes, '\0');
  size_t size = ZSTD_decompress(records.data(), records.size(), compressed.data(), compressed.size());
  if (ZSTD_isError(size) != 0 || size != records.size())
    return Error{ErrorCode::corrupt, where + ": not decompressible"};
  return records;
}

Result<std::shared_ptr<SealedSegment>> SealedSegment::open(const std::string& path, BlockCache& cache) {
  auto file = open_file(path, O_RDONLY);
  if (!file) return file.error();
  auto bytes = read_at(file->get(), 0, kSegmentHeaderBytes, path);
  if (!bytes) return bytes.error();
  auto header = decode_segment_header(*bytes, kSealedMagic);
  if (!header) return with_context(path, header.error());
  SealedFields fields = decode_sealed_fields(*bytes);
  uint64_t index_offset = fields.summary.index_offset;
  size_t index_bytes = size_t{fields.block_count} * kEntryBytes;
  auto index = read_at(file->get(), index_offset, index_bytes, path);
  if (!index) return index.error();
  if (index->size() != index_bytes || masked_crc(crc32c(*index)) != fields.index_crc) {
    return Error{ErrorCode::corrupt, path + ": index at offset " + std::to_string(index_offset) + ": wrong checksum"};
  }
  auto blocks = decode_block_index(*index, header->base, fields.summary.last, index_offset);
  if (!blocks) return with_context(path, blocks.error());
  return std::make_shared<SealedSegment>(path, *header, fields.summary, std::move(*blocks), cache);
}

SealedSegment::SealedSegment(std::string path, SegmentHeader header, Summary summary, std::vector<Block> blocks,
                             BlockCache& cache)
    : Segment(std::move(path), std::move(header)), summary_(summary), blocks_(std::move(blocks)), cache_(cache) {}

uint64_t SealedSegment::disk_bytes() const { return summary_.index_offset + blocks_.size() * kEntryBytes; }

const SealedSegment::Block& SealedSegment::block_of(Lsn lsn) const {
  auto behind = std::upper_bound(blocks_.begin(), blocks_.end(), lsn,
                                 [](Lsn wanted, const Block& block) { return wanted < block.first; });
  return *(behind - 1);
}

Result<BlockCache::Block> SealedSegment::load(const Block& block) const {
  auto file = open_file(path(), O_RDONLY);
  if (!file) return file.error();
  auto compressed = read_at(file->get(), block.offset, block.compressed_bytes, path());
  if (!compressed) return compressed.error();
  auto records =
      open_block(*compressed, block, "reading " + path() + ": block at offset " + std::to_string(block.offset));
  if (!records) return records.error();
  return std::make_shared<const std::string>(std::move(*records));
}

Result<RecordBatch> SealedSegment::read(Lsn from, Lsn to, size_t bytes_max) const {
  const Block& block = block_of(from);
  auto memory = load(block);
  if (!memory) return memory.error();
  RecordScanner scanner(**memory, header().epoch, block.first);
  RecordBatch batch{collect_records(scanner, from, to, bytes_max), *memory};
  if (batch.records.empty()) return damaged_record(path(), scanner.next_lsn(), block.offset);
  return batch;
}

Result<std::pair<RecordKind, std::string>> SealedSegment::read_one(Lsn lsn) const {
  const Block& block = block_of(lsn);
  BlockCache::Block memory = cache_.find(block.first.value());
  if (memory == nullptr) {
    auto loaded = load(block);
    if (!loaded) return loaded.error();
    memory = *loaded;
    cache_.insert(block.first.value(), memory);
  }
  RecordScanner scanner(*memory, header().epoch, block.first);
  auto records = collect_records(scanner, lsn, lsn, 1);
  if (records.empty()) return damaged_record(path(), lsn, block.offset);
  return std::pair{records.front().kind, std::string(records.front().payload)};
}

}  // namespace tributary
