#include "connectors/query/query_parameters.h"

#include <algorithm>
#include <charconv>

#include "connectors/query/json_body.h"

namespace tributary {
namespace {

/// `text` in the source of a filter that may be absent.
std::optional<std::string> text_parameter(const HttpRequest& request, std::string_view name) {
  std::string_view value = request.parameter(name);
  if (value.empty()) return std::nullopt;
  return std::string(value);
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
  auto limit = number_parameter(request, "limit", kPageSizes);
  if (auto* fault = std::get_if<ParameterFault>(&limit)) return *fault;
  query.limit = std::get<size_t>(limit);
  if (!read_time(request, "from", query.from)) return ParameterFault{"from is not an ISO 8601 time"};
  if (!read_time(request, "until", query.until)) return ParameterFault{"until is not an ISO 8601 time"};
  query.source = text_parameter(request, "source");
  query.cursor = request.parameter("cursor");
  return std::nullopt;
}

/// True for a name without a value.
Parsed<bool> flag_parameter(const HttpRequest& request, std::string_view name) {
  if (!request.has_parameter(name)) return false;
  std::string_view text = request.parameter(name);
  if (text == "true" || text == "1" || text.empty()) return true;
  if (text == "false" || text == "0") return false;
  return ParameterFault{std::string(name) + " is neither true nor false"};
}

std::optional<EventType> parse_event_type(std::string_view name) {
  using enum EventType;
  for (EventType type : {identify, track, page, screen, group, alias, merge}) {
    if (event_type_name(type) == name) return type;
  }
  return std::nullopt;
}

}  // namespace

Parsed<TimelineQuery> timeline_query(const HttpRequest& request) {
  TimelineQuery query;
  if (auto fault = read_page(request, query)) return *fault;
  if (auto name = text_parameter(request, "name")) query.names.push_back(std::move(*name));
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

Parsed<PageQuery> page_query(const HttpRequest& request) {
  PageQuery query;
  auto limit = number_parameter(request, "limit", kPageSizes);
  if (auto* fault = std::get_if<ParameterFault>(&limit)) return *fault;
  query.limit = std::get<size_t>(limit);
  query.cursor = request.parameter("cursor");
  return query;
}

Parsed<Timestamp> moment_parameter(const HttpRequest& request, std::string_view name) {
  std::optional<Timestamp> time;
  if (!read_time(request, name, time)) return ParameterFault{std::string(name) + " is not an ISO 8601 time"};
  return time ? *time : system_clock().now();
}

Parsed<size_t> number_parameter(const HttpRequest& request, std::string_view name, const NumberRange& range) {
  std::string_view text = request.parameter(name);
  if (text.empty()) return range.fallback;
  bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos) {
    return ParameterFault{std::string(name) + " is not a whole number"};
  }
  size_t number = range.most;
  if (text.size() < 10) std::from_chars(text.data(), text.data() + text.size(), number);
  return negative ? range.least : std::clamp(number, range.least, range.most);
}

Parsed<bool> verbose_parameter(const HttpRequest& request) { return flag_parameter(request, "verbose"); }

Parsed<ExportQuery> export_query(const HttpRequest& request) {
  ExportQuery query;
  std::string_view what = request.parameter("what");
  if (what != "profiles" && what != "events") return ParameterFault{"what is neither profiles nor events"};
  query.events = what == "events";
  std::string_view format = request.parameter("format");
  if (!format.empty() && format != "ndjson" && format != "csv")
    return ParameterFault{"format is neither ndjson nor csv"};
  query.csv = format == "csv";
  auto mark = flag_parameter(request, "bom");
  if (auto* fault = std::get_if<ParameterFault>(&mark)) return *fault;
  query.byte_order_mark = std::get<bool>(mark);
  if (query.byte_order_mark && !query.csv) return ParameterFault{"bom is for csv only"};
  if (!read_time(request, "from", query.range.from)) return ParameterFault{"from is not an ISO 8601 time"};
  if (!read_time(request, "to", query.range.until)) return ParameterFault{"to is not an ISO 8601 time"};
  if (!query.events && (query.range.from || query.range.until))
    return ParameterFault{"from and to are for events only"};
  auto moment = moment_parameter(request);
  if (auto* fault = std::get_if<ParameterFault>(&moment)) return *fault;
  query.moment = std::get<Timestamp>(moment);
  return query;
}

Parsed<LookupQuery> lookup_query(std::string_view body) {
  auto object = object_of(body);
  if (!object) return ParameterFault{"body is not a JSON object with kind and value"};
  auto parsed = identifier_in(*object);
  auto* lookup = std::get_if<LookupQuery>(&parsed);
  if (lookup == nullptr || !object->contains("at")) return parsed;
  auto text = text_of(object->if_contains("at"));
  if (text) lookup->at = parse_iso8601(*text);
  if (!lookup->at) return ParameterFault{"at is not an ISO 8601 time"};
  return parsed;
}

}  // namespace tributary
