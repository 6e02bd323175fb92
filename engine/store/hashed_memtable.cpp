#include "engine/store/hashed_memtable.h"

#include <rocksdb/memtablerep.h>
#include <rocksdb/slice_transform.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <boost/sort/spreadsort/integer_sort.hpp>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <new>
#include <string_view>
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

/// Rows in key order.
class SortedRows {
 public:
  explicit SortedRows(const MemTableRep::KeyComparator& compare) : compare_(compare) {}

  void clear() { rows_.clear(); }
  void reserve(size_t rows) { rows_.reserve(rows); }
  void add(const char* row) { rows_.emplace_back(user_key_of(row), row); }
  Slice user_key_of(const char* row) const {
    Slice key = compare_.decode_key(row);
    return {key.data(), key.size() - kSequenceBytes};
  }

  /// Keys begin with a hash: their first bytes, digit by digit, sort them nearly alone.
  void sort() {
    boost::sort::spreadsort::integer_sort(
        rows_.begin(), rows_.end(), [](const SortedRow& row, unsigned shift) { return row.high >> shift; },
        [](const SortedRow& a, const SortedRow& b) { return a.high < b.high; });
    for (auto run = rows_.begin(); run != rows_.end();) {
      auto end = std::find_if(run, rows_.end(), [run](const SortedRow& row) { return row.high != run->high; });
      std::sort(run, end, [this](const SortedRow& a, const SortedRow& b) {
        return a.low != b.low ? a.low < b.low : compare_(a.row, b.row) < 0;
      });
      run = end;
    }
  }

  size_t size() const { return rows_.size(); }
  const char* operator[](size_t place) const { return rows_[place].row; }
  /// Rows lie in memory in the order of their arrival: whoever passes over them in key order asks for them ahead.
  void prefetch(size_t place) const {
    if (place < rows_.size()) __builtin_prefetch(rows_[place].row);
  }

  /// The place of the first row that is not before the internal key; `memtable_key` is the same key, when there is one.
  size_t first_not_before(const Slice& internal_key, const char* memtable_key) const {
    auto place = std::partition_point(rows_.begin(), rows_.end(), [&](const SortedRow& row) {
      return order(row.row, internal_key, memtable_key) < 0;
    });
    return static_cast<size_t>(place - rows_.begin());
  }
  int order(const char* row, const Slice& internal_key, const char* memtable_key) const {
    return memtable_key != nullptr ? compare_(row, memtable_key) : compare_(row, internal_key);
  }

 private:
  const MemTableRep::KeyComparator& compare_;
  std::vector<SortedRow> rows_;
};

/// A row's place in the chains of its buckets, in front of the row itself. It never changes once it can be seen.
struct Node {
  const Node* next_of_key = nullptr;
  const Node* next_of_prefix = nullptr;

  const char* row() const { return reinterpret_cast<const char*>(this + 1); }
};

/// Heads of chains. One writer puts in front; readers walk on what they saw, newest row first.
class Buckets {
 public:
  explicit Buckets(size_t count) : heads_(std::bit_ceil(std::max<size_t>(count, 1))) {}
  std::atomic<const Node*>& of(uint64_t hash) { return heads_[hash & (heads_.size() - 1)]; }
  size_t memory_bytes() const { return heads_.size() * sizeof(heads_[0]); }

 private:
  std::vector<std::atomic<const Node*>> heads_;
};

uint64_t hash_of(const Slice& bytes) { return std::hash<std::string_view>()({bytes.data(), bytes.size()}); }

/// Reads what a LookupKey holds, which RocksDB shows to nobody but an iterator: the Get() that memtables inherit seeks
/// one to the key. This one notes the key, and its walk ends there.
class KeyOfLookup final : public MemTableRep {
 public:
  explicit KeyOfLookup(const rocksdb::LookupKey& key) : MemTableRep(nullptr) {
    MemTableRep::Get(key, nullptr, nullptr);
  }
  const Slice& internal_key() const { return seeker_.internal_key; }

 private:
  struct Seeker final : Iterator {
    bool Valid() const override { return false; }
    const char* key() const override { return nullptr; }
    void Next() override {}
    void Prev() override {}
    void Seek(const Slice& key, const char*) override { internal_key = key; }
    void SeekForPrev(const Slice&, const char*) override {}
    void SeekToFirst() override {}
    void SeekToLast() override {}
    Slice internal_key;
  };
  void Insert(rocksdb::KeyHandle) override {}
  bool Contains(const char*) const override { return false; }
  size_t ApproximateMemoryUsage() override { return 0; }
  Iterator* GetIterator(rocksdb::Arena*) override { return &seeker_; }  // Get() does not delete it

