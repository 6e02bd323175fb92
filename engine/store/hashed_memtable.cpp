#include "engine/store/hashed_memtable.h"

#include <rocksdb/memtablerep.h>
#include <rocksdb/slice_transform.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/check.h"
#include "engine/store/memtable_order.h"

namespace tributary {
namespace {

using rocksdb::MemTableRep;
using rocksdb::Slice;

constexpr size_t kSequenceBytes = 8;  // behind the user key in RocksDB's internal key

/// A row's place, in front of the row itself. The first row of a key stands in the chains of its buckets; later rows of
/// the key, which are newer versions, hang on the first one, newest first.
struct Node {
  std::atomic<const Node*> newest{nullptr};  // of the first row of a key
  const Node* next = nullptr;                // in the key's bucket; of a later row: the version before
  const Node* next_of_prefix = nullptr;      // in the prefix's bucket

  const char* row() const { return reinterpret_cast<const char*>(this + 1); }
};

/// Heads of chains. One writer puts in front; readers walk on what they saw.
class Buckets {
 public:
  explicit Buckets(size_t count) : heads_(std::bit_ceil(std::max<size_t>(count, 1))) {}
  std::atomic<const Node*>& of(uint64_t hash) { return heads_[hash & (heads_.size() - 1)]; }
  size_t memory_bytes() const { return heads_.size() * sizeof(heads_[0]); }

 private:
  std::vector<std::atomic<const Node*>> heads_;
};

uint64_t hash_of(const Slice& bytes) { return std::hash<std::string_view>()({bytes.data(), bytes.size()}); }

Slice user_key_of(const Slice& internal_key) { return {internal_key.data(), internal_key.size() - kSequenceBytes}; }

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
    Slice key = user_key(node);
    std::atomic<const Node*>& of_key = by_key_.of(hash_of(key));
    if (const Node* first = first_of(key, of_key)) {
      node->next = first->newest.load(std::memory_order_relaxed);
      const_cast<Node*>(first)->newest.store(node, std::memory_order_release);
    } else {
      node->newest.store(node, std::memory_order_relaxed);
      node->next = of_key.load(std::memory_order_relaxed);
      Slice prefix = prefix_of(key);
      if (prefix.size() < key.size()) {
        std::atomic<const Node*>& of_prefix = by_prefix_.of(hash_of(prefix));
        node->next_of_prefix = of_prefix.load(std::memory_order_relaxed);
        of_prefix.store(node, std::memory_order_release);
      }
      of_key.store(node, std::memory_order_release);
    }
    rows_.push_back(node->row());
  }

  bool Contains(const char* row) const override {
    const Node* first = first_of(user_key_of(compare_.decode_key(row)));
    for (const Node* node = newest_of(first); node != nullptr; node = older(first, node)) {
      if (compare_(node->row(), row) == 0) return true;
    }
    return false;
  }

  void Get(const rocksdb::LookupKey& lookup, void* argument, bool (*on_row)(void*, const char*)) override {
    KeyOfLookup key(lookup);
    const Node* first = first_of(user_key_of(key.internal_key()));
    for (const Node* node = newest_of(first); node != nullptr; node = older(first, node)) {
      bool visible = compare_(node->row(), key.internal_key()) >= 0;  // not newer than the reader's snapshot
      if (visible && !on_row(argument, node->row())) return;
    }
  }

  size_t ApproximateMemoryUsage() override {
    return rows_.memory_bytes() + by_key_.memory_bytes() + by_prefix_.memory_bytes();
  }

  Iterator* GetIterator(rocksdb::Arena* arena) override;
  Iterator* GetDynamicPrefixIterator(rocksdb::Arena* arena) override;

  const KeyComparator& comparator() const { return compare_; }
  const RowList& rows() const { return rows_; }
  Slice user_key(const Node* node) const { return user_key_of(compare_.decode_key(node->row())); }
  Slice prefix_of(const Slice& key) const { return prefix_ == nullptr ? key : prefix_->Transform(key); }

