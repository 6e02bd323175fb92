// What requests make the process hold, counted against one bound for all of them.
#pragma once

#include <atomic>
#include <cstddef>

namespace tributary {

/// Bytes of all requests in flight. Thread: any. Outlives its charges.
struct BytesInFlight {
  explicit BytesInFlight(size_t max) : bytes_max(max) {}

  const size_t bytes_max;
  std::atomic<size_t> bytes{0};
};

/// The share of one request: its body as received, and the text that was unwrapped from it. A share says how much is
/// held now, not how much more. Owner: the request's session; what is still charged at destruction is given back.
class MemoryCharge {
 public:
  static constexpr size_t kFreeBytes = 16ull << 10;  // less is not worth counting

  explicit MemoryCharge(BytesInFlight& all) : all_(all) {}
  ~MemoryCharge() { clear(); }
  MemoryCharge(const MemoryCharge&) = delete;
  MemoryCharge& operator=(const MemoryCharge&) = delete;

  /// False: all requests together are beyond the bound. The bytes stay charged until the caller has given them up and
  /// says so.
  bool hold_body(size_t bytes) { return hold(body_, bytes); }
  bool hold_text(size_t bytes) { return hold(text_, bytes); }
  void clear() {
    hold(body_, 0);
    hold(text_, 0);
  }

 private:
  bool hold(size_t& share, size_t bytes) {
    if (bytes < kFreeBytes) bytes = 0;
    if (bytes != share) all_.bytes += bytes - share;  // wraps around to a subtraction
    share = bytes;
    return bytes == 0 || all_.bytes <= all_.bytes_max;
  }

  BytesInFlight& all_;
  size_t body_ = 0;
  size_t text_ = 0;
};

}  // namespace tributary
