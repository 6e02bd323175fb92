// One after the other: requests that read something, decide by what they read, and must not be overtaken until what
// they decided can be read.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "connectors/http/task.h"

namespace tributary {

/// Queues of such requests, one for each key: a customer, or a workspace. Only keys that somebody works on take memory.
///
/// Nothing blocks and nothing is held over a thread: who has to wait looks again every kTurnInterval, on its own
/// thread, so a coroutine that ends while it waits, or while it has the turn, leaves nothing behind. Whoever came first
/// is first.
///
/// Thread: any. A turn may outlive its queues.
class Turns {
 public:
  /// Waiting for one key, with the one whose turn it is; the next is refused.
  static constexpr size_t kQueueMax = 64;
  static constexpr std::chrono::milliseconds kTurnInterval{1};

 private:
  struct Queues;

 public:
  /// A place in the queue of a key, given back by the destructor.
  class Turn {
   public:
    Turn(Turn&& other) noexcept = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn();

    /// False: the queue was full, and this is no place in it.
    bool taken() const { return queues_ != nullptr; }

   private:
    friend class Turns;
    Turn(std::shared_ptr<Queues> queues, std::string key);
    bool is_first() const;

    std::shared_ptr<Queues> queues_;  // null: moved from, or refused
    std::string key_;
    uint64_t number_ = 0;
  };

  Turns();

  /// Waits until it is this caller's turn; or is not taken(), at once.
  Task<Turn> take(std::string key);

 private:
  std::shared_ptr<Queues> queues_;
};

}  // namespace tributary
