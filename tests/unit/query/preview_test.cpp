// What decisions would do, in cases small enough to count by hand; tests/model compares previews with what happens.
#include "engine/query/preview.h"

#include <gtest/gtest.h>

#include "tests/model/fold_harness.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

const KeyedHash kKey(std::string(32, 'p'));
const WorkspaceId kWorkspace{1};

Assertion pair(PairState state, Decision decision) {
  Assertion made;
  made.pair = state;
  for (const char* value : {"A", "B"}) {
    Identifier identifier = Identifier::from_normalised(*parse_kind("user_id"), value);
    made.identifiers.push_back({identifier_hash(kKey, identifier), identifier});
  }
  made.decision = std::move(decision);
  return made;
}

class PreviewTest : public testing::Test {
 protected:
  PreviewTest() {
    for (const char* value : {"A", "B"}) {
      EventSketch sketch;
      sketch.ids = {{"user_id", value}};
      sketch.message_id = value;
      harness_.fold(kWorkspace, {make_event(sketch, kKey)});
    }
  }

  PreviewView preview(std::vector<Assertion> assertions) {
    PreviewQuery query;
    query.assertions = std::move(assertions);
    return must(
        preview_identity(harness_.store(), kWorkspace, harness_.rules(kWorkspace), query, [] { return false; }));
  }

  FoldHarness harness_{kKey};
};

TEST_F(PreviewTest, DecisionOverrulesWhatWasDecidedBefore) {
  harness_.decide(kWorkspace, pair(PairState::must, {Timestamp{50}, "as-1", "li", "test"}));
  PreviewView view = preview({pair(PairState::cannot, {})});
  EXPECT_EQ(view.customers_before, 1u);
  EXPECT_EQ(view.customers_after, 2u);
}

TEST_F(PreviewTest, OfTwoDecisionsTheLastOneHolds) {
  EXPECT_EQ(preview({pair(PairState::cannot, {}), pair(PairState::must, {})}).customers_after, 1u);
  EXPECT_EQ(preview({pair(PairState::must, {}), pair(PairState::cannot, {})}).customers_after, 2u);
}

// A device that two people use is blocked; were it not, it would have met too many.
TEST_F(PreviewTest, ValueThatIsBlockedNoMoreMayBeShared) {
  const IdentifierKind device{IdentifierFamily::device_id, {}}, user{IdentifierFamily::user_id, {}};
  Rules blocked = default_rules();
  blocked.hubs[device][user] = 1;
  blocked.blocked_of_kind[device] = {{"d"}, {}};
  harness_.change_rules(kWorkspace, blocked);
  for (const char* value : {"A", "B"}) {
    EventSketch sketch;
    sketch.ids = {{"user_id", value}, {"device_id", "d"}};
    sketch.message_id = std::string(value) + " on d";
    harness_.fold(kWorkspace, {make_event(sketch, kKey)});
  }
  PreviewQuery query;
  query.rules = blocked;
  query.rules->blocked_of_kind.clear();
  PreviewView view =
      must(preview_identity(harness_.store(), kWorkspace, harness_.rules(kWorkspace), query, [] { return false; }));
  harness_.change_rules(kWorkspace, *query.rules);
  Export after = harness_.read_all(kWorkspace);
  EXPECT_EQ(after.hubs, 1u);
  EXPECT_EQ(view.hubs_after, after.hubs);
  EXPECT_EQ(view.customers_after, after.customers.size());
}

}  // namespace
}  // namespace tributary::model
