// What a search for duplicates finds: customers whose base records say that they are one, or may be. Values without a
// store behind them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/strong_id.h"
#include "engine/base/time.h"
#include "engine/domain/identifier.h"
#include "engine/linkage/duplicate_rules.h"

namespace tributary {

/// One of two customers, as its record stands.
struct DuplicateSide {
  CustomerId customer;
  Identifier identifier;  // names this customer and nobody else: what is decided is decided about it
  std::string name;
  std::string contact;              // of an organisation
  std::string phone;                // of its contact, or a person's own; E.164, empty when there is none
  std::vector<std::string> events;  // that said so, `source:message id`
};

struct DuplicatePair {
  DuplicateRule rule = DuplicateRule::d1;
  DuplicateKind kind = DuplicateKind::duplicate;
  DuplicateAction action = DuplicateAction::review;  // merge or review
  std::vector<DuplicateGuard> guards;
  DuplicateSide a, b;  // by customer id
};

struct DuplicateQuery {
  DuplicateActions actions = kDuplicateActions;
  std::optional<Lsn> known;  // when nothing was folded since, the answer is `unchanged` and nothing is searched
};

struct DuplicatesView {
  Timestamp
      at;   // not after the snapshot: what is decided because of it at this time gives way to whoever decides later
  Lsn lsn;  // the last record that is in it
  bool unchanged = false;
  uint64_t customers = 0;            // with a record
  std::vector<DuplicatePair> pairs;  // by the ids of a and b
  uint64_t groups_left_out = 0;      // of more than kDuplicateGroupMax customers
  bool complete = true;              // false: there were more customers or pairs than a search takes
};

}  // namespace tributary
