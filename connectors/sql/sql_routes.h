// SQL for analysts over HTTP.
#pragma once

#include "connectors/http/key_ring.h"
#include "connectors/http/router.h"
#include "connectors/sql/sql_runner.h"

namespace tributary {

/// What it needs. The references outlive the router.
struct SqlServices {
  Engine& engine;
  CurrentKeyRing& keys;
  Metrics& metrics;
  SqlRunner& sql;
};

void add_sql_routes(Router& router, const SqlServices& services);

}  // namespace tributary
