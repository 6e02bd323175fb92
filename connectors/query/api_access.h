// Who may read: secret API keys, never write keys, which are public.
#pragma once

#include <memory>
#include <optional>

#include "connectors/http/key_ring.h"
#include "connectors/http/message.h"

namespace tributary {

/// The caller of a read route, or why it is refused. `ring` keeps `key` alive.
struct ApiCaller {
  std::shared_ptr<const KeyRing> ring;
  const ApiKey* key = nullptr;  // null: refused
  RejectionCode refusal = RejectionCode::missing_api_key;
};

/// `Authorization: Bearer sk_...`, or `Basic` with the key as user name. A key in the address does not count, because
/// addresses end in logs. `forbidden`: a key that is valid, but not here, which is one of a lower role than `required`,
/// and a write key wherever it stands.
ApiCaller api_caller(const CurrentKeyRing& keys, const HttpRequest& request, ApiRole required);

}  // namespace tributary