  static const Node* newest_of(const Node* first) {
    return first == nullptr ? nullptr : first->newest.load(std::memory_order_acquire);
  }
  /// The version before; null behind the first.
  static const Node* older(const Node* first, const Node* node) { return node == first ? nullptr : node->next; }

  /// The first rows of all keys that have the prefix.
  template <class OnFirst>
  void for_each_key(const Slice& prefix, OnFirst on_first) const {
    if (const Node* first = first_of(prefix)) on_first(first);
    const Node* node = by_prefix_.of(hash_of(prefix)).load(std::memory_order_acquire);
    for (; node != nullptr; node = node->next_of_prefix) {
      if (user_key(node).starts_with(prefix)) on_first(node);
    }
  }

  /// Memory for an iterator whose user has an arena: he will destroy the iterator but not free it, and the arena's
  /// interface is RocksDB's own.
  void* lend_place(size_t bytes) {
    std::lock_guard lock(mutex_);
    TRIBUTARY_CHECK(bytes <= sizeof(Place));
    if (free_places_.empty()) free_places_.push_back(&places_.emplace_back());
    Place* place = free_places_.back();
    free_places_.pop_back();
    return place;
  }
  void give_back(void* place) {
    std::lock_guard lock(mutex_);
    free_places_.push_back(static_cast<Place*>(place));
  }

 private:
  struct Place {
    alignas(std::max_align_t) std::byte bytes[64];
  };

