// Identity where records meet what a change of rules has not reached yet, and where hubs tie many together.
#include <gtest/gtest.h>

#include "tests/model/audit.h"
#include "tests/model/fold_harness.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

const KeyedHash kKey(std::string(32, 'i'));
const WorkspaceId kWorkspace{1};

Event event(std::vector<Id> ids, int64_t at, const std::string& message_id = {}) {
  EventSketch sketch;
  sketch.ids = std::move(ids);
  sketch.at = at;
  sketch.message_id = message_id.empty() ? "m" + std::to_string(at) : message_id;
  return make_event(sketch, kKey);
}

AssertedIdentifier asserted(const std::string& kind, const std::string& value) {
  Identifier identifier = Identifier::from_normalised(*parse_kind(kind), value);
  return {identifier_hash(kKey, identifier), identifier};
}

Assertion pair(PairState state, const std::string& a, const std::string& b, const std::string& id, int64_t at) {
  Assertion made;
  made.pair = state;
  made.identifiers = {asserted("user_id", a), asserted("user_id", b)};
  made.decision = {Timestamp{at}, id, "li", "test"};
  return made;
}

Rules blocking(const std::string& pattern) {
  Rules rules = default_rules();
  rules.blocked.patterns = {pattern};
  return rules;
}

class IdentityFoldTest : public testing::Test {
 protected:
  CustomerId customer_of(const std::string& kind, const std::string& value) {
    return must(find_customer(harness_.store(), kWorkspace, asserted(kind, value).hash, harness_.rules(kWorkspace))).id;
  }

  FoldHarness harness_{kKey};
};

// Evidence lived with its cookie while its address was blocked, and must be found before the sweep has joined both.
TEST_F(IdentityFoldTest, LateEventFindsEvidenceThatTheSweepHasNotReached) {
  harness_.change_rules(kWorkspace, blocking("^info@"));
  harness_.fold(kWorkspace, {event({{"email", "info@e"}, {"anonymous_id", "cookie-1"}}, 10)});
  harness_.fold(kWorkspace, {event({{"email", "info@e"}, {"anonymous_id", "cookie-2"}}, 20)});
  harness_.set_sweeps_at_once(false);
  harness_.change_rules(kWorkspace, default_rules());
  harness_.fold(kWorkspace, {event({{"email", "info@e"}, {"anonymous_id", "cookie-2"}}, 5)});
  harness_.finish_sweeps();
  EXPECT_EQ(customer_of("anonymous_id", "cookie-1"), customer_of("anonymous_id", "cookie-2"));
}

// What becomes of a decision must not depend on how far a sweep came: a replay sweeps at other moments.
TEST_F(IdentityFoldTest, RetractionHoldsWhetherTheSweepCameByOrNot) {
  for (bool swept : {false, true}) {
    FoldHarness harness(kKey);
    harness.change_rules(kWorkspace, blocking("^info@"));
    harness.fold(kWorkspace, {event({{"email", "info@e"}, {"anonymous_id", "cookie-1"}}, 10)});
    Event second = event({{"email", "info@e"}, {"anonymous_id", "cookie-2"}}, 20);
    harness.fold(kWorkspace, {second});
    harness.set_sweeps_at_once(swept);
    harness.change_rules(kWorkspace, default_rules());
    std::string payload;
    encode_event(second, kKey, payload);
    EventView view;
    must(decode_event(payload, view));
    Assertion retraction;
    retraction.subject = AssertionSubject::evidence;
    retraction.evidence_state = EvidenceState::retracted;
    retraction.evidence = view.evidence;
    retraction.identifiers = {asserted("email", "info@e")};
    retraction.decision = {Timestamp{1}, "as-1", "li", "test traffic"};
    harness.decide(kWorkspace, retraction);  // which checks that it was accepted
    Export all = harness.read_all(kWorkspace);
    uint64_t events = 0;
    for (const auto& [id, customer] : all.customers) events += customer.events;
    EXPECT_EQ(events, 1u) << swept;
  }
}

// Thousands of containers that unblocking ties into one, each to the next.
TEST_F(IdentityFoldTest, LongChainIsUnitedWithoutDepth) {
  constexpr int64_t kLinks = 5000;
  harness_.change_rules(kWorkspace, blocking("@chain$"));
  std::vector<Event> events;
  for (int64_t i = 0; i < kLinks; ++i) {
    std::string number = std::to_string(i), next = std::to_string(i + 1);
    events.push_back(event({{"email", number + "@chain"}, {"anonymous_id", "cookie-" + number}}, 2 * i));
    events.push_back(event({{"email", next + "@chain"}, {"anonymous_id", "cookie-" + number}}, 2 * i + 1));
  }
  harness_.fold(kWorkspace, events);
  Rules rules = default_rules();
  rules.hubs.clear();
  for (auto& [kind, rule] : rules.kinds) rule.limit = 0;
  harness_.change_rules(kWorkspace, rules);
  EXPECT_EQ(harness_.fold_unit().applied().containers, 1u);
  EXPECT_EQ(customer_of("email", "0@chain"), customer_of("email", std::to_string(kLinks) + "@chain"));
}

