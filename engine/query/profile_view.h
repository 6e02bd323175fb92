// What readers get: values without a store behind them.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/domain/event.h"
#include "engine/domain/identifier.h"
#include "engine/domain/rejection.h"
#include "engine/profile/behaviour.h"
#include "engine/profile/classification.h"
#include "engine/profile/computed_trait.h"
#include "engine/profile/customer_record.h"
#include "engine/profile/history.h"
#include "engine/profile/interaction.h"
#include "engine/profile/preference.h"
#include "engine/profile/rfm_scale.h"
#include "engine/profile/survey.h"
#include "engine/profile/tag.h"
#include "engine/profile/ticket.h"
#include "engine/profile/value.h"

namespace tributary {

struct IdentifierView {
  IdentifierKind kind;
  std::string value;
  Trust trust = Trust::claimed;
  Timestamp first_seen, last_seen;     // zero: no event that counts names it
  uint64_t events = 0;                 // of its customer
  bool shared = false;                 // it met too many others, or somebody decided so: it links nobody
  std::optional<Timestamp> from = {};  // it changed hands: this is the value in events after this time
};

/// A person or an account, which makes its customer a known one.
inline bool names_a_person(const IdentifierView& identifier) {
  return !identifier.shared && !is_weak(identifier.kind.family);
}

struct TraitView {
  std::string key;
  std::string value_json;
  std::string source;
  std::string message_id;
  Timestamp occurred_at;
};

struct EventCountView {
  std::string name;  // event name, or the type of an event without one
  uint64_t events = 0;
};

struct ComputedTraitView {
  std::string name;
  TraitWindow window;
  ComputedValue value;
};

/// A customer as the joined fragments tell it. Lists are sorted: identifiers by (kind, value), traits and counts by
/// name.
struct ProfileView {
  CustomerId id;
  std::vector<IdentifierView> identifiers;
  std::vector<TraitView> traits;
  std::vector<EventCountView> event_counts;
  std::vector<std::string> channels;
  uint64_t events = 0;
  Timestamp first_seen, last_seen;
  std::vector<Order> orders;                       // without their lines, oldest first
  bool orders_complete = true;                     // false: it has more than kOrdersPerCustomerMax
  std::vector<Fact> facts;                         // by kind, then in the order in which they were said
  bool facts_complete = true;                      // false: it has more than are read
  uint32_t facts_cut = 0;                          // bit_of(): the kinds of which it has more
  std::vector<ComputedTraitView> computed_traits;  // by name; where they were asked for
  BehaviourFigures behaviour;                      // where computed traits were asked for

  /// False when figures of these kinds of facts are of some of them.
  bool knows_all(std::initializer_list<FactKind> kinds) const {
    return std::ranges::none_of(kinds, [this](FactKind kind) { return (facts_cut & bit_of(kind)) != 0; });
  }
};

/// A customer with what of its workspace its figures follow from, all of one snapshot.
struct WholeProfile {
  ProfileView profile;                    // with computed traits
  std::shared_ptr<const RfmScale> scale;  // the newest; null before the first
  std::shared_ptr<const TagLibrary> tags;
};

/// Which orders a scale is of.
struct RfmScaleQuery {
  ValueRules rules;
  Timestamp as_of;  // orders up to this moment, as they are known today
};

/// Of a list that runs from the newest to the oldest.
struct PageQuery {
  size_t limit = 50;   // 1..1000
  std::string cursor;  // opaque, of the page before; empty for the newest
};
using OrdersQuery = PageQuery;

struct OrdersPage {
  CustomerId customer;        // the current id: differs from the asked one after a merge
  std::vector<Order> orders;  // newest first
  bool complete = true;
  std::string next_cursor;  // empty at the end
};

struct InteractionsPage {
  CustomerId customer;                    // the current id: differs from the asked one after a merge
  std::vector<Interaction> interactions;  // newest first
  bool complete = true;
  std::string next_cursor;  // empty at the end
};

struct TicketsPage {
  CustomerId customer;          // the current id: differs from the asked one after a merge
  std::vector<Ticket> tickets;  // newest first
  bool complete = true;
  std::string next_cursor;  // empty at the end
};

/// Every word on one kind of things of a customer, as it was said.
struct FactsPage {
  CustomerId customer;      // the current id: differs from the asked one after a merge
  std::vector<Fact> facts;  // newest first
  bool complete = true;
  std::string next_cursor;  // empty at the end
};

/// What changed about a customer.
struct HistoryPage {
  CustomerId customer;                // the current id: differs from the asked one after a merge
  std::vector<HistoryEntry> entries;  // newest first
  bool complete = true;
  std::string next_cursor;  // empty at the end
};

struct TimelineQuery {
  std::optional<EventType> type;
  std::vector<std::string> names;      // any of them; empty: all
  std::vector<std::string> not_names;  // none of them
  std::optional<std::string> source;
  std::optional<Timestamp> from;   // inclusive
  std::optional<Timestamp> until;  // exclusive
  std::optional<Hash128> naming;   // events that name this identifier
  bool oldest_first = false;       // `from` must be there, and no later than the first event, or none is found
  size_t limit = 50;               // 1..1000
  std::string cursor;              // opaque, of the page before; empty for the first
};

struct TimelineEntry {
  EventType type = EventType::track;
  std::string name;
  std::string message_id;
  std::string source;
  std::string channel, touchpoint;  // may be empty
  Timestamp occurred_at, received_at;
  uint8_t flags = 0;
  uint64_t lsn = 0;
  std::string json;  // the event's own bytes, as they came in
};

struct TimelinePage {
  CustomerId customer;  // the current id: differs from the asked one after a merge
  std::vector<TimelineEntry> entries;
  std::string next_cursor;  // empty at the end
};

struct RejectedQuery {
  std::optional<std::string> source;
  std::optional<RejectionCode> code;
  std::optional<Timestamp> from;   // of receipt, inclusive
  std::optional<Timestamp> until;  // exclusive
  size_t limit = 50;
  std::string cursor;
};

struct RejectedEntry {
  std::string id;  // the LSN as text
  std::string source;
  RejectionCode code = RejectionCode::invalid_field;
  std::string message;
  std::string path;
  std::string message_id;
  Timestamp received_at;
  std::string raw;  // the item's own bytes, which may be no valid JSON
};

struct RejectedPage {
  std::vector<RejectedEntry> entries;  // newest first
  std::string next_cursor;
};

}  // namespace tributary
