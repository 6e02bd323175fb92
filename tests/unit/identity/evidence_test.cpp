#include "engine/identity/evidence.h"

#include <gtest/gtest.h>

#include "tests/unit/identity/sketch.h"

namespace tributary {
namespace {

using sketch::evidence;
using sketch::name_of;

std::string centre(const std::vector<std::string>& names) {
  return name_of(centre_of(evidence(names, 1), RuleSet{}).id);
}

std::string home(const std::vector<std::string>& names) { return name_of(home_of(evidence(names, 1).members).id); }

TEST(Centre, IsTheStrongestKind) {
  EXPECT_EQ(centre({"e", "x", "A", "p"}), "A");
  EXPECT_EQ(centre({"e", "x", "p"}), "p");
  EXPECT_EQ(centre({"d", "x"}), "d");
  EXPECT_EQ(centre({"x"}), "x");
}

TEST(Centre, OfOnePriorityIsTheSmallestHash) {
  EXPECT_EQ(centre({"B", "A"}), "A");
  EXPECT_EQ(centre({"s1", "c2"}), "c2");
  EXPECT_EQ(centre({"c9", "s1"}), "c9");
}

TEST(Centre, IgnoresTrust) { EXPECT_EQ(centre({"A~", "e"}), "A"); }

TEST(Home, IsTheSmallestRankThenKindThenHash) {
  EXPECT_EQ(home({"e", "x", "A"}), "A");
  EXPECT_EQ(home({"B", "A", "x"}), "A");
  EXPECT_EQ(home({"e2", "e1"}), "e1");
  // Two platforms of one family share a rank: the kind's code decides, not the hash.
  bool crm_first = sketch::kind_of("c") < sketch::kind_of("s");
  EXPECT_EQ(home({"c9", "s1"}), crm_first ? "c9" : "s1");
  EXPECT_EQ(home({"c1", "s9"}), crm_first ? "c1" : "s9");
}

TEST(FirstEvent, ComparesTimeThenMessageId) {
  EXPECT_LT((FirstEvent{Timestamp{1}, "z"}), (FirstEvent{Timestamp{2}, "a"}));
  EXPECT_LT((FirstEvent{Timestamp{1}, "a"}), (FirstEvent{Timestamp{1}, "b"}));
}

}  // namespace
}  // namespace tributary
