#include "connectors/query/json_body.h"

#include <boost/json/parse.hpp>

namespace tributary {

std::optional<boost::json::object> object_of(std::string_view body) {
  boost::json::error_code error;
  boost::json::value document = boost::json::parse(boost::json::string_view(body.data(), body.size()), error);
  if (error || !document.is_object()) return std::nullopt;
  return std::move(document.get_object());
}

std::optional<std::string> text_of(const boost::json::value* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(value->get_string());
  if (value->is_int64()) return std::to_string(value->get_int64());
  if (value->is_uint64()) return std::to_string(value->get_uint64());
  return std::nullopt;
}

Parsed<LookupQuery> identifier_in(const boost::json::object& object) {
  auto kind_text = text_of(object.if_contains("kind"));
  auto value = text_of(object.if_contains("value"));
  if (!kind_text) return ParameterFault{"kind is missing or not a string"};
  if (!value) return ParameterFault{"value is missing or neither a string nor a whole number"};
  auto kind = parse_kind(*kind_text);
  if (!kind) return ParameterFault{"kind is not a well-formed kind of identifier"};
  return LookupQuery{std::move(*kind), std::move(*value)};
}

}  // namespace tributary
