// Forms as JSON: `data[merges][PHONE]=1` is {"data":{"merges":{"PHONE":"1"}}}.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tributary {

/// A repeated name becomes an array, as do names that end in `[]` and objects whose names count 0, 1, 2, ... A name
/// that cannot be taken apart, or contradicts an earlier one, is a member as it stands. Ill-formed UTF-8 becomes
/// U+FFFD. Errors: invalid, for more than 10,000 fields.
Result<std::string> urlencoded_to_json(std::string_view body);

/// `boundary` as the Content-Type says it. A file is its name. Errors: invalid, also for a body that lacks the
/// boundary. Source: RFC 7578, RFC 2046 section 5.1.
Result<std::string> multipart_to_json(std::string_view body, std::string_view boundary);

/// A parameter of a header value such as Content-Type: without quotes, empty when absent; names in any case.
std::string header_parameter(std::string_view value, std::string_view name);

}  // namespace tributary
