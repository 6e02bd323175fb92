// Strict decoder of the chunked transfer coding.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tributary {

struct ChunkedLimits {
  size_t body_bytes_max = 4ull << 20;
  size_t extension_bytes_max = 1024;  // over the whole request
  size_t trailer_bytes_max = 8ull << 10;
};

/// Takes bytes in any cut and appends the body. No leniency: framing line ends are CRLF, a size is 1 to 16 hex digits
/// with nothing before or behind it but an extension, and trailers that could change the meaning of the message refuse
/// it.
///
/// Source: RFC 9112 section 7.1; which trailers are refused: RFC 9110 section 6.5.1.
class ChunkedDecoder {
 public:
  enum class Status { need_bytes, done, malformed, too_large };

  explicit ChunkedDecoder(const ChunkedLimits& limits = {}) : limits_(limits) {}
  /// Ready for the next request.
  void reset();
  /// Until the next reset() the body may have any length.
  void lift_body_limit() { body_limited_ = false; }
  /// Consumes from `bytes`, appends to `body`, returns how many bytes were consumed: all of them unless the status is
  /// final.
  size_t decode(std::string_view bytes, std::string& body);
  Status status() const { return status_; }

 private:
  enum class State { size, extension, size_line_feed, data, data_return, data_line_feed, trailer, trailer_line_feed };

  void step(char c);
  void on_size(char c);
  void on_size_line_end();
  void on_trailer_line();
  void fail() { status_ = Status::malformed; }

  ChunkedLimits limits_;
  State state_ = State::size;
  Status status_ = Status::need_bytes;
  uint64_t chunk_bytes_ = 0;  // of the current chunk, still to come
  int size_digits_ = 0;
  size_t body_bytes_ = 0;
  bool body_limited_ = true;
  size_t extension_bytes_ = 0;
  size_t trailer_bytes_ = 0;
  std::string trailer_line_;
};

}  // namespace tributary
