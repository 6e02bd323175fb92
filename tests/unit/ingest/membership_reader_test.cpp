// What track events say of programs, points, referrals and followed accounts. None of it refuses an event.
#include <gtest/gtest.h>

#include "tests/unit/ingest/fact_text.h"

namespace tributary::testing {
namespace {

TEST(MembershipReader, ProgramsTellOfTiersAndCards) {
  EXPECT_EQ(facts_of("入会", R"("program":"plus","card_no":"0012","tier":"basic")"),
            "9.1 plus {1=plus 2=0012 3=basic}");
  EXPECT_EQ(facts_of("Membership Tier Changed", R"("from":"a","to":"b")"), "9.2  {3=b}");
  EXPECT_EQ(facts_of("Membership Tier Changed", R"("from":"a")"), " !16");
}

TEST(MembershipReader, PointsAreNumbersAboveZero) {
  EXPECT_EQ(facts_of("Points Earned", R"("points":"12.50")"), "9.3  {4=12.50}");
  EXPECT_EQ(facts_of("Points Redeemed", R"("points":3,"program":"plus")"), "9.4 plus {1=plus 4=3}");
  EXPECT_EQ(facts_of("Points Earned", R"("points":0)"), " !32");
  EXPECT_EQ(facts_of("Points Earned", R"("points":-3)"), " !32");
  EXPECT_EQ(facts_of("Points Earned", R"("points":"many")"), " !48");
  EXPECT_EQ(facts_of("Points Earned", ""), " !16");
}

TEST(MembershipReader, AReferralNamesNobody) {
  std::string ann = facts_of("Referral Completed", R"("referred":"Ann@Example.com")");
  EXPECT_EQ(ann.find("nn"), std::string::npos) << ann;
  EXPECT_EQ(ann, facts_of("Referral Completed", R"("referred":{"kind":"email","value":"ann@example.com"})"));
  EXPECT_NE(ann, facts_of("Referral Completed", R"("referred":"bob@example.com")"));
  EXPECT_EQ(facts_of("Referral Completed", R"("referred":[1])"), " !48");
}

TEST(MembershipReader, AccountsAreFollowed) {
  EXPECT_EQ(facts_of("Account Followed", R"("account":"shop","platform":"line")"), "10.1 line shop {1=line 2=shop}");
  EXPECT_EQ(facts_of("取关", R"("account":"shop")"), "10.2  shop {2=shop}");
  EXPECT_EQ(facts_of("Account Followed", ""), " !16");
}

TEST(MembershipReader, DwellingBeyondWhatCountsIsNoted) {
  EXPECT_EQ(facts_of("Page Left", R"("name":"home","dwell_ms":1800000)"), "");
  EXPECT_EQ(facts_of("Page Left", R"("name":"home","dwell_ms":1800001)"), " !32");
  EXPECT_EQ(facts_of("Page Left", R"("name":"home","dwell_ms":-1)"), " !32");
}

}  // namespace
}  // namespace tributary::testing
