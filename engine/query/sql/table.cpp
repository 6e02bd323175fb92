#include "engine/query/sql/table.h"

#include <sqlite3.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "engine/query/sql/sqlite_value.h"

namespace tributary {
namespace {

constexpr double kRowsByKey = 10;
constexpr double kRangeShare = 4;  // of how many rows a range leaves one

/// What SQLite holds of a table.
struct SqlVirtualTable : sqlite3_vtab {
  const SqlTable* table = nullptr;
  SqlStatement* statement = nullptr;
};

struct SqlVirtualCursor : sqlite3_vtab_cursor {
  std::unique_ptr<SqlCursor> rows;
  int64_t row = 0;
  bool at_end = true;
};

struct SqlTableContext {
  const SqlTable* table;
  SqlStatement* statement;
};

/// No exception may pass through SQLite's frames.
template <class Do>
int guarded_by(SqlStatement& statement, Do act) {
  try {
    Result<void> done = act();
    if (done) return statement.end_reason ? SQLITE_INTERRUPT : SQLITE_OK;
    statement.fail(done.error());
  } catch (const std::exception& error) {
    statement.fail(Error(ErrorCode::io, std::string("reading a table: ") + error.what()));
  }
  return SQLITE_ERROR;
}

std::string declaration_of(const SqlTable& table) {
  std::string text = "CREATE TABLE x(";
  for (const SqlColumn& column : table.columns) {
    if (&column != &table.columns.front()) text += ", ";
    text.append("\"").append(column.name).append("\" ").append(column.type);
    if (column.hidden) text += " HIDDEN";
    if (column.folded) text += " COLLATE folded";
  }
  return text + ")";
}

int connect_table(sqlite3* connection, void* context, int, const char* const*, sqlite3_vtab** made, char**) {
  auto* given = static_cast<SqlTableContext*>(context);
  sqlite3_vtab_config(connection, SQLITE_VTAB_DIRECTONLY);
  int code = sqlite3_declare_vtab(connection, declaration_of(*given->table).c_str());
  if (code != SQLITE_OK) return code;
  auto table = std::make_unique<SqlVirtualTable>();
  table->table = given->table;
  table->statement = given->statement;
  *made = table.release();
  return SQLITE_OK;
}

int disconnect_table(sqlite3_vtab* table) {
  delete static_cast<SqlVirtualTable*>(table);
  return SQLITE_OK;
}

const sqlite3_index_info::sqlite3_index_constraint* begin_of(const sqlite3_index_info& info) {
  return info.aConstraint;
}

/// The usable constraint that the column equals something, compared by bytes; -1: none.
int equality_on(sqlite3_index_info& info, int column) {
  for (int i = 0; i < info.nConstraint; ++i) {
    const auto& constraint = begin_of(info)[i];
    bool equal = constraint.usable != 0 && constraint.iColumn == column && constraint.op == SQLITE_INDEX_CONSTRAINT_EQ;
    if (equal && sqlite3_stricmp(sqlite3_vtab_collation(&info, i), "BINARY") == 0) return i;
  }
  return -1;
}

/// Writes down which constraints a walk begins with: a test and a column each.
class SqlPlan {
 public:
  explicit SqlPlan(sqlite3_index_info& info) : info_(info) {}

  void take(int constraint, SqlBound::Test test) {
    info_.aConstraintUsage[constraint].argvIndex = ++taken_;
    text_ += static_cast<char>(test);
    text_ += static_cast<char>('!' + info_.aConstraint[constraint].iColumn);
  }

  int finish() {
    info_.idxStr = sqlite3_mprintf("%s", text_.c_str());
    if (info_.idxStr == nullptr) return SQLITE_NOMEM;
    info_.needToFreeIdxStr = 1;
    return SQLITE_OK;
  }

