// Whom recent records were about: what the fold leaves for those who watch customers.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "engine/base/keyed_hash.h"
#include "engine/base/strong_id.h"
#include "engine/domain/profile_change.h"

namespace tributary {

/// One identifier of a customer whose orders, or whose identity, may be others now.
struct TouchedCustomer {
  WorkspaceId workspace;
  Hash128 identifier;
  ProfileChangeCause cause = ProfileChangeCause::event;
};

/// What was touched and not taken yet, each identifier once. Bounded: beyond that nothing is kept but that somebody was
/// left out, which also holds from the beginning. So who never takes costs nothing, and who takes for the first time is
/// told to look at everybody. Thread: any.
class TouchedCustomers {
 public:
  static constexpr size_t kWaitingMax = 100'000;  // about 4 MB

  /// What it tells is visible to snapshots of the store.
  void note(std::span<const TouchedCustomer> touched) {
    std::lock_guard lock(mutex_);
    for (const TouchedCustomer& each : touched) {
      if (left_out_) return;
      waiting_.try_emplace({each.workspace, each.identifier}, each.cause);
      if (waiting_.size() > kWaitingMax) forget();
    }
  }

  struct Taken {
    std::vector<TouchedCustomer> customers;
    bool left_out = false;  // others than these, any of them, may be touched
  };
  /// At most so many, in no order.
  Taken take(size_t most) {
    std::lock_guard lock(mutex_);
    Taken taken;
    taken.left_out = std::exchange(left_out_, false);
    for (auto each = waiting_.begin(); each != waiting_.end() && taken.customers.size() < most;) {
      taken.customers.push_back({each->first.first, each->first.second, each->second});
      waiting_.erase(each++);
    }
    return taken;
  }

 private:
  using Key = std::pair<WorkspaceId, Hash128>;
  struct HashOfKey {
    size_t operator()(const Key& key) const { return key.second.prefix64() ^ key.first.value(); }
  };

  void forget() {
    waiting_ = {};
    left_out_ = true;
  }

  std::mutex mutex_;
  boost::unordered_flat_map<Key, ProfileChangeCause, HashOfKey> waiting_;  // guarded by mutex_
  bool left_out_ = true;                                                   // guarded by mutex_
};

}  // namespace tributary
