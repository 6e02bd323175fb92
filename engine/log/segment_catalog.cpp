#include "engine/log/segment_catalog.h"

#include <algorithm>
#include <mutex>

#include "engine/base/check.h"

namespace tributary {

std::shared_ptr<const Segment> SegmentCatalog::find(Lsn lsn) const {
  std::shared_lock lock(mutex_);
  auto behind = std::upper_bound(segments_.begin(), segments_.end(), lsn,
                                 [](Lsn wanted, const auto& segment) { return wanted < segment->base(); });
  if (behind != segments_.begin() && (*(behind - 1))->last() >= lsn) return *(behind - 1);
  return behind == segments_.end() ? nullptr : *behind;
}

SegmentCatalog::Segments SegmentCatalog::all() const {
  std::shared_lock lock(mutex_);
  return segments_;
}

void SegmentCatalog::add(std::shared_ptr<const Segment> segment) {
  std::unique_lock lock(mutex_);
  TRIBUTARY_CHECK(segments_.empty() || segments_.back()->base() < segment->base());
  segments_.push_back(std::move(segment));
}

void SegmentCatalog::replace(std::shared_ptr<const Segment> sealed) {
  std::unique_lock lock(mutex_);
  for (auto& segment : segments_) {
    if (segment->base() == sealed->base()) segment.swap(sealed);
  }
}

void SegmentCatalog::remove(Lsn base) {
  std::unique_lock lock(mutex_);
  std::erase_if(segments_, [base](const auto& segment) { return segment->base() == base; });
}

}  // namespace tributary
