// JSON inside a form field, as some senders wrap it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/http/message.h"

namespace tributary {

/// The decoded field `data` or `json` when the request says that it is a form and `body` does not begin like JSON;
/// nothing otherwise. Several SDKs send plain JSON under the form's content type, so the first byte decides. A `%` that
/// begins no escape stays as it is. kBodyPaddingBytes readable bytes follow the text. Source: URL standard,
/// section 5.1.
std::optional<std::string> form_json(const HttpRequest& request, std::string_view body);

}  // namespace tributary
