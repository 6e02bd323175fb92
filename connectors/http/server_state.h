// What all threads of one HttpServer share.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "connectors/http/client_address.h"
#include "connectors/http/memory_charge.h"
#include "connectors/http/server.h"

namespace tributary {

/// Open connections per client address, without a lock: addresses share 65,536 counters. Two addresses on one counter
/// share a limit, which can only refuse too early, and needs hundreds of connections to matter. Thread: any.
class AddressCounts {
 public:
  /// Returns the count after adding one.
  size_t add(const boost::asio::ip::address& address) { return ++(*counts_)[slot(address)]; }
  void remove(const boost::asio::ip::address& address) { --(*counts_)[slot(address)]; }

 private:
  static constexpr size_t kSlots = 65'536;
  static size_t slot(const boost::asio::ip::address& address);
  std::unique_ptr<std::array<std::atomic<uint32_t>, kSlots>> counts_ =
      std::make_unique<std::array<std::atomic<uint32_t>, kSlots>>();
};

/// Of all servers of the process: they share one gauge. Thread: any.
inline std::atomic<int64_t> open_connections{0};

struct ServerState {
  ServerState(HttpServerOptions server_options, const Router& server_router, Metrics& server_metrics)
      : options(std::move(server_options)),
        router(server_router),
        metrics(server_metrics),
        bytes_in_flight(options.bytes_in_flight_max) {}

  const HttpServerOptions options;
  const Router& router;
  Metrics& metrics;
  TrustedProxies proxies;
  std::unique_ptr<boost::asio::ssl::context> tls;  // null: plain HTTP
  std::unique_ptr<AddressCounts> addresses;        // null: no limit per address
  std::atomic<bool> draining{false};
  BytesInFlight bytes_in_flight;
  std::atomic<size_t> connections{0};
};

}  // namespace tributary
