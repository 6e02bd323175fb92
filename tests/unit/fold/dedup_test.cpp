// Exactly one copy of a message counts within the window of log time, across groups and restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/model/fold_harness.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

using testing::ElementsAre;
using enum ItemOutcome;

const KeyedHash kKey(std::string(32, 'd'));
const WorkspaceId kWorkspace{1};
constexpr int64_t kWindow = 7 * kMicrosPerDay;
constexpr int64_t kStart = 1'000 * kMicrosPerDay;

Event message(const std::string& id, int64_t received_after = 0, const std::string& source = "shop") {
  Event event = make_event({.ids = {{"user_id", "A"}}, .message_id = id, .source = source}, kKey);
  event.received_at = Timestamp{kStart + received_after};
  return event;
}

class Dedup : public testing::Test {
 protected:
  std::vector<ItemOutcome> fold(const std::vector<Event>& events) { return harness_.fold(kWorkspace, events); }
  uint64_t events_of_a() { return harness_.read_all(kWorkspace).customers.begin()->second.events; }

  FoldHarness harness_{kKey};
};

TEST_F(Dedup, SecondCopyInOneGroupIsADuplicate) {
  EXPECT_THAT(fold({message("m1"), message("m2"), message("m1")}), ElementsAre(accepted, accepted, duplicate));
  EXPECT_EQ(events_of_a(), 2u);
}

TEST_F(Dedup, SecondCopyInALaterGroupIsADuplicate) {
  fold({message("m1")});
  EXPECT_THAT(fold({message("m1")}), ElementsAre(duplicate));
  EXPECT_EQ(events_of_a(), 1u);
}

TEST_F(Dedup, RestartRemembers) {
  fold({message("m1")});
  harness_.restart({});
  EXPECT_THAT(fold({message("m1"), message("m2")}), ElementsAre(duplicate, accepted));
  ASSERT_TRUE(harness_.store().flush());
  harness_.reopen();
  EXPECT_THAT(fold({message("m1"), message("m2"), message("m3")}), ElementsAre(duplicate, duplicate, accepted));
}

TEST_F(Dedup, WindowIsInclusive) {
  fold({message("m1")});
  EXPECT_THAT(fold({message("m1", kWindow)}), ElementsAre(duplicate));
}

TEST_F(Dedup, BeyondTheWindowItIsANewEvent) {
  fold({message("m1")});
  EXPECT_THAT(fold({message("m1", kWindow + 1)}), ElementsAre(accepted));
  EXPECT_EQ(events_of_a(), 2u);
}

TEST_F(Dedup, WindowEdgesHoldWithinOneGroup) {
  EXPECT_THAT(fold({message("m1"), message("m1", kWindow), message("m1", kWindow + 1), message("m1", 2 * kWindow + 1),
                    message("m1", 2 * kWindow + 2)}),
              ElementsAre(accepted, duplicate, accepted, duplicate, accepted));
}

TEST_F(Dedup, DuplicateDoesNotExtendTheWindow) {
  fold({message("m1")});
  fold({message("m1", kWindow)});
  EXPECT_THAT(fold({message("m1", kWindow + 1)}), ElementsAre(accepted));
}

TEST_F(Dedup, NewCopyStartsAWindowOfItsOwn) {
  fold({message("m1")});
  fold({message("m1", kWindow + 1)});
  harness_.restart({});
  EXPECT_THAT(fold({message("m1", 2 * kWindow + 1)}), ElementsAre(duplicate));
  EXPECT_THAT(fold({message("m1", 2 * kWindow + 2)}), ElementsAre(accepted));
}

// A clock that was set back must not turn a copy into an event.
TEST_F(Dedup, EarlierReceiptIsStillADuplicate) {
  fold({message("m1")});
  EXPECT_THAT(fold({message("m1", -kWindow - 1)}), ElementsAre(duplicate));
}

TEST_F(Dedup, EventTimeDoesNotMatter) {
  Event late = message("m1", 1);
  late.occurred_at = Timestamp{late.occurred_at.micros + 100 * kWindow};
  fold({message("m1")});
  EXPECT_THAT(fold({late}), ElementsAre(duplicate));
}

