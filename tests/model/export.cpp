#include "tests/model/export.h"

#include <fmt/format.h>

#include <iterator>
#include <ostream>

namespace tributary::model {
namespace {

void print_customer(std::string& out, const CustomerLine& customer) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, "  events {} first {} last {}\n", customer.events, customer.first_seen, customer.last_seen);
  for (const IdentifierLine& id : customer.identifiers) {
    fmt::format_to(to, "  {} {}{} {}{} first {} last {} events {}\n", id.kind, id.value,
                   id.from ? fmt::format(" after {}", *id.from) : "", id.verified ? "verified" : "claimed",
                   id.shared ? " shared" : "", id.first_seen, id.last_seen, id.events);
  }
  for (const auto& [key, trait] : customer.traits) {
    fmt::format_to(to, "  {}={} of {}/{} at {}\n", key, trait.value_json, trait.source, trait.message_id, trait.at);
  }
  for (const auto& [name, count] : customer.event_counts) fmt::format_to(to, "  {} x {}\n", name, count);
  for (const std::string& channel : customer.channels) fmt::format_to(to, "  channel {}\n", channel);
  for (const std::string& fact : customer.facts) fmt::format_to(to, "  fact {}\n", fact);
  for (const OrderLine& order : customer.orders) {
    fmt::format_to(to, "  order {} {} net {} refunded {} value {} at {}{}{}{}\n", order.name, order.currency, order.net,
                   order.refunded, order.value, order.at, order.counts ? " counts" : "",
                   order.pending ? " pending" : "", order.cancelled ? " cancelled" : "");
  }
  for (const std::string& message : customer.timeline) fmt::format_to(to, "  event {}\n", message);
}

}  // namespace

std::string to_text(const Export& customers) {
  std::string out = fmt::format(
      "{} identifiers, {} of them link nobody; refused {} by limit, {} by trust, {} by cannot-link, {} by window\n",
      customers.identifiers, customers.hubs, customers.refused_limit, customers.refused_trust, customers.refused_cannot,
      customers.refused_window);
  for (const auto& [id, customer] : customers.customers) {
    out += "customer " + id + "\n";
    print_customer(out, customer);
  }
  return out;
}

void PrintTo(const Export& customers, std::ostream* out) { *out << "\n" << to_text(customers); }

}  // namespace tributary::model
