// Somebody is erased: what is left is the same in whatever order everybody became known, and what the reference says of
// a world in which the erased customer's events never came.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>

#include "engine/query/preview.h"
#include "tests/model/arrival.h"
#include "tests/model/audit.h"
#include "tests/model/random_world.h"
#include "tests/model/reference.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

constexpr int64_t kAfterAll = 1'000'000;  // seconds: later than every event of a random world

const KeyedHash& key() {
  static const KeyedHash key(std::string(32, 'e'));
  return key;
}

uint64_t worlds() {
  static const char* text = std::getenv("TRIBUTARY_MODEL_UNIVERSES");
  uint64_t universes = text == nullptr ? 2000 : std::strtoull(text, nullptr, 10);
  return std::clamp<uint64_t>(universes / 20, 40, 100);
}

uint64_t seed() {
  static const char* text = std::getenv("TRIBUTARY_MODEL_SEED");
  static const uint64_t chosen = text == nullptr ? std::random_device{}() : std::strtoull(text, nullptr, 10);
  return chosen;
}

Decision decided(int64_t at, std::string id = "erasure") {
  return {Timestamp{kBaseMicros + at * kMicrosPerSecond}, std::move(id), "officer", "asked for it"};
}

Identifier named(const std::string& kind, const std::string& value) {
  return Identifier::from_normalised(*parse_kind(kind), value);
}

Event said(std::vector<Id> ids, int64_t at, std::string message_id) {
  EventSketch sketch;
  sketch.ids = std::move(ids);
  sketch.at = at;
  sketch.message_id = std::move(message_id);
  return make_event(sketch, key());
}

class ErasureTest : public testing::Test {
 protected:
  void tell_all(const Steps& steps, size_t most) {
    workspace_ = WorkspaceId{workspace_.value() + 1};
    harness_.restart({});
    std::span<const Step> rest(steps);
    while (!rest.empty()) {
      size_t count = group_of(rest, most);
      tell(harness_, workspace_, rest.first(count));
      rest = rest.subspan(count);
    }
  }

  Export read() {
    EXPECT_EQ(audit(harness_.store(), workspace_).problems, std::vector<std::string>{});
    return harness_.read_all(workspace_);
  }

  // The id of the customer; nothing when the look-up finds nobody.
  std::optional<std::string> look_up(const Identifier& identifier) {
    auto snapshot = harness_.store().snapshot();
    Hash128 now = must(named_at(*snapshot, workspace_, identifier_hash(key(), identifier), std::nullopt));
    return resolve(now);
  }
  std::optional<std::string> resolve(const Hash128& id) {
    auto customer = find_customer(*harness_.store().snapshot(), workspace_, id, harness_.rules(workspace_));
    if (customer) return customer->id.text();
    EXPECT_EQ(customer.error().code, ErrorCode::not_found);
    return std::nullopt;
  }

  double suppressed() { return harness_.metrics().events_suppressed.value(); }
  double erased_late() { return harness_.metrics().events_erased_late.value(); }

  FoldHarness harness_{key()};
  WorkspaceId workspace_{0};
};

