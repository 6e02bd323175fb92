#include "connectors/http/request_reader.h"

#include <algorithm>
#include <cstring>

#include "connectors/http/request_target.h"
#include "engine/base/ascii.h"
#include "engine/engine.h"

namespace tributary {
namespace {

ChunkedLimits chunked_limits(const ReaderLimits& limits) {
  ChunkedLimits chunked;
  chunked.body_bytes_max = limits.body_bytes_max;
  return chunked;
}

void assign_lower_case(std::string_view text, std::string& out) {
  out.resize(text.size());
  std::transform(text.begin(), text.end(), out.begin(), ascii_lower);
}

}  // namespace

RequestReader::RequestReader(const ReaderLimits& limits) : limits_(limits), chunked_(chunked_limits(limits)) {}

std::span<char> RequestReader::space() {
  if (state_ == State::body && !head_.chunked) {
    return {request_.body.data() + body_filled_, request_.body.size() - body_filled_};
  }
  if (state_ == State::stream) {
    grow_buffer(kStreamBufferBytes);
  } else {
    grow_buffer(state_ == State::body ? kChunkedBufferBytes : 1);
  }
  return {buffer_.data() + end_, buffer_.size() - end_};
}

void RequestReader::received(size_t bytes) {
  if (state_ == State::body && !head_.chunked) {
    body_filled_ += bytes;
  } else {
    end_ += bytes;
  }
}

void RequestReader::grow_buffer(size_t free_bytes_min) {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < free_bytes_min) {
    buffer_.resize(std::max({kFirstBufferBytes, buffer_.size() * 2, end_ + free_bytes_min}));
  }
}

