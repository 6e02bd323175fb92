// Steps in the history of customers: what became of them between two settlings of a container. The end of the history
// is a function of the events; its steps tell what was served on the way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/identity/container.h"

namespace tributary {

/// Stored: never renumber.
enum class ChangeType : uint8_t {
  merged = 1,
  split = 2,
  renamed = 3,
  hub_detected = 4,
  rules_activated = 5,
  erased = 6,
};
/// `merged`, `split`, `renamed`, `hub_detected`, `rules_activated`, `erased`.
std::string_view change_type_name(ChangeType type);

/// Stored: never renumber.
enum class CauseKind : uint8_t { event = 1, assertion = 2, rules = 3, erasure = 4 };
/// `event`, `assertion`, `rules`, `erasure`.
std::string_view cause_kind_name(CauseKind kind);

/// The record that changed customers.
struct ChangeCause {
  CauseKind kind = CauseKind::event;
  std::string id;      // message id of an event, id of a decision
  std::string source;  // of an event
  std::string author;  // of a decision
  std::string reason;  // of a decision
};

/// How an identifier became a hub.
struct HubCrossing {
  Hash128 identifier;
  IdentifierKind met;      // the kind it met too many of
  uint32_t count = 0;      // how many at that moment
  uint32_t threshold = 0;  // how many it may meet
};

struct Change {
  ChangeType type = ChangeType::merged;
  std::vector<Hash128> from,
      into;         // names of customers, sorted: of merged one into, of split one from, renamed one each,
                    // of erased one from
  HubCrossing hub;  // of hub_detected
  uint32_t rules_version = 0;
  ChangeCause cause;
  Timestamp at;  // receipt of the record
};

/// What turned the customers of before into those of after: one split per customer that was parted, then one merge per
/// customer that was joined, or a renaming. A new identifier is no change. Type, from and into are set.
std::vector<Change> changes_between(const std::vector<Cluster>& before, const std::vector<Cluster>& after);

}  // namespace tributary
