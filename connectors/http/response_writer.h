// An HttpResponse as bytes.
#pragma once

#include <string>
#include <string_view>

#include "connectors/http/message.h"

namespace tributary {

/// What the session adds to an answer.
struct ResponseFrame {
  std::string_view date;        // IMF-fixdate, empty: no Date line
  std::string_view request_id;  // empty: no X-Request-Id line
  std::string_view cors_lines;  // complete header lines
  bool close = false;
  bool chunked = false;       // the body is streamed, in chunks; without them the end of the connection ends it
  bool without_body = false;  // answer to HEAD: the length of the body, but not the body
};

/// The line that announces a chunk.
std::string chunk_size_line(size_t bytes);

/// Appends status line and header lines, and the body unless it is larger than kInlineBodyBytesMax: then the caller
/// sends it as a second buffer of the same write. Returns true when the body was appended or there is none to send.
///
/// Beast's serializer is not used: it yields the head as a dozen buffers per answer and walks a list of nodes it had to
/// allocate; one string that keeps its memory is one send(2).
bool append_response(const HttpResponse& response, const ResponseFrame& frame, std::string& out);

constexpr size_t kInlineBodyBytesMax = 16ull << 10;

}  // namespace tributary
