#include "connectors/sql/sql_routes.h"

#include "connectors/query/keyed_routes.h"
#include "connectors/sql/sql_handlers.h"

namespace tributary {

void add_sql_routes(Router& router, const SqlServices& services) {
  // The longest statement may have to wait for its turn behind others as long.
  constexpr std::chrono::seconds kSqlAnswerLimit{300};
  KeyedRoutes<SqlHandlers> add(router, services);
  add("POST", "/v1/sql", ApiRole::analyst, &SqlHandlers::run, kSqlAnswerLimit);
}

}  // namespace tributary
