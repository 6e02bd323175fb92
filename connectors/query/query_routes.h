// Reading: profiles, timelines and rejected events over HTTP, and the description of the whole interface.
#pragma once

#include <string_view>

#include "connectors/http/key_ring.h"
#include "connectors/http/router.h"
#include "engine/engine.h"

namespace tributary {

class ExportRunner;
class ScaleRunner;

/// What reading needs. The references outlive the router.
struct QueryServices {
  Engine& engine;
  CurrentKeyRing& keys;
  Metrics& metrics;
  IngestLimits limits;
  ExportRunner& exports;
  ScaleRunner& scales;
};

void add_query_routes(Router& router, const QueryServices& services);

/// openapi.yaml as JSON, made at build time.
std::string_view openapi_json();

}  // namespace tributary
