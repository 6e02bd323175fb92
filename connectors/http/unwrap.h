// The second step of an event's walk: a received body to the text that is parsed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/http/message.h"
#include "engine/engine.h"

namespace tributary {

/// Decompresses and takes the text out of a form field. Headers are hints: SDKs send gzip without saying so and say so
/// without sending it, so the first bytes decide.
///
///   1f 8b                          gunzip, every member; bytes behind the last member refuse the body
///   Content-Encoding zstd, deflate that codec, unless the bytes are none and look like JSON
///   then: not JSON, and sent as application/x-www-form-urlencoded: its field `data` or `json`
///
/// Shape:    `body` becomes a view into `buffer`, or into the request when nothing had to be done; 64 readable bytes
///           follow it either way. Anything not recognised is passed on for the parser to refuse.
/// Errors:   payload_too_large beyond limits.decompressed_bytes_max, or, past 1 MiB of output, beyond 100 times the
///           input read so far; overloaded when request.charge refuses what `buffer` would hold; invalid_gzip for a
///           damaged stream of any codec. Work stops at the limit.
/// Lifetime: the view dies with `buffer` and the request.
std::optional<RequestRejection> unwrap_body(const HttpRequest& request, const IngestLimits& limits, std::string& buffer,
                                            std::string_view& body);

}  // namespace tributary
