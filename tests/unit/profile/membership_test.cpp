// Programs of members and followed accounts, whatever the order in which they are told.
#include "engine/profile/membership.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/profile/behaviour.h"
#include "tests/unit/profile/fact_sketch.h"

namespace tributary {
namespace {

constexpr int64_t kDay = kMicrosPerDay;
constexpr Timestamp kNow{100 * kDay};

using Values = std::vector<std::pair<MembershipField, std::string>>;

Fact membership(MembershipAct act, int64_t day, Values values, const std::string& subject = "p") {
  std::string message = std::to_string(day) + "-" + std::to_string(static_cast<int>(act));
  return make_fact(FactKind::membership, act, subject, day * kDay, message, std::move(values));
}

Fact following(FollowingAct act, int64_t day, const std::string& account) {
  return make_fact<FollowingAct, FollowingField>(FactKind::following, act, account, day * kDay,
                                                 account + std::to_string(day), {{FollowingField::account, account}});
}

std::string summary(const MembershipFigures& figures) {
  std::string text = figures.points ? to_text(*figures.points) : "none";
  text += " points, " + std::to_string(figures.referrals) + " referrals";
  for (const ProgramMembership& each : figures.programs) {
    text += "; " + each.program + " " + each.card_no + " " + each.tier + " " +
            (each.joined_at ? std::to_string(each.joined_at->micros / kDay) : "-");
  }
  return text;
}

TEST(Membership, IsAFunctionOfTheSetOfFacts) {
  using enum MembershipAct;
  using enum MembershipField;
  std::vector<Fact> facts = {
      membership(joined, 3, {{program, "a"}, {card_no, "1"}, {tier, "basic"}}),
      membership(joined, 9, {{program, "a"}, {card_no, "2"}}),
      membership(tier_changed, 5, {{program, "a"}, {tier, "gold"}}),
      membership(tier_changed, 4, {{program, "b"}, {tier, "iron"}}),
      membership(earned, 6, {{points, "10.5"}}),
      membership(redeemed, 7, {{points, "3"}}),
      membership(referred, 6, {}, "77"),
      membership(referred, 8, {}, "77"),
      membership(tier_changed, 101, {{program, "a"}, {tier, "of tomorrow"}}),
  };
  std::mt19937 random(7);
  for (int i = 0; i < 50; ++i) {
    std::ranges::shuffle(facts, random);
    MembershipFigures figures = membership_figures(facts, kNow);
    ASSERT_EQ(summary(figures), "7.5 points, 1 referrals; a 2 gold 3; b  iron -");
    ASSERT_NE(figures.told_tier(), nullptr);
    ASSERT_EQ(figures.told_tier()->program, "a");
  }
  EXPECT_EQ(membership_figures({}, kNow).told_tier(), nullptr);
}

TEST(Membership, TiersAreReadFromText) {
  EXPECT_EQ(parse_spend_tiers("silver 1000, black gold 5000"),
            (std::vector<SpendTier>{{"silver", 1000}, {"black gold", 5000}}));
  EXPECT_EQ(parse_spend_tiers(" "), std::vector<SpendTier>());
  for (const char* wrong :
       {"silver", "silver 1,", "1000", "a 5, b 5", "a 5, b 4", "a -1", "a 1.5", ",", "a 1 , , b 2"}) {
    EXPECT_EQ(parse_spend_tiers(wrong), std::nullopt) << wrong;
  }
}

TEST(Membership, TheHighestTierThatIsReachedCounts) {
  auto tiers = parse_spend_tiers("silver 1000, gold 5000").value();
  EXPECT_EQ(tier_of_spend(tiers, 499'999, "CNY"), "silver");
  EXPECT_EQ(tier_of_spend(tiers, 500'000, "CNY"), "gold");
  EXPECT_EQ(tier_of_spend(tiers, 99'999, "CNY"), "");
  EXPECT_EQ(tier_of_spend(tiers, 1'000, "JPY"), "silver");
  EXPECT_EQ(tier_of_spend({}, 500'000, "CNY"), "");
}

TEST(Following, TheLastWordOnEachAccountCounts) {
  std::vector<Fact> facts = {following(FollowingAct::unfollowed, 5, "shop"),
                             following(FollowingAct::followed, 4, "shop"), following(FollowingAct::followed, 6, "club"),
                             following(FollowingAct::unfollowed, 101, "club")};
  auto accounts = followed_accounts(facts, kNow);
  ASSERT_EQ(accounts.size(), 2U);
  EXPECT_EQ(accounts[0].account, "club");
  EXPECT_TRUE(accounts[0].following);
  EXPECT_FALSE(accounts[1].following);
  EXPECT_EQ(accounts[1].since, Timestamp{5 * kDay});
}

TEST(Behaviour, DepthIsAShareOfWhatThereIs) {
  auto depth = [](uint64_t used, uint64_t declared) {
    auto share = BehaviourFigures{{}, used}.feature_depth(declared);
    return share ? to_text(*share) : "none";
  };
  EXPECT_EQ(depth(2, 8), "0.250");
  EXPECT_EQ(depth(2, 0), "none");
  EXPECT_EQ(depth(9, 8), "1.000");
  EXPECT_EQ(depth(1, 3), "0.333");
}

}  // namespace
}  // namespace tributary
