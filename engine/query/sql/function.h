// Functions that statements may call beyond SQLite's own.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/query/sql/statement.h"

struct sqlite3;

namespace tributary {

/// What a function is called with.
class SqlArguments {
 public:
  SqlArguments(SqlStatement& statement, std::span<const SqlValue> values) : statement_(statement), values_(values) {}

  SqlStatement& statement() const { return statement_; }
  size_t size() const { return values_.size(); }
  const SqlValue& at(size_t i) const { return values_[i]; }
  bool any_null() const;
  /// Numbers as their text; empty for NULL.
  std::string text(size_t i) const;
  /// Nothing for NULL and for text that is no time.
  std::optional<Timestamp> moment(size_t i) const;

 private:
  SqlStatement& statement_;
  std::span<const SqlValue> values_;
};

/// Errors: invalid, with a text for the analyst; those of the store.
using SqlFunctionBody = Result<SqlValue> (*)(const SqlArguments& arguments);

struct SqlFunction {
  std::string_view name;
  int arguments = 0;
  SqlFunctionBody body = nullptr;
};

/// Of values alone: times, money, text.
std::span<const SqlFunction> value_functions();
/// SQLite's own by name, where its own may take too long in one call.
std::span<const SqlFunction> text_functions();
/// Of a customer, who is the first argument. Of nobody they are NULL.
std::span<const SqlFunction> customer_functions();

/// The names of SQLite's own functions that may be called, sorted.
std::span<const std::string_view> allowed_sqlite_functions();

/// Makes functions and the collation `folded` known to the connection. The statement outlives it.
bool register_sql_functions(sqlite3* connection, SqlStatement& statement);

/// The window of an argument. Errors: invalid.
Result<struct SqlWindow> window_argument(const SqlArguments& arguments, size_t i);

}  // namespace tributary
