// A configured source that a platform calls.
#pragma once

#include <memory>
#include <string>

#include "connectors/webhook/delivery.h"
#include "engine/engine.h"

namespace tributary {

struct Connector;

/// Of one call, unless the configuration says otherwise.
constexpr size_t kWebhookBodyBytesMax = 1 << 20;

/// Immutable once loaded; a reload makes new ones.
struct WebhookSource {
  Source source;
  std::string path;  // the last part of /v1/webhooks/PATH
  std::shared_ptr<const Connector> connector;
  WebhookSettings settings;
};

}  // namespace tributary
