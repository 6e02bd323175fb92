#include "engine/identity/container.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/model/reference.h"
#include "tests/model/universe.h"
#include "tests/unit/identity/sketch.h"

namespace tributary {
namespace {

using sketch::container;
using sketch::evidence;
using sketch::hash_of;

const KeyedHash kKey(std::string(32, 'c'));
constexpr std::array kPolicies = {ClaimsPolicy::fill, ClaimsPolicy::guarded, ClaimsPolicy::strict};
constexpr int kUniverses = 400;

RuleSet with(ClaimsPolicy claims) {
  Rules rules = default_rules();
  rules.claims = claims;
  return RuleSet(1, rules);
}

// The distinct evidence of events, in the order in which it first appears.
std::vector<Evidence> evidence_of(const std::vector<Event>& events) {
  std::vector<Evidence> all;
  std::map<std::string, size_t> known;
  for (const Event& event : events) {
    if (event.identifiers.empty()) continue;
    Evidence one;
    std::string content;
    for (const EventIdentifier& id : event.identifiers) {
      one.members.push_back({id.hash, kind_code(id.identifier.kind()), id.trust});
      content += id.hash.view();
      content += static_cast<char>('0' + static_cast<int>(id.trust));
    }
    one.hash = kKey(content);
    one.first = {event.occurred_at, event.message_id};
    auto [place, added] = known.emplace(content, all.size());
    if (added) {
      all.push_back(std::move(one));
    } else {
      all[place->second].first = std::min(all[place->second].first, one.first);
    }
  }
  return all;
}

// What a fold does with evidence after evidence: joins the containers that it touches.
std::vector<Container> containers_of(const std::vector<Evidence>& all, const RuleSet& rules) {
  std::vector<Container> containers;
  for (const Evidence& one : all) {
    Container joined;
    for (size_t i = 0; i < containers.size();) {
      bool touches = std::any_of(one.members.begin(), one.members.end(),
                                 [&](auto& member) { return containers[i].find(member.id) != nullptr; });
      if (!touches) {
        ++i;
        continue;
      }
      absorb(joined, {containers[i]}, rules);
      containers.erase(containers.begin() + static_cast<ptrdiff_t>(i));
    }
    add_evidence(joined, one, rules);
    containers.push_back(std::move(joined));
  }
  return containers;
}

std::map<KindCode, uint32_t> kinds_of(const ContainerSummary& summary) {
  std::map<KindCode, uint32_t> kinds;
  for (const auto& [kind, count] : summary.kinds) EXPECT_TRUE(kinds.emplace(kind, count).second);
  return kinds;
}

void expect_equal_counts(const Container& a, const Container& b) {
  EXPECT_EQ(kinds_of(a.summary), kinds_of(b.summary));
  EXPECT_EQ(a.summary.strong, b.summary.strong);
  EXPECT_EQ(a.summary.verified_strong, b.summary.verified_strong);
  EXPECT_EQ(a.summary.weak_links, b.summary.weak_links);
  EXPECT_EQ(a.summary.evidence, b.summary.evidence);
  ASSERT_EQ(a.members.size(), b.members.size());
  for (size_t i = 0; i < a.members.size(); ++i) {
    EXPECT_EQ(a.members[i].id, b.members[i].id);
    EXPECT_EQ(a.members[i].kind, b.members[i].kind);
    EXPECT_EQ(a.members[i].verified, b.members[i].verified);
  }
}

TEST(Container, CountsWhatItHolds) {
  Container all = container({evidence({"A", "e~", "x~"}, 1), evidence({"A", "e"}, 2), evidence({"p~", "A~"}, 3)});
  EXPECT_EQ(all.summary.strong, 3u);
  EXPECT_EQ(all.summary.verified_strong, 2u);
  EXPECT_EQ(all.summary.weak_links, 3u);
  EXPECT_EQ(all.summary.evidence, 3u);
  EXPECT_EQ(all.members.size(), 4u);
  EXPECT_TRUE(all.find(hash_of("e"))->verified);
  EXPECT_FALSE(all.find(hash_of("p"))->verified);
  EXPECT_EQ(all.find(hash_of("absent")), nullptr);
}

TEST(Container, MadeAtOnceIsTheSameAsPieceByPiece) {
  for (uint64_t seed = 0; seed < kUniverses; ++seed) {
    std::mt19937_64 random(seed);
    RuleSet rules;
    for (const Container& piecemeal : containers_of(evidence_of(model::random_events(random, kKey)), rules)) {
      expect_equal_counts(make_container(piecemeal.root, piecemeal.evidence, {}, {}, rules), piecemeal);
    }
  }
}

TEST(Container, VerifiedTwiceCountsOnce) {
  Container all = container({evidence({"A", "e"}, 1), evidence({"A", "p"}, 2), evidence({"A"}, 3)});
  EXPECT_EQ(all.summary.verified_strong, 3u);
}

TEST(Container, IsSimpleUntilARuleCouldRefuse) {
  auto simple = [](const std::vector<Evidence>& all, ClaimsPolicy claims) {
    return is_simple(container(all, with(claims)).summary, with(claims));
  };
  std::vector<Evidence> verified = {evidence({"A", "e"}, 1), evidence({"e", "x"}, 2)};
  for (ClaimsPolicy claims : kPolicies) EXPECT_TRUE(simple(verified, claims));
  std::vector<Evidence> two_user_ids = {evidence({"A", "x"}, 1), evidence({"B", "x"}, 2)};
  for (ClaimsPolicy claims : kPolicies) EXPECT_FALSE(simple(two_user_ids, claims));
  std::vector<Evidence> browser = {evidence({"A~", "e~"}, 1)};
  EXPECT_TRUE(simple(browser, ClaimsPolicy::fill));
  EXPECT_TRUE(simple(browser, ClaimsPolicy::guarded));
  EXPECT_FALSE(simple(browser, ClaimsPolicy::strict));
  std::vector<Evidence> claim_on_verified = {evidence({"A"}, 1), evidence({"A~", "e~"}, 2)};
  EXPECT_TRUE(simple(claim_on_verified, ClaimsPolicy::fill));
  EXPECT_FALSE(simple(claim_on_verified, ClaimsPolicy::guarded));
  std::vector<Evidence> claim_between_verified = {evidence({"A"}, 1), evidence({"e"}, 2), evidence({"A~", "e~"}, 3)};
  EXPECT_FALSE(simple(claim_between_verified, ClaimsPolicy::fill));
}

TEST(Container, AbsorbedCountsEqualRecountedOnes) {
  for (uint64_t seed = 0; seed < kUniverses; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<Evidence> all = evidence_of(model::random_events(random, kKey));
    for (const Container& joined : containers_of(all, RuleSet{})) {
      Container recounted;
      std::vector<Evidence> shuffled = joined.evidence;
      std::shuffle(shuffled.begin(), shuffled.end(), random);
      for (const Evidence& one : shuffled) add_evidence(recounted, one, RuleSet{});
      expect_equal_counts(joined, recounted);
      ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
    }
  }
}

TEST(Container, SimpleMeansOneCustomerWithoutRefusals) {
  size_t simple = 0, not_simple = 0;
  for (uint64_t seed = 0; seed < kUniverses; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<Evidence> all = evidence_of(model::random_events(random, kKey));
    for (ClaimsPolicy claims : kPolicies) {
      RuleSet rules = with(claims);
      for (const Container& joined : containers_of(all, rules)) {
        if (!is_simple(joined.summary, rules)) {
          ++not_simple;
          continue;
        }
        ++simple;
        Clusters clusters = compute_clusters(joined, rules);
        ASSERT_EQ(clusters.clusters.size(), 1u) << "seed " << seed;
        ASSERT_TRUE(clusters.refusals.empty()) << "seed " << seed;
      }
    }
  }
  EXPECT_GT(simple, 100u);
  EXPECT_GT(not_simple, 100u);
}

// Container by container, in any order of evidence, the clusters are those of the whole set under every policy. Who is
// a hub is not for a container to say: without thresholds.
TEST(Clusters, OfContainersEqualTheReference) {
  for (uint64_t seed = 0; seed < kUniverses; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<Event> events = model::random_events(random, kKey);
    std::vector<Evidence> all = evidence_of(events);
    std::shuffle(all.begin(), all.end(), random);
    for (ClaimsPolicy claims : kPolicies) {
      Rules rules = default_rules();
      rules.claims = claims;
      rules.hubs.clear();
      model::Export expected = model::reference(model::World{events, {}, rules}, kKey);
      std::map<std::string, size_t> expected_sizes, sizes;
      for (const auto& [id, customer] : expected.customers) expected_sizes[id] = customer.identifiers.size();
      size_t refused_limit = 0, refused_trust = 0;
      for (const Container& joined : containers_of(all, with(claims))) {
        Clusters clusters = compute_clusters(joined, with(claims));
        for (const Cluster& cluster : clusters.clusters) sizes[base32(cluster.anchor)] = cluster.members.size();
        for (const Refusal& refusal : clusters.refusals) {
          ++(refusal.reason == RefusalReason::limit ? refused_limit : refused_trust);
        }
      }
      ASSERT_EQ(sizes, expected_sizes) << "seed " << seed;
      ASSERT_EQ(refused_limit, expected.refused_limit) << "seed " << seed;
      ASSERT_EQ(refused_trust, expected.refused_trust) << "seed " << seed;
    }
  }
}

TEST(Container, MemoryGrowsWithWhatItHolds) {
  Container small = container({evidence({"A", "e"}, 1)});
  Container large = container({evidence({"A", "e"}, 1), evidence({"A", "p"}, 2), evidence({"A", "x"}, 3)});
  EXPECT_GT(memory_bytes(large), memory_bytes(small));
}

TEST(Pairs, LastOneIsFoundWhereverItStands) {
  Container box;
  auto put = [&](const std::string& a, const std::string& b, PairState state) {
    set_pair(box, {hash_of(a), hash_of(b), 1, 1, state, {}});
  };
  put("B", "C", PairState::must);
  put("A", "C", PairState::must);
  put("A", "B", PairState::must);
  put("A", "C", PairState::cannot);
  ASSERT_EQ(box.pairs.size(), 3u);
  EXPECT_EQ(box.pairs[0].b, hash_of("B"));
  EXPECT_EQ(box.find_pair(hash_of("A"), hash_of("C"))->state, PairState::cannot);
  EXPECT_EQ(box.find_pair(hash_of("B"), hash_of("C"))->state, PairState::must);
  EXPECT_EQ(box.find_pair(hash_of("A"), hash_of("D")), nullptr);
}

}  // namespace
}  // namespace tributary
