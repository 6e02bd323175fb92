// How far a customer has come, and who decided that: a machine over requests, decisions and evidence.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/status.h"
#include "engine/profile/customer_record.h"
#include "engine/profile/fact.h"
#include "engine/profile/value.h"

namespace tributary {

std::string_view status_name(Status status);
std::optional<Status> parse_status(std::string_view code);

/// All that a status follows from, of one customer; the references outlive the call.
struct StatusBasis {
  const std::vector<Fact>& facts;  // of all kinds, sorted by kind
  const std::vector<Order>& orders;
  const ValueRules& rules;
  Timestamp now;  // what is later does not count
  /// What the customer's record began with, and when.
  std::optional<std::pair<Status, Timestamp>> first = {};
  bool organisation = false;        // its status changes by approved requests alone
  const RfmScale* scale = nullptr;  // of the workspace, by which silence is measured; null: by the rules

  /// Fills `first` and `organisation`.
  void take(const CustomerRecord& record);
};

/// A change that took effect.
struct StatusChange {
  std::string id;  // of its request; of a rule its name and what it acted on
  Status from = Status::potential, to = Status::potential;
  Timestamp at;
  std::string actor;  // who asked for it, or `rule:first_order`
  std::string approver, reason, text, evidence, remark;
  std::string asked_via, approved_via;   // sources of the words: `api:` and the id of a key; of a rule empty
  std::optional<Timestamp> reverted_at;  // it had no effect after all; so `from` of later ones does not know it
  std::string reverted_by, revert_remark, reverted_via;
};

/// What waits for a decision, or was refused.
struct StatusRequest {
  std::string id;
  Status to = Status::potential;
  Timestamp at;
  std::string by, reason, text, evidence;
  std::string via = {};  // source of the request: `api:` and the id of a key; of a rule empty
  bool revert = false;   // `id` is a change whose evidence is gone: revert it, or reject that
};

struct CustomerStatus {
  Status current = Status::potential;
  std::optional<Timestamp> since;     // nothing: from the beginning
  std::string actor;                  // of the change to it; empty: nobody
  std::vector<StatusChange> changes;  // oldest first, reverted ones too
  std::vector<StatusRequest> open;    // oldest first
};

/// What was decided about a request or a change, in force.
struct StatusDecision {
  StatusAct act = StatusAct::approved;  // or rejected, reverted
  Timestamp at;
  std::string by, remark;
  std::string source, message_id;  // of the word
};

/// The last decision about `id` that holds; nothing: it is unknown, or open.
std::optional<StatusDecision> decision_about(const StatusBasis& basis, std::string_view id);

/// Nothing depends on the order of facts or orders. Of two decisions about one request the earlier holds; one by who
/// asked for it is none. An approval counts when the change is possible from where the customer stands then.
CustomerStatus status_of(const StatusBasis& basis);

/// The shape of the machine: whether there is any way from one to the other, evidence apart.
bool may_follow(Status from, Status to);

/// Where a person could ask to go from here, with the evidence there is and `reason` and `text` as given.
std::vector<Status> allowed_targets(const StatusBasis& basis, std::string_view reason, std::string_view text);

}  // namespace tributary
