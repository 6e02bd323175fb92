// The text of a body that is read while it arrives.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/http/inflate_stream.h"
#include "connectors/http/message.h"
#include "connectors/http/task.h"
#include "engine/engine.h"

namespace tributary {

/// Decompresses when it has to, and leaves a byte order mark out. Owner: the request's I/O thread.
class BodyText {
 public:
  /// `request` has a source and outlives this.
  explicit BodyText(const HttpRequest& request) : request_(request) {}

  struct Piece {
    std::string_view text;                  // empty at the end of the body
    std::optional<RequestRejection> fault;  // why the rest can't be read; final
  };
  /// The text is valid until the next call.
  Task<Piece> next();

 private:
  Task<Piece> read();
  Task<Piece> begin();
  Piece decompressed();
  std::string_view without_mark();

  const HttpRequest& request_;
  bool begun_ = false;
  std::unique_ptr<InflateStream> inflate_;  // null: the body is not compressed
  std::string first_bytes_;
  std::string_view input_;  // compressed, not taken yet
  std::string output_;
  std::string first_text_;    // as long as it is undecided whether it begins with a mark
  bool at_beginning_ = true;  // of the decompressed text
};

}  // namespace tributary
