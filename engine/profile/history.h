// What changed about a customer, as one list: status, tags, record, preferences, stage of its life. Derived from facts
// and orders whenever it is asked for, so no order of arrival plays a part.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time_zone.h"
#include "engine/profile/fact.h"
#include "engine/profile/value.h"

namespace tributary {

struct HistoryEntry {
  Timestamp at;
  std::string_view what;  // `status_changed`, `tag_added` ...; static
  /// Of a field its name, of a tag its type, of an exclusion its kind, of a preference kind and value; empty else.
  std::string subject;
  std::string from, to;            // empty: nothing
  std::string by;                  // who said it, asked for it or decided it; of a rule `rule:` and its name
  std::string source, message_id;  // of the event that said it
  std::string reason;
  std::string evidence;  // message id of an event, or what else it rests on
  std::string key;       // orders what has one time and `what`; distinct then
};

/// Newer ones are later; of one time the same whatever arrived first.
bool happened_before(const HistoryEntry& a, const HistoryEntry& b);

/// All that it follows from, of one customer; the references outlive the call.
struct HistoryBasis {
  const std::vector<Fact>& facts;  // of all kinds, sorted by kind
  const std::vector<Order>& orders;
  const ValueRules& rules;
  Timestamp now;                    // what is later does not count
  const RfmScale* scale = nullptr;  // of the workspace; null: there is none
};

/// In no order: see happened_before().
std::vector<HistoryEntry> history_of(const HistoryBasis& basis);

}  // namespace tributary
