// Cross-origin headers of collection and start-up routes: whatever the browser asks for is mirrored, because a fixed
// list breaks as soon as an SDK adds a header.
#pragma once

#include <string>

#include "connectors/http/message.h"

namespace tributary {

/// Appends the header lines of every answer that is no preflight, errors included.
void append_cors_headers(const HttpRequest& request, std::string& lines);

/// Appends the header lines of the answer to a preflight.
/// Source: Fetch standard, section 3.2; Private Network Access.
void append_preflight_headers(const HttpRequest& request, std::string& lines);

}  // namespace tributary
