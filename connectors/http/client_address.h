// Whose request it is when proxies stand in front.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>
#include <vector>

#include "connectors/http/message.h"
#include "engine/base/result.h"

namespace tributary {

/// The peers whose X-Forwarded-For and X-Forwarded-Proto count. Immutable. Thread: any.
class TrustedProxies {
 public:
  /// Each entry is an address or a network: `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`. Errors: config.
  static Result<TrustedProxies> parse(const std::vector<std::string>& entries);

  bool empty() const { return networks_.empty(); }
  bool trusts(const boost::asio::ip::address& address) const;

  /// Sets remote_address (the rightmost hop that is no trusted proxy) and tls of a request that came from `peer`.
  void apply(const boost::asio::ip::address& peer, HttpRequest& request) const;

 private:
  struct Network {
    boost::asio::ip::address address;
    unsigned prefix_bits = 0;
  };
  std::vector<Network> networks_;
};

/// 127.0.0.1 for ::ffff:127.0.0.1, others unchanged.
boost::asio::ip::address unmapped(const boost::asio::ip::address& address);

}  // namespace tributary