TEST_F(ErasureTest, S13ErasedCustomerReturnsAsAnother) {
  const Id a{"user_id", "A"}, e1{"email", "e1"}, x1{"anonymous_id", "x1"};
  for (size_t most : {1, 10}) {
    tell_all({said({a, e1}, 1, "m1"), said({a}, 2, "m2")}, most);
    std::set<std::string> ids;
    const Export before = read();
    for (const auto& [id, line] : before.customers) ids.insert(id);
    ASSERT_EQ(ids.size(), 1u);
    double suppressed_before = suppressed(), late_before = erased_late();
    uint64_t identifiers_before = harness_.fold_unit().applied().identifiers;

    Erasure erasure = harness_.erase(workspace_, named("email", "e1"), decided(5));
    EXPECT_EQ(erasure.identifiers.size(), 2u);
    EXPECT_EQ(look_up(named("user_id", "A")), std::nullopt);
    EXPECT_EQ(look_up(named("email", "e1")), std::nullopt);
    EXPECT_EQ(resolve(erasure.customer), std::nullopt);
    EXPECT_TRUE(read().customers.empty());
    EXPECT_EQ(harness_.fold_unit().applied().identifiers, identifiers_before - 2);

    EXPECT_EQ(harness_.fold(workspace_, {said({a}, 4, "m4")}), std::vector{ItemOutcome::accepted});
    EXPECT_EQ(suppressed() - suppressed_before, 1);
    harness_.restart({});
    EXPECT_EQ(harness_.fold(workspace_, {said({a, e1}, 7, "m7")}), std::vector{ItemOutcome::accepted});
    EXPECT_EQ(suppressed() - suppressed_before, 2);
    EXPECT_TRUE(read().customers.empty());

    SuppressionLift lift{"erasure", decided(8, "lift")};
    EXPECT_EQ(harness_.erase(workspace_, lift), ItemOutcome::accepted);
    EXPECT_EQ(harness_.fold(workspace_, {said({a}, 4, "m4 again")}), std::vector{ItemOutcome::accepted});
    EXPECT_EQ(erased_late() - late_before, 1);
    EXPECT_EQ(suppressed() - suppressed_before, 2);
    EXPECT_TRUE(read().customers.empty());

    harness_.fold(workspace_, {said({a, x1}, 9, "m9")});
    Export after = read();
    ASSERT_EQ(after.customers.size(), 1u);
    EXPECT_EQ(after.customers.begin()->second.events, 1u);
    EXPECT_EQ(after.customers.begin()->second.identifiers.size(), 2u);
    EXPECT_FALSE(ids.contains(after.customers.begin()->first));
    EXPECT_EQ(look_up(named("user_id", "A")), look_up(named("anonymous_id", "x1")));
    EXPECT_EQ(resolve(erasure.customer), std::nullopt);
    // What people decide is about the person of today, and so is a look at it beforehand.
    harness_.fold(workspace_, {said({{"user_id", "Z"}}, 9, "z9")});
    PreviewQuery query;
    query.assertions = {
        decide_pair(named("user_id", "A"), named("user_id", "Z"), PairState::must, decided(10, "would"), key())};
    PreviewView foretold =
        must(preview_identity(harness_.store(), workspace_, harness_.rules(workspace_), query, [] { return false; }));
    EXPECT_EQ(foretold.merged, 1u);
    harness_.decide(workspace_, decide_pair(named("user_id", "A"), named("email", "e9"), PairState::must,
                                            decided(10, "pair"), key()));
    EXPECT_EQ(look_up(named("user_id", "A")), look_up(named("email", "e9")));
    EXPECT_TRUE(look_up(named("email", "e9")).has_value());
  }
}

TEST_F(ErasureTest, ErasedAgainTheyAreGoneAgain) {
  const Id a{"user_id", "A"};
  tell_all({said({a}, 1, "m1")}, 1);
  Erasure first = harness_.erase(workspace_, named("user_id", "A"), decided(5, "first"));
  EXPECT_EQ(harness_.erase(workspace_, SuppressionLift{"first", decided(6, "lift 1")}), ItemOutcome::accepted);
  EXPECT_EQ(harness_.erase(workspace_, SuppressionLift{"first", decided(6, "lift 2")}), ItemOutcome::rejected);
  harness_.fold(workspace_, {said({a}, 7, "m7")});
  Erasure second = harness_.erase(workspace_, named("user_id", "A"), decided(8, "second"));
  EXPECT_NE(first.customer, second.customer);
  EXPECT_TRUE(read().customers.empty());
  double before = suppressed();
  harness_.fold(workspace_, {said({a}, 9, "m9")});
  EXPECT_EQ(suppressed() - before, 1);
  first.decision.id = "once more";
  EXPECT_EQ(harness_.erase(workspace_, first), ItemOutcome::rejected);
}

// The list was made a moment before the record: what came in between belongs to the customer all the same.
TEST_F(ErasureTest, WhatCameSinceTheListGoesToo) {
  const Id a{"user_id", "A"}, b{"user_id", "B"}, x{"anonymous_id", "x"}, e{"email", "e"};
  tell_all({said({a, e}, 1, "m1"), said({b}, 1, "b1")}, 1);
  RuleSet rules = harness_.rules(workspace_);
  Hash128 hash = identifier_hash(key(), named("user_id", "A"));
  Erasure erasure =
      must(list_for_erasure(harness_.store(), must(find_customer(harness_.store(), workspace_, hash, rules)), rules));
  erasure.decision = decided(5);
  harness_.fold(workspace_, {said({a, x}, 2, "m2"), said({a, e}, 3, "m3")});
  EXPECT_EQ(harness_.erase(workspace_, erasure), ItemOutcome::accepted);
  Export after = read();
  ASSERT_EQ(after.customers.size(), 1u);
  EXPECT_EQ(after.customers.begin()->second.identifiers[0].value, "B");
  EXPECT_EQ(look_up(named("anonymous_id", "x")), std::nullopt);
}

