// Reading: profiles, timelines and rejected events over HTTP, and the description of the whole interface.
#pragma once

#include <memory>
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
  std::shared_ptr<const ComputedTraits> computed_traits = nullptr;  // null: none are declared
};

void add_query_routes(Router& router, const QueryServices& services);

/// openapi.yaml as JSON, made at build time.
std::string_view openapi_json();

}  // namespace tributary
