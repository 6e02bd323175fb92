// Refusals of the API: in its own error style, and counted.
#pragma once

#include <string_view>

#include "connectors/http/message.h"
#include "engine/engine.h"

namespace tributary {

/// `message` replaces the table's text when not empty.
HttpResponse refuse_api(Metrics& metrics, const HttpRequest& request, RejectionCode code,
                        std::string_view message = {});

/// What the caller of a read is told. A failed store is the operator's business: it is logged, and reports files, never
/// people.
RejectionCode code_of(const Error& error);

}  // namespace tributary
