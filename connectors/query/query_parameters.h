// Parameters of an address as query values.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "connectors/http/message.h"
#include "engine/engine.h"

namespace tributary {

/// What is wrong with a parameter, for the message of `invalid_parameter`: names the parameter, never repeats its
/// value.
struct ParameterFault {
  std::string message;
};

template <class Value>
using Parsed = std::variant<Value, ParameterFault>;

/// `limit` is clamped to 1..1000; times are ISO 8601; an absent or empty parameter does not filter.
Parsed<TimelineQuery> timeline_query(const HttpRequest& request);
Parsed<RejectedQuery> rejected_query(const HttpRequest& request);

/// `limit` and `cursor` alone.
Parsed<PageQuery> page_query(const HttpRequest& request);

/// `as_of`, or another parameter, or the time of asking.
Parsed<Timestamp> moment_parameter(const HttpRequest& request, std::string_view name = "as_of");

/// A whole number of any length, clamped; `fallback` when it is absent or empty.
struct NumberRange {
  size_t least = 0, most = 0, fallback = 0;
};
Parsed<size_t> number_parameter(const HttpRequest& request, std::string_view name, const NumberRange& range);

/// `limit` of every list.
constexpr NumberRange kPageSizes{1, 1000, 50};

/// `?verbose`: `true`, `1` or nothing but the name; false when absent, `false` or `0`.
Parsed<bool> verbose_parameter(const HttpRequest& request);

/// What to export, and how.
struct ExportQuery {
  bool events = false;  // else profiles
  bool csv = false;     // else NDJSON
  bool byte_order_mark = false;
  EventExportQuery range;  // `from` and `to` of events
  Timestamp moment;        // of the figures of profiles
};
Parsed<ExportQuery> export_query(const HttpRequest& request);

/// The body of a look-up: `{"kind","value","at"}`. A number as value becomes its decimal text.
struct LookupQuery {
  IdentifierKind kind;
  std::string value;
  std::optional<Timestamp> at = {};  // whose it was then, if it changed hands; now
};
Parsed<LookupQuery> lookup_query(std::string_view body);

}  // namespace tributary
