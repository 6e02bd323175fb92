#include "engine/query/sql/run_sql.h"

#include <sqlite3.h>

#include "engine/base/ascii.h"
#include "engine/query/sql/connection.h"
#include "engine/query/sql/memory_budget.h"
#include "engine/query/sql/sqlite_value.h"

namespace tributary {
namespace {

int bind_sql_value(sqlite3_stmt* prepared, int place, const SqlValue& value) {
  if (const auto* whole = std::get_if<int64_t>(&value)) return sqlite3_bind_int64(prepared, place, *whole);
  if (const auto* real = std::get_if<double>(&value)) return sqlite3_bind_double(prepared, place, *real);
  if (const auto* text = std::get_if<std::string>(&value)) {
    return sqlite3_bind_text64(prepared, place, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  return sqlite3_bind_null(prepared, place);
}

/// Every parameter of the statement has a value, and every value a parameter.
std::optional<SqlFault> bind_parameters(sqlite3_stmt* prepared, const SqlQuery& query) {
  std::vector<bool> bound(static_cast<size_t>(sqlite3_bind_parameter_count(prepared)) + 1, false);
  int position = 0;
  for (const auto& [name, value] : query.parameters) {
    int place = name.empty() ? ++position : sqlite3_bind_parameter_index(prepared, (":" + name).c_str());
    if (place < 1 || static_cast<size_t>(place) >= bound.size()) {
      std::string what = name.empty() ? "number " + std::to_string(position) : ":" + name;
      return SqlFault{.message = "the statement has no parameter " + what};
    }
    if (int code = bind_sql_value(prepared, place, value); code != SQLITE_OK) {
      return SqlFault{.message = std::string("a parameter can't be used: ") + sqlite3_errstr(code)};
    }
    bound[static_cast<size_t>(place)] = true;
  }
  for (size_t place = 1; place < bound.size(); ++place) {
    if (bound[place]) continue;
    const char* name = sqlite3_bind_parameter_name(prepared, static_cast<int>(place));
    return SqlFault{.message = "the parameter " + std::string(name != nullptr ? name : std::to_string(place)) +
                               " has no value"};
  }
  return std::nullopt;
}

std::string declared_type(sqlite3_stmt* prepared, int column) {
  const char* declared = sqlite3_column_decltype(prepared, column);
  std::string type;
  for (const char* c = declared; c != nullptr && *c != '\0'; ++c) type += ascii_lower(*c);
  return type;
}

void give_columns(sqlite3_stmt* prepared, SqlRows& rows) {
  std::vector<std::pair<std::string, std::string>> columns;
  for (int i = 0; i < sqlite3_column_count(prepared); ++i) {
    const char* name = sqlite3_column_name(prepared, i);
    columns.emplace_back(name != nullptr ? name : "", declared_type(prepared, i));
  }
  rows.columns(std::move(columns));
}

/// The values of the row it stands at.
void read_row(sqlite3_stmt* prepared, std::vector<SqlValue>& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = sql_value_of(sqlite3_column_value(prepared, static_cast<int>(i)));
  }
}

int step_through(sqlite3_stmt* prepared, const SqlQuery& query, SqlRows& rows, SqlOutcome& outcome) {
  std::vector<SqlValue> values(static_cast<size_t>(sqlite3_column_count(prepared)));
  size_t bytes = 0;
  while (true) {
    int code = sqlite3_step(prepared);
    if (code != SQLITE_ROW) return code;
    if (outcome.rows == query.rows_max || bytes > SqlLimits::kAnswerBytesMax) {
      outcome.partial = true;
      return SQLITE_DONE;
    }
    read_row(prepared, values);
    bytes = rows.row(values);
    ++outcome.rows;
  }
}

void run_in_sandbox(SqlStatement& statement, SqlRows& rows, const SqlMemoryBudget& budget, SqlOutcome& outcome) {
  SqlConnection connection = open_sandbox(statement);
  if (connection == nullptr) {
    outcome.fault = SqlFault{.kind = SqlFaultKind::memory_limit, .message = "there is no memory for a statement"};
    return;
  }
  PreparedSql prepared;
  outcome.fault = prepare_in_sandbox(*connection, statement, prepared);
  if (outcome.fault) return;
  outcome.prepared = true;
  outcome.fault = bind_parameters(prepared.get(), statement.query);
  if (outcome.fault) return;
  give_columns(prepared.get(), rows);
  int code = step_through(prepared.get(), statement.query, rows, outcome);
  if (code != SQLITE_DONE || statement.end_reason || statement.failure) {
    outcome.fault = sandbox_fault(*connection, statement, code, budget.was_exceeded());
  }
}

Result<uint64_t> last_record_of(const StateReader& snapshot) {
  std::string bytes;
  auto found = snapshot.get(Family::meta, kAppliedKey, bytes);
  if (!found) return found.error();
  if (!*found) return uint64_t{0};
  auto applied = decode_applied(bytes);
  if (!applied) return applied.error();
  return applied->lsn.value();
}

}  // namespace

SqlOutcome run_sql(const SqlSource& source, const SqlQuery& query, SqlRows& rows,
                   const std::function<bool()>& cancelled) {
  install_sql_allocator();
  SqlOutcome outcome;
  auto sequence = last_record_of(*source.snapshot);
  if (!sequence) {
    outcome.fault = SqlFault{.kind = SqlFaultKind::store, .message = "reading failed", .error = sequence.error()};
    return outcome;
  }
  outcome.sequence = *sequence;
  SqlStatement statement(source, query, cancelled);
  SqlMemoryBudget budget(query.memory_max);
  run_in_sandbox(statement, rows, budget, outcome);
  outcome.scanned = statement.scanned;
  outcome.withheld = statement.withheld;
  outcome.memory_bytes = budget.peak_bytes();
  return outcome;
}

}  // namespace tributary
