// The sandbox in which a statement of an analyst runs: a private connection in memory that can do nothing but read the
// tables.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/query/sql/statement.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tributary {

struct SqlConnectionClosing {
  void operator()(sqlite3* connection) const;
  void operator()(sqlite3_stmt* statement) const;
};
using SqlConnection = std::unique_ptr<sqlite3, SqlConnectionClosing>;
using PreparedSql = std::unique_ptr<sqlite3_stmt, SqlConnectionClosing>;

/// Opens one, with its limits in force. The statement outlives it. Null when SQLite can't, which is for want of memory.
/// Thread: opened, used and closed on one.
SqlConnection open_sandbox(SqlStatement& statement);

/// The statement of the text, or what is wrong with it. Nothing is run.
std::optional<SqlFault> prepare_in_sandbox(sqlite3& connection, SqlStatement& statement, PreparedSql& prepared);

/// What the code of a failed call means for the analyst.
SqlFault sandbox_fault(sqlite3& connection, const SqlStatement& statement, int code, bool memory_exceeded);

}  // namespace tributary
