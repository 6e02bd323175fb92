// The vocabulary of programs of members and of accounts that are followed, as facts keep it.
#pragma once

#include <cstdint>

namespace tributary {

/// Facts of kind `membership`. The subject is the program, which may have no name; of a referral it is whom it brought.
/// Stored: never renumber.
enum class MembershipAct : uint8_t { joined = 1, tier_changed = 2, earned = 3, redeemed = 4, referred = 5 };

/// Stored: never renumber.
enum class MembershipField : uint8_t {
  program = 1,
  card_no = 2,
  tier = 3,    // as the program calls it
  points = 4,  // above zero
};

/// Facts of kind `following`. The subject is the account. Stored: never renumber.
enum class FollowingAct : uint8_t { followed = 1, unfollowed = 2 };

/// Stored: never renumber.
enum class FollowingField : uint8_t { platform = 1, account = 2 };

}  // namespace tributary
