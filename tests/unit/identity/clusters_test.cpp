#include "engine/identity/clusters.h"

#include <gtest/gtest.h>

#include "tests/unit/identity/sketch.h"

namespace tributary {
namespace {

using sketch::clusters_text;
using sketch::container;
using sketch::evidence;
using sketch::hash_of;
using sketch::name_of;

RuleSet with(ClaimsPolicy claims) {
  Rules rules = default_rules();
  rules.claims = claims;
  return RuleSet(1, rules);
}

// "kind of reason: centre, other" of every refusal, in link order.
std::vector<std::string> refusals_text(const Container& all, const RuleSet& rules = {}) {
  std::vector<std::string> texts;
  for (const Refusal& refusal : compute_clusters(all, rules).refusals) {
    std::string reason = refusal.reason == RefusalReason::limit ? "limit" : "join_not_trusted";
    texts.push_back(reason + " " + name_of(all.members[refusal.link.centre].id) + "-" +
                    name_of(all.members[refusal.link.other].id));
  }
  return texts;
}

TEST(LinkOrder, VerifiedLinksComeBeforeClaimedOnes) {
  Container all = container({evidence({"A~", "d~"}, 1), evidence({"B", "d"}, 9)});
  EXPECT_EQ(clusters_text(all), "{A} {B,d}");
}

TEST(LinkOrder, OneClaimedEndMakesALinkWeak) {
  Container all = container({evidence({"A", "d~"}, 1), evidence({"B", "d"}, 9)});
  EXPECT_EQ(clusters_text(all), "{A} {B,d}");
}

TEST(LinkOrder, StrongerKindsComeBeforeOlderEvents) {
  Container all = container({evidence({"e", "d"}, 0), evidence({"A", "d"}, 1), evidence({"B", "e"}, 9)});
  EXPECT_EQ(clusters_text(all), "{A} {B,d,e}");
}

TEST(LinkOrder, OlderEventsComeFirst) {
  EXPECT_EQ(clusters_text(container({evidence({"A", "d"}, 2), evidence({"B", "d"}, 1)})), "{A} {B,d}");
  EXPECT_EQ(clusters_text(container({evidence({"A", "d"}, 1), evidence({"B", "d"}, 2)})), "{A,d} {B}");
}

TEST(LinkOrder, OfOneTimeTheSmallerMessageIdComesFirst) {
  EXPECT_EQ(clusters_text(container({evidence({"A", "d"}, 1, "m2"), evidence({"B", "d"}, 1, "m1")})), "{A} {B,d}");
  // Bytes, not numbers.
  EXPECT_EQ(clusters_text(container({evidence({"A", "d"}, 1, "m9"), evidence({"B", "d"}, 1, "m10")})), "{A} {B,d}");
}

TEST(LinkOrder, OfOneMessageTheSmallerHashesComeFirst) {
  EXPECT_EQ(clusters_text(container({evidence({"B", "d"}, 1, "m"), evidence({"A", "d"}, 1, "m")})), "{A,d} {B}");
}

TEST(Limits, OneUserIdPerCustomer) {
  Container all = container({evidence({"A", "d"}, 1), evidence({"B", "d"}, 2), evidence({"d"}, 3)});
  EXPECT_EQ(clusters_text(all), "{A,d} {B}");
  EXPECT_EQ(refusals_text(all), std::vector<std::string>{"limit B-d"});
}

TEST(Limits, EventsStayWithTheirCentre) {
  Container all = container({evidence({"A", "d"}, 1), evidence({"B", "d"}, 2), evidence({"d"}, 3)});
  Clusters clusters = compute_clusters(all, RuleSet{});
  auto owner = [&](size_t number) { return name_of(clusters.clusters[clusters.of_evidence[number]].members[0]); };
  EXPECT_EQ(owner(0), "A");
  EXPECT_EQ(owner(1), "B");
  EXPECT_EQ(owner(2), "A");
}

TEST(Limits, FiveAddressesAreAcceptedTheSixthIsNot) {
  std::vector<Evidence> all;
  for (int i = 1; i <= 5; ++i) all.push_back(evidence({"A", "e" + std::to_string(i)}, i));
  EXPECT_TRUE(refusals_text(container(all)).empty());
  all.push_back(evidence({"A", "e6"}, 6));
  EXPECT_EQ(clusters_text(container(all)), "{A,e1,e2,e3,e4,e5} {e6}");
  EXPECT_EQ(refusals_text(container(all)), std::vector<std::string>{"limit A-e6"});
}

TEST(Limits, CountBothSidesTogether) {
  auto joined = [](int left, int right) {
    std::vector<Evidence> all;
    for (int i = 1; i <= left; ++i) all.push_back(evidence({"A", "e1" + std::to_string(i)}, i));
    for (int i = 1; i <= right; ++i) all.push_back(evidence({"p", "e2" + std::to_string(i)}, i));
    all.push_back(evidence({"A", "x"}, 20));
    all.push_back(evidence({"p", "x"}, 21));
    return refusals_text(container(all)).empty();
  };
  EXPECT_TRUE(joined(2, 3));
  EXPECT_TRUE(joined(5, 0));
  EXPECT_FALSE(joined(3, 3));
  EXPECT_FALSE(joined(5, 1));
}

TEST(Limits, PlatformsAreKindsOfTheirOwn) {
  auto refused = [](const std::string& kind, int count) {
    std::vector<Evidence> all;
    for (int i = 0; i < count; ++i) all.push_back(evidence({"A", kind + std::to_string(i)}, i));
    return refusals_text(container(all)).size();
  };
  EXPECT_EQ(refused("c", 6), 1u);
  EXPECT_EQ(refused("s", 100), 0u);
  EXPECT_EQ(refused("s", 102), 2u);
  EXPECT_EQ(refused("y", 21), 1u);
}

// The five members of a customer at its limit do not count against a neighbour without that kind.
TEST(Limits, AFullKindDoesNotBlockOtherKinds) {
  std::vector<Evidence> all;
  for (int i = 1; i <= 6; ++i) all.push_back(evidence({"A", "e" + std::to_string(i)}, i));
  all.push_back(evidence({"A", "d"}, 7));
  EXPECT_EQ(clusters_text(container(all)), "{A,d,e1,e2,e3,e4,e5} {e6}");
}

TEST(Limits, OneMessageWithTwoUserIdsIsSplitAtItsCentre) {
  Container all = container({evidence({"A", "B", "e"}, 1), evidence({"B", "p"}, 2)});
  EXPECT_EQ(clusters_text(all), "{A,e} {B,p}");
  EXPECT_EQ(refusals_text(all), std::vector<std::string>{"limit A-B"});
}

struct ClaimsRow {
  const char* name;
  std::vector<Evidence> events;
  const char* fill;
  const char* guarded;
  const char* strict;
};

class Claims : public testing::TestWithParam<ClaimsRow> {};

TEST_P(Claims, EachPolicyGivesItsCustomers) {
  const ClaimsRow& row = GetParam();
  std::vector<Evidence> events = row.events;
  std::sort(events.begin(), events.end(), [](auto& a, auto& b) { return a.hash < b.hash; });
  do {
    EXPECT_EQ(clusters_text(container(events), with(ClaimsPolicy::fill)), row.fill);
    EXPECT_EQ(clusters_text(container(events), with(ClaimsPolicy::guarded)), row.guarded);
    EXPECT_EQ(clusters_text(container(events), with(ClaimsPolicy::strict)), row.strict);
  } while (std::next_permutation(events.begin(), events.end(), [](auto& a, auto& b) { return a.hash < b.hash; }));
}

INSTANTIATE_TEST_SUITE_P(
    Table, Claims,
    testing::Values(
        ClaimsRow{"BrowsersAlone",
                  {evidence({"x~", "e~"}, 1), evidence({"A~", "e~", "x~"}, 2)},
                  "{A,e,x}",
                  "{A,e,x}",
                  "{A} {e,x}"},
        ClaimsRow{"ClaimedLine",
                  {evidence({"V", "e1"}, 1), evidence({"V~", "e2~", "p~"}, 2)},
                  "{V,e1,e2,p}",
                  "{V,e1,e2,p}",
                  "{V,e1} {e2} {p}"},
        ClaimsRow{"FalseClaimFallsOff",
                  {evidence({"V", "e1"}, 1), evidence({"V~", "e2~", "p~"}, 2), evidence({"B", "e2"}, 3)},
                  "{B,e2} {V,e1,p}",
                  "{B,e2} {V,e1,p}",
                  "{B,e2} {V,e1} {p}"},
        ClaimsRow{"StrangerClaimsAKnownAddress",
                  {evidence({"e", "p"}, 1), evidence({"M~", "e~", "x~"}, 2)},
                  "{M,e,p,x}",
                  "{M,x} {e,p}",
                  "{M,x} {e,p}"},
        ClaimsRow{"ServerConfirms",
                  {evidence({"e", "p"}, 1), evidence({"M~", "e~", "x~"}, 2), evidence({"M", "e"}, 9)},
                  "{M,e,p,x}",
                  "{M,e,p,x}",
                  "{M,e,p,x}"},
        ClaimsRow{"NoLongerLone",
                  {evidence({"K", "p"}, 1), evidence({"M~", "e~"}, 2), evidence({"K~", "e~"}, 3)},
                  "{K,M,e,p}",
                  "{K,p} {M,e}",
                  "{K,p} {M} {e}"},
        ClaimsRow{"NoLongerLoneWithTimesExchanged",
                  {evidence({"K", "p"}, 1), evidence({"M~", "e~"}, 3), evidence({"K~", "e~"}, 2)},
                  "{K,M,e,p}",
                  "{K,e,p} {M}",
                  "{K,p} {M} {e}"},
        ClaimsRow{
            "BothVerified", {evidence({"A", "e"}, 1), evidence({"c", "e~"}, 2)}, "{A,e} {c}", "{A,e} {c}", "{A,e} {c}"},
        ClaimsRow{"BothVerifiedUntilAServerJoinsThem",
                  {evidence({"A", "e"}, 1), evidence({"c", "e~"}, 2), evidence({"A", "c"}, 3)},
                  "{A,c,e}",
                  "{A,c,e}",
                  "{A,c,e}"},
        ClaimsRow{"WeakKindsAlwaysAttach",
                  {evidence({"A~", "x~"}, 1), evidence({"x~", "d~"}, 2)},
                  "{A,d,x}",
                  "{A,d,x}",
                  "{A,d,x}"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Claims, RefusalBeforeALimitNamesTrust) {
  Container all = container({evidence({"A", "e"}, 1), evidence({"B", "p"}, 2), evidence({"A~", "B~"}, 3)});
  EXPECT_EQ(refusals_text(all), std::vector<std::string>{"join_not_trusted A-B"});
}

TEST(Anchor, IsTheEarliestSeenMemberThenTheSmallestHash) {
  auto anchor = [](const std::vector<Evidence>& all) {
    Container joined = container(all);
    return name_of(compute_clusters(joined, RuleSet{}).clusters.at(0).anchor);
  };
  EXPECT_EQ(anchor({evidence({"x"}, 1), evidence({"A", "x"}, 2)}), "x");
  EXPECT_EQ(anchor({evidence({"x"}, 3), evidence({"A", "x"}, 2)}), "A");
  EXPECT_EQ(anchor({evidence({"x"}, 2), evidence({"A", "x"}, 2)}), "A");
}

// First seen counts every evidence that names it, also one that another customer owns.
TEST(Anchor, SeesForeignEvidence) {
  Container all = container({evidence({"A", "B", "e"}, 1), evidence({"B", "p"}, 2), evidence({"p"}, 1, "m")});
  Clusters clusters = compute_clusters(all, RuleSet{});
  ASSERT_EQ(clusters.clusters.size(), 2u);
  EXPECT_EQ(name_of(clusters.clusters[1].anchor), "B");
  EXPECT_EQ(clusters.clusters[1].anchor_first_seen.micros, 1);
}

TEST(Clusters, IndicesAgreeWithMembers) {
  Container all = container({evidence({"A", "d"}, 1), evidence({"B", "d"}, 2), evidence({"e"}, 3)});
  Clusters clusters = compute_clusters(all, RuleSet{});
  ASSERT_EQ(clusters.of_member.size(), all.members.size());
  for (size_t i = 0; i < all.members.size(); ++i) {
    const auto& members = clusters.clusters[clusters.of_member[i]].members;
    EXPECT_TRUE(std::binary_search(members.begin(), members.end(), all.members[i].id));
  }
  EXPECT_TRUE(std::is_sorted(clusters.clusters.begin(), clusters.clusters.end(),
                             [](const Cluster& a, const Cluster& b) { return a.anchor < b.anchor; }));
}

}  // namespace
}  // namespace tributary