// A phone was somebody else's until 10: that person keeps it, and is not suppressed by it.
TEST_F(ErasureTest, WhoHadTheIdentifierBeforeKeepsIt) {
  const Id a{"user_id", "A"}, b{"user_id", "B"}, p{"phone", "p"};
  Assertion cut = decide_cut(named("phone", "p"), decided(10).at, decided(11, "cut"), key());
  tell_all({said({a, p}, 1, "m1"), said({b, p}, 20, "m20"), cut}, 1);
  harness_.erase(workspace_, named("user_id", "A"), decided(30));
  EXPECT_EQ(look_up(named("phone", "p")), look_up(named("user_id", "B")));
  harness_.fold(workspace_, {said({b, p}, 40, "m40"), said({p}, 5, "late")});
  Export after = read();
  ASSERT_EQ(after.customers.size(), 1u);
  EXPECT_EQ(after.customers.begin()->second.events, 2u);
}

// Shared between two customers: one is erased, the other one's events stay, without the identifier.
TEST_F(ErasureTest, EvidenceOfOthersStays) {
  const Id a{"user_id", "A"}, b{"user_id", "B"}, e{"email", "e"};
  tell_all({said({a, e}, 1, "m1"), said({b, e}, 2, "m2")}, 1);
  Erasure erasure = harness_.erase(workspace_, named("email", "e"), decided(5));
  EXPECT_EQ(erasure.evidence.size(), 1u);
  Export after = read();
  ASSERT_EQ(after.customers.size(), 1u);
  EXPECT_EQ(after.customers.begin()->second.events, 1u);
  ASSERT_EQ(after.customers.begin()->second.identifiers.size(), 1u);
  EXPECT_EQ(after.customers.begin()->second.identifiers[0].value, "B");
}

TEST_F(ErasureTest, RestartAndRebuildKnowIt) {
  const Id a{"user_id", "A"}, b{"user_id", "B"}, e{"email", "e"};
  tell_all({said({a, e}, 1, "m1"), said({b, e}, 2, "m2")}, 1);
  ErasureRecord record = harness_.erase(workspace_, named("user_id", "A"), decided(5));
  Export after = read();
  harness_.reopen();
  FoldHarness other(key());
  other.fold(workspace_, {said({a, e}, 1, "m1"), said({b, e}, 2, "m2")});
  EXPECT_EQ(other.erase(workspace_, record), ItemOutcome::accepted);
  EXPECT_EQ(other.read_all(workspace_), after);
}

// After a rebuild from a log that was trimmed, nobody of the list may be there: whoever comes again is not taken.
TEST_F(ErasureTest, ListHoldsWhereNobodyIsKnown) {
  const Id a{"user_id", "A"}, e{"email", "e"};
  tell_all({said({a, e}, 1, "m1")}, 1);
  ErasureRecord record = harness_.erase(workspace_, named("user_id", "A"), decided(5));
  FoldHarness other(key());
  EXPECT_EQ(other.erase(workspace_, record), ItemOutcome::accepted);
  other.fold(workspace_, {said({e}, 7, "m7")});
  EXPECT_EQ(other.metrics().events_suppressed.value(), 1);
  EXPECT_EQ(other.erase(workspace_, SuppressionLift{"erasure", decided(8, "lift")}), ItemOutcome::accepted);
  other.fold(workspace_, {said({a, e}, 2, "late"), said({e}, 9, "m9")});
  Export after = other.read_all(workspace_);
  ASSERT_EQ(after.customers.size(), 1u);
  EXPECT_EQ(after.customers.begin()->second.events, 1u);
}

