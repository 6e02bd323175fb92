#include "connectors/sql/sql_request.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "connectors/query/json_body.h"

namespace tributary {
namespace {

namespace json = boost::json;

constexpr int64_t kMicrosPerMilli = 1000;
constexpr std::string_view kSqlMembers[] = {"query", "params", "limit", "timeout_ms", "as_of"};

/// NULL, a truth value as 1 or 0, a number, a text; nothing for lists, objects and whole numbers beyond 64 bits.
std::optional<SqlValue> sql_parameter(const json::value& value) {
  if (value.is_null()) return SqlValue();
  if (value.is_bool()) return SqlValue(int64_t{value.get_bool() ? 1 : 0});
  if (value.is_int64()) return SqlValue(value.get_int64());
  if (value.is_double()) return SqlValue(value.get_double());
  if (value.is_string()) return SqlValue(std::string(value.get_string()));
  return std::nullopt;
}

std::optional<ParameterFault> read_sql_parameters(const json::value& given, SqlQuery& query) {
  auto add = [&](std::string name, const json::value& value) {
    auto parameter = sql_parameter(value);
    if (parameter) query.parameters.emplace_back(std::move(name), std::move(*parameter));
    return parameter.has_value();
  };
  bool understood = given.is_array() || given.is_object();
  if (const auto* list = given.if_array()) {
    for (const json::value& value : *list) understood = understood && add("", value);
  } else if (const auto* object = given.if_object()) {
    for (const auto& [name, value] : *object) understood = understood && add(std::string(name), value);
  }
  if (!understood) return ParameterFault{"params is not a list or an object of texts, numbers, truth values and nulls"};
  if (query.parameters.size() > SqlLimits::kParametersMax) return ParameterFault{"params has more than 100 values"};
  return std::nullopt;
}

/// A whole number from 1 on, clamped; nothing for other values.
std::optional<int64_t> clamped_number(const json::value& value, int64_t most) {
  if (value.is_uint64()) return most;
  if (!value.is_int64() || value.get_int64() < 1) return std::nullopt;
  return std::min(value.get_int64(), most);
}

}  // namespace

Parsed<SqlQuery> sql_query(std::string_view body, const ValueRules& rules) {
  auto object = object_of(body);
  if (!object) return ParameterFault{"body is not a JSON object with query"};
  for (const auto& [name, value] : *object) {
    if (std::ranges::find(kSqlMembers, std::string_view(name)) == std::end(kSqlMembers)) {
      return ParameterFault{"expected query, params, limit, timeout_ms and as_of alone"};
    }
  }
  SqlQuery query{.text = {}, .parameters = {}, .rules = rules, .now = system_clock().now()};
  const json::value* text = object->if_contains("query");
  if (text == nullptr || !text->is_string()) return ParameterFault{"query is missing or not a string"};
  query.text = text->get_string();
  if (const json::value* given = object->if_contains("params"); given != nullptr && !given->is_null()) {
    if (auto fault = read_sql_parameters(*given, query)) return *fault;
  }
  if (const json::value* given = object->if_contains("limit")) {
    auto limit = clamped_number(*given, SqlLimits::kRowsMax);
    if (!limit) return ParameterFault{"limit is not a whole number from 1 on"};
    query.rows_max = static_cast<size_t>(*limit);
  }
  if (const json::value* given = object->if_contains("timeout_ms")) {
    auto millis = clamped_number(*given, SqlLimits::kMicrosMax / kMicrosPerMilli);
    if (!millis) return ParameterFault{"timeout_ms is not a whole number from 1 on"};
    query.time_max_micros = *millis * kMicrosPerMilli;
  }
  if (const json::value* given = object->if_contains("as_of")) {
    auto time = given->is_string() ? parse_iso8601(std::string_view(given->get_string())) : std::nullopt;
    if (!time) return ParameterFault{"as_of is not an ISO 8601 time"};
    query.now = *time;
  }
  return query;
}

}  // namespace tributary
