#include "engine/log/segment_cursor.h"

#include <algorithm>

namespace tributary {

Result<std::vector<RecordView>> SegmentCursor::next_batch(size_t bytes_max) {
  // A sealed file may disappear by trimming between look-up and read; then the look-up finds what follows.
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    Lsn limit = last_durable_();
    auto segment = catalog_.find(next_);
    if (segment == nullptr || segment->base() > limit || next_ > limit) return std::vector<RecordView>{};
    Lsn from = std::max(next_, segment->base());
    auto batch = segment->read(from, std::min(limit, segment->last()), bytes_max);
    if (!batch && batch.error().code == ErrorCode::not_found && attempt < kAttempts) continue;
    if (!batch) return batch.error();
    batch_ = std::move(*batch);
    next_ = next(batch_.records.back().lsn);
    return batch_.records;
  }
}

}  // namespace tributary