  const Node* first_of(const Slice& key) const { return first_of(key, by_key_.of(hash_of(key))); }
  const Node* first_of(const Slice& key, const std::atomic<const Node*>& bucket) const {
    const Node* node = bucket.load(std::memory_order_acquire);
    while (node != nullptr && user_key(node) != key) node = node->next;
    return node;
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

/// Every row there was when it was made, in order.
class AllRows final {
 public:
  explicit AllRows(const HashedMemtable& table) : compare_(table.comparator()) {
    rows_.reserve(table.rows().size());
    table.rows().for_each(
        [&](const char* row) { rows_.emplace_back(user_key_of(compare_.decode_key(row)).ToStringView(), row); });
    sort_by_bytes(
        rows_, [this](const char* row) { return user_key_of(compare_.decode_key(row)).ToStringView(); },
        [this](const char* a, const char* b) { return compare_(a, b) < 0; });
    at_ = rows_.size();
  }

  const char* row() const { return at_ < rows_.size() ? rows_[at_].what : nullptr; }
  void next() {
    ++at_;
    // Rows lie in memory in the order of their arrival.
    if (at_ + kPrefetched < rows_.size()) __builtin_prefetch(rows_[at_ + kPrefetched].what);
  }
  void previous() { at_ = at_ == 0 ? rows_.size() : at_ - 1; }
  void to_first() { at_ = 0; }
  void to_last() { at_ = rows_.empty() ? 0 : rows_.size() - 1; }
  void seek(const Slice& internal_key) {
    auto place = std::partition_point(
        rows_.begin(), rows_.end(), [&](const Sortable<char>& item) { return compare_(item.what, internal_key) < 0; });
    at_ = static_cast<size_t>(place - rows_.begin());
  }

 private:
  static constexpr size_t kPrefetched = 8;
  const MemTableRep::KeyComparator& compare_;
  std::vector<Sortable<char>> rows_;
  size_t at_ = 0;
};

/// The rows of one prefix, that of the key last sought. Its keys are sorted; the versions of a key are an order
/// already.
class PrefixRows final {
 public:
  explicit PrefixRows(const HashedMemtable& table) : table_(table), compare_(table.comparator()) {}

  const char* row() const { return node_ == nullptr ? nullptr : node_->row(); }
  void next() {
    node_ = HashedMemtable::older(keys_[at_].what, node_);
    if (node_ == nullptr) to_key(at_ + 1);
  }
  void seek(const Slice& internal_key) {
    Slice key = user_key_of(internal_key);
    collect(table_.prefix_of(key));
    auto place = std::partition_point(keys_.begin(), keys_.end(), [&](const Sortable<Node>& item) {
      return table_.user_key(item.what).compare(key) < 0;
    });
    to_key(static_cast<size_t>(place - keys_.begin()));
    if (node_ == nullptr || table_.user_key(node_) != key) return;
    const Node* first = keys_[at_].what;
    if (compare_(first->row(), internal_key) < 0) return to_key(at_ + 1);  // behind all versions of its key
    while (compare_(node_->row(), internal_key) < 0) node_ = HashedMemtable::older(first, node_);
  }
  // RocksDB walks a prefix forwards only.
  void previous() { node_ = nullptr; }
  void to_first() { node_ = nullptr; }
  void to_last() { node_ = nullptr; }

 private:
  void to_key(size_t place) {
    at_ = place;
    node_ = at_ < keys_.size() ? HashedMemtable::newest_of(keys_[at_].what) : nullptr;
  }

  void collect(const Slice& prefix) {
    if (collected_ && prefix == Slice(prefix_)) return;
    collected_ = true;
    prefix_.assign(prefix.data(), prefix.size());
    keys_.clear();
    table_.for_each_key(prefix, [&](const Node* first) {
      Slice key = table_.user_key(first);
      key.remove_prefix(prefix.size());
      keys_.emplace_back(key.ToStringView(), first);
    });
    sort_by_bytes(
        keys_,
        [this, &prefix](const Node* first) { return table_.user_key(first).ToStringView().substr(prefix.size()); },
        [this](const Node* a, const Node* b) { return table_.user_key(a).compare(table_.user_key(b)) < 0; });
  }

  const HashedMemtable& table_;
  const MemTableRep::KeyComparator& compare_;
  bool collected_ = false;
  std::string prefix_;
  std::vector<Sortable<Node>> keys_;
  size_t at_ = 0;
  const Node* node_ = nullptr;
};

/// What RocksDB sees of AllRows or PrefixRows.
template <class Rows>
class RowIterator final : public MemTableRep::Iterator {
 public:
  static MemTableRep::Iterator* make(HashedMemtable& table, const rocksdb::Arena* arena) {
    if (arena == nullptr) return new RowIterator(table, false);
    return new (table.lend_place(sizeof(RowIterator))) RowIterator(table, true);
  }
  ~RowIterator() override {
    delete rows_;
    if (on_loan_) table_.give_back(this);
  }
  RowIterator(const RowIterator&) = delete;
  RowIterator& operator=(const RowIterator&) = delete;

  bool Valid() const override { return rows_->row() != nullptr; }
  const char* key() const override { return rows_->row(); }
  void Next() override { rows_->next(); }
  void Prev() override { rows_->previous(); }
  void SeekToFirst() override { rows_->to_first(); }
  void SeekToLast() override { rows_->to_last(); }
  void Seek(const Slice& internal_key, const char*) override { rows_->seek(internal_key); }
  void SeekForPrev(const Slice& internal_key, const char*) override {
    rows_->seek(internal_key);
    bool found = Valid() && table_.comparator()(key(), internal_key) == 0;
    if (!found) rows_->previous();
  }

 private:
  RowIterator(HashedMemtable& table, bool on_loan) : table_(table), rows_(new Rows(table)), on_loan_(on_loan) {}

  HashedMemtable& table_;
  Rows* rows_;  // owned; plain, because the destructor's last act gives back the memory this object stands in
  const bool on_loan_;
};

MemTableRep::Iterator* HashedMemtable::GetIterator(rocksdb::Arena* arena) {
  return RowIterator<AllRows>::make(*this, arena);
}
MemTableRep::Iterator* HashedMemtable::GetDynamicPrefixIterator(rocksdb::Arena* arena) {
  return RowIterator<PrefixRows>::make(*this, arena);
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
