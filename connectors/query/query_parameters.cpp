#include "connectors/query/query_parameters.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>

namespace tributary {
namespace {

constexpr size_t kPageDefault = 50;
constexpr size_t kPageMax = 1000;

/// `text` in the source of a filter that may be absent.
std::optional<std::string> text_parameter(const HttpRequest& request, std::string_view name) {
  std::string_view value = request.parameter(name);
  if (value.empty()) return std::nullopt;
  return std::string(value);
}

/// Reads an integer of any length and clamps it. False for text that is none.
bool read_limit(const HttpRequest& request, size_t& limit) {
  std::string_view text = request.parameter("limit");
  limit = kPageDefault;
  if (text.empty()) return true;
  bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return false;
  size_t number = kPageMax;
  if (text.size() < 10) std::from_chars(text.data(), text.data() + text.size(), number);
  limit = negative ? 1 : std::clamp<size_t>(number, 1, kPageMax);
  return true;
}

bool read_time(const HttpRequest& request, std::string_view name, std::optional<Timestamp>& time) {
  std::string_view text = request.parameter(name);
  if (text.empty()) return true;
  time = parse_iso8601(text);
  return time.has_value();
}

/// What both lists share.
template <class Query>
std::optional<ParameterFault> read_page(const HttpRequest& request, Query& query) {
  if (!read_limit(request, query.limit)) return ParameterFault{"limit is not a whole number"};
  if (!read_time(request, "from", query.from)) return ParameterFault{"from is not an ISO 8601 time"};
  if (!read_time(request, "until", query.until)) return ParameterFault{"until is not an ISO 8601 time"};
  query.source = text_parameter(request, "source");
  query.cursor = request.parameter("cursor");
  return std::nullopt;
}

std::optional<EventType> parse_event_type(std::string_view name) {
  using enum EventType;
  for (EventType type : {identify, track, page, screen, group, alias, merge}) {
    if (event_type_name(type) == name) return type;
  }
  return std::nullopt;
}

/// A string as it is, a whole number as its digits; nothing for other values.
std::optional<std::string> text_of(const boost::json::value* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(value->get_string());
  if (value->is_int64()) return std::to_string(value->get_int64());
  if (value->is_uint64()) return std::to_string(value->get_uint64());
  return std::nullopt;
}

}  // namespace

Parsed<TimelineQuery> timeline_query(const HttpRequest& request) {
  TimelineQuery query;
  if (auto fault = read_page(request, query)) return *fault;
  query.name = text_parameter(request, "name");
  if (auto type = text_parameter(request, "type")) {
    query.type = parse_event_type(*type);
    if (!query.type)
      return ParameterFault{"type is no event type: identify, track, page, screen, group, alias or merge"};
  }
  return query;
}

Parsed<RejectedQuery> rejected_query(const HttpRequest& request) {
  RejectedQuery query;
  if (auto fault = read_page(request, query)) return *fault;
  if (auto code = text_parameter(request, "code")) {
    query.code = parse_rejection_code(*code);
    if (!query.code) return ParameterFault{"code is no reason for which an event can be rejected"};
  }
  return query;
}

Parsed<bool> verbose_parameter(const HttpRequest& request) {
  if (!request.has_parameter("verbose")) return false;
  std::string_view text = request.parameter("verbose");
  if (text == "true" || text == "1" || text.empty()) return true;
  if (text == "false" || text == "0") return false;
  return ParameterFault{"verbose is neither true nor false"};
}

Parsed<LookupQuery> lookup_query(std::string_view body) {
  boost::json::error_code error;
  boost::json::value document = boost::json::parse(boost::json::string_view(body.data(), body.size()), error);
  if (error || !document.is_object()) return ParameterFault{"body is not a JSON object with kind and value"};
  const auto& object = document.get_object();
  auto kind_text = text_of(object.if_contains("kind"));
  auto value = text_of(object.if_contains("value"));
  if (!kind_text) return ParameterFault{"kind is missing or not a string"};
  if (!value) return ParameterFault{"value is missing or neither a string nor a whole number"};
  auto kind = parse_kind(*kind_text);
  if (!kind) return ParameterFault{"kind is not a well-formed kind of identifier"};
  return LookupQuery{std::move(*kind), std::move(*value)};
}

}  // namespace tributary
