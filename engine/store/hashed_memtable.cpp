#include "engine/store/hashed_memtable.h"

#include <rocksdb/memtablerep.h>
#include <rocksdb/slice_transform.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <climits>
#include <cstring>
#include <deque>
#include <mutex>
#include <new>
#include <vector>

namespace tributary {
namespace {

using rocksdb::MemTableRep;
using rocksdb::Slice;

constexpr size_t kSequenceBytes = 8;  // behind the user key in RocksDB's internal key

/// Addresses of rows in the order of their insertion. One writer; a reader sees every row that was complete when it
/// asked.
class RowList {
 public:
  RowList() : first_(new Chunk), last_(first_) {}
  ~RowList() {
    for (Chunk* chunk = first_; chunk != nullptr;) {
      std::unique_ptr<Chunk> owned(chunk);
      chunk = chunk->next.load(std::memory_order_relaxed);
    }
  }
  RowList(const RowList&) = delete;
  RowList& operator=(const RowList&) = delete;

  void push_back(const char* row) {
    size_t size = size_.load(std::memory_order_relaxed);
    size_t place = size % kRowsPerChunk;
    if (place == 0 && size > 0) {
      auto* chunk = new Chunk;
      last_->next.store(chunk, std::memory_order_release);
      last_ = chunk;
    }
    last_->rows[place] = row;
    size_.store(size + 1, std::memory_order_release);
  }

  size_t size() const { return size_.load(std::memory_order_acquire); }
  size_t memory_bytes() const { return (size() / kRowsPerChunk + 1) * sizeof(Chunk); }

  template <class OnRow>
  void for_each(OnRow on_row) const {
    size_t left = size();
    for (const Chunk* chunk = first_; left > 0; chunk = chunk->next.load(std::memory_order_acquire)) {
      size_t here = std::min(left, kRowsPerChunk);
      for (size_t i = 0; i < here; ++i) on_row(chunk->rows[i]);
      left -= here;
    }
  }

 private:
  static constexpr size_t kRowsPerChunk = 1000;
  struct Chunk {
    std::array<const char*, kRowsPerChunk> rows;
    std::atomic<Chunk*> next{nullptr};
  };
  Chunk* first_;
  Chunk* last_;  // the writer's
  std::atomic<size_t> size_{0};
};

/// A row with the first 16 bytes of its key as two numbers that compare as the bytes do: nearly every comparison of the
/// sort ends there, without going to the row.
struct SortedRow {
  uint64_t high = 0;
  uint64_t low = 0;
  const char* row = nullptr;

  SortedRow() = default;
  SortedRow(const Slice& user_key, const char* address) : row(address) {
    char bytes[16] = {};
    std::memcpy(bytes, user_key.data(), std::min(user_key.size(), sizeof bytes));
    uint64_t halves[2];
    std::memcpy(halves, bytes, sizeof bytes);
    high = __builtin_bswap64(halves[0]);
    low = __builtin_bswap64(halves[1]);
  }
};

/// All rows that were there when it was made, in key order.
class SortedRows final : public MemTableRep::Iterator {
 public:
  SortedRows(const RowList& rows, const MemTableRep::KeyComparator& compare) : compare_(compare) {
    rows_.reserve(rows.size());
    rows.for_each([&](const char* row) {
      Slice key = compare_.decode_key(row);
      rows_.emplace_back(Slice(key.data(), key.size() - kSequenceBytes), row);
    });
    std::sort(rows_.begin(), rows_.end(), [&](const SortedRow& a, const SortedRow& b) {
      if (a.high != b.high) return a.high < b.high;
      if (a.low != b.low) return a.low < b.low;
      return compare_(a.row, b.row) < 0;
    });
    at_ = rows_.size();
  }

  bool Valid() const override { return at_ < rows_.size(); }
  const char* key() const override { return rows_[at_].row; }
  void Next() override { ++at_; }
  void Prev() override { at_ = at_ == 0 ? rows_.size() : at_ - 1; }
  void SeekToFirst() override { at_ = 0; }
  void SeekToLast() override { at_ = rows_.empty() ? 0 : rows_.size() - 1; }
  void Seek(const Slice& internal_key, const char* memtable_key) override {
    at_ = first_not_before(internal_key, memtable_key);
  }
  void SeekForPrev(const Slice& internal_key, const char* memtable_key) override {
    at_ = first_not_before(internal_key, memtable_key);
    bool found = Valid() && order(rows_[at_].row, internal_key, memtable_key) == 0;
    if (!found) Prev();
  }

