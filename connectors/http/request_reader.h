// Bytes of one connection to requests, without any I/O: gate, target, body framing, limits, pipelining.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "connectors/http/chunked_decoder.h"
#include "connectors/http/gate.h"
#include "connectors/http/memory_charge.h"
#include "connectors/http/message.h"

namespace tributary {

struct ReaderLimits {
  GateLimits gate;
  size_t body_bytes_max = 4ull << 20;
};

/// Purpose:   turns what a socket delivers, in any cut, into one HttpRequest after the other.
/// Lifecycle: advance() until it says `head`; then accept_body() and advance() until `body`; answer; next(). A
/// `refused`
///            is final: how the bytes that follow are to be read is not known any more.
/// Owner:     one session. Memory of buffer and request is kept from request to request, up to kKeptBytesMax each.
class RequestReader {
 public:
  enum class Step {
    need_bytes,  // read into space(), call received(), ask again
    head,        // request() is complete but for its body
    body,        // request() is complete
    refused,     // refusal() says why
  };

  explicit RequestReader(const ReaderLimits& limits);

  /// Where the next bytes go; never empty.
  std::span<char> space();
  void received(size_t bytes);
  Step advance();

  /// After `head`: the body is wanted. One that is too long is refused by the next advance().
  void accept_body();
  /// After `head`: the length of the body is known and beyond the limit.
  bool body_too_long() const { return head_.content_length.value_or(0) > limits_.body_bytes_max; }
  /// After `head`, instead of accept_body(): the body is taken in pieces, and may have any length.
  void accept_stream();
  /// After accept_stream(): `body` at the end of the body, `refused`, or `need_bytes`. What arrived is in `piece`,
  /// which lives until the next call of any other member but advance_stream(); it may be empty.
  Step advance_stream(std::string_view& piece);
  /// After `head`: whether all bytes of the body are here already.
  bool body_is_here() const;
  /// After `head` or `refused`: bytes of the body that are not here yet; nothing when their number is unknown.
  std::optional<uint64_t> unread_body_bytes() const;
  /// After `head`, instead of accept_body(): drops up to that many bytes of the body which are here; returns how many
  /// are still to come. Only for a body of known length.
  uint64_t skip_body();

  /// Gives the memory of the body back; only next() or nothing may follow.
  void drop_body();

  /// Forgets the request; bytes of the next one stay.
  void next();

  bool at_request_start() const { return state_ == State::head && begin_ == end_; }
  bool reads_body() const { return state_ == State::body; }
  /// Bytes of memory that the body holds: what is charged to the bytes in flight.
  size_t body_memory() const { return request_.body.size() < MemoryCharge::kFreeBytes ? 0 : request_.body.capacity(); }

  HttpRequest& request() { return request_; }
  const RequestHead& head() const { return head_; }
  const GateRefusal& refusal() const { return refusal_; }
  /// True after `refused` when request() holds method, path and headers all the same.
  bool refused_after_head() const { return refused_after_head_; }

 private:
  enum class State { head, head_done, body, stream, body_done, refused };
  static constexpr size_t kFirstBufferBytes = 4ull << 10;
  static constexpr size_t kChunkedBufferBytes = 32ull << 10;
  static constexpr size_t kStreamBufferBytes = 64ull << 10;
  static constexpr size_t kFirstBodyBytes = 64ull << 10;
  static constexpr size_t kKeptBytesMax = 64ull << 10;
  static constexpr size_t kEmptyLinesMax = 4;

  std::string_view buffered() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void consume(size_t bytes);
  void grow_buffer(size_t free_bytes_min);
  Step refuse(GateRefusal refusal);
  bool skip_empty_lines();
  Step advance_head();
  Step advance_body();
  Step advance_chunked();
  Step finish_body();
  Step finish_chunks();
  Step fill_request();
  bool grow_body();

  ReaderLimits limits_;
  State state_ = State::head;
  std::string buffer_;  // received bytes are [begin_, end_)
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t checked_ = 0;        // bytes of an incomplete head that were judged
  size_t empty_lines_ = 0;    // that came before the head
  size_t body_filled_ = 0;    // received bytes of a body of known length
  uint64_t stream_left_ = 0;  // of a streamed one, still to come
  std::string piece_;         // of a streamed one in chunks
  RequestHead head_;          // its views are valid until space() is called
  HttpRequest request_;
  ChunkedDecoder chunked_;
  GateRefusal refusal_;
  bool refused_after_head_ = false;
};

}  // namespace tributary