TEST_F(Dedup, WindowIsConfigured) {
  FoldOptions options;
  options.dedup_window_micros = kMicrosPerHour;
  harness_.restart(options);
  fold({message("m1")});
  EXPECT_THAT(fold({message("m1", kMicrosPerHour), message("m1", kMicrosPerHour + 1)}),
              ElementsAre(duplicate, accepted));
}

TEST_F(Dedup, SourcesHaveIdsOfTheirOwn) {
  EXPECT_THAT(fold({message("m1", 0, "shop"), message("m1", 0, "web")}), ElementsAre(accepted, accepted));
  // Source and id are told apart: neither pair of texts runs together.
  EXPECT_THAT(fold({message("b", 0, "a"), message("", 0, "ab"), message("ab", 0, "")}),
              ElementsAre(accepted, accepted, accepted));
}

TEST_F(Dedup, EventsWithoutIdentifiersAreDeduplicatedToo) {
  Event nobodys = message("m1");
  nobodys.identifiers.clear();
  EXPECT_THAT(fold({nobodys}), ElementsAre(accepted));
  EXPECT_THAT(fold({nobodys}), ElementsAre(duplicate));
}

TEST_F(Dedup, FirstStoredCopyWinsAndAConflictIsCounted) {
  Event first = message("m1"), second = message("m1");
  first.traits = {{"city", "\"Paris\"", TraitOperation::set}};
  second.traits = {{"city", "\"Rome\"", TraitOperation::set}};
  first.json = R"({"city":"Paris"})";
  second.json = R"({"city":"Rome"})";
  fold({first});
  EXPECT_THAT(fold({first}), ElementsAre(duplicate));
  EXPECT_EQ(harness_.metrics().conflicting_duplicates.value(), 0);
  EXPECT_THAT(fold({second}), ElementsAre(duplicate));
  EXPECT_EQ(harness_.metrics().conflicting_duplicates.value(), 1);
  EXPECT_EQ(harness_.read_all(kWorkspace).customers.begin()->second.traits.at("city").value_json, "\"Paris\"");
}

Rejected refused(const std::string& message_id, int64_t received_after = 0) {
  Rejected item;
  item.source = "shop";
  item.message_id = message_id;
  item.code = RejectionCode::missing_id;
  item.message = "no userId or anonymousId";
  item.received_at = Timestamp{kStart + received_after};
  item.raw = R"({"type":"track"})";
  return item;
}

class DedupOfRejected : public Dedup {
 protected:
  size_t stored() {
    size_t rows = 0;
    for (auto at = harness_.store().scan(Family::rejected, rejected_prefix(kWorkspace)); at->valid(); at->next())
      ++rows;
    return rows;
  }
};

TEST_F(DedupOfRejected, RetriedItemIsStoredOnceAndRejectedEachTime) {
  EXPECT_THAT(harness_.fold_rejected(kWorkspace, {refused("m1"), refused("m1")}),
              ElementsAre(ItemOutcome::rejected, ItemOutcome::rejected));
  EXPECT_THAT(harness_.fold_rejected(kWorkspace, {refused("m1", 5)}), ElementsAre(ItemOutcome::rejected));
  EXPECT_EQ(stored(), 1u);
  harness_.fold_rejected(kWorkspace, {refused("m1", kWindow + 1)});
  EXPECT_EQ(stored(), 2u);
}

TEST_F(DedupOfRejected, ItemsWithoutAMessageIdAreAllStored) {
  harness_.fold_rejected(kWorkspace, {refused(""), refused("")});
  EXPECT_EQ(stored(), 2u);
}

TEST_F(DedupOfRejected, CorrectedItemIsAccepted) {
  harness_.fold_rejected(kWorkspace, {refused("m1")});
  EXPECT_THAT(fold({message("m1", 1)}), ElementsAre(accepted));
  EXPECT_THAT(harness_.fold_rejected(kWorkspace, {refused("m1", 2)}), ElementsAre(ItemOutcome::rejected));
  EXPECT_EQ(stored(), 1u);
}

}  // namespace
}  // namespace tributary::model
