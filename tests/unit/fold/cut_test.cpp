// Identifiers that change hands: what the model tests do not see, because it is about the log, the history and rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "engine/query/changes.h"
#include "engine/query/explain.h"
#include "tests/model/arrival.h"
#include "tests/model/audit.h"
#include "tests/model/fold_harness.h"
#include "tests/model/random_world.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

const KeyedHash kKey(std::string(32, 'c'));
const WorkspaceId kWorkspace{1};

Timestamp second(int64_t at) { return Timestamp{kBaseMicros + at * kMicrosPerSecond}; }

Event event(std::vector<Id> ids, int64_t at) {
  return make_event({.ids = std::move(ids), .at = at, .message_id = "m" + std::to_string(at)}, kKey);
}

Identifier named(const std::string& kind, const std::string& value) {
  return Identifier::from_normalised(*parse_kind(kind), value);
}

Assertion reassign(const std::string& kind, const std::string& value, int64_t from, const std::string& id) {
  return decide_cut(named(kind, value), second(from), {Timestamp{1}, id, "li@shop.example", "a new owner"}, kKey);
}

class CutTest : public testing::Test {
 protected:
  Hash128 named_at(const std::string& kind, const std::string& value, std::optional<Timestamp> at = std::nullopt) {
    return must(tributary::named_at(harness_.store(), kWorkspace, identifier_hash(kKey, named(kind, value)), at));
  }
  CustomerId customer_of(const Hash128& id) {
    return must(find_customer(harness_.store(), kWorkspace, id, harness_.rules(kWorkspace))).id;
  }
  CustomerId customer_of(const std::string& kind, const std::string& value,
                         std::optional<Timestamp> at = std::nullopt) {
    return customer_of(named_at(kind, value, at));
  }
  std::vector<ChangeView> changes() {
    return must(read_changes(harness_.store(), kKey, kWorkspace, ChangesQuery{})).changes;
  }

  FoldHarness harness_{kKey};
};

// Scenario 5: whose the number is depends on when.
TEST_F(CutTest, LookUpGivesTheCustomerOfTheTime) {
  harness_.fold(kWorkspace, {event({{"user_id", "A"}, {"phone", "p"}}, 2020), event({{"phone", "p"}}, 2021),
                             event({{"user_id", "B"}, {"phone", "p"}}, 2024), event({{"phone", "p"}}, 2025)});
  EXPECT_EQ(customer_of("phone", "p"), customer_of("user_id", "A"));
  harness_.decide(kWorkspace, reassign("phone", "p", 2023, "cut"));
  EXPECT_EQ(customer_of("phone", "p"), customer_of("user_id", "B"));
  EXPECT_EQ(customer_of("phone", "p", second(2021)), customer_of("user_id", "A"));
  EXPECT_EQ(customer_of("phone", "p", second(2023)), customer_of("user_id", "A"));
  EXPECT_EQ(customer_of("phone", "p", second(2024)), customer_of("user_id", "B"));
  // The name of the number before is an id that may have been given out.
  EXPECT_EQ(customer_of(identifier_hash(kKey, named("phone", "p"))), customer_of("user_id", "A"));
}

TEST_F(CutTest, TheFeedTellsWhoIsPartedByWhom) {
  harness_.fold(kWorkspace, {event({{"email", "a"}, {"phone", "p"}}, 1), event({{"email", "b"}, {"phone", "p"}}, 21)});
  CustomerId before = customer_of("email", "b");
  harness_.decide(kWorkspace, reassign("phone", "p", 10, "cut"));
  auto told = changes();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].type, ChangeType::split);
  EXPECT_THAT(told[0].from, testing::ElementsAre(before));
  EXPECT_THAT(told[0].into, testing::UnorderedElementsAre(customer_of("email", "a"), customer_of("email", "b")));
  EXPECT_EQ(told[0].cause.kind, CauseKind::assertion);
  EXPECT_EQ(told[0].cause.id, "cut");
  EXPECT_EQ(told[0].cause.author, "li@shop.example");
}