// What was erased does not come back under the name of another generation.
TEST_F(ErasureTest, NothingCanBeCutOffWhatWasErased) {
  const Id p{"phone", "p"};
  tell_all({said({p}, 20, "m20")}, 1);
  harness_.erase(workspace_, named("phone", "p"), decided(30));
  Assertion cut = decide_cut(named("phone", "p"), decided(10).at, decided(31, "cut"), key());
  EXPECT_EQ(harness_.try_to_decide(workspace_, cut), ItemOutcome::rejected);
  harness_.erase(workspace_, SuppressionLift{"erasure", decided(32, "lift")});
  harness_.fold(workspace_, {said({p}, 15, "late")});
  EXPECT_TRUE(read().customers.empty());
}

// A search for duplicates, or a person, decides while somebody is being erased: the decision comes behind the erasure.
TEST_F(ErasureTest, WhatIsDecidedAboutSomebodyErasedNamesNobodyAgain) {
  const Id a{"user_id", "A"}, b{"user_id", "B"};
  auto pair = [](PairState state, int64_t at) {
    std::string id = "pair" + std::to_string(at);
    return decide_pair(named("user_id", "A"), named("user_id", "B"), state, decided(at, id), key());
  };
  tell_all({said({a}, 1, "m1"), said({b}, 1, "m2")}, 1);
  harness_.erase(workspace_, named("user_id", "A"), decided(5));
  const Export erased = read();
  for (int64_t at : {4, 5, 6}) {
    for (PairState state : {PairState::must, PairState::cannot, PairState::none}) {
      EXPECT_EQ(harness_.try_to_decide(workspace_, pair(state, at)), ItemOutcome::rejected) << at;
    }
    Assertion release = pair(PairState::must, at);
    release.subject = AssertionSubject::hub;
    release.hub = HubState::never;
    release.identifiers.pop_back();
    EXPECT_EQ(harness_.try_to_decide(workspace_, release), ItemOutcome::rejected) << at;
  }
  EXPECT_EQ(read(), erased);
  harness_.erase(workspace_, SuppressionLift{"erasure", decided(8, "lift")});
  EXPECT_EQ(harness_.try_to_decide(workspace_, pair(PairState::must, 4)), ItemOutcome::rejected);
  EXPECT_EQ(look_up(named("user_id", "A")), std::nullopt);
  EXPECT_EQ(harness_.try_to_decide(workspace_, pair(PairState::must, 9)), ItemOutcome::accepted);
  harness_.fold(workspace_, {said({a}, 10, "m10")});
  EXPECT_EQ(look_up(named("user_id", "A")), look_up(named("user_id", "B")));
}

// One id for an erasure, its lift and another one's lift: three decisions.
TEST_F(ErasureTest, EachIsADecisionOfItsOwn) {
  tell_all({said({{"user_id", "A"}}, 1, "m1"), said({{"user_id", "B"}}, 1, "m2")}, 1);
  harness_.erase(workspace_, named("user_id", "A"), decided(5, "one"));
  harness_.erase(workspace_, named("user_id", "B"), decided(5, "two"));
  EXPECT_EQ(harness_.erase(workspace_, SuppressionLift{"one", decided(6, "one")}), ItemOutcome::accepted);
  EXPECT_EQ(harness_.erase(workspace_, SuppressionLift{"two", decided(6, "one")}), ItemOutcome::accepted);
  harness_.fold(workspace_, {said({{"user_id", "A"}}, 9, "m9"), said({{"user_id", "B"}}, 9, "m10")});
  EXPECT_EQ(read().customers.size(), 2u);
}

// A device that nobody else names goes with its customer, one that somebody is said to have stays.
TEST_F(ErasureTest, WhatSomebodyIsSaidToHaveStays) {
  const Id a{"user_id", "A"}, b{"user_id", "B"}, e1{"email", "e1"}, e2{"email", "e2"};
  Assertion pair = decide_pair(named("user_id", "B"), named("email", "e1"), PairState::must, decided(2, "pair"), key());
  tell_all({said({a, e1, e2}, 1, "m1"), said({b}, 1, "m2"), pair}, 1);
  EXPECT_EQ(look_up(named("email", "e1")), look_up(named("user_id", "B")));
  harness_.erase(workspace_, named("user_id", "A"), decided(5));
  EXPECT_EQ(look_up(named("email", "e1")), look_up(named("user_id", "B")));
  EXPECT_EQ(look_up(named("email", "e2")), std::nullopt);
}

