// Everything that can be read of a workspace's customers, as plain values: what the reference and the engine must agree
// on. Shares nothing with the engine's own views.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tributary::model {

struct IdentifierLine {
  std::string kind;
  std::string value;
  std::optional<int64_t> from;  // it changed hands: in events after this time
  bool verified = false;
  int64_t first_seen = 0;
  int64_t last_seen = 0;
  uint64_t events = 0;
  bool shared = false;  // a hub: by a threshold or by decision
  friend auto operator<=>(const IdentifierLine&, const IdentifierLine&) = default;
};

struct TraitLine {
  std::string value_json;
  std::string source;  // empty for a counter
  std::string message_id;
  int64_t at = 0;
  friend auto operator<=>(const TraitLine&, const TraitLine&) = default;
};

struct OrderLine {
  std::string name;  // namespace/id
  std::string currency;
  int64_t net = 0;  // -1: nobody said
  int64_t refunded = 0;
  int64_t value = 0;
  int64_t at = 0;
  bool counts = false;
  bool pending = false;
  bool cancelled = false;
  friend auto operator<=>(const OrderLine&, const OrderLine&) = default;
};

struct CustomerLine {
  std::vector<IdentifierLine> identifiers;  // sorted
  std::map<std::string, TraitLine> traits;
  std::map<std::string, uint64_t> event_counts;
  std::vector<std::string> channels;  // sorted
  uint64_t events = 0;
  int64_t first_seen = 0;
  int64_t last_seen = 0;
  std::vector<OrderLine> orders;      // by name
  std::vector<std::string> facts;     // sorted; everything that one says
  std::vector<std::string> timeline;  // "source/message id", newest first
  friend auto operator<=>(const CustomerLine&, const CustomerLine&) = default;
};

/// Customers by id, and the totals over them. A refused link counts under the first reason that applies to it.
struct Export {
  std::map<std::string, CustomerLine> customers;
  uint64_t identifiers = 0;  // all that were ever named, also those that are blocked
  uint64_t refused_limit = 0;
  uint64_t refused_trust = 0;
  uint64_t refused_cannot = 0;
  uint64_t refused_window = 0;
  uint64_t hubs = 0;  // identifiers that link nobody: shared or blocked
  friend auto operator<=>(const Export&, const Export&) = default;
};

/// Readable text, for the message of a failed comparison.
std::string to_text(const Export& customers);
void PrintTo(const Export& customers, std::ostream* out);

}  // namespace tributary::model