 private:
  int order(const char* row, const Slice& internal_key, const char* memtable_key) const {
    return memtable_key != nullptr ? compare_(row, memtable_key) : compare_(row, internal_key);
  }
  size_t first_not_before(const Slice& internal_key, const char* memtable_key) const {
    auto place = std::partition_point(rows_.begin(), rows_.end(), [&](const SortedRow& row) {
      return order(row.row, internal_key, memtable_key) < 0;
    });
    return static_cast<size_t>(place - rows_.begin());
  }

  const MemTableRep::KeyComparator& compare_;
  std::vector<SortedRow> rows_;
  size_t at_ = 0;  // rows_.size(): not valid
};

class HashedMemtable final : public MemTableRep {
 public:
  HashedMemtable(std::unique_ptr<MemTableRep> buckets, const KeyComparator& compare, rocksdb::Allocator* allocator)
      : MemTableRep(allocator), buckets_(std::move(buckets)), compare_(compare) {}

  rocksdb::KeyHandle Allocate(const size_t bytes, char** row) override {
    rocksdb::KeyHandle handle = buckets_->Allocate(bytes, row);
    allocated_ = *row;
    return handle;
  }
  // RocksDB's one writer inserts what it allocated last.
  void Insert(rocksdb::KeyHandle handle) override {
    buckets_->Insert(handle);
    rows_.push_back(allocated_);
  }
  bool Contains(const char* row) const override { return buckets_->Contains(row); }
  void MarkReadOnly() override { buckets_->MarkReadOnly(); }
  void MarkFlushed() override { buckets_->MarkFlushed(); }
  void Get(const rocksdb::LookupKey& key, void* argument, bool (*on_row)(void*, const char*)) override {
    buckets_->Get(key, argument, on_row);
  }
  size_t ApproximateMemoryUsage() override { return buckets_->ApproximateMemoryUsage() + rows_.memory_bytes(); }

  Iterator* GetIterator(rocksdb::Arena* arena) override {
    if (arena == nullptr) return new SortedRows(rows_, compare_);
    // The caller will destroy it but not free it, and an arena's interface is RocksDB's own.
    return new (take_place()) SortedRows(rows_, compare_);
  }
  Iterator* GetDynamicPrefixIterator(rocksdb::Arena* arena) override {
    return buckets_->GetDynamicPrefixIterator(arena);
  }

 private:
  struct Place {
    alignas(SortedRows) std::byte bytes[sizeof(SortedRows)];
  };
  std::byte* take_place() {
    std::lock_guard lock(mutex_);
    return places_.emplace_back().bytes;
  }

  std::unique_ptr<MemTableRep> buckets_;
  const KeyComparator& compare_;
  const char* allocated_ = nullptr;
  RowList rows_;
  std::mutex mutex_;
  std::deque<Place> places_;  // guarded by mutex_
};

class HashedMemtableFactory final : public rocksdb::MemTableRepFactory {
 public:
  explicit HashedMemtableFactory(size_t buckets)
      : buckets_(rocksdb::NewHashLinkListRepFactory(buckets, 0, INT_MAX, false)) {}
  MemTableRep* CreateMemTableRep(const MemTableRep::KeyComparator& compare, rocksdb::Allocator* allocator,
                                 const rocksdb::SliceTransform* prefix, rocksdb::Logger* logger) override {
    std::unique_ptr<MemTableRep> buckets(buckets_->CreateMemTableRep(compare, allocator, prefix, logger));
    return new HashedMemtable(std::move(buckets), compare, allocator);
  }
  const char* Name() const override { return "tributary.HashedMemtable"; }

 private:
  std::unique_ptr<rocksdb::MemTableRepFactory> buckets_;
};

}  // namespace

std::shared_ptr<rocksdb::MemTableRepFactory> make_hashed_memtable_factory(size_t buckets) {
  return std::make_shared<HashedMemtableFactory>(buckets);
}

}  // namespace tributary