TEST_F(CutTest, ExplanationsSayWhoCutWhenAndWhy) {
  harness_.fold(kWorkspace, {event({{"email", "a"}, {"phone", "p"}}, 1), event({{"email", "b"}, {"phone", "p"}}, 21)});
  harness_.decide(kWorkspace, reassign("phone", "p", 10, "cut"));
  harness_.decide(kWorkspace, reassign("phone", "p", 5, "earlier"));
  for (const char* email : {"a", "b"}) {
    auto view = must(
        explain_identity(harness_.store(), kWorkspace, {named_at("email", email), {}, {}}, harness_.rules(kWorkspace)));
    ASSERT_EQ(view.cuts.size(), 2u) << email;
    EXPECT_EQ(view.cuts[0].at, second(5));
    EXPECT_EQ(view.cuts[0].decision.id, "earlier");
    EXPECT_EQ(view.cuts[1].identifier, named("phone", "p"));
    EXPECT_EQ(view.cuts[1].at, second(10));
    EXPECT_EQ(view.cuts[1].decision.author, "li@shop.example");
    EXPECT_EQ(view.cuts[1].decision.reason, "a new owner");
  }
  auto pair = must(explain_identity(harness_.store(), kWorkspace,
                                    {named_at("email", "a"), named_at("email", "a"), named_at("phone", "p")},
                                    harness_.rules(kWorkspace)));
  EXPECT_FALSE(pair.same_customer);
  EXPECT_EQ(pair.cuts.size(), 2u);
}

// A number that is nobody's since: it has a customer of its own, without events.
TEST_F(CutTest, NothingNeedsToHaveHappenedSince) {
  harness_.fold(kWorkspace, {event({{"user_id", "A"}, {"phone", "p"}}, 1)});
  harness_.decide(kWorkspace, reassign("phone", "p", 10, "cut"));
  EXPECT_NE(customer_of("phone", "p"), customer_of("user_id", "A"));
  EXPECT_EQ(customer_of("phone", "p", second(1)), customer_of("user_id", "A"));
}

TEST_F(CutTest, WithoutAllRecordsNothingIsCut) {
  harness_.fold(kWorkspace,
                {event({{"user_id", "A"}, {"phone", "p"}}, 1), event({{"user_id", "A"}, {"phone", "p"}}, 21)});
  Export before = harness_.read_all(kWorkspace);
  harness_.log().erase(Lsn{1});
  EXPECT_EQ(harness_.try_to_decide(kWorkspace, reassign("phone", "p", 10, "cut")), ItemOutcome::rejected);
  EXPECT_EQ(harness_.read_all(kWorkspace).identifiers, before.identifiers);
  EXPECT_EQ(audit(harness_.store(), kWorkspace).problems, std::vector<std::string>{});
  EXPECT_EQ(customer_of("phone", "p"), customer_of("user_id", "A"));
  // Where all its events are on one side, none has to be read.
  harness_.decide(kWorkspace, reassign("phone", "p", 30, "later"));
}

TEST_F(CutTest, OutlivesARestart) {
  harness_.fold(kWorkspace, {event({{"user_id", "A"}, {"phone", "p"}}, 1)});
  harness_.decide(kWorkspace, reassign("phone", "p", 10, "cut"));
  harness_.restart({});
  harness_.fold(kWorkspace, {event({{"user_id", "B"}, {"phone", "p"}}, 21)});
  EXPECT_EQ(customer_of("phone", "p"), customer_of("user_id", "B"));
  harness_.restart({});
  harness_.fold(kWorkspace, {event({{"user_id", "A"}, {"phone", "p"}}, 2)});
  EXPECT_EQ(customer_of("phone", "p", second(2)), customer_of("user_id", "A"));
}

std::vector<std::pair<std::string, std::string>> rows_of(const StateReader& reader) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (size_t family = 0; family < kFamilyCount; ++family) {
    auto at = reader.scan(static_cast<Family>(family), "");
    for (; at->valid(); at->next()) rows.emplace_back(std::to_string(family) + std::string(at->key()), at->value());
  }
  return rows;
}

// A rebuild meets the same records in other groups.
TEST(Cuts, ReplayWritesTheSameBytes) {
  uint64_t cuts = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    World world = random_world(random, kKey);
    Steps steps(world.events.begin(), world.events.end());
    steps.insert(steps.end(), world.assertions.begin(), world.assertions.end());
    std::shuffle(steps.begin(), steps.end(), random);
    steps = with_evidence_first(steps, kKey);
    for (const Assertion& made : world.assertions) cuts += made.subject == AssertionSubject::cut ? 1 : 0;
    FoldHarness one_by_one(kKey), at_once(kKey);
    for (const Step& step : steps) tell(one_by_one, kWorkspace, std::span(&step, 1));
    for (std::span<const Step> rest(steps); !rest.empty();) {
      size_t count = group_of(rest, rest.size());
      tell(at_once, kWorkspace, rest.first(count));
      rest = rest.subspan(count);
    }
    auto expected = rows_of(one_by_one.store()), got = rows_of(at_once.store());
    auto [x, y] = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
    bool equal = x == expected.end() && y == got.end();
    ASSERT_TRUE(equal) << "seed " << seed << ", a row of family " << (x == expected.end() ? y : x)->first.substr(0, 1)
                       << "\n"
                       << describe(steps);
  }
  EXPECT_GT(cuts, 5u);
}

}  // namespace
}  // namespace tributary::model
