// What would become of a call, without a server: for whoever writes a connector file.
#pragma once

#include <string>

#include "connectors/webhook/webhook_source.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace tributary {

struct TrialOptions {
  bool sign = false;            // as the platform would, with the first secret
  bool skip_signature = false;  // there is none to check
  IngestLimits limits = {};     // as the server has them
  size_t body_bytes_max = kWebhookBodyBytesMax;
};

struct Trial {
  std::string json;
  bool good = true;  // genuine and readable
};

/// One JSON object: `request` when it was signed, `verification`, `handshake` or `events` with the identifiers that the
/// engine would take from each, `events_refused` when it would take none, `faults`, `answer`. The call is read as the
/// server reads it. Errors: invalid when it can't be signed.
Result<Trial> try_call(const WebhookSource& webhook, HttpRequest request, const TrialOptions& options, Timestamp now);

}  // namespace tributary
