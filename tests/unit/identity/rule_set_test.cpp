#include "engine/identity/rule_set.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

struct Row {
  const char* kind;
  uint8_t rank;
  uint16_t priority;
  bool weak;
  uint32_t limit;
};

class DefaultRules : public testing::TestWithParam<Row> {};

TEST_P(DefaultRules, KindHasItsRow) {
  const Row& row = GetParam();
  KindCode kind = kind_code(*parse_kind(row.kind));
  KindRule rule = RuleSet{}.rule(kind);
  EXPECT_EQ(rule.priority, row.priority);
  EXPECT_EQ(rule.weak, row.weak);
  EXPECT_EQ(rule.limit, row.limit);
  EXPECT_EQ(home_rank(kind), row.rank);
  EXPECT_EQ(rule.weak, is_weak(family_of(kind)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, DefaultRules,
    testing::Values(Row{"user_id", 1, 10, false, 1}, Row{"uscc", 2, 15, false, 1}, Row{"member_card", 3, 20, false, 5},
                    Row{"customer_no", 4, 25, false, 20}, Row{"wechat_unionid", 5, 30, false, 5},
                    Row{"wechat_openid", 6, 32, false, 20}, Row{"marketplace_buyer/shopify", 7, 40, false, 5},
                    Row{"marketplace_buyer/youzan", 7, 40, false, 5}, Row{"social_id/line", 8, 45, false, 5},
                    Row{"social_id/douyin", 8, 45, false, 20}, Row{"social_id/tiktok", 8, 45, false, 5},
                    Row{"external_id/stripe", 9, 50, false, 100}, Row{"external_id/crm", 9, 50, false, 5},
                    Row{"phone", 10, 60, false, 5}, Row{"email", 11, 70, false, 5}, Row{"device_id", 20, 90, true, 50},
                    Row{"push_token", 21, 92, true, 50}, Row{"ga_client_id", 22, 94, true, 1000},
                    Row{"anonymous_id", 23, 96, true, 1000}),
    [](const auto& row) {
      std::string name = row.param.kind;
      std::replace(name.begin(), name.end(), '/', '_');
      return name;
    });

TEST(RuleSet, StoredRulesAreCompiledUnlessTheyHaveMistakes) {
  Rules rules = default_rules();
  rules.claims = ClaimsPolicy::strict;
  auto compiled = compile_rules(7, encode_rules(rules));
  ASSERT_TRUE(compiled) << compiled.error().message;
  EXPECT_EQ(compiled->version(), 7u);
  EXPECT_EQ(compiled->claims(), ClaimsPolicy::strict);
  rules.blocked.patterns = {"("};
  EXPECT_EQ(compile_rules(7, encode_rules(rules)).error().code, ErrorCode::corrupt);
  EXPECT_EQ(compile_rules(7, "").error().code, ErrorCode::corrupt);
}

TEST(RuleSet, DefaultPolicyIsFill) { EXPECT_EQ(RuleSet{}.claims(), ClaimsPolicy::fill); }

}  // namespace
}  // namespace tributary
