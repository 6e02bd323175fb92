#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/crc32c.h"

namespace tributary {

inline const std::string& key_of(const std::string& text) { return text; }

/// Entries by key, sorted; at most `Max`: those whose key has the smallest hash, the same whatever the order of
/// arrival. An entry that is kept was kept at every earlier step, so what it counted is complete. `key_of(entry)` gives
/// its key.
///
/// A key that finds no place costs two hashes: a request may name more keys than any list keeps.
template <class Entry, size_t Max>
class CappedList {
 public:
  using value_type = Entry;
  using const_iterator = typename std::vector<Entry>::const_iterator;

  /// The entry with this key, made by `make()` when there is none; null when the limit leaves it no place.
  template <class Make>
  Entry* find_or_add(std::string_view key, Make make) {
    auto place = place_of(key);
    if (place != entries_.end() && key_of(*place) == key) return &*place;
    if (entries_.size() == Max) {
      if (greatest_ == Max) greatest_ = index_of_greatest();
      if (rank(key) > rank(key_of(entries_[greatest_]))) return nullptr;
      entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(greatest_));
      greatest_ = Max;
      place = place_of(key);
    }
    return &*entries_.insert(place, make());
  }

  /// Appends what was encoded in this order.
  void append(Entry entry) { entries_.push_back(std::move(entry)); }

  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }
  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  const Entry& operator[](size_t i) const { return entries_[i]; }
  const Entry& at(size_t i) const { return entries_.at(i); }

 private:
  using Rank = std::pair<uint32_t, std::string_view>;
  static Rank rank(std::string_view key) { return {crc32c(key), key}; }

  auto place_of(std::string_view key) {
    return std::lower_bound(entries_.begin(), entries_.end(), key,
                            [](const Entry& entry, std::string_view value) { return key_of(entry) < value; });
  }

  size_t index_of_greatest() const {
    size_t greatest = 0;
    for (size_t i = 1; i < entries_.size(); ++i) {
      if (rank(key_of(entries_[i])) > rank(key_of(entries_[greatest]))) greatest = i;
    }
    return greatest;
  }

  std::vector<Entry> entries_;
  size_t greatest_ = Max;  // the entry that goes first, or Max while nobody asked
};

}  // namespace tributary