 private:
  sqlite3_index_info& info_;
  std::string text_;
  int taken_ = 0;
};

/// The number of the first key of which all columns have a value; -1: none.
int take_key(const SqlTable& table, sqlite3_index_info& info, SqlPlan& plan) {
  for (size_t key = 0; key < table.keys.size(); ++key) {
    std::vector<int> constraints;
    for (int column : table.keys[key]) constraints.push_back(equality_on(info, column));
    if (std::ranges::find(constraints, -1) != constraints.end()) continue;
    for (int constraint : constraints) plan.take(constraint, SqlBound::Test::is);
    return static_cast<int>(key);
  }
  return -1;
}

bool take_range(const SqlTable& table, sqlite3_index_info& info, SqlPlan& plan) {
  bool taken = false;
  for (int i = 0; i < info.nConstraint && table.time_column >= 0; ++i) {
    const auto& constraint = begin_of(info)[i];
    if (constraint.usable == 0 || constraint.iColumn != table.time_column) continue;
    if (sqlite3_stricmp(sqlite3_vtab_collation(&info, i), "BINARY") != 0) continue;
    bool lower = constraint.op == SQLITE_INDEX_CONSTRAINT_GE || constraint.op == SQLITE_INDEX_CONSTRAINT_GT;
    bool upper = constraint.op == SQLITE_INDEX_CONSTRAINT_LE || constraint.op == SQLITE_INDEX_CONSTRAINT_LT;
    if (!lower && !upper) continue;
    plan.take(i, lower ? SqlBound::Test::at_least : SqlBound::Test::at_most);
    taken = true;
  }
  return taken;
}

int plan_walk(sqlite3_vtab* base, sqlite3_index_info* info) {
  const SqlTable& table = *static_cast<SqlVirtualTable*>(base)->table;
  SqlStatement& statement = *static_cast<SqlVirtualTable*>(base)->statement;
  int code = SQLITE_OK;
  int guarded = guarded_by(statement, [&]() -> Result<void> {
    SqlPlan plan(*info);
    int key = take_key(table, *info, plan);
    double rows = key >= 0 ? kRowsByKey : table.rows;
    bool ranged = take_range(table, *info, plan);
    if (ranged) rows /= kRangeShare;
    info->estimatedRows = static_cast<sqlite3_int64>(std::max(rows, 1.0));
    info->estimatedCost = rows;
    bool by_time = info->nOrderBy == 1 && info->aOrderBy[0].iColumn == table.time_column && info->aOrderBy[0].desc != 0;
    if (key == 0 && table.newest_first_by_key && by_time) info->orderByConsumed = 1;
    code = plan.finish();
    return {};
  });
  return code != SQLITE_OK ? code : guarded;
}

int open_cursor_of(sqlite3_vtab* base, sqlite3_vtab_cursor** made) {
  auto* table = static_cast<SqlVirtualTable*>(base);
  return guarded_by(*table->statement, [&]() -> Result<void> {
    auto cursor = std::make_unique<SqlVirtualCursor>();
    cursor->rows = table->table->open(*table->statement);
    *made = cursor.release();
    return {};
  });
}

int close_cursor(sqlite3_vtab_cursor* cursor) {
  delete static_cast<SqlVirtualCursor*>(cursor);
  return SQLITE_OK;
}

Result<void> advance(SqlVirtualCursor& cursor, SqlStatement& statement) {
  auto more = cursor.rows->next();
  if (!more) return more.error();
  cursor.at_end = !*more;
  ++cursor.row;
  if (*more) ++statement.scanned;
  return {};
}

SqlStatement& statement_of(sqlite3_vtab_cursor* cursor) {
  return *static_cast<SqlVirtualTable*>(cursor->pVtab)->statement;
}

int begin_walk(sqlite3_vtab_cursor* base, int, const char* plan, int count, sqlite3_value** values) {
  return guarded_by(statement_of(base), [&]() -> Result<void> {
    auto& cursor = *static_cast<SqlVirtualCursor*>(base);
    std::vector<SqlBound> bounds;
    for (int i = 0; i < count; ++i) {
      SqlBound bound;
      bound.test = static_cast<SqlBound::Test>(plan[2 * i]);
      bound.column = plan[2 * i + 1] - '!';
      bound.value = sql_value_of(values[i]);
      bounds.push_back(std::move(bound));
    }
    TRIBUTARY_TRY(cursor.rows->begin(bounds));
    return advance(cursor, statement_of(base));
  });
}

int next_row(sqlite3_vtab_cursor* cursor) {
  return guarded_by(statement_of(cursor),
                    [&] { return advance(*static_cast<SqlVirtualCursor*>(cursor), statement_of(cursor)); });
}

int is_at_end(sqlite3_vtab_cursor* cursor) { return static_cast<SqlVirtualCursor*>(cursor)->at_end ? 1 : 0; }

int give_cell(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int column) {
  return guarded_by(statement_of(cursor), [&]() -> Result<void> {
    auto value = static_cast<SqlVirtualCursor*>(cursor)->rows->cell(column);
    if (!value) return value.error();
    // One event of anybody's must not spoil the statements of all: what SQLite would not take is NULL, and counted.
    const auto* text = std::get_if<std::string>(&*value);
    if (text != nullptr && text->size() > size_t{SqlLimits::kValueBytesMax}) {
      ++statement_of(cursor).withheld;
      return {};
    }
    give_sql_value(context, *value);
    return {};
  });
}

int give_row_number(sqlite3_vtab_cursor* cursor, sqlite3_int64* number) {
  *number = static_cast<SqlVirtualCursor*>(cursor)->row;
  return SQLITE_OK;
}

sqlite3_module make_module() {
  sqlite3_module module{};
  module.iVersion = 0;
  module.xConnect = connect_table;  // without xCreate it is there in every connection, and no other can be made
  module.xBestIndex = plan_walk;
  module.xDisconnect = disconnect_table;
  module.xOpen = open_cursor_of;
  module.xClose = close_cursor;
  module.xFilter = begin_walk;
  module.xNext = next_row;
  module.xEof = is_at_end;
  module.xColumn = give_cell;
  module.xRowid = give_row_number;
  return module;
}

}  // namespace

std::span<const SqlTable> sql_tables() {
  static const std::vector<SqlTable> kTables = {customers_table(), identifiers_table(),  events_table(),
                                                orders_table(),    interactions_table(), tags_table()};
  return kTables;
}

bool register_sql_tables(sqlite3* connection, SqlStatement& statement) {
  static const sqlite3_module kModule = make_module();
  for (const SqlTable& table : sql_tables()) {
    auto* context = new SqlTableContext{&table, &statement};
    auto forget = [](void* given) { delete static_cast<SqlTableContext*>(given); };
    std::string name(table.name);
    if (sqlite3_create_module_v2(connection, name.c_str(), &kModule, context, forget) != SQLITE_OK) return false;
  }
  return true;
}

const SqlValue* equal_to(std::span<const SqlBound> bounds, int column) {
  auto is = [&](const SqlBound& bound) { return bound.column == column && bound.test == SqlBound::Test::is; };
  auto found = std::ranges::find_if(bounds, is);
  return found == bounds.end() ? nullptr : &found->value;
}

Result<void> find_by_customer_id(SqlCustomers& customers, std::span<const SqlBound> bounds, int column) {
  const SqlValue* id = equal_to(bounds, column);
  if (id == nullptr) {
    customers.begin_all();
  } else {
    const auto* text = std::get_if<std::string>(id);
    customers.begin_one(text != nullptr ? std::string_view(*text) : std::string_view());
  }
  return {};
}

std::string sql_time(Timestamp time) {
  constexpr int64_t kMilli = 1000;
  int64_t behind = ((time.micros % kMilli) + kMilli) % kMilli;
  return format_iso8601(Timestamp{time.micros - behind});
}

SqlValue sql_time_or_null(const std::optional<Timestamp>& time) {
  return time ? SqlValue(sql_time(*time)) : SqlValue();
}

SqlValue sql_text(std::string_view text) { return text.empty() ? SqlValue() : SqlValue(std::string(text)); }

SqlValue sql_integer(WideInteger number) {
  auto whole = static_cast<int64_t>(number);
  return whole == number ? SqlValue(whole) : SqlValue(static_cast<double>(number));
}

}  // namespace tributary
