// Answers as Segment's Profile API gives them: its envelope of errors, its cursors.
#pragma once

#include <string>
#include <string_view>

#include "connectors/http/message.h"
#include "engine/base/json_out.h"
#include "engine/engine.h"

namespace tributary {

/// `{"error":{"code","message"}}` with the status of the refusal; counted. `message` replaces the table's text when not
/// empty.
HttpResponse refuse_profile_api(Metrics& metrics, const HttpRequest& request, RejectionCode code,
                                std::string_view message = {});

/// 200, with the id of the request.
HttpResponse profile_api_answer(const HttpRequest& request, std::string body);

/// Appends the member `cursor`. `next` is empty at the end.
void append_page_cursor(JsonOut& json, const HttpRequest& request, size_t limit, std::string_view next);

/// Where a list that is sorted by name goes on: an opaque text for the last name that was told, fit for an address, and
/// back. Nothing for a text that is no such position.
std::string position_text(std::string_view last_name);
std::optional<std::string> position_name(std::string_view text);

}  // namespace tributary
