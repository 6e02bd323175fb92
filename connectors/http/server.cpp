#include "connectors/http/server.h"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <utility>

#include "connectors/http/lane.h"
#include "connectors/http/tls.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

Error bad_address(const std::string& listen, std::string_view why) {
  return {ErrorCode::config, fmt::format("reading listen address {}: {}", listen, why)};
}

/// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, `:8080` (all IPv4 interfaces).
Result<tcp::endpoint> parse_listen(const std::string& listen) {
  size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return bad_address(listen, "port is missing");
  uint16_t port = 0;
  const char* end = listen.data() + listen.size();
  auto [stop, fault] = std::from_chars(listen.data() + colon + 1, end, port);
  if (fault != std::errc() || stop != end) return bad_address(listen, "port is not 0..65535");
  std::string host = listen.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host.empty()) return tcp::endpoint(tcp::v4(), port);

  boost::system::error_code error;
  asio::ip::address address = asio::ip::make_address(host, error);
  if (!error) return tcp::endpoint(address, port);
  asio::io_context context;
  tcp::resolver resolver(context);
  auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  if (error || found.empty()) return bad_address(listen, "host is no address and has none");
  return found.begin()->endpoint();
}

// With SO_REUSEPORT a second process of this user could take half of the connections without an error on either side. A
// socket without that option finds out whether someone listens.
Result<void> check_port_is_free(const tcp::endpoint& endpoint) {
  asio::io_context context;
  tcp::acceptor probe(context);
  boost::system::error_code error;
  probe.open(endpoint.protocol(), error);
  if (!error) probe.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) probe.bind(endpoint, error);
  if (!error) probe.listen(1, error);
  if (!error) return {};
  return Error(ErrorCode::unavailable,
               fmt::format("listening on {}:{}: {}", endpoint.address().to_string(), endpoint.port(), error.message()));
}

class LaneServer final : public HttpServer {
 public:
  LaneServer(std::shared_ptr<ServerState> state, std::vector<asio::io_context*> contexts)
      : state_(std::move(state)), contexts_(std::move(contexts)) {}

  Result<void> start(tcp::endpoint endpoint) {
    bool shares_port = contexts_.size() > 1;
    if (endpoint.port() != 0) TRIBUTARY_TRY(check_port_is_free(endpoint));
    for (asio::io_context* context : contexts_) {
      auto lane = std::make_shared<Lane>(*context, state_);
      auto bound = lane->bind(endpoint, shares_port);
      if (!bound) return bound.error();
      endpoint = *bound;  // the first lane's free port is everybody's
      lanes_.push_back(std::move(lane));
    }
    std::string host = endpoint.address().to_string();
    address_ = fmt::format("{}:{}", endpoint.address().is_v6() ? "[" + host + "]" : host, endpoint.port());
    for (auto& lane : lanes_) lane->start();
    return {};
  }

  std::string address() const override { return address_; }

  void announce_shutdown() override { state_->draining = true; }

  void close(std::chrono::milliseconds deadline, std::function<void()> done) override {
    state_->draining = true;
    auto open_lanes = std::make_shared<std::atomic<size_t>>(lanes_.size());
    std::function<void()> lane_done = [open_lanes, done = std::move(done)] {
      if (--*open_lanes == 0 && done) done();
    };
    for (auto& lane : lanes_)
      asio::post(lane->executor(), [lane, deadline, lane_done] { lane->close(deadline, lane_done); });
  }

 private:
  std::shared_ptr<ServerState> state_;
  std::vector<asio::io_context*> contexts_;
  std::vector<std::shared_ptr<Lane>> lanes_;
  std::string address_;
};

}  // namespace

size_t AddressCounts::slot(const asio::ip::address& address) {
  return std::hash<asio::ip::address>{}(address) % kSlots;
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(HttpServerOptions options, const Router& router,
                                                       std::vector<asio::io_context*> contexts, Metrics& metrics) {
  auto endpoint = parse_listen(options.listen);
  if (!endpoint) return endpoint.error();
  auto proxies = TrustedProxies::parse(options.trusted_proxies);
  if (!proxies) return proxies.error();
  auto state = std::make_shared<ServerState>(std::move(options), router, metrics);
  state->proxies = std::move(*proxies);
  const HttpServerOptions& kept = state->options;
  if (kept.tls_certificate_file.empty() != kept.tls_key_file.empty())
    return Error(ErrorCode::config, "setting up TLS: certificate and key files belong together");
  if (!kept.tls_certificate_file.empty()) {
    auto tls = make_tls_context(kept.tls_certificate_file, kept.tls_key_file);
    if (!tls) return tls.error();
    state->tls = std::move(*tls);
  }
  if (kept.connections_per_address_max > 0) state->addresses = std::make_unique<AddressCounts>();

  auto server = std::make_unique<LaneServer>(std::move(state), std::move(contexts));
  TRIBUTARY_TRY(server->start(*endpoint));
  metrics.add_collector([&metrics] { metrics.http_connections.set(static_cast<double>(open_connections.load())); });
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace tributary
