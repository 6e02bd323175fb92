// The blocks of sealed segments that were read last, decompressed.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace tributary {

/// Least recently used, bounded in bytes. Thread: all methods are safe from any thread.
class BlockCache {
 public:
  using Block = std::shared_ptr<const std::string>;

  explicit BlockCache(size_t bytes_max) : bytes_max_(bytes_max) {}

  /// `first_lsn` of a block names it: an LSN lies in one block only. Null when it is not there.
  Block find(uint64_t first_lsn);
  void insert(uint64_t first_lsn, Block block);

 private:
  struct Entry {
    uint64_t first_lsn;
    Block block;
  };

  const size_t bytes_max_;
  std::mutex mutex_;
  size_t bytes_ = 0;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<uint64_t, std::list<Entry>::iterator> index_;
};

}  // namespace tributary
