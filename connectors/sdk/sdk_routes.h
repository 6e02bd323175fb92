// Collection: every path by which the SDKs of Segment, RudderStack and Jitsu deliver events or start up.
#pragma once

#include <string>

#include "connectors/http/key_ring.h"
#include "connectors/http/router.h"
#include "engine/engine.h"

namespace tributary {

/// What collection needs. The references outlive the router.
struct SdkServices {
  Engine& engine;
  CurrentKeyRing& keys;
  Metrics& metrics;
  IngestLimits limits;
  std::string public_url;  // scheme://host[:port][/path] of the collection routes as SDKs reach them; empty: ask `Host`
};

void add_sdk_routes(Router& router, SdkServices services);

}  // namespace tributary