  Seeker seeker_;
};

class HashedMemtable;

/// A walk over everything, or over one prefix: then Seek() collects that prefix's rows and sorts them.
class RowIterator final : public MemTableRep::Iterator {
 public:
  enum class Over { everything, prefix };
  RowIterator(HashedMemtable& table, Over over, bool owned_by_arena);
  ~RowIterator() override;
  RowIterator(const RowIterator&) = delete;
  RowIterator& operator=(const RowIterator&) = delete;

  bool Valid() const override { return at_ < rows_->size(); }
  const char* key() const override { return (*rows_)[at_]; }
  void Next() override {
    ++at_;
    rows_->prefetch(at_ + kPrefetched);
  }
  void Prev() override { at_ = at_ == 0 ? rows_->size() : at_ - 1; }
  void SeekToFirst() override { at_ = 0; }
  void SeekToLast() override { at_ = rows_->size() == 0 ? 0 : rows_->size() - 1; }
  void Seek(const Slice& internal_key, const char* memtable_key) override {
    collect(internal_key);
    at_ = rows_->first_not_before(internal_key, memtable_key);
  }
  void SeekForPrev(const Slice& internal_key, const char* memtable_key) override {
    Seek(internal_key, memtable_key);
    bool found = Valid() && rows_->order(key(), internal_key, memtable_key) == 0;
    if (!found) Prev();
  }

 private:
  static constexpr size_t kPrefetched = 8;
  void collect(const Slice& internal_key);

  HashedMemtable& table_;
  SortedRows* rows_;  // owned; plain, because in an arena the destructor's last act gives this object's memory back
  const Over over_;
  const bool owned_by_arena_;
  size_t at_ = 0;  // rows_->size(): not valid
};

class HashedMemtable final : public MemTableRep {
 public:
  HashedMemtable(size_t buckets, const KeyComparator& compare, rocksdb::Allocator* allocator,
                 const rocksdb::SliceTransform* prefix)
      : MemTableRep(allocator),
        compare_(compare),
        prefix_(prefix),
        by_key_(buckets),
        by_prefix_(prefix == nullptr ? 1 : buckets) {}

  rocksdb::KeyHandle Allocate(const size_t bytes, char** row) override {
    char* memory = nullptr;
    MemTableRep::Allocate(sizeof(Node) + alignof(Node) - 1 + bytes, &memory);
    auto address = reinterpret_cast<uintptr_t>(memory);
    auto* node = new (memory + (-address & (alignof(Node) - 1))) Node;
    *row = const_cast<char*>(node->row());
    return node;
  }

  void Insert(rocksdb::KeyHandle handle) override {
    auto* node = static_cast<Node*>(handle);
    Slice key = user_key_of(node->row());
    std::atomic<const Node*>& of_key = by_key_.of(hash_of(key));
    node->next_of_key = of_key.load(std::memory_order_relaxed);
    Slice prefix = prefix_of(key);
    if (prefix.size() < key.size()) {
      std::atomic<const Node*>& of_prefix = by_prefix_.of(hash_of(prefix));
      node->next_of_prefix = of_prefix.load(std::memory_order_relaxed);
      of_prefix.store(node, std::memory_order_release);
    }
    of_key.store(node, std::memory_order_release);
    rows_.push_back(node->row());
  }

  bool Contains(const char* row) const override {
    bool found = false;
    for_each_of_key(user_key_of(row), [&](const char* known) { return !(found = compare_(known, row) == 0); });
    return found;
  }

  // Newer rows of a key stand in front of older ones, as RocksDB wants to see them.
  void Get(const rocksdb::LookupKey& key, void* argument, bool (*on_row)(void*, const char*)) override {
    KeyOfLookup wanted(key);
    for_each_of_key(user_key_of(wanted.internal_key()), [&](const char* row) {
      bool visible = compare_(row, wanted.internal_key()) >= 0;  // not newer than the reader's snapshot
      return !visible || on_row(argument, row);
    });
  }

  size_t ApproximateMemoryUsage() override {
    return rows_.memory_bytes() + by_key_.memory_bytes() + by_prefix_.memory_bytes();
  }

