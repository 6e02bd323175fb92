// Which segment holds which LSN: what readers look things up in while the writer adds and housekeeping replaces.
#pragma once

#include <memory>
#include <shared_mutex>
#include <vector>

#include "engine/log/segment.h"

namespace tributary {

/// Thread: all methods are safe from any thread.
class SegmentCatalog {
 public:
  using Segments = std::vector<std::shared_ptr<const Segment>>;

  explicit SegmentCatalog(Segments segments) : segments_(std::move(segments)) {}

  /// The segment that holds `lsn` or, in a gap, the first behind it; null past the end.
  std::shared_ptr<const Segment> find(Lsn lsn) const;
  Segments all() const;

  /// Behind all others.
  void add(std::shared_ptr<const Segment> segment);
  /// Puts `sealed` in the place of the segment with the same base.
  void replace(std::shared_ptr<const Segment> sealed);
  void remove(Lsn base);

 private:
  mutable std::shared_mutex mutex_;
  Segments segments_;  // by base
};

}  // namespace tributary
