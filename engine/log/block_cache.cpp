#include "engine/log/block_cache.h"

namespace tributary {

BlockCache::Block BlockCache::find(uint64_t first_lsn) {
  std::lock_guard lock(mutex_);
  auto found = index_.find(first_lsn);
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return entries_.front().block;
}

void BlockCache::insert(uint64_t first_lsn, Block block) {
  std::lock_guard lock(mutex_);
  if (index_.contains(first_lsn)) return;
  bytes_ += block->size();
  entries_.push_front({first_lsn, std::move(block)});
  index_[first_lsn] = entries_.begin();
  while (bytes_ > bytes_max_ && entries_.size() > 1) {
    bytes_ -= entries_.back().block->size();
    index_.erase(entries_.back().first_lsn);
    entries_.pop_back();
  }
}

}  // namespace tributary
