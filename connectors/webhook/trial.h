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
};

struct Trial {
  std::string json;
  bool good = true;  // genuine and readable
};

/// One JSON object: `request` when it was signed, `verification`, `handshake` or `events` with the identifiers that the
/// engine would take from each, `faults`, `answer`. The same code as the server's. Errors: invalid when it can't be
/// signed.
Result<Trial> try_call(const WebhookSource& webhook, HttpRequest request, const TrialOptions& options, Timestamp now);

}  // namespace tributary
