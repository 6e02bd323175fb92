// Writes groups into the active segment and rolls to the next one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/log/file_ops.h"
#include "engine/log/raw_segment.h"
#include "engine/log/segment_catalog.h"
#include "engine/log/spare_segments.h"
#include "engine/metrics/metrics.h"

namespace tributary {

/// Bytes of one group, encoded with the epoch of the active segment.
struct EncodedGroup {
  std::string_view bytes;
  Lsn first;
  Lsn last;
  uint32_t last_crc = 0;
  std::vector<std::pair<Lsn, uint32_t>> index;  // some records, and where they begin in `bytes`; in order
};

/// A group never spans two segments, and a segment exists only after every group before it was synced.
///
/// Owner: the log thread. After an error nothing may be written any more.
class SegmentWriter {
 public:
  struct Origin {
    std::string directory;
    std::string store_id;
    uint64_t segment_bytes = 0;
    uint64_t epoch = 0;  // of the last segment there ever was
    Lsn last_lsn;
    uint32_t last_crc = 0;
  };

  /// `on_roll` is told that a spare was taken and that the segment before is full.
  SegmentWriter(Origin origin, SpareSegments& spares, SegmentCatalog& catalog, FileOps& files, Metrics& metrics,
                std::function<void()> on_roll);

  /// Begins a new segment. Called at each start, because continuing behind a dropped tail could bring a stale record
  /// back: a retried batch has the same sizes, so its old second record would fit exactly behind its new first one.
  Result<void> roll();

  /// Makes sure that a group of `bytes` fits into the active segment. A group larger than any segment gets one of its
  /// own.
  Result<void> make_room(size_t bytes);

  uint64_t epoch() const { return origin_.epoch; }
  Lsn next_lsn() const { return next(origin_.last_lsn); }
  /// True for the records of which the index wants to know.
  bool indexed(Lsn lsn) const { return (lsn.value() - active_->base().value()) % RawSegment::kIndexStride == 0; }

  /// One write, one fdatasync; then readers see the records.
  Result<void> write(const EncodedGroup& group);

 private:
  Result<std::pair<std::string, FileHandle>> take_file();

  Origin origin_;
  SpareSegments& spares_;
  SegmentCatalog& catalog_;
  FileOps& files_;
  Metrics& metrics_;
  const std::function<void()> on_roll_;
  std::shared_ptr<RawSegment> active_;
};

}  // namespace tributary
