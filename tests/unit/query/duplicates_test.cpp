// Which pairs of customers a search finds, and how what people decided holds over it.
#include "engine/query/duplicates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/domain/customer_record.h"
#include "tests/model/fold_harness.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const KeyedHash kKey(std::string(32, 'd'));
const WorkspaceId kWorkspace{1};

class Duplicates : public testing::Test {
 protected:
  void save(const std::string& id, const std::string& name, const std::string& phone = "+8613800001234",
            std::vector<Id> more = {}) {
    EventSketch sketch;
    sketch.ids = {{"customer_no", id}};
    sketch.ids.insert(sketch.ids.end(), more.begin(), more.end());
    sketch.message_id = "m-" + id;
    FactSaid fact;
    fact.kind = FactKind::record;
    fact.act = static_cast<uint8_t>(RecordAct::saved);
    fact.trust = Trust::verified;
    for (auto [field, text] : {std::pair(RecordField::customer_type, std::string("organisation")),
                               {RecordField::name, name},
                               {RecordField::contact_name, "王芳"},
                               {RecordField::contact_phone, phone}}) {
      fact.values.push_back({static_cast<uint8_t>(field), text});
    }
    sketch.facts = {fact};
    harness_.fold(kWorkspace, {make_event(sketch, kKey)});
  }

  void see(std::vector<Id> ids, const std::string& message) {
    EventSketch sketch;
    sketch.ids = std::move(ids);
    sketch.message_id = message;
    harness_.fold(kWorkspace, {make_event(sketch, kKey)});
  }

  void decide(const std::string& a, const std::string& b, PairState state, int64_t at) {
    harness_.decide(kWorkspace, decide_pair(identifier(a), identifier(b), state,
                                            {Timestamp{at}, "as-" + std::to_string(at), "li", "test"}, kKey));
  }

  static Identifier identifier(const std::string& value) {
    return Identifier::from_normalised(*parse_kind("customer_no"), value);
  }

  DuplicatesView search(const DuplicateQuery& query = {}) {
    return must(search_duplicates(harness_.store(), kWorkspace, kKey, harness_.rules(kWorkspace), query,
                                  Timestamp{kBaseMicros + kMicrosPerDay}, [] { return false; }));
  }

  /// `D2 merge 1 2`, and the guards.
  std::vector<std::string> found() {
    std::vector<std::string> lines;
    for (const DuplicatePair& pair : search().pairs) {
      std::vector<std::string> ids = {pair.a.identifier.value(), pair.b.identifier.value()};
      std::sort(ids.begin(), ids.end());
      std::string line(duplicate_rule_name(pair.rule));
      line.append(" ").append(duplicate_action_name(pair.action)).append(" " + ids[0] + " " + ids[1]);
      for (DuplicateGuard guard : pair.guards) line.append(" ").append(duplicate_guard_name(guard));
      lines.push_back(std::move(line));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  FoldHarness harness_{kKey};
};

TEST_F(Duplicates, AreFoundAmongCustomersWithARecordAlone) {
  see({{"user_id", "visitor"}}, "v");
  save("1", "澄江科技有限公司");
  save("2", "澄江科技（北京）有限公司");
  DuplicatesView view = search();
  EXPECT_EQ(view.customers, 2u);
  EXPECT_TRUE(view.complete);
  ASSERT_EQ(view.pairs.size(), 1u);
  EXPECT_EQ(view.pairs[0].rule, DuplicateRule::d2);
  EXPECT_EQ(view.pairs[0].action, DuplicateAction::merge);
  EXPECT_LT(view.pairs[0].a.customer, view.pairs[0].b.customer);
  EXPECT_THAT(view.pairs[0].a.events, ElementsAre("shop:m-" + view.pairs[0].a.identifier.value()));
}

TEST_F(Duplicates, WhatWasDecidedIsNoneAndWhatWasTakenBackIsReviewed) {
  save("1", "甲");
  save("2", "甲");
  EXPECT_THAT(found(), ElementsAre("D1 merge 1 2"));
  decide("1", "2", PairState::must, 1);
  EXPECT_EQ(search().customers, 1u);
  decide("1", "2", PairState::none, 2);
  EXPECT_THAT(found(), ElementsAre("D1 review 1 2 decision_withdrawn"));
  decide("1", "2", PairState::cannot, 3);
  EXPECT_THAT(found(), IsEmpty());
}

// By another identifier than the search would name them by.
TEST_F(Duplicates, ADecisionAboutAnyIdentifiersOfBothCounts) {
  save("1", "甲");
  save("2", "甲");
  see({{"customer_no", "1"}, {"customer_no", "11"}}, "also");
  decide("11", "2", PairState::cannot, 1);
  ASSERT_EQ(search().customers, 2u);
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(Duplicates, MergesDoNotGoAroundADecision) {
  for (const char* id : {"1", "2", "3"}) save(id, "甲");
  decide("1", "2", PairState::cannot, 1);
  EXPECT_THAT(found(), ElementsAre("D1 review 1 3 kept_apart", "D1 review 2 3 kept_apart"));
}

TEST_F(Duplicates, UniqueIdentifiersThatDifferAreReviewed) {
  save("1", "甲", "+8613800001234", {{"user_id", "a"}});
  save("2", "甲", "+8613800001234", {{"user_id", "b"}});
  DuplicatesView view = search();
  ASSERT_EQ(view.pairs.size(), 1u);
  EXPECT_EQ(view.pairs[0].action, DuplicateAction::review);
  EXPECT_THAT(view.pairs[0].guards, ElementsAre(DuplicateGuard::unique_identifiers_differ));
}

TEST_F(Duplicates, APhoneThatIsSharedIsReviewed) {
  save("1", "甲");
  save("2", "甲");
  harness_.decide(kWorkspace, decide_hub(Identifier::from_normalised(*parse_kind("phone"), "+8613800001234"),
                                         HubState::always, {Timestamp{1}, "as-1", "li", "a switchboard"}, kKey));
  EXPECT_THAT(found(), ElementsAre("D1 review 1 2 phone_shared"));
}

// The record was said with an identifier that turned out to be shared: its evidence lives elsewhere.
TEST_F(Duplicates, ARecordWhoseEvidenceNamesAHubIsRead) {
  save("1", "甲", "+8613800001234", {{"user_id", "tablet"}});
  save("2", "甲");
  harness_.decide(kWorkspace, decide_hub(Identifier::from_normalised(*parse_kind("user_id"), "tablet"),
                                         HubState::always, {Timestamp{1}, "as-1", "li", "a till"}, kKey));
  save("3", "甲", "+8613800001234", {{"user_id", "tablet"}});
  EXPECT_EQ(search().customers, 3u);
  EXPECT_THAT(found(), ElementsAre("D1 merge 1 2", "D1 merge 1 3", "D1 merge 2 3"));
}

TEST_F(Duplicates, OfSomebodyErasedNothingIsFound) {
  save("1", "甲");
  save("2", "甲");
  harness_.erase(kWorkspace, identifier("1"), {Timestamp{1}, "er-1", "li", "asked"});
  EXPECT_EQ(search().customers, 1u);
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(Duplicates, NothingIsSearchedWhenNothingHappenedSince) {
  save("1", "甲");
  DuplicatesView before = search();
  EXPECT_FALSE(before.unchanged);
  EXPECT_TRUE(search({kDuplicateActions, before.lsn}).unchanged);
  save("2", "甲");
  EXPECT_EQ(search({kDuplicateActions, before.lsn}).customers, 2u);
}

}  // namespace
}  // namespace tributary::model
