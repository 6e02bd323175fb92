// Programs that a customer is a member of, and the accounts it follows, as of a moment.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/decimal.h"
#include "engine/domain/membership.h"
#include "engine/profile/fact.h"
#include "engine/profile/fragment.h"

namespace tributary {

/// A tier for customers of whom no program said one: by what they spent in 365 days, in whole units of the base
/// currency.
struct SpendTier {
  std::string name;
  int64_t least_units = 0;
  friend bool operator==(const SpendTier&, const SpendTier&) = default;
};

/// Reads `silver 1000, gold 5000`, amounts rising; empty for none. Nothing for what is written otherwise.
std::optional<std::vector<SpendTier>> parse_spend_tiers(std::string_view text);

struct ProgramMembership {
  std::string program;  // empty: the program has no name
  std::string card_no;  // of the last time it was told
  std::optional<Timestamp> joined_at;
  std::string tier;  // empty: it told of none
  std::optional<Timestamp> tier_since;
};

struct MembershipFigures {
  std::vector<ProgramMembership> programs;  // by name
  std::optional<Decimal> points;            // earned less redeemed, of all programs; nothing: more than 36 digits
  uint64_t referrals = 0;                   // whom the customer brought, each once

  /// What a program told last; null when none did.
  const ProgramMembership* told_tier() const;
};

/// Of facts of the kind `membership`, in any order, up to the moment.
MembershipFigures membership_figures(std::span<const Fact> facts, Timestamp now);

/// The highest tier that so much reaches; empty for none. `revenue_minor` is of `currency`.
std::string_view tier_of_spend(const std::vector<SpendTier>& tiers, Int128 revenue_minor, std::string_view currency);

struct FollowedAccount {
  std::string platform, account;  // platform may be empty
  bool following = false;
  Timestamp since;
};

/// By platform and account, of facts of the kind `following` up to the moment: what was said last counts.
std::vector<FollowedAccount> followed_accounts(std::span<const Fact> facts, Timestamp now);

}  // namespace tributary
