#include "engine/identity/rules.h"

#include <gtest/gtest.h>

#include "engine/base/crc32c.h"
#include "engine/base/time.h"
#include "engine/identity/rule_set.h"

namespace tributary {
namespace {

KindCode code(const char* kind) { return kind_code(*parse_kind(kind)); }
IdentifierKind family(IdentifierFamily name) { return {name, {}}; }

TEST(RuleSet, ThresholdsAreThoseOfTheTable) {
  RuleSet rules;
  EXPECT_EQ(rules.hub_threshold(code("device_id"), code("user_id")), 1u);
  EXPECT_EQ(rules.hub_threshold(code("device_id"), code("anonymous_id")), 200u);
  EXPECT_EQ(rules.hub_threshold(code("phone"), code("user_id")), 5u);
  EXPECT_EQ(rules.hub_threshold(code("phone"), code("external_id/stripe")), 200u);
  EXPECT_EQ(rules.hub_threshold(code("phone"), code("external_id/crm")), 20u);
  EXPECT_EQ(rules.hub_threshold(code("phone"), code("phone")), 0u);
  EXPECT_EQ(rules.hub_threshold(code("social_id/line"), code("social_id/douyin")), 20u);
  EXPECT_EQ(rules.hub_threshold(code("social_id/line"), code("social_id/line")), 0u);
  EXPECT_EQ(rules.hub_threshold(code("user_id"), code("user_id")), 0u);
  EXPECT_EQ(rules.hub_threshold(code("user_id"), code("anonymous_id")), 2000u);
}

TEST(RuleSet, LeastThresholdIsThatOfAnyRow) {
  RuleSet rules;
  EXPECT_EQ(rules.least_hub_threshold(code("user_id")), 1u);
  EXPECT_EQ(rules.least_hub_threshold(code("email")), 2u);
  EXPECT_EQ(rules.least_hub_threshold(code("anonymous_id")), 200u);
}

TEST(RuleSet, PlatformStandsBeforeItsFamily) {
  Rules rules = default_rules();
  rules.hubs[*parse_kind("social_id/line")][family(IdentifierFamily::user_id)] = 9;
  RuleSet set(2, rules);
  EXPECT_EQ(set.hub_threshold(code("social_id/line"), code("user_id")), 9u);
  EXPECT_EQ(set.hub_threshold(code("social_id/line"), code("phone")), 10u);  // what it does not say, the family says
  EXPECT_EQ(set.hub_threshold(code("social_id/douyin"), code("user_id")), 5u);
  EXPECT_EQ(set.version(), 2u);
}

TEST(RuleSet, BlocksExactValuesAndPatterns) {
  Rules rules = default_rules();
  EXPECT_FALSE(RuleSet(2, rules).blocks_anything());
  rules.blocked.exact = {"qa-user"};
  rules.blocked.patterns = {"^loadtest-"};
  rules.blocked_of_kind[family(IdentifierFamily::phone)].exact = {"+8613712345678"};
  RuleSet set(2, rules);
  EXPECT_TRUE(set.blocks_anything());
  EXPECT_TRUE(set.blocked(*parse_kind("user_id"), "qa-user"));
  EXPECT_TRUE(set.blocked(*parse_kind("external_id/crm"), "loadtest-7"));
  EXPECT_FALSE(set.blocked(*parse_kind("user_id"), "my-loadtest-7"));
  EXPECT_TRUE(set.blocked(*parse_kind("phone"), "+8613712345678"));
  EXPECT_FALSE(set.blocked(*parse_kind("email"), "+8613712345678"));
}

TEST(Rules, ComeBackAsTheyWereWritten) {
  Rules rules = default_rules();
  rules.claims = ClaimsPolicy::strict;
  rules.kinds[family(IdentifierFamily::anonymous_id)].windows = {{20, 7 * kMicrosPerDay}};
  rules.kinds[family(IdentifierFamily::device_id)].owner = OwnerPolicy::newest;
  rules.blocked.patterns = {"^loadtest-"};
  rules.blocked_of_kind[*parse_kind("external_id/crm")].exact = {"0815"};
  auto back = decode_rules(encode_rules(rules));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, rules);
  EXPECT_TRUE(RuleSet(2, *back).has_newest());
  std::string bytes = encode_rules(rules);
  EXPECT_FALSE(decode_rules(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(decode_rules("\x09"));
}

TEST(Rules, WhoWasSeenFirstOwnsByDefault) {
  for (const auto& [kind, rule] : default_rules().kinds) EXPECT_EQ(rule.owner, OwnerPolicy::oldest) << kind_name(kind);
}

// Version 1 of every workspace's rules: customers were computed under them. Other defaults need another way to begin.
TEST(Rules, DefaultsAreFrozen) { EXPECT_EQ(crc32c(encode_rules(default_rules())), 3114717295u); }

TEST(Rules, MistakesNameTheRule) {
  EXPECT_TRUE(mistakes_of(default_rules()).empty());
  Rules rules = default_rules();
  rules.kinds[family(IdentifierFamily::email)].priority = 0;
  rules.kinds[family(IdentifierFamily::phone)].windows = {{0, 0}};
  rules.hubs[family(IdentifierFamily::email)][family(IdentifierFamily::user_id)] = 0;
  rules.hubs[family(IdentifierFamily::email)][family(IdentifierFamily::email)] = 3;
  rules.blocked.patterns = {"("};
  EXPECT_EQ(
      mistakes_of(rules),
      (std::vector<std::string>{
          "kind phone: the count of a window must be at least 1", "kind phone: a window must be longer than nothing",
          "kind email: the priority must be at least 1", "hubs of email: the threshold for user_id must be at least 1",
          "hubs of email: identifiers of one kind have no threshold among themselves; the limit does that",
          "blocked values of every kind: `(`: missing ): ("}));
}

TEST(Rules, PatternsThatFitAloneMayNotFitTogether) {
  Rules rules = default_rules();
  rules.blocked.patterns = {"a\\pL{100}"};
  EXPECT_TRUE(mistakes_of(rules).empty());
  rules.blocked.patterns.insert("b\\pL{100}");
  rules.blocked_of_kind[family(IdentifierFamily::email)].patterns = {"c\\pL{100}"};
  EXPECT_EQ(mistakes_of(rules), std::vector<std::string>{"blocked values: the patterns are too large together"});
  rules.blocked.patterns.clear();
  for (int i = 0; i < 1000; ++i) rules.blocked.patterns.insert("^loadtest-" + std::to_string(i) + "-");
  rules.blocked_of_kind.clear();
  EXPECT_TRUE(mistakes_of(rules).empty());
  EXPECT_TRUE(RuleSet(2, rules).blocked(*parse_kind("user_id"), "loadtest-999-x"));
}

}  // namespace
}  // namespace tributary
