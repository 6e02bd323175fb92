// What readers get of identity: why customers are as they are, how they changed, and what other rules would make of
// them. Values without a store behind them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/domain/assertion.h"
#include "engine/domain/erasure.h"
#include "engine/domain/event.h"
#include "engine/identity/change.h"
#include "engine/identity/rules.h"

namespace tributary {

/// A link and what says so: evidence, by its first event, or the decision of a person.
struct LinkView {
  Identifier a, b;
  bool must_link = false;        // then `decision` says who; otherwise the fields of evidence
  std::string evidence;          // id of the evidence, for a retraction
  std::string message_id;        // of its first event
  std::string source;            // of its first event
  Timestamp at;                  // event time of its first event, or when it was decided
  Trust trust = Trust::claimed;  // verified: at both ends
  Decision decision;
};

enum class RefusalRule : uint8_t { cannot_link, join_not_trusted, limit, window };
/// `cannot_link`, `join_not_trusted`, `limit`, `window`: the same in API and metrics.
std::string_view refusal_rule_name(RefusalRule rule);

/// A link that the rules did not accept.
struct RefusalView {
  LinkView link;
  RefusalRule rule = RefusalRule::limit;
  IdentifierKind kind;                // of a limit or window
  uint32_t count_a = 0, count_b = 0;  // of that kind on both sides (within the window)
  uint32_t most = 0;                  // what the rule allows
  int64_t window_micros = 0;          // of a window
  Decision decision;                  // of a cannot-link
};

enum class HubReason : uint8_t { threshold, always, blocked };
/// `threshold`, `always`, `blocked`.
std::string_view hub_reason_name(HubReason reason);

/// An identifier that links nobody.
struct HubView {
  Identifier identifier;
  HubReason reason = HubReason::threshold;
  IdentifierKind met;      // of a threshold: the kind it met too many of
  uint32_t count = 0;      // how many were counted when it became a hub
  uint32_t threshold = 0;  // how many it may meet
  Decision decision;       // of `always`
};

/// Somebody said that an identifier changed hands: in events after this time it is another one.
struct CutView {
  Identifier identifier;
  Timestamp at;
  Decision decision;
};

struct ExplainQuery {
  std::optional<Identifier> a, b;  // both or none
};

/// Why identifiers are one customer or not. Without a and b: everything the rules decided about this customer.
struct ExplainView {
  CustomerId customer;
  // Of a and b:
  bool same_customer = false;
  CustomerId customer_a, customer_b;
  std::vector<LinkView> path;          // of one customer: the links from a to b, in order
  std::optional<RefusalView> refusal;  // of two: the first link between them that was refused
  // Of the whole customer; of a and b: hubs that stand between them.
  std::vector<LinkView> links;        // accepted, in the order in which they were decided
  std::vector<RefusalView> refusals;  // links from this customer to others
  std::vector<HubView> hubs;          // shared identifiers that its events name
  std::vector<CutView> cuts;          // of its identifiers, or of a and b, by time
};

/// One step in the history of what was served. The end state is a function of the events; the steps are not.
struct ChangeView {
  uint64_t lsn = 0;
  uint32_t index = 0;  // within the LSN; (lsn, index) is the same at every delivery
  ChangeType type = ChangeType::merged;
  std::vector<CustomerId> from, into;  // of merged (one into), split (one from), renamed (one each)
  std::optional<HubView> hub;          // of hub_detected
  uint32_t rules_version = 0;
  ChangeCause cause;
  Timestamp at;  // receipt of the record
};

struct ChangesQuery {
  std::optional<CustomerId> customer;  // only those that name it
  size_t limit = 50;                   // 1..1000
  std::string cursor;                  // opaque, of the page before; empty for the oldest
};

struct ChangesPage {
  std::vector<ChangeView> changes;  // oldest first
  std::string next_cursor;          // goes on here, also when nothing is left now; never empty
  bool at_end = false;              // nothing more at this moment
};

/// Somebody who was erased, and what it took.
struct ErasureView {
  Decision decision;
  CustomerId customer;
  uint64_t identifiers = 0;  // also those that only this customer's events named
  uint64_t evidence = 0;
  uint64_t events = 0;
  std::optional<Decision> lifted;  // events may name the identifiers again
};

struct RulesView {
  uint32_t version = 1;
  Rules rules;
  Decision decision;      // empty for version 1, the defaults
  bool applying = false;  // customers are still being computed again under them
};

/// What rules or decisions would do. Rules take the place of the whole active set.
struct PreviewQuery {
  std::optional<Rules> rules;
  std::vector<Assertion> assertions;  // they count as made now, one after the other
  size_t samples = 20;                // of changes
};

struct PreviewView {
  uint32_t rules_version = 0;  // the active one it was compared with
  uint64_t containers = 0;     // looked at
  uint64_t customers_before = 0, customers_after = 0;
  uint64_t merged = 0, split = 0, renamed = 0;  // customers that would appear in `from` of such a change
  uint64_t hubs_before = 0, hubs_after = 0;
  std::map<RefusalRule, uint64_t> refusals_before, refusals_after;
  std::vector<ChangeView> samples;  // the first ones by container; without cause
};

}  // namespace tributary
