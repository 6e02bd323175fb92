// The error bodies of both styles, from the one rejection table.
#pragma once

#include <string>
#include <string_view>

#include "connectors/http/message.h"
#include "connectors/http/router.h"
#include "engine/engine.h"

namespace tributary {

/// An answer for a refused request: status from the table, body in the route's style, `Retry-After` on 429 and 503.
/// `message` replaces the table's text when not empty.
HttpResponse error_response(RejectionCode code, ErrorStyle style, const HttpRequest& request,
                            std::string_view message = {});

/// Adds one more member to the JSON object that the body is. `json` is the member's value.
void add_member(HttpResponse& response, std::string_view name, std::string_view json);

/// 200 with a JSON body.
HttpResponse json_response(std::string body);

}  // namespace tributary
