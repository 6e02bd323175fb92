// The vocabulary of preferences and exclusions, as facts of these kinds keep it. The subject is the kind of thing, a
// blank and the thing, folded: "category toys". Of an Order Updated whose lines name nothing it is empty.
#pragma once

#include <cstdint>

namespace tributary {

/// Stored: never renumber.
enum class PreferenceAct : uint8_t {
  set = 1,  // the customer said so
  viewed = 2,
  wished = 3,
  added = 4,
  removed = 5,
  tried_on = 6,
  bought = 7,    // all that an order says of the thing
  liked = 8,     // rated 4 or more
  disliked = 9,  // rated 2 or less
};

/// Stored: never renumber.
enum class PreferenceField : uint8_t {
  value = 1,   // the thing as it was spelled
  weight = 2,  // of `set`: -1 to 1
  order = 3,   // of `bought`: base32 of the order's hash
  lines = 4,   // of `bought`: how many, without gifts
};

/// Stored: never renumber.
enum class ExclusionAct : uint8_t {
  added = 1,
  removed = 2,
  dismissed = 3,     // a recommendation of it was
  rated_badly = 4,   // 2 or less
  rated_better = 5,  // more than that
};

/// Stored: never renumber.
enum class ExclusionField : uint8_t { value = 1, reason = 2 };

}  // namespace tributary
