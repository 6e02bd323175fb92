// How long a refused client is told to wait.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tributary {

/// Doubles the wait of a client that keeps coming back: 1, 2, 4 .. 30 s, each with up to half of itself added at random
/// so that refused clients do not return together. A client that stayed away longer than it was told starts again at 1
/// s.
///
/// Clients are told apart by a hash of their key or address in a table of fixed size; two that share a slot share a
/// wait, which is harmless. Owner: one thread.
class RetryAfter {
 public:
  /// Whole seconds, 1..45. `now_seconds` is of a steady clock.
  int next_seconds(std::string_view client, int64_t now_seconds);

 private:
  struct Slot {
    int64_t expires_at = 0;
    int wait = 0;
  };
  std::array<Slot, 256> slots_{};
  uint32_t random_state_ = 0x9e3779b9u;
};

}  // namespace tributary
