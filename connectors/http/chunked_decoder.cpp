#include "connectors/http/chunked_decoder.h"

#include <algorithm>
#include <array>
#include <ostream>  // which Boost 1.81's string_view does not include itself

#include <boost/beast/core/string.hpp>

#include "connectors/http/gate.h"
#include "engine/base/ascii.h"

namespace tributary {
namespace {

constexpr int kSizeDigitsMax = 16;  // 64 bits, so the number cannot overflow

// Fields that frame, route, authenticate or describe the message: behind the body they come too late to be honest.
constexpr std::array<std::string_view, 14> kForbiddenTrailers = {
    "authorization", "connection",   "content-encoding", "content-length",
    "content-range", "content-type", "cookie",           "expect",
    "host",          "te",           "trailer",          "transfer-encoding",
    "upgrade",       "x-write-key"};

bool is_legal_trailer(std::string_view line) {
  size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
  if (!is_field_value(line.substr(colon + 1))) return false;
  return std::none_of(kForbiddenTrailers.begin(), kForbiddenTrailers.end(),
                      [&](std::string_view name) { return boost::beast::iequals(name, line.substr(0, colon)); });
}

}  // namespace

void ChunkedDecoder::reset() {
  state_ = State::size;
  status_ = Status::need_bytes;
  chunk_bytes_ = 0;
  size_digits_ = 0;
  body_bytes_ = 0;
  body_limited_ = true;
  extension_bytes_ = 0;
  trailer_bytes_ = 0;
  trailer_line_.clear();
}

size_t ChunkedDecoder::decode(std::string_view bytes, std::string& body) {
  size_t at = 0;
  while (at < bytes.size() && status_ == Status::need_bytes) {
    if (state_ == State::data) {
      size_t count = std::min<uint64_t>(chunk_bytes_, bytes.size() - at);
      body.append(bytes.substr(at, count));
      at += count;
      chunk_bytes_ -= count;
      if (chunk_bytes_ == 0) state_ = State::data_return;
    } else {
      step(bytes[at++]);
    }
  }
  return at;
}

void ChunkedDecoder::step(char c) {
  switch (state_) {
    case State::size:
      return on_size(c);
    case State::extension:
      if (c == '\r') {
        state_ = State::size_line_feed;
      } else if (++extension_bytes_ > limits_.extension_bytes_max || !is_field_value({&c, 1})) {
        fail();
      }
      return;
    case State::size_line_feed:
      return c == '\n' ? on_size_line_end() : fail();
    case State::data_return:
      state_ = State::data_line_feed;
      return c == '\r' ? void() : fail();
    case State::data_line_feed:
      state_ = State::size;
      return c == '\n' ? void() : fail();
    case State::trailer:
      if (++trailer_bytes_ > limits_.trailer_bytes_max) return fail();
      if (c == '\r') {
        state_ = State::trailer_line_feed;
      } else if (is_field_value({&c, 1})) {
        trailer_line_ += c;
      } else {
        fail();
      }
      return;
    case State::trailer_line_feed:
      return c == '\n' ? on_trailer_line() : fail();
    case State::data:
      return;  // decode() copies data in blocks
  }
}

void ChunkedDecoder::on_size(char c) {
  int digit = hex_value(c);
  if (digit >= 0) {
    if (++size_digits_ > kSizeDigitsMax) return fail();
    chunk_bytes_ = chunk_bytes_ * 16 + static_cast<uint64_t>(digit);
  } else if (size_digits_ > 0 && c == '\r') {
    state_ = State::size_line_feed;
  } else if (size_digits_ > 0 && c == ';') {
    state_ = State::extension;
  } else {
    fail();
  }
}

void ChunkedDecoder::on_size_line_end() {
  size_digits_ = 0;
  if (chunk_bytes_ == 0) {
    state_ = State::trailer;
  } else if (body_limited_ && chunk_bytes_ > limits_.body_bytes_max - body_bytes_) {
    status_ = Status::too_large;
  } else {
    body_bytes_ += chunk_bytes_;
    state_ = State::data;
  }
}

void ChunkedDecoder::on_trailer_line() {
  state_ = State::trailer;
  if (trailer_line_.empty()) {
    status_ = Status::done;
  } else if (!is_legal_trailer(trailer_line_)) {
    fail();
  }
  trailer_line_.clear();
}

}  // namespace tributary
