// Tables that read the store: what each says of itself, and how SQLite is shown it.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/query/sql/customer_row.h"
#include "engine/query/sql/statement.h"

struct sqlite3;

namespace tributary {

/// How a column is declared.
struct SqlColumn {
  std::string_view name;
  std::string_view type = "TEXT";  // TEXT, INTEGER, REAL
  bool folded = false;             // texts are equal as people read them: NFKC, any case
  bool hidden = false;             // not in `SELECT *`
};

/// A condition on a column that a table is told of, so that it gives fewer rows. SQLite asks it again of each row.
struct SqlBound {
  enum class Test : char { is = '=', at_least = '>', at_most = '<' };  // bounds may be taken to be inclusive
  int column = 0;
  Test test = Test::is;
  SqlValue value;
};

/// One walk over a table's rows. Owner: the thread that runs the statement.
class SqlCursor {
 public:
  virtual ~SqlCursor() = default;
  /// To before the first row.
  virtual Result<void> begin(std::span<const SqlBound> bounds) = 0;
  /// False at the end.
  virtual Result<bool> next() = 0;
  virtual Result<SqlValue> cell(int column) = 0;
};

/// A table. Columns are named by their place.
struct SqlTable {
  std::string_view name;
  std::vector<SqlColumn> columns;
  /// Columns that, each with a value, lead to few rows; the best set first.
  std::vector<std::vector<int>> keys;
  int time_column = -1;              // on which a range leads to fewer rows; -1: none
  bool newest_first_by_key = false;  // with keys[0], rows come by time_column, the newest first
  double rows = 1e6;                 // as SQLite is told
  std::unique_ptr<SqlCursor> (*open)(SqlStatement& statement) = nullptr;
};

/// All tables.
std::span<const SqlTable> sql_tables();

SqlTable customers_table();
SqlTable identifiers_table();
SqlTable orders_table();
SqlTable interactions_table();
SqlTable tags_table();
SqlTable events_table();

/// Makes the tables known to the connection. The statement outlives it. False when SQLite refuses one.
bool register_sql_tables(sqlite3* connection, SqlStatement& statement);

/// The bound's value where one of these columns must be equal to it; null without such a bound.
const SqlValue* equal_to(std::span<const SqlBound> bounds, int column);

/// As tables show times: `2026-11-21T23:42:42.405Z`, whole milliseconds.
std::string sql_time(Timestamp time);
SqlValue sql_time_or_null(const std::optional<Timestamp>& time);
/// NULL for an empty text.
SqlValue sql_text(std::string_view text);
/// Beyond 64 bits a real number.
SqlValue sql_integer(WideInteger number);
template <class Number>
SqlValue sql_integer_or_null(const std::optional<Number>& number) {
  return number ? SqlValue(static_cast<int64_t>(*number)) : SqlValue();
}

/// A table of things that each belong to a customer. `List` names the row type and gives the rows of a customer:
///   using Row; static Result<void> load(SqlCustomer&, std::vector<Row>&); static columns: {SqlColumn, cell function}.
template <class Row>
struct SqlListColumn {
  SqlColumn is;
  Result<SqlValue> (*cell)(const Row& row) = nullptr;
};

template <class List>
class SqlListCursor : public SqlCursor {
 public:
  explicit SqlListCursor(SqlStatement& statement) : statement_(statement), customers_(statement) {}

  Result<void> begin(std::span<const SqlBound> bounds) override {
    rows_.clear();
    at_ = 0;
    return List::find(customers_, bounds);
  }

  Result<bool> next() override {
    ++at_;
    while (at_ >= rows_.size()) {
      if (statement_.must_end()) return false;
      auto found = customers_.next();
      if (!found || !*found) return found;
      rows_.clear();
      at_ = 0;
      TRIBUTARY_TRY(List::load(customers_.current(), rows_));
    }
    return true;
  }

  Result<SqlValue> cell(int column) override { return List::columns()[static_cast<size_t>(column)].cell(rows_[at_]); }

 private:
  SqlStatement& statement_;
  SqlCustomers customers_;
  std::vector<typename List::Row> rows_;
  size_t at_ = 0;
};

/// Customers with the id that the first column must equal, or all.
Result<void> find_by_customer_id(SqlCustomers& customers, std::span<const SqlBound> bounds, int column);

template <class List>
SqlTable list_table(std::string_view name, std::vector<std::vector<int>> keys) {
  SqlTable table;
  table.name = name;
  for (const auto& column : List::columns()) table.columns.push_back(column.is);
  table.keys = std::move(keys);
  table.open = [](SqlStatement& statement) -> std::unique_ptr<SqlCursor> {
    return std::make_unique<SqlListCursor<List>>(statement);
  };
  return table;
}

}  // namespace tributary
