#pragma once

#include "connectors/http/key_ring.h"
#include "connectors/identity/duplicate_searches.h"
#include "connectors/identity/preview_runner.h"
#include "engine/engine.h"

namespace tributary {

/// What the routes of identity need. The references outlive the router.
struct IdentityServices {
  Engine& engine;
  CurrentKeyRing& keys;
  Metrics& metrics;
  IngestLimits limits;
  PreviewRunner& previews;
  DuplicateSearches& duplicates;
};

}  // namespace tributary
