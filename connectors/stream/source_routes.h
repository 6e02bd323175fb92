// GET /v1/sources: what is configured, and how it is doing.
#pragma once

#include "connectors/http/key_ring.h"
#include "connectors/http/router.h"
#include "connectors/stream/feeds.h"

namespace tributary {

/// Everything outlives the router.
struct SourceServices {
  Engine& engine;
  const CurrentKeyRing& keys;
  const Feeds& feeds;
};

void add_source_routes(Router& router, SourceServices services);

}  // namespace tributary
