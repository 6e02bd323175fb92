#include "connectors/http/client_address.h"

#include <fmt/format.h>

#include <ostream>  // which Boost 1.81's string_view does not include itself

#include <boost/beast/core/string.hpp>
#include <charconv>
#include <string_view>

#include "engine/base/text.h"

namespace tributary {
namespace {

namespace ip = boost::asio::ip;

template <class Bytes>
bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) {
  for (size_t i = 0; i < a.size() && bits > 0; ++i) {
    unsigned take = bits < 8 ? bits : 8;
    auto mask = static_cast<uint8_t>(0xff << (8 - take));
    if ((a[i] & mask) != (b[i] & mask)) return false;
    bits -= take;
  }
  return true;
}

// One hop of X-Forwarded-For: an address, possibly with a port or in brackets.
ip::address parse_hop(std::string_view hop, boost::system::error_code& error) {
  if (hop.starts_with('[')) {
    hop = hop.substr(1, hop.find(']') - 1);
  } else if (hop.find(':') != std::string_view::npos && hop.find(':') == hop.rfind(':')) {
    hop = hop.substr(0, hop.find(':'));
  }
  return unmapped(ip::make_address(std::string(hop), error));
}

std::vector<std::string_view> hops_of(const HttpRequest& request) {
  std::vector<std::string_view> hops;
  for (const auto& [name, value] : request.headers) {
    if (name != "x-forwarded-for") continue;
    std::string_view rest = value;
    while (true) {
      size_t comma = rest.find(',');
      hops.push_back(trim(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return hops;
}

}  // namespace

ip::address unmapped(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& entries) {
  TrustedProxies proxies;
  for (const std::string& entry : entries) {
    size_t slash = entry.find('/');
    boost::system::error_code error;
    Network network{unmapped(ip::make_address(entry.substr(0, slash), error)), 0};
    if (error) return Error(ErrorCode::config, fmt::format("reading trusted proxy {}: not an address", entry));
    unsigned bits_max = network.address.is_v4() ? 32 : 128;
    network.prefix_bits = bits_max;
    if (slash != std::string::npos) {
      const char* end = entry.data() + entry.size();
      auto [stop, fault] = std::from_chars(entry.data() + slash + 1, end, network.prefix_bits);
      if (fault != std::errc() || stop != end || network.prefix_bits > bits_max)
        return Error(ErrorCode::config, fmt::format("reading trusted proxy {}: prefix is not 0..{}", entry, bits_max));
    }
    proxies.networks_.push_back(network);
  }
  return proxies;
}

bool TrustedProxies::trusts(const ip::address& address) const {
  for (const Network& network : networks_) {
    if (network.address.is_v4() != address.is_v4()) continue;
    bool inside =
        address.is_v4()
            ? same_prefix(network.address.to_v4().to_bytes(), address.to_v4().to_bytes(), network.prefix_bits)
            : same_prefix(network.address.to_v6().to_bytes(), address.to_v6().to_bytes(), network.prefix_bits);
    if (inside) return true;
  }
  return false;
}

void TrustedProxies::apply(const ip::address& peer, HttpRequest& request) const {
  if (!trusts(peer)) return;
  if (boost::beast::iequals(request.header("x-forwarded-proto"), "https")) request.tls = true;
  ip::address client = peer;
  std::vector<std::string_view> hops = hops_of(request);
  while (!hops.empty() && trusts(client)) {
    boost::system::error_code error;
    ip::address hop = parse_hop(hops.back(), error);
    if (error) break;  // rubbish in the list: what the last proxy saw is the best that is known
    client = hop;
    hops.pop_back();
  }
  request.remote_address = client.to_string();
}

}  // namespace tributary
