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

}  // namespace
}  // namespace tributary::model
