#include "connectors/query/api_access.h"

#include <boost/beast/core/string.hpp>
#include <string>

#include "engine/base/keyed_hash.h"

namespace tributary {
namespace {

std::string_view behind_scheme(std::string_view authorization, std::string_view scheme) {
  if (!boost::beast::iequals(authorization.substr(0, scheme.size()), scheme)) return {};
  authorization.remove_prefix(scheme.size());
  while (!authorization.empty() && authorization.front() == ' ') authorization.remove_prefix(1);
  while (!authorization.empty() && authorization.back() == ' ') authorization.remove_suffix(1);
  return authorization;
}

/// The key of an Authorization header; empty when there is none that can be read.
std::string presented_key(const HttpRequest& request) {
  std::string_view authorization = request.header("authorization");
  std::string_view token = behind_scheme(authorization, "bearer ");
  if (!token.empty()) return std::string(token);
  auto credentials = parse_base64(behind_scheme(authorization, "basic "));
  if (!credentials) return {};
  return credentials->substr(0, credentials->find(':'));
}

bool holds_write_key(const KeyRing& ring, const HttpRequest& request, const std::string& key) {
  for (std::string_view candidate : {std::string_view(key), request.header("x-write-key"),
                                     request.parameter("writeKey"), request.parameter("writekey")}) {
    if (!candidate.empty() && ring.source_of(candidate) != nullptr) return true;
  }
  return false;
}

}  // namespace

ApiCaller api_caller(const CurrentKeyRing& keys, const HttpRequest& request, ApiRole required) {
  ApiCaller caller;
  caller.ring = keys.get();
  std::string key = presented_key(request);
  if (!key.empty()) caller.key = caller.ring->api_key_of(key);
  if (caller.key != nullptr) {
    if (caller.key->role >= required) return caller;
    caller.key = nullptr;
    caller.refusal = RejectionCode::forbidden;
    return caller;
  }
  if (holds_write_key(*caller.ring, request, key)) {
    caller.refusal = RejectionCode::forbidden;
  } else if (request.has_header("authorization")) {
    caller.refusal = RejectionCode::invalid_api_key;
  }
  return caller;
}

}  // namespace tributary
