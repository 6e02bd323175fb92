// Listeners and sessions: reads requests, gates them, routes them, writes answers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/http/router.h"
#include "engine/engine.h"

namespace tributary {

struct HttpServerOptions {
  // Behaviour.
  std::string listen = "127.0.0.1:8080";  // host:port; port 0 takes a free one
  std::string tls_certificate_file;       // both or none
  std::string tls_key_file;
  std::vector<std::string> trusted_proxies;  // addresses whose X-Forwarded-For counts
  size_t body_bytes_max = 4ull << 20;
  size_t drain_bytes_max = 1ull << 20;  // read and dropped after a refusal so that the client can read the answer
  size_t start_line_bytes_max = 8ull << 10;
  size_t header_bytes_max = 32ull << 10;
  size_t headers_max = 100;
  size_t connections_max = 10'000;
  size_t connections_per_address_max = 0;  // 0: no limit
  size_t bytes_in_flight_max = 256ull << 20;
  size_t requests_per_connection_max = 0;  // 0: no limit
  std::chrono::seconds header_timeout{5};
  std::chrono::seconds body_timeout{30};
  std::chrono::seconds idle_timeout{60};
  std::chrono::seconds write_timeout{15};
  std::chrono::seconds request_timeout{60};  // from the complete request to its answer; then the connection is closed
  std::chrono::seconds linger_timeout{2};    // after our FIN: time for the client to read the answer and close
  size_t body_bytes_per_second_min = 500;    // measured from 2 s after the head on
};

/// One listening address served by a set of io_contexts, one thread each; a session stays on its thread.
///
/// Lifecycle: listen -> close -> destroy. Router, metrics and contexts must outlive it, and the contexts must run until
/// `done` of close() was called. A deadline is kept to within half a second and never cuts early.
class HttpServer {
 public:
  /// Binds and listens on every context (SO_REUSEPORT). Errors: unavailable when the port is taken.
  static Result<std::unique_ptr<HttpServer>> listen(HttpServerOptions options, const Router& router,
                                                    std::vector<boost::asio::io_context*> contexts, Metrics& metrics);
  virtual ~HttpServer() = default;

  /// `127.0.0.1:40123`: the real port.
  virtual std::string address() const = 0;

  /// From now on each answer carries `Connection: close` and collection routes answer 503 shutting_down. Thread: any.
  virtual void announce_shutdown() = 0;

  /// Stops accepting, lets requests in progress finish, and closes idle connections; `done` runs when the last session
  /// is gone or `deadline` has passed (then the rest is closed hard). Thread: any.
  virtual void close(std::chrono::milliseconds deadline, std::function<void()> done) = 0;
};

}  // namespace tributary
