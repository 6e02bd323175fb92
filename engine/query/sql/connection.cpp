#include "engine/query/sql/connection.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>

#include "engine/base/ascii.h"
#include "engine/base/nearest_word.h"
#include "engine/query/sql/function.h"
#include "engine/query/sql/statement_text.h"
#include "engine/query/sql/table.h"

namespace tributary {
namespace {

constexpr int kStepsPerLook = 1000;  // of SQLite's machine, between two looks at the clock

struct SqlConnectionLimit {
  int what, most;
};
constexpr std::array kConnectionLimits = {SqlConnectionLimit{SQLITE_LIMIT_LENGTH, SqlLimits::kValueBytesMax},
                                          SqlConnectionLimit{SQLITE_LIMIT_SQL_LENGTH, SqlLimits::kTextBytesMax},
                                          SqlConnectionLimit{SQLITE_LIMIT_COLUMN, 200},
                                          SqlConnectionLimit{SQLITE_LIMIT_EXPR_DEPTH, 100},
                                          SqlConnectionLimit{SQLITE_LIMIT_COMPOUND_SELECT, 20},
                                          SqlConnectionLimit{SQLITE_LIMIT_FUNCTION_ARG, 100},
                                          SqlConnectionLimit{SQLITE_LIMIT_ATTACHED, 0},
                                          SqlConnectionLimit{SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256},
                                          SqlConnectionLimit{SQLITE_LIMIT_VARIABLE_NUMBER, SqlLimits::kParametersMax},
                                          SqlConnectionLimit{SQLITE_LIMIT_TRIGGER_DEPTH, 1},
                                          SqlConnectionLimit{SQLITE_LIMIT_WORKER_THREADS, 0}};

constexpr std::string_view kJsonTables[] = {"json_each", "json_tree"};
// What SQLite brings along and shows without being asked. Names of this kind are nobody's.
constexpr std::string_view kForbiddenPrefixes[] = {"sqlite_", "pragma_",  "fts",        "rtree",
                                                   "dbstat",  "bytecode", "tables_used"};

bool has_prefix(std::string_view name, std::string_view prefix) {
  return name.size() >= prefix.size() && std::ranges::equal(name.substr(0, prefix.size()), prefix, {}, ascii_lower);
}

bool is_sql_table(std::string_view name) {
  auto named = [&](std::string_view table) { return table.size() == name.size() && has_prefix(name, table); };
  return std::ranges::any_of(sql_tables(), [&](const SqlTable& table) { return named(table.name); }) ||
         std::ranges::any_of(kJsonTables, named);
}

bool may_call(std::string_view name) {
  auto named = [&](std::string_view known) { return known.size() == name.size() && has_prefix(name, known); };
  auto names_function = [&](const SqlFunction& function) { return named(function.name); };
  return std::ranges::any_of(allowed_sqlite_functions(), named) ||
         std::ranges::any_of(value_functions(), names_function) ||
         std::ranges::any_of(text_functions(), names_function) ||
         std::ranges::any_of(customer_functions(), names_function);
}

/// A column of a table; without column and database, that a query by this name is counted.
bool may_read(const char* table, const char* column, const char* database) {
  std::string_view name = table != nullptr ? table : "";
  if (is_sql_table(name)) return true;
  bool counted = (column == nullptr || *column == '\0') && database == nullptr;
  return counted &&
         std::ranges::none_of(kForbiddenPrefixes, [&](std::string_view prefix) { return has_prefix(name, prefix); });
}

int authorise(void* context, int action, const char* first, const char* second, const char* database, const char*) {
  auto& statement = *static_cast<SqlStatement*>(context);
  switch (action) {
    case SQLITE_SELECT:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      if (second != nullptr && may_call(second)) return SQLITE_OK;
      statement.denied = "the function " + std::string(second != nullptr ? second : "") + " must not be called";
      return SQLITE_DENY;
    case SQLITE_READ:
      if (may_read(first, second, database)) return SQLITE_OK;
      statement.denied = "the table " + std::string(first != nullptr ? first : "") + " must not be read";
      return SQLITE_DENY;
    case SQLITE_RECURSIVE:
      statement.denied = "recursive queries are not allowed";
      return SQLITE_DENY;
    default:
      statement.denied = "only queries are allowed";
      return SQLITE_DENY;
  }
}

int look_at_clock(void* context) { return static_cast<SqlStatement*>(context)->must_end() ? 1 : 0; }

bool run_once(sqlite3* connection, const std::string& text) {
  return sqlite3_exec(connection, text.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
}

/// Eponymous tables are made at their first use, by a statement that the authoriser would refuse.
bool touch_tables(sqlite3* connection) {
  auto touch = [&](std::string_view table) {
    sqlite3_stmt* made = nullptr;
    std::string text = "SELECT 1 FROM " + std::string(table);
    int code = sqlite3_prepare_v2(connection, text.c_str(), -1, &made, nullptr);
    sqlite3_finalize(made);
    return code == SQLITE_OK;
  };
  return std::ranges::all_of(sql_tables(), [&](const SqlTable& table) { return touch(table.name); }) &&
         std::ranges::all_of(kJsonTables, touch);
}

bool lock_down(sqlite3* connection, SqlStatement& statement) {
  int now = 0;
  for (auto [flag, on] : {std::pair(SQLITE_DBCONFIG_DEFENSIVE, 1), std::pair(SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
                          std::pair(SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0), std::pair(SQLITE_DBCONFIG_DQS_DML, 0),
                          std::pair(SQLITE_DBCONFIG_DQS_DDL, 0)}) {
    if (sqlite3_db_config(connection, flag, on, &now) != SQLITE_OK || now != on) return false;
  }
  for (const auto& [what, most] : kConnectionLimits) sqlite3_limit(connection, what, most);
  sqlite3_progress_handler(connection, kStepsPerLook, look_at_clock, &statement);
  return sqlite3_set_authorizer(connection, authorise, &statement) == SQLITE_OK;
}

std::vector<std::string> candidates_for(std::string_view kind) {
  std::vector<std::string> names;
  if (kind == "table") {
    for (const SqlTable& table : sql_tables()) names.emplace_back(table.name);
  } else if (kind == "function") {
    for (std::string_view name : allowed_sqlite_functions()) names.emplace_back(name);
    for (const SqlFunction& function : value_functions()) names.emplace_back(function.name);
    for (const SqlFunction& function : text_functions()) names.emplace_back(function.name);
    for (const SqlFunction& function : customer_functions()) names.emplace_back(function.name);
  } else {
    for (const SqlTable& table : sql_tables()) {
      for (const SqlColumn& column : table.columns) names.emplace_back(column.name);
    }
  }
  return names;
}

/// `no such column: c.industy`: fills what was probably meant, and where the name stands.
void add_nearest(const SqlStatement& statement, SqlFault& fault) {
  for (std::string_view kind : {"column", "table", "function"}) {
    std::string beginning = "no such " + std::string(kind) + ": ";
    if (!fault.message.starts_with(beginning)) continue;
    std::string_view name = std::string_view(fault.message).substr(beginning.size());
    if (!fault.position) fault.position = position_of_name(statement.query.text, name);
    name = name.substr(name.rfind('.') == name.npos ? 0 : name.rfind('.') + 1);
    if (auto nearest = nearest_word(name, candidates_for(kind))) fault.nearest = *nearest;
  }
}

SqlFault not_allowed(std::string message) { return {.kind = SqlFaultKind::not_allowed, .message = std::move(message)}; }

}  // namespace

void SqlConnectionClosing::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
void SqlConnectionClosing::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

SqlConnection open_sandbox(SqlStatement& statement) {
  sqlite3* opened = nullptr;
  int code = sqlite3_open_v2(":memory:", &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  SqlConnection connection(opened);
  if (code != SQLITE_OK || !run_once(opened, "PRAGMA temp_store=MEMORY")) return nullptr;
  bool ready = register_sql_functions(opened, statement) && register_sql_tables(opened, statement) &&
               touch_tables(opened) && lock_down(opened, statement);
  return ready ? std::move(connection) : nullptr;
}

std::optional<SqlFault> prepare_in_sandbox(sqlite3& connection, SqlStatement& statement, PreparedSql& prepared) {
  const std::string& text = statement.query.text;
  if (text.size() > SqlLimits::kTextBytesMax) return SqlFault{.message = "the statement is longer than 64 KiB"};
  if (text.find('\0') != text.npos) return SqlFault{.message = "the statement holds a character that is none"};
  std::string_view keyword = first_keyword(text);
  if (keyword.empty()) return SqlFault{.message = "there is no statement"};
  if (!has_prefix(keyword, "select") && !has_prefix(keyword, "with") && !has_prefix(keyword, "values")) {
    return not_allowed("a statement begins with SELECT, WITH or VALUES");
  }
  sqlite3_stmt* made = nullptr;
  const char* tail = nullptr;
  int code = sqlite3_prepare_v3(&connection, text.data(), static_cast<int>(text.size()), 0, &made, &tail);
  prepared.reset(made);
  if (code != SQLITE_OK) return sandbox_fault(connection, statement, code, false);
  std::string_view rest(tail, static_cast<size_t>(text.data() + text.size() - tail));
  if (made == nullptr) return SqlFault{.message = "there is no statement"};
  if (!first_keyword(rest).empty()) {
    SqlFault fault = not_allowed("only one statement at a time is allowed");
    fault.position = position_at(text, static_cast<size_t>(first_keyword(rest).data() - text.data()));
    return fault;
  }
  if (sqlite3_stmt_readonly(made) == 0 || sqlite3_stmt_isexplain(made) != 0)
    return not_allowed("only queries are allowed");
  return std::nullopt;
}

SqlFault sandbox_fault(sqlite3& connection, const SqlStatement& statement, int code, bool memory_exceeded) {
  SqlFault fault;
  if (statement.failure) {
    fault = {.kind = SqlFaultKind::store, .message = "reading failed", .error = *statement.failure};
  } else if (memory_exceeded || (code & 0xff) == SQLITE_NOMEM) {
    fault = {.kind = SqlFaultKind::memory_limit, .message = "the statement needs more memory than it may have"};
  } else if (statement.end_reason) {
    fault.kind = *statement.end_reason;
    fault.message = fault.kind == SqlFaultKind::time_limit ? "the statement takes longer than it may"
                                                           : "nobody waits for the statement any more";
  } else if ((code & 0xff) == SQLITE_AUTH || !statement.denied.empty()) {
    fault = not_allowed(statement.denied);
  } else {
    fault.message = sqlite3_errmsg(&connection);
    if ((code & 0xff) == SQLITE_TOOBIG) fault.message += "; the limit is 256 KiB";
    int offset = sqlite3_error_offset(&connection);
    if (offset >= 0) fault.position = position_at(statement.query.text, static_cast<size_t>(offset));
    add_nearest(statement, fault);
  }
  return fault;
}

}  // namespace tributary