// A hub that thousands were kept out of, and its release.
TEST_F(IdentityFoldTest, TabletOfThousandsJoinsNobodyUntilItIsReleased) {
  constexpr int64_t kGuests = 3000;
  std::vector<Event> events;
  for (int64_t i = 0; i < kGuests; ++i) {
    events.push_back(event({{"user_id", "guest-" + std::to_string(i)}, {"device_id", "tablet"}}, i));
  }
  harness_.fold(kWorkspace, events);
  EXPECT_EQ(harness_.fold_unit().applied().customers, static_cast<uint64_t>(kGuests) + 1);
  EXPECT_EQ(harness_.fold_unit().applied().hubs, 1u);
  Assertion release;
  release.subject = AssertionSubject::hub;
  release.hub = HubState::never;
  release.identifiers = {asserted("device_id", "tablet")};
  release.decision = {Timestamp{1}, "as-1", "li", "one till"};
  harness_.decide(kWorkspace, release);
  EXPECT_EQ(harness_.fold_unit().applied().hubs, 0u);
  EXPECT_EQ(harness_.fold_unit().applied().containers, 1u);
  EXPECT_EQ(customer_of("device_id", "tablet"), customer_of("user_id", "guest-0"));  // who was first owns it
}

// Kept apart by a threshold, then by decision; what stood with its evidence elsewhere must not come back with a union.
TEST_F(IdentityFoldTest, UnionKeepsTheReasonAtHome) {
  harness_.fold(kWorkspace, {event({{"user_id", "A"}, {"device_id", "tablet"}}, 1),
                             event({{"user_id", "B"}, {"device_id", "tablet"}}, 2),
                             event({{"user_id", "C"}, {"device_id", "tablet"}}, 3)});
  Assertion always;
  always.subject = AssertionSubject::hub;
  always.hub = HubState::always;
  always.identifiers = {asserted("device_id", "tablet")};
  always.decision = {Timestamp{1}, "as-1", "li", "a till"};
  harness_.decide(kWorkspace, always);
  harness_.decide(kWorkspace, pair(PairState::must, "A", "C", "as-2", 10));
  EXPECT_EQ(audit(harness_.store(), kWorkspace).problems, std::vector<std::string>{});
}

// A retraction of what was not there yet had no effect; when it is there, the same decision shall have one.
TEST_F(IdentityFoldTest, DecisionWithoutEffectMayBeSentAgain) {
  Event late = event({{"user_id", "A"}, {"email", "a@e"}}, 1);
  std::string payload;
  encode_event(late, kKey, payload);
  EventView view;
  must(decode_event(payload, view));
  Assertion retraction;
  retraction.subject = AssertionSubject::evidence;
  retraction.evidence_state = EvidenceState::retracted;
  retraction.evidence = view.evidence;
  retraction.identifiers = {asserted("user_id", "A")};
  retraction.decision = {Timestamp{1}, "as-1", "li", "test traffic"};
  EXPECT_EQ(harness_.try_to_decide(kWorkspace, retraction), ItemOutcome::rejected);
  harness_.fold(kWorkspace, {late});
  EXPECT_EQ(harness_.try_to_decide(kWorkspace, retraction), ItemOutcome::accepted);
  Export all = harness_.read_all(kWorkspace);
  for (const auto& [id, customer] : all.customers) EXPECT_EQ(customer.events, 0u);
}

// Nobody can send these; a log may hold them, and they have no effect.
TEST_F(IdentityFoldTest, DecisionAboutTheWrongNumberOfIdentifiersIsRejected) {
  harness_.fold(kWorkspace, {event({{"user_id", "A"}}, 1)});
  AssertedIdentifier a = asserted("user_id", "A"), b = asserted("user_id", "B"), c = asserted("user_id", "C");
  Assertion made = pair(PairState::must, "A", "B", "as-1", 10);
  for (const std::vector<AssertedIdentifier>& identifiers :
       {std::vector<AssertedIdentifier>{}, {a}, {a, a}, {a, b, c}}) {
    made.identifiers = identifiers;
    EXPECT_EQ(harness_.try_to_decide(kWorkspace, made), ItemOutcome::rejected) << "pair of " << identifiers.size();
  }
  made.subject = AssertionSubject::hub;
  made.hub = HubState::always;
  for (const std::vector<AssertedIdentifier>& identifiers : {std::vector<AssertedIdentifier>{}, {a, b}}) {
    made.identifiers = identifiers;
    EXPECT_EQ(harness_.try_to_decide(kWorkspace, made), ItemOutcome::rejected) << "hub of " << identifiers.size();
  }
  EXPECT_EQ(harness_.fold_unit().applied().identifiers, 1u);
}

TEST_F(IdentityFoldTest, DecisionSentAgainDoesNotOverruleANewerOne) {
  harness_.fold(kWorkspace, {event({{"user_id", "A"}}, 1), event({{"user_id", "B"}}, 2)});
  harness_.decide(kWorkspace, pair(PairState::must, "A", "B", "as-1", 10));
  EXPECT_EQ(customer_of("user_id", "A"), customer_of("user_id", "B"));
  harness_.decide(kWorkspace, pair(PairState::none, "A", "B", "as-2", 20));
  harness_.decide(kWorkspace, pair(PairState::must, "A", "B", "as-1", 30));
  EXPECT_NE(customer_of("user_id", "A"), customer_of("user_id", "B"));
}

}  // namespace
}  // namespace tributary::model
