// The body of a request for rows.
#pragma once

#include <string_view>

#include "connectors/query/query_parameters.h"

namespace tributary {

/// `{"query","params","limit","timeout_ms","as_of"}`; the rules are left to the caller. `limit` and `timeout_ms` are
/// clamped to what SqlLimits says.
Parsed<SqlQuery> sql_query(std::string_view body, const ValueRules& rules);

}  // namespace tributary
