// What browser and mobile SDKs ask for before they send anything.
#pragma once

#include <string>
#include <string_view>

#include "connectors/http/message.h"
#include "engine/engine.h"

namespace tributary {

/// How the collection routes are reached from outside.
struct PublicAddress {
  std::string protocol;    // "http" or "https"
  std::string host;        // host[:port][/path], no scheme, no slash at the end
  bool configured = true;  // false: taken from the request, so the answer must not be cached
};

/// From `public_url` when it is set, else from the request's Host.
PublicAddress public_address(std::string_view public_url, const HttpRequest& request);

/// Segment's settings. analytics-next sends nothing, ever, without `Segment.io` in it; `apiHost` has no scheme.
HttpResponse settings_answer(const Source& source, std::string_view write_key, const PublicAddress& address);

/// RudderStack's source configuration. analytics-js sends nothing without `source.id`, `config` and `destinations`.
HttpResponse source_config_answer(const Source& source, std::string_view write_key);

}  // namespace tributary
