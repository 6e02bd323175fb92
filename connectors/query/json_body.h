// Bodies of requests to the API as JSON. Only for .cpp files: the library is slow to compile.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/query/query_parameters.h"

namespace tributary {

/// Nothing for a body that is not one JSON object.
std::optional<boost::json::object> object_of(std::string_view body);

/// A string as it is, a whole number as its digits; nothing for other values and for null pointers.
std::optional<std::string> text_of(const boost::json::value* value);

/// `{"kind","value"}`.
Parsed<LookupQuery> identifier_in(const boost::json::object& object);

}  // namespace tributary
