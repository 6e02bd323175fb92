// One statement of an analyst, from its text to its rows.
#pragma once

#include "engine/query/sql/statement.h"

namespace tributary {

/// Runs it on one snapshot, in the sandbox, within its limits. Asks `cancelled` now and then. Cost: that of the rows
/// that the tables give, see SqlOutcome::scanned. Thread: any that may wait; everything happens on it.
SqlOutcome run_sql(const SqlSource& source, const SqlQuery& query, SqlRows& rows,
                   const std::function<bool()>& cancelled);

}  // namespace tributary