  Iterator* GetIterator(rocksdb::Arena* arena) override { return make_iterator(RowIterator::Over::everything, arena); }
  Iterator* GetDynamicPrefixIterator(rocksdb::Arena* arena) override {
    return make_iterator(RowIterator::Over::prefix, arena);
  }

  const KeyComparator& comparator() const { return compare_; }
  const RowList& rows() const { return rows_; }

  /// All rows whose keys agree with the internal key in what the prefix extractor takes.
  void collect_prefix(const Slice& internal_key, SortedRows& into) const {
    Slice prefix = prefix_of(user_key_of(internal_key));
    for_each_of_key(prefix, [&](const char* row) {
      into.add(row);
      return true;
    });
    const Node* node = by_prefix_.of(hash_of(prefix)).load(std::memory_order_acquire);
    for (; node != nullptr; node = node->next_of_prefix) {
      if (user_key_of(node->row()).starts_with(prefix)) into.add(node->row());
    }
  }

  void give_back(void* place) {
    std::lock_guard lock(mutex_);
    free_places_.push_back(static_cast<Place*>(place));
  }

 private:
  struct Place {
    alignas(RowIterator) std::byte bytes[sizeof(RowIterator)];
  };

  // An arena's caller will destroy the iterator but not free it, and the arena's interface is RocksDB's own.
  Iterator* make_iterator(RowIterator::Over over, const rocksdb::Arena* arena) {
    if (arena == nullptr) return new RowIterator(*this, over, false);
    std::unique_lock lock(mutex_);
    if (free_places_.empty()) free_places_.push_back(&places_.emplace_back());
    Place* place = free_places_.back();
    free_places_.pop_back();
    lock.unlock();
    return new (place->bytes) RowIterator(*this, over, true);
  }

  static Slice user_key_of(const Slice& internal_key) {
    return {internal_key.data(), internal_key.size() - kSequenceBytes};
  }
  Slice user_key_of(const char* row) const { return user_key_of(compare_.decode_key(row)); }
  Slice prefix_of(const Slice& user_key) const { return prefix_ == nullptr ? user_key : prefix_->Transform(user_key); }

  /// Newest first, until `on_row` says false.
  template <class OnRow>
  void for_each_of_key(const Slice& user_key, OnRow on_row) const {
    const Node* node = by_key_.of(hash_of(user_key)).load(std::memory_order_acquire);
    for (; node != nullptr; node = node->next_of_key) {
      if (user_key_of(node->row()) == user_key && !on_row(node->row())) return;
    }
  }

  const KeyComparator& compare_;
  const rocksdb::SliceTransform* const prefix_;  // null: every key is its own prefix
  mutable Buckets by_key_;
  mutable Buckets by_prefix_;  // of keys longer than their prefix
  RowList rows_;
  std::mutex mutex_;
  std::deque<Place> places_;         // guarded by mutex_
  std::vector<Place*> free_places_;  // guarded by mutex_
};

RowIterator::RowIterator(HashedMemtable& table, Over over, bool owned_by_arena)
    : table_(table), rows_(new SortedRows(table.comparator())), over_(over), owned_by_arena_(owned_by_arena) {
  if (over_ == Over::prefix) return;
  rows_->reserve(table_.rows().size());
  table_.rows().for_each([&](const char* row) { rows_->add(row); });
  rows_->sort();
  at_ = rows_->size();
}

RowIterator::~RowIterator() {
  delete rows_;
  if (owned_by_arena_) table_.give_back(this);
}

void RowIterator::collect(const Slice& internal_key) {
  if (over_ == Over::everything) return;
  rows_->clear();
  table_.collect_prefix(internal_key, *rows_);
  rows_->sort();
}

class HashedMemtableFactory final : public rocksdb::MemTableRepFactory {
 public:
  explicit HashedMemtableFactory(size_t buckets) : buckets_(buckets) {}
  MemTableRep* CreateMemTableRep(const MemTableRep::KeyComparator& compare, rocksdb::Allocator* allocator,
                                 const rocksdb::SliceTransform* prefix, rocksdb::Logger*) override {
    return new HashedMemtable(buckets_, compare, allocator, prefix);
  }
  const char* Name() const override { return "tributary.HashedMemtable"; }

 private:
  size_t buckets_;
};

}  // namespace

std::shared_ptr<rocksdb::MemTableRepFactory> make_hashed_memtable_factory(size_t buckets) {
  return std::make_shared<HashedMemtableFactory>(buckets);
}

}  // namespace tributary
