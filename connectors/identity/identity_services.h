#pragma once

#include <memory>

#include "connectors/http/key_ring.h"
#include "connectors/http/turns.h"
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
  std::shared_ptr<Turns> turns = std::make_shared<Turns>();  // to answer suggestions, by workspace
};

}  // namespace tributary
