// Where SDKs put their write key: four places, the first one present wins.
#pragma once

#include <string>

#include "connectors/http/key_ring.h"
#include "connectors/http/message.h"

namespace tributary {

/// What header and address of a request say. Without a key there the body may have one.
struct WriteKeyFinding {
  std::string key;         // `key` or `id:secret`; empty: none
  bool malformed = false;  // Basic credentials that are not base64
  bool bearer = false;     // no key, but a Bearer token
};

/// Basic user name -> `X-Write-Key` -> `?writeKey=` or `?writekey=`. Empty values are absent. A Bearer token is
/// Segment's OAuth form and no write key: the search goes on, and who finds none may tell.
WriteKeyFinding find_write_key(const HttpRequest& request);

/// The source of a key. SDKs of the Segment family may send any password beside a key that has no secret.
const Source* source_of_write_key(const KeyRing& ring, std::string_view key);

/// False when a browser sent `Origin` and the source lists origins without it.
bool origin_allowed(const Source& source, const HttpRequest& request);

}  // namespace tributary
