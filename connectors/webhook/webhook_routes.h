// Where platforms call.
#pragma once

#include "connectors/http/router.h"
#include "connectors/webhook/webhook_directory.h"
#include "engine/engine.h"

namespace tributary {

/// What webhooks need. The references outlive the router.
struct WebhookServices {
  Engine& engine;
  CurrentWebhooks& webhooks;
  Metrics& metrics;
  IngestLimits limits;
  size_t body_bytes_max = kWebhookBodyBytesMax;
};

void add_webhook_routes(Router& router, WebhookServices services);

}  // namespace tributary
