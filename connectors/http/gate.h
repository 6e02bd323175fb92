// The request gate: decides over the raw bytes of a header block whether a request is unambiguous.
//
// Beast's own parser is not used for requests. It accepts `Transfer-Encoding: gzip` beside a Content-Length, reads
// `chunked, identity` as "no body", and takes requests without a Host, with two, or with folded lines; a gate in front
// of it would tokenise every header block twice. So the gate tokenises once, strictly, and its views fill the
// HttpRequest. Streams, TLS, status texts and comparisons stay Beast's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace tributary {

struct GateLimits {
  size_t start_line_bytes_max = 8ull << 10;  // without its CRLF
  size_t header_bytes_max = 32ull << 10;     // all field lines with their CRLFs
  size_t headers_max = 100;
};

struct HeaderField {
  std::string_view name;   // a token, spelled as sent
  std::string_view value;  // without the white space around it
};

/// A header block that passed. Lifetime: the views point into the block.
struct RequestHead {
  std::string_view method;
  std::string_view target;  // begins with '/', or is "*" for OPTIONS
  std::vector<HeaderField> fields;
  std::optional<uint64_t> content_length;
  bool http_1_1 = true;
  bool chunked = false;
  bool keep_alive = true;  // HTTP/1.1 without `Connection: close`
  bool expects_continue = false;
};

/// Why a connection must end: the code decides the status, the reason is English for people.
struct GateRefusal {
  RejectionCode code = RejectionCode::malformed_request;
  std::string_view reason;  // a literal
};

/// Judges one complete header block, its empty line included, and fills `head` (which keeps its memory).
///
/// Errors: malformed_request, uri_too_long, headers_too_large, method_not_allowed (CONNECT). After any of them nothing
/// on
///         the connection may be read as a request.
/// Source: RFC 9112; where it leaves a choice between repairing and refusing, this refuses.
std::optional<GateRefusal> check_head(std::string_view block, const GateLimits& limits, RequestHead& head);

/// Judges a header block that is still incomplete, so that bytes which can never become a request (TLS, binary, bare
/// line feeds, endless lines) are answered at once. `checked` bytes of it have been judged before.
std::optional<GateRefusal> check_partial_head(std::string_view bytes, size_t checked, const GateLimits& limits);

/// True for the characters of an RFC 9110 token.
bool is_token(std::string_view text);

/// True when the text holds no control character but TAB.
bool is_field_value(std::string_view text);

}  // namespace tributary
