#include "connectors/sdk/write_key.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>

#include "engine/base/keyed_hash.h"
#include "engine/base/text.h"

namespace tributary {
namespace {

constexpr std::string_view kBasic = "basic ", kBearer = "bearer ";

bool is_scheme(std::string_view authorization, std::string_view scheme) {
  return boost::beast::iequals(authorization.substr(0, scheme.size()), scheme);
}

/// `user:` and `user` give `user`; `id:secret` stays whole.
std::string key_of_credentials(std::string credentials) {
  size_t colon = credentials.find(':');
  if (colon != std::string::npos && (colon == 0 || colon + 1 == credentials.size())) credentials.resize(colon);
  return credentials;
}

}  // namespace

WriteKeyFinding find_write_key(const HttpRequest& request) {
  std::string_view authorization = request.header("authorization");
  if (is_scheme(authorization, kBasic)) {
    auto credentials = parse_base64(trim(authorization.substr(kBasic.size())));
    if (!credentials) return {{}, true, false};
    std::string key = key_of_credentials(std::move(*credentials));
    if (!key.empty()) return {std::move(key)};
  }
  for (std::string_view key :
       {request.header("x-write-key"), request.parameter("writeKey"), request.parameter("writekey")}) {
    if (!key.empty()) return {key_of_credentials(std::string(key))};
  }
  return {{}, false, is_scheme(authorization, kBearer)};
}

const Source* source_of_write_key(const KeyRing& ring, std::string_view key) {
  const Source* source = ring.source_of(key);
  if (source == nullptr && key.find(':') != key.npos) source = ring.source_of(key.substr(0, key.find(':')));
  return source;
}

bool origin_allowed(const Source& source, const HttpRequest& request) {
  std::string_view origin = request.header("origin");
  if (origin.empty() || source.allowed_origins.empty()) return true;
  return std::any_of(source.allowed_origins.begin(), source.allowed_origins.end(),
                     [origin](const std::string& allowed) { return boost::beast::iequals(allowed, origin); });
}

}  // namespace tributary
