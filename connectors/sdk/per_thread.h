// What an object keeps for each thread that works for it, such as a parser with its memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace tributary {

/// A thread keeps one value of a type: that of the owner it worked for last. Thread: any.
template <class Value>
class PerThread {
 public:
  /// The calling thread's value; `make()` gives a unique_ptr to a fresh one.
  template <class Make>
  Value& get(Make make) const {
    Owned& owned = of_this_thread();
    if (owned.owner != id_) owned = Owned{id_, make()};
    return *owned.value;
  }

 private:
  struct Owned {
    uint64_t owner = 0;
    std::unique_ptr<Value> value;
  };
  static Owned& of_this_thread() {
    static thread_local Owned owned;
    return owned;
  }

  static inline std::atomic<uint64_t> next_id{1};
  const uint64_t id_ = next_id.fetch_add(1);  // an address would be that of an earlier owner, too
};

}  // namespace tributary
