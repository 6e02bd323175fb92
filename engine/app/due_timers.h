// Whom to look at when: one moment for each customer.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "engine/base/keyed_hash.h"
#include "engine/base/strong_id.h"
#include "engine/base/time.h"

namespace tributary {

/// A heap of seconds, and what counts for each customer beside it: an entry of the heap that something else was said
/// since is passed over. Memory: 24 bytes for each entry, at most two entries for each customer, and 28 to 56 for the
/// table: about 100 MB for a million customers who wait for something. Owner: one thread.
class DueTimers {
 public:
  struct Timer {
    uint32_t second = 0;  // since 1970, up to 2106
    WorkspaceId workspace;
    Hash128 customer;
  };

  /// In the place of what was said before; rounded up to whole seconds.
  void set(WorkspaceId workspace, const Hash128& customer, Timestamp due) {
    uint32_t second = second_of(due);
    auto [place, added] = due_.try_emplace(Key{workspace, customer}, second);
    if (!added && place->second == second) return;
    place->second = second;
    heap_.push_back({second, workspace, customer});
    std::push_heap(heap_.begin(), heap_.end(), later);
    if (heap_.size() > 2 * due_.size() + kSlack) rebuild();
  }

  void forget(WorkspaceId workspace, const Hash128& customer) { due_.erase(Key{workspace, customer}); }

  /// The next that is due at this time, which is forgotten.
  std::optional<Timer> take_due(Timestamp now) {
    drop_stale();
    if (heap_.empty() || int64_t{heap_.front().second} * kMicrosPerSecond > now.micros) return std::nullopt;
    Timer timer = heap_.front();
    pop();
    due_.erase(Key{timer.workspace, timer.customer});
    return timer;
  }

  /// How long the next one has been due.
  int64_t overdue_micros(Timestamp now) {
    drop_stale();
    if (heap_.empty()) return 0;
    return std::max<int64_t>(0, now.micros - int64_t{heap_.front().second} * kMicrosPerSecond);
  }

  size_t size() const { return due_.size(); }
  /// Of the heap, with those that are passed over.
  size_t entries() const { return heap_.size(); }

 private:
  struct Key {
    WorkspaceId workspace;
    Hash128 customer;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct HashOfKey {
    size_t operator()(const Key& key) const { return key.customer.prefix64() ^ key.workspace.value(); }
  };
  static constexpr size_t kSlack = 1024;

  static bool later(const Timer& a, const Timer& b) { return a.second > b.second; }

  static uint32_t second_of(Timestamp due) {
    if (due.micros <= 0) return 0;
    constexpr int64_t kLast = std::numeric_limits<uint32_t>::max();
    return static_cast<uint32_t>(std::min(kLast, (due.micros - 1) / kMicrosPerSecond + 1));
  }

  void pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
  }

  void drop_stale() {
    while (!heap_.empty()) {
      const Timer& next = heap_.front();
      auto due = due_.find(Key{next.workspace, next.customer});
      if (due != due_.end() && due->second == next.second) return;
      pop();
    }
  }

  void rebuild() {
    heap_.clear();
    for (const auto& [key, second] : due_) heap_.push_back({second, key.workspace, key.customer});
    std::make_heap(heap_.begin(), heap_.end(), later);
  }

  std::vector<Timer> heap_;
  boost::unordered_flat_map<Key, uint32_t, HashOfKey> due_;
};

}  // namespace tributary
