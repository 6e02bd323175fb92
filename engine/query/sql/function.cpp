#include "engine/query/sql/function.h"

#include <sqlite3.h>

#include <algorithm>
#include <exception>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/ingest/text_fold.h"
#include "engine/query/sql/sqlite_value.h"
#include "engine/query/sql/window.h"

namespace tributary {
namespace {

// None that takes long in one call, makes much of nothing, or knows of files.
constexpr std::string_view kAllowedFunctions[] = {"->",
                                                  "->>",
                                                  "abs",
                                                  "acos",
                                                  "asin",
                                                  "atan",
                                                  "atan2",
                                                  "avg",
                                                  "ceil",
                                                  "ceiling",
                                                  "char",
                                                  "coalesce",
                                                  "cos",
                                                  "count",
                                                  "cume_dist",
                                                  "date",
                                                  "datetime",
                                                  "degrees",
                                                  "dense_rank",
                                                  "exp",
                                                  "first_value",
                                                  "floor",
                                                  "glob",
                                                  "group_concat",
                                                  "hex",
                                                  "ifnull",
                                                  "iif",
                                                  "json",
                                                  "json_array",
                                                  "json_array_length",
                                                  "json_extract",
                                                  "json_group_array",
                                                  "json_group_object",
                                                  "json_insert",
                                                  "json_object",
                                                  "json_quote",
                                                  "json_remove",
                                                  "json_replace",
                                                  "json_set",
                                                  "json_type",
                                                  "json_valid",
                                                  "julianday",
                                                  "lag",
                                                  "last_value",
                                                  "lead",
                                                  "length",
                                                  "like",
                                                  "likelihood",
                                                  "likely",
                                                  "ln",
                                                  "log",
                                                  "log10",
                                                  "log2",
                                                  "lower",
                                                  "max",
                                                  "min",
                                                  "mod",
                                                  "nth_value",
                                                  "ntile",
                                                  "nullif",
                                                  "percent_rank",
                                                  "pi",
                                                  "pow",
                                                  "power",
                                                  "quote",
                                                  "radians",
                                                  "rank",
                                                  "round",
                                                  "row_number",
                                                  "sign",
                                                  "sin",
                                                  "sqrt",
                                                  "strftime",
                                                  "substr",
                                                  "substring",
                                                  "sum",
                                                  "tan",
                                                  "time",
                                                  "total",
                                                  "trunc",
                                                  "typeof",
                                                  "unicode",
                                                  "unixepoch",
                                                  "unlikely",
                                                  "upper"};

struct SqlFunctionContext {
  const SqlFunction* function;
  SqlStatement* statement;
};

void call_function(sqlite3_context* context, int count, sqlite3_value** given) {
  auto* called = static_cast<SqlFunctionContext*>(sqlite3_user_data(context));
  if (called->statement->must_end()) return sqlite3_result_error_code(context, SQLITE_INTERRUPT);
  try {
    std::vector<SqlValue> values;
    values.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) values.push_back(sql_value_of(given[i]));
    auto result = called->function->body(SqlArguments(*called->statement, values));
    if (result) return give_sql_value(context, *result);
    if (result.error().code != ErrorCode::invalid) called->statement->fail(result.error());
    std::string message = std::string(called->function->name) + ": " + result.error().message;
    sqlite3_result_error(context, message.c_str(), -1);
  } catch (const std::exception& error) {
    called->statement->fail(Error(ErrorCode::io, error.what()));
    sqlite3_result_error(context, "a function failed", -1);
  }
}

// Sorting is one step of SQLite's: whoever must end is told so by the clock once the rest was sorted by anything.
int compare_folded(void* context, int a_bytes, const void* a, int b_bytes, const void* b) {
  std::string_view left(static_cast<const char*>(a), static_cast<size_t>(a_bytes));
  std::string_view right(static_cast<const char*>(b), static_cast<size_t>(b_bytes));
  if (static_cast<SqlStatement*>(context)->must_end()) return left.compare(right);
  try {
    auto left_folded = nfkc_casefold(left), right_folded = nfkc_casefold(right);
    return (left_folded ? *left_folded : std::string(left)).compare(right_folded ? *right_folded : std::string(right));
  } catch (const std::exception&) {  // out of memory: the statement ends of it elsewhere
    return left.compare(right);
  }
}

bool register_one(sqlite3* connection, const SqlFunction& function, SqlStatement& statement) {
  auto* context = new SqlFunctionContext{&function, &statement};
  auto forget = [](void* given) { delete static_cast<SqlFunctionContext*>(given); };
  std::string name(function.name);
  return sqlite3_create_function_v2(connection, name.c_str(), function.arguments, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                    context, call_function, nullptr, nullptr, forget) == SQLITE_OK;
}

}  // namespace

bool SqlArguments::any_null() const {
  return std::ranges::any_of(values_, [](const SqlValue& value) { return value.index() == 0; });
}

std::string SqlArguments::text(size_t i) const {
  if (const auto* text = std::get_if<std::string>(&values_[i])) return *text;
  if (const auto* whole = std::get_if<int64_t>(&values_[i])) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&values_[i])) return std::to_string(*real);
  return {};
}

std::optional<Timestamp> SqlArguments::moment(size_t i) const {
  const auto* text = std::get_if<std::string>(&values_[i]);
  return text != nullptr ? parse_iso8601(*text) : std::nullopt;
}

Result<SqlWindow> window_argument(const SqlArguments& arguments, size_t i) {
  const SqlQuery& query = arguments.statement().query;
  auto window = parse_window(arguments.text(i), query.rules.zone, query.now);
  if (window) return *window;
  return Error(ErrorCode::invalid, "expected a length such as 30d, 12h, 30cd, 12cm or all");
}

std::span<const std::string_view> allowed_sqlite_functions() { return kAllowedFunctions; }

bool register_sql_functions(sqlite3* connection, SqlStatement& statement) {
  for (const auto& functions : {value_functions(), text_functions(), customer_functions()}) {
    for (const SqlFunction& function : functions) {
      if (!register_one(connection, function, statement)) return false;
    }
  }
  return sqlite3_create_collation_v2(connection, "folded", SQLITE_UTF8, &statement, compare_folded, nullptr) ==
         SQLITE_OK;
}

}  // namespace tributary
