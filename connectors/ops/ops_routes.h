// Health, readiness, metrics and version, for operators and for probes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "connectors/http/router.h"
#include "engine/engine.h"

namespace tributary {

/// Where the answers come from. Functions, so that the listener answers before the engine is open and after it has
/// failed. Thread: called on any I/O thread; must not block.
struct OpsSources {
  std::function<std::vector<ReadinessCheck>()> readiness;  // empty result: not ready
  std::function<std::string()> metrics_text;               // text exposition format 0.0.4
  std::function<std::string()> version_json;               // one JSON object
};

/// The ops listener: /livez, /readyz (also ?verbose), its alias /healthz, /metrics, /version.
void add_ops_routes(Router& router, const OpsSources& sources);

/// The main listener's probes: /health (readiness as JSON), /version, /robots.txt, /. They tell nothing about paths or
/// failures beyond the names of the failed checks.
void add_probe_routes(Router& router, const OpsSources& sources);

}  // namespace tributary