// One customer of each random world, after everything became known in one order and another.
TEST_F(ErasureTest, WhatIsLeftDoesNotDependOnOrder) {
  uint64_t changed = 0;
  for (uint64_t number = 0; number < worlds() && !HasFailure(); ++number) {
    SCOPED_TRACE("TRIBUTARY_MODEL_SEED=" + std::to_string(seed()) + ", world " + std::to_string(number));
    std::mt19937_64 random(seed() + number);
    World world = random_world(random, key());
    Steps steps(world.events.begin(), world.events.end());
    steps.insert(steps.end(), world.assertions.begin(), world.assertions.end());
    std::vector<Event> later;
    for (int n = 0; n < 6; ++n) {
      Event event = world.events[random() % world.events.size()];
      event.message_id = "later" + std::to_string(n);
      if (n % 2 == 0) event.occurred_at.micros += kAfterAll * 2 * kMicrosPerSecond;
      later.push_back(std::move(event));
    }
    std::optional<Export> expected;
    std::optional<Identifier> chosen;
    bool lifted = random() % 2 == 0;
    for (int order = 0; order < 3; ++order) {
      std::shuffle(steps.begin(), steps.end(), random);
      std::shuffle(later.begin(), later.end(), random);
      Steps arrival = with_evidence_first(steps, key());
      arrival.insert(arrival.begin(), world.rules);
      tell_all(arrival, order == 0 ? 1 : 10);
      Export before = read();
      if (!chosen) {
        for (const Event& event : world.events) {
          for (const EventIdentifier& each : event.identifiers) {
            if (look_up(each.identifier) && (!chosen || random() % 4 == 0)) chosen = each.identifier;
          }
        }
      }
      if (!chosen) break;
      harness_.erase(workspace_, *chosen, decided(kAfterAll));
      SCOPED_TRACE("order " + std::to_string(order) + describe(arrival) + chosen->value());
      changed += read() != before ? 1 : 0;
      SuppressionLift lift{"erasure", decided(kAfterAll, "lift")};
      if (lifted) {
        EXPECT_EQ(harness_.erase(workspace_, lift), ItemOutcome::accepted);
      }
      harness_.fold(workspace_, later);
      Export after = read();
      if (!expected) expected = after;
      ASSERT_EQ(after, *expected) << describe(arrival) << chosen->value();
    }
  }
  EXPECT_GT(changed, worlds());
}

// Erased identifiers are as good as blocked ones, and the events of their customer as good as never sent.
TEST_F(ErasureTest, LeavesWhatTheReferenceMakesOfTheRest) {
  uint64_t compared = 0;
  for (uint64_t number = 0; number < worlds() && !HasFailure(); ++number) {
    SCOPED_TRACE("TRIBUTARY_MODEL_SEED=" + std::to_string(seed()) + ", world " + std::to_string(number));
    std::mt19937_64 random(seed() + number);
    World world = random_world(random, key());
    world.assertions.clear();
    Steps arrival(world.events.begin(), world.events.end());
    arrival.insert(arrival.begin(), world.rules);
    tell_all(arrival, 10);
    Export before = read();
    // What was shared stays so, and a reference that knows less would not call it shared.
    if (before.hubs > 0 || before.customers.empty()) continue;
    auto erased = std::next(before.customers.begin(), static_cast<ptrdiff_t>(random() % before.customers.size()));
    const IdentifierLine& by = erased->second.identifiers.front();
    harness_.erase(workspace_, named(by.kind, by.value), decided(kAfterAll));
    World rest = world;
    std::set<std::string> gone(erased->second.timeline.begin(), erased->second.timeline.end());
    std::erase_if(rest.events,
                  [&](const Event& event) { return gone.contains(event.source + "/" + event.message_id); });
    for (const IdentifierLine& line : erased->second.identifiers) {
      rest.rules.blocked_of_kind[*parse_kind(line.kind)].exact.insert(line.value);
    }
    EXPECT_EQ(to_text(read()).substr(to_text(read()).find('\n')),
              to_text(reference(rest, key())).substr(to_text(reference(rest, key())).find('\n')))
        << describe(arrival) << "erased " << by.value;
    ++compared;
  }
  EXPECT_GT(compared, worlds() / 20);  // about a third
}

}  // namespace
}  // namespace tributary::model
