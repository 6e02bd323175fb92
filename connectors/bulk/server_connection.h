// One connection to a Tributary server, plain or over TLS.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tributary {

struct ServerEndpoint {
  std::string host;
  std::string port;
  bool tls = false;
  std::string ca_file;  // PEM; empty: the system's authorities
};

/// Reads `host:port`, `http://host[:port]`, `https://host[:port]`; an IPv6 address stands in brackets. Errors: invalid.
Result<ServerEndpoint> parse_server_url(std::string_view address);

/// Views outlive the call they are given to.
struct ServerRequest {
  std::string_view target, authorization, user_agent;
  std::string_view content_type, body;  // both empty: a GET, otherwise a POST
  std::chrono::seconds silence_max{60};
  /// Takes the body of a 200 piece by piece; false: no more is wanted. Empty: it stands in the answer.
  std::function<bool(std::string_view)> take = {};
};

struct ServerAnswer {
  int status = 0;
  std::string retry_after;
  std::string body;   // unless it was taken
  bool taken = true;  // false: the taker wanted no more
};

/// `code` and `message` of an answer that refuses; empty where it has none.
struct ServerRefusal {
  std::string code, message;
};
ServerRefusal read_server_refusal(std::string_view body);

/// Asks one thing after the other; connects when it has to. Owner: the thread of the caller's executor.
class ServerConnection {
 public:
  /// Errors: invalid for a CA file that can't be read.
  static Result<std::unique_ptr<ServerConnection>> make(const ServerEndpoint& address);
  virtual ~ServerConnection() = default;

  /// Errors: unavailable, when the server can't be reached, is silent for too long, answers more than 8 MiB that nobody
  /// takes, or goes before its answer is whole. Then it is unknown whether the request has arrived; the next one
  /// connects anew. `request` outlives the call.
  virtual boost::asio::awaitable<Result<ServerAnswer>> ask(const ServerRequest& request) = 0;
};

}  // namespace tributary
