// Segment's Profile API: services that read profiles there switch by changing the host name.
// Source: https://segment.com/docs/unify/profile-api/
#pragma once

#include "connectors/http/key_ring.h"
#include "connectors/http/router.h"
#include "engine/engine.h"

namespace tributary {

/// What these routes need. The references outlive the router.
struct ProfileApiServices {
  Engine& engine;
  CurrentKeyRing& keys;
  Metrics& metrics;
  IngestLimits limits;
};

void add_profile_api_routes(Router& router, const ProfileApiServices& services);

}  // namespace tributary
