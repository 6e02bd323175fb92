#include "connectors/sdk/body_text.h"

#include "connectors/http/body_stream.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

constexpr size_t kTellingBytes = 4;  // by which a codec is recognised

RequestRejection rejection_of(const Error& error) {
  bool stopping = error.code == ErrorCode::stopping;
  return {stopping ? RejectionCode::shutting_down : RejectionCode::malformed_request, error.message};
}

BodyText::Piece faulty(RejectionCode code, std::string message) {
  return {{}, RequestRejection{code, std::move(message)}};
}

}  // namespace

Task<BodyText::Piece> BodyText::next() {
  if (!begun_) {
    begun_ = true;
    Piece first = co_await begin();
    if (first.fault || !inflate_) co_return first;
    input_ = first.text;
  }
  while (inflate_) {
    Piece piece = decompressed();
    if (piece.fault || !piece.text.empty()) co_return piece;
    Piece read_on = co_await read();
    if (read_on.fault) co_return read_on;
    if (read_on.text.empty() && !inflate_->whole()) {
      co_return faulty(RejectionCode::invalid_gzip, "the compressed body ends too early");
    }
    if (read_on.text.empty()) co_return read_on;
    input_ = read_on.text;
  }
  Piece plain = co_await read();
  co_return plain;
}

Task<BodyText::Piece> BodyText::read() {
  Result<std::string_view> read = co_await request_.source->read();
  Piece piece;
  if (read) {
    piece.text = *read;
  } else {
    piece.fault = rejection_of(read.error());
  }
  co_return piece;
}

Task<BodyText::Piece> BodyText::begin() {
  while (first_bytes_.size() < kTellingBytes) {
    Piece piece = co_await read();
    if (piece.fault) co_return piece;
    if (piece.text.empty()) break;
    first_bytes_ += piece.text;
  }
  auto inflate = inflate_stream_for(first_bytes_, request_.header("content-encoding"));
  if (!inflate) {
    co_return faulty(RejectionCode::invalid_gzip,
                     "a stream of lines is sent as it is, or with Content-Encoding gzip or zstd");
  }
  inflate_ = std::move(*inflate);
  Piece first;
  first.text = first_bytes_;
  if (first.text.starts_with(kByteOrderMark)) first.text.remove_prefix(kByteOrderMark.size());
  // Nothing but a mark: the end of the body, as an empty text says.
  co_return first;
}

BodyText::Piece BodyText::decompressed() {
  while (true) {
    InflateStream::Step step = inflate_->next(input_, output_);
    if (step == InflateStream::Step::damaged)
      return faulty(RejectionCode::invalid_gzip, "the compressed body is damaged, or zstd with a window above 16 MiB");
    Piece piece;
    piece.text = at_beginning_ ? without_mark() : output_;
    if (!piece.text.empty() || step == InflateStream::Step::no_more) return piece;
  }
}

/// Nothing while what came may be the front of a mark.
std::string_view BodyText::without_mark() {
  first_text_ += output_;
  if (first_text_.size() < kByteOrderMark.size() && kByteOrderMark.starts_with(first_text_)) return {};
  at_beginning_ = false;
  std::string_view text = first_text_;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

}  // namespace tributary