void RequestReader::consume(size_t bytes) {
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

RequestReader::Step RequestReader::refuse(GateRefusal refusal) {
  refusal_ = refusal;
  state_ = State::refused;
  return Step::refused;
}

RequestReader::Step RequestReader::advance() {
  switch (state_) {
    case State::head:
      return advance_head();
    case State::head_done:
      return Step::head;
    case State::body:
      return head_.chunked ? advance_chunked() : advance_body();
    case State::stream:
      return Step::need_bytes;
    case State::body_done:
      return Step::body;
    case State::refused:
      return Step::refused;
  }
  return Step::refused;
}

// Some clients end a body with a CRLF that its length does not count. Source: RFC 9112 section 2.2.
// False: more bytes must come before anything can be said.
bool RequestReader::skip_empty_lines() {
  while (empty_lines_ < kEmptyLinesMax && buffered().starts_with("\r\n")) {
    consume(2);
    ++empty_lines_;
  }
  std::string_view bytes = buffered();
  return !bytes.empty() && !(bytes == "\r" && empty_lines_ < kEmptyLinesMax);
}

RequestReader::Step RequestReader::advance_head() {
  if (!skip_empty_lines()) return Step::need_bytes;
  std::string_view bytes = buffered();
  size_t end = bytes.find("\r\n\r\n", checked_ > 3 ? checked_ - 3 : 0);
  if (end == std::string_view::npos) {
    if (auto refusal = check_partial_head(bytes, checked_, limits_.gate)) return refuse(*refusal);
    checked_ = bytes.size();
    return Step::need_bytes;
  }
  if (auto refusal = check_head(bytes.substr(0, end + 4), limits_.gate, head_)) return refuse(*refusal);
  Step step = fill_request();
  consume(end + 4);
  checked_ = 0;
  return step;
}

RequestReader::Step RequestReader::fill_request() {
  request_.method.assign(head_.method);
  request_.target.assign(head_.target);
  auto& headers = request_.headers;
  headers.resize(head_.fields.size());
  for (size_t i = 0; i < headers.size(); ++i) {
    assign_lower_case(head_.fields[i].name, headers[i].first);
    headers[i].second.assign(head_.fields[i].value);
  }
  if (auto code = parse_target(head_.target, request_)) return refuse({*code, "target cannot be decoded"});
  state_ = State::head_done;
  return Step::head;
}

void RequestReader::accept_body() {
  if (body_too_long()) {
    refused_after_head_ = true;
    refuse({RejectionCode::payload_too_large, ""});
  } else {
    state_ = State::body;
  }
}

void RequestReader::accept_stream() {
  state_ = State::stream;
  stream_left_ = head_.content_length.value_or(0);
  if (head_.chunked) chunked_.lift_body_limit();
}

RequestReader::Step RequestReader::advance_stream(std::string_view& piece) {
  piece = {};
  if (state_ != State::stream) return advance();
  if (head_.chunked) {
    piece_.clear();
    consume(chunked_.decode(buffered(), piece_));
    piece = piece_;
    return finish_chunks();
  }
  piece = buffered().substr(0, std::min<uint64_t>(stream_left_, end_ - begin_));
  consume(piece.size());
  stream_left_ -= piece.size();
  return stream_left_ > 0 ? Step::need_bytes : finish_body();
}

bool RequestReader::body_is_here() const { return !head_.chunked && head_.content_length.value_or(0) <= end_ - begin_; }

std::optional<uint64_t> RequestReader::unread_body_bytes() const {
  if (head_.chunked) return std::nullopt;
  uint64_t length = head_.content_length.value_or(0);
  return length - std::min<uint64_t>(length, end_ - begin_);
}

uint64_t RequestReader::skip_body() {
  uint64_t length = head_.content_length.value_or(0);
  uint64_t here = std::min<uint64_t>(length, end_ - begin_);
  consume(here);
  return length - here;
}

// The body grows with what arrives, not with what is announced: a length costs nothing to declare.
bool RequestReader::grow_body() {
  uint64_t length = *head_.content_length;
  if (body_filled_ == length) return false;
  if (body_filled_ == request_.body.size()) {
    size_t wanted = std::min<uint64_t>(length, std::max(kFirstBodyBytes, body_filled_ * 2));
    request_.body.reserve(wanted + kBodyPaddingBytes);
    request_.body.resize(wanted);
  }
  return true;
}

RequestReader::Step RequestReader::advance_body() {
  uint64_t length = head_.content_length.value_or(0);
  if (body_filled_ == 0 && begin_ < end_) {
    size_t here = std::min<uint64_t>(length, end_ - begin_);
    request_.body.reserve(std::min<uint64_t>(length, std::max(here, kFirstBodyBytes)) + kBodyPaddingBytes);
    request_.body.assign(buffer_, begin_, here);
    body_filled_ = here;
    consume(here);
  }
  if (length > 0 && grow_body()) return Step::need_bytes;
  return finish_body();
}

RequestReader::Step RequestReader::advance_chunked() {
  consume(chunked_.decode(buffered(), request_.body));
  return finish_chunks();
}

RequestReader::Step RequestReader::finish_chunks() {
  switch (chunked_.status()) {
    case ChunkedDecoder::Status::need_bytes:
      return Step::need_bytes;
    case ChunkedDecoder::Status::done:
      return finish_body();
    case ChunkedDecoder::Status::too_large:
      refused_after_head_ = true;
      return refuse({RejectionCode::payload_too_large, ""});
    case ChunkedDecoder::Status::malformed:
      break;
  }
  return refuse({RejectionCode::malformed_request, "chunked coding is malformed"});
}

RequestReader::Step RequestReader::finish_body() {
  request_.body.reserve(request_.body.size() + kBodyPaddingBytes);
  state_ = State::body_done;
  return Step::body;
}

void RequestReader::next() {
  state_ = State::head;
  body_filled_ = 0;
  empty_lines_ = 0;
  if (head_.chunked) chunked_.reset();
  request_.body.clear();
  std::string().swap(piece_);
  request_.arguments.clear();
  // An idle connection must not hold the memory of its largest request. Assigning an empty string would keep it.
  if (request_.body.capacity() > kKeptBytesMax + kBodyPaddingBytes) drop_body();
  if (begin_ == end_ && buffer_.size() > kKeptBytesMax) std::string().swap(buffer_);
}

void RequestReader::drop_body() { std::string().swap(request_.body); }

}  // namespace tributary
