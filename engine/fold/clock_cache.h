// A bounded table in memory with second-chance eviction. Owner: one thread.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/keyed_hash.h"

namespace tributary {

/// Values by hash, each with its own size in bytes. Pointers stay valid until evict() or erase(): a fold evicts only
/// between groups, so within a group every pointer is safe. Everything in it is also in the store: an entry may go at
/// any time.
template <class Value>
class ClockCache {
 public:
  explicit ClockCache(size_t bytes_max) : bytes_max_(bytes_max) {}

  Value* find(const Hash128& key) {
    auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    found->second->referenced = true;
    return &found->second->value;
  }

  /// `key` must be absent. `bytes` is what the value takes besides the table's own overhead. A new entry goes first,
  /// until it is found again: what is seen once does not displace what is used all the time.
  Value& insert(const Hash128& key, Value value, size_t bytes) {
    uint32_t place = take_place();
    slots_[place] = std::make_unique<Slot>(Slot{key, std::move(value), bytes + kOverheadBytes, place, false});
    Slot* slot = slots_[place].get();
    index_.emplace(key, slot);
    bytes_ += slot->bytes;
    return slot->value;
  }

  /// The value has grown or shrunk.
  void resize(const Hash128& key, size_t bytes) {
    Slot& slot = *index_.find(key)->second;
    bytes_ += bytes + kOverheadBytes - slot.bytes;
    slot.bytes = bytes + kOverheadBytes;
  }

  void erase(const Hash128& key) {
    auto found = index_.find(key);
    if (found != index_.end()) erase_place(found->second->place);
  }

  /// Drops entries that were not used since the hand came by last, until the rest fits.
  void evict() {
    while (bytes_ > bytes_max_ && !index_.empty()) {
      if (hand_ >= slots_.size()) hand_ = 0;
      std::unique_ptr<Slot>& slot = slots_[hand_];
      if (slot != nullptr) {
        if (slot->referenced) {
          slot->referenced = false;
        } else {
          erase_place(static_cast<uint32_t>(hand_));
        }
      }
      ++hand_;
    }
  }

  size_t bytes() const { return bytes_; }
  size_t size() const { return index_.size(); }

 private:
  // Index entry, slot pointer, allocation header.
  static constexpr size_t kOverheadBytes = 24 + 2 * sizeof(void*) + 40;

  struct Slot {
    Hash128 key;
    Value value;
    size_t bytes;
    uint32_t place;  // in slots_
    bool referenced;
  };

  uint32_t take_place() {
    if (!free_.empty()) {
      uint32_t place = free_.back();
      free_.pop_back();
      return place;
    }
    slots_.emplace_back();
    return static_cast<uint32_t>(slots_.size() - 1);
  }

  void erase_place(uint32_t place) {
    bytes_ -= slots_[place]->bytes;
    index_.erase(slots_[place]->key);
    slots_[place].reset();
    free_.push_back(place);
  }

  // Keyed hashes are uniformly distributed and cannot be chosen by a sender, so their prefix is hash enough.
  struct Prefix {
    using is_avalanching = void;
    size_t operator()(const Hash128& key) const { return key.prefix64(); }
  };

  size_t bytes_max_;
  size_t bytes_ = 0;
  size_t hand_ = 0;
  std::vector<std::unique_ptr<Slot>> slots_;  // the clock's face
  std::vector<uint32_t> free_;
  boost::unordered_flat_map<Hash128, Slot*, Prefix> index_;
};

}  // namespace tributary
