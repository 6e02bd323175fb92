// A full segment, rewritten as compressed blocks of whole records.
//
// File `<base lsn>.sealed`: header of 4,096 bytes | blocks | index. The header is a segment header with magic
// "TRIBSEA1" and these further fields:
//   offset  bytes  field
//       64      8  last lsn
//       72      8  offset of the index
//       80      4  number of blocks
//       84      4  crc field of the last record
//       88      4  crc32c of the index, masked
//       92      4  zero
//       96      8  received_at of the last record, microseconds since 1970
// A block is one zstd frame of at most 256 KiB of records (or of one larger record), as they lay in the raw segment:
// their checksums stay valid with the header's epoch. Index entry, 32 bytes:
//        0      8  first lsn of the block
//        8      8  offset of the block
//       16      4  compressed bytes
//       20      4  bytes of its records
//       24      4  crc32c of the compressed bytes, masked
//       28      4  zero
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/log/block_cache.h"
#include "engine/log/raw_segment.h"
#include "engine/log/segment.h"

namespace tributary {

constexpr size_t kSealedBlockBytes = 256u << 10;

/// Keeps the index in memory and opens the file for each block that is not cached.
class SealedSegment : public Segment {
 public:
  struct Block {
    Lsn first;
    uint64_t offset = 0;
    uint32_t compressed_bytes = 0;
    uint32_t record_bytes = 0;
    uint32_t crc = 0;
  };
  struct Summary {
    Lsn last;
    uint32_t last_crc = 0;
    Timestamp last_received_at;
    uint64_t index_offset = 0;
  };

  /// Reads header and index and checks their checksums; the blocks are checked when they are read.
  /// Errors: corrupt naming file and offset, not_found, io. `cache` outlives the segment.
  static Result<std::shared_ptr<SealedSegment>> open(const std::string& path, BlockCache& cache);

  SealedSegment(std::string path, SegmentHeader header, Summary summary, std::vector<Block> blocks, BlockCache& cache);

  Lsn last() const override { return summary_.last; }
  bool sealed() const override { return true; }
  uint64_t disk_bytes() const override;
  const Summary& summary() const { return summary_; }
  /// One block per call.
  Result<RecordBatch> read(Lsn from, Lsn to, size_t bytes_max) const override;
  Result<std::pair<RecordKind, std::string>> read_one(Lsn lsn) const override;

 private:
  const Block& block_of(Lsn lsn) const;
  Result<BlockCache::Block> load(const Block& block) const;

  const Summary summary_;
  const std::vector<Block> blocks_;
  BlockCache& cache_;
};

/// Writes the sealed twin of a full raw segment beside it and makes it durable under its name. `stop` ends it early
/// with the error `stopping`. Errors: io, disk_full; corrupt when the raw segment is damaged, then nothing was made.
Result<std::shared_ptr<SealedSegment>> seal_segment(const RawSegment& raw, BlockCache& cache, FileOps& files,
                                                    const std::atomic<bool>& stop);

/// Decompresses one block and checks what it says about itself; `where` names it in errors. For untrusted bytes.
Result<std::string> open_block(std::string_view compressed, const SealedSegment::Block& block,
                               const std::string& where);
/// Index bytes to blocks. Errors: corrupt when they do not follow one another between `base`, `last` and `end`.
Result<std::vector<SealedSegment::Block>> decode_block_index(std::string_view bytes, Lsn base, Lsn last, uint64_t end);

}  // namespace tributary
