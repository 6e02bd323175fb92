// Where an import's bytes come from when they are read once, from the front.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tributary {

/// Owner: one thread at a time; interrupt() from any.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Fills the front of `room` and says how much of it; 0 at the end only. What was given before an error is good.
  /// Errors: corrupt with the place of the damage, io, stopping after an interrupt().
  virtual Result<size_t> read(std::span<char> room) = 0;
  /// Bytes taken from the file itself, as it is stored.
  virtual uint64_t taken() const = 0;
  /// Ends a read that waits for a peer.
  virtual void interrupt() {}
};

/// Bytes in memory, which outlive the stream.
std::unique_ptr<ByteStream> stream_of_memory(std::string_view bytes);

/// A pipe or another descriptor that can only be read once; `name` is for messages. The descriptor stays open.
std::unique_ptr<ByteStream> stream_of_descriptor(int descriptor, std::string name);

/// A stream that was looked into.
struct Peeked {
  std::string head;                    // the first bytes, as many as were asked for unless the stream has fewer
  std::unique_ptr<ByteStream> stream;  // gives everything, the head again as well
};
Result<Peeked> peek(std::unique_ptr<ByteStream> stream, size_t bytes);

}  // namespace tributary
