// The vocabulary of a customer's status, as facts of kind `status` keep it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tributary {

/// How far a customer has come.
enum class Status : uint8_t { potential, interested, won, lost };

/// What was said. The first four name a request, or the change that it became; the others are evidence for changes.
/// Stored: never renumber.
enum class StatusAct : uint8_t {
  requested = 1,
  approved = 2,
  rejected = 3,  // of a change that lost its evidence: it stays
  reverted = 4,
  trial = 5,
  quote = 6,
  contract = 7,
  opportunity_won = 8,
};

/// Stored: never renumber.
enum class StatusField : uint8_t {
  to = 1,      // a code of statuses()
  reason = 2,  // of a loss a code of loss_reasons(), else a text
  text = 3,
  evidence = 4,  // message id of an event
  by = 5,
  remark = 6,
};

constexpr size_t kStatusTextBytesMax = 4000;

}  // namespace tributary
