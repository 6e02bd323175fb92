// Reads a SegmentLog forward, over every kind of segment.
#pragma once

#include <functional>

#include "engine/log/log.h"
#include "engine/log/segment_catalog.h"

namespace tributary {

class SegmentCursor : public LogCursor {
 public:
  /// `last_durable` says how far reading may go now. Both outlive the cursor.
  SegmentCursor(const SegmentCatalog& catalog, std::function<Lsn()> last_durable, Lsn from)
      : catalog_(catalog), last_durable_(std::move(last_durable)), next_(from) {}

  Result<std::vector<RecordView>> next_batch(size_t bytes_max) override;

 private:
  const SegmentCatalog& catalog_;
  const std::function<Lsn()> last_durable_;
  Lsn next_;
  RecordBatch batch_;  // keeps the views of the last call alive
};

}  // namespace tributary
