// Values on their way from and to SQLite.
#pragma once

#include "engine/query/sql_view.h"

struct sqlite3_value;
struct sqlite3_context;

namespace tributary {

/// A blob as its bytes.
SqlValue sql_value_of(sqlite3_value* value);
void give_sql_value(sqlite3_context* context, const SqlValue& value);

}  // namespace tributary
