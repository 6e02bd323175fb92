// What the fold makes of noticed changes, and whom it says to look at.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/query/profile_changes.h"
#include "tests/model/fold_harness.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

const KeyedHash kKey(std::string(32, 'f'));
const WorkspaceId kWorkspace{1};
constexpr int64_t kDays = kMicrosPerDay;

class FeedTest : public testing::Test {
 protected:
  Event event(std::vector<Id> ids, std::string order_id = {}) {
    ++events_;
    EventSketch sketch{.ids = std::move(ids), .at = events_, .message_id = "m" + std::to_string(events_)};
    if (!order_id.empty()) {
      sketch.order = OrderSaid{};
      sketch.order->order_namespace = "shop";
      sketch.order->order_id = std::move(order_id);
    }
    return make_event(sketch, kKey);
  }

  static Hash128 hash_of(const Event& event, size_t which = 0) { return event.identifiers.at(which).hash; }

  void notice(const Hash128& customer, std::string from, std::string to, int64_t at_micros,
              WatchedFigure figure = WatchedFigure::lifecycle, ProfileChangeCause cause = ProfileChangeCause::event) {
    ProfileChange change{customer, figure, std::move(from), std::move(to), Timestamp{at_micros - 1}, cause};
    EXPECT_EQ(harness.notice(kWorkspace, change, Timestamp{at_micros}), ItemOutcome::accepted);
  }

  ProfileChangesPage page(std::string cursor = {}, size_t limit = 50, std::optional<WatchedFigure> figure = {}) {
    return must(read_profile_changes(harness.store(), kKey, kWorkspace, {figure, std::move(cursor), limit}));
  }

  std::vector<std::string> told() {
    std::vector<std::string> lines;
    for (const auto& view : page().changes) lines.push_back(view.change.from + ">" + view.change.to);
    return lines;
  }

  WatchedCustomer watched(const Hash128& identifier) {
    auto customer = must(find_customer(harness.store(), kWorkspace, identifier, harness.rules(kWorkspace)));
    return must(read_watched(harness.store(), customer));
  }

  std::vector<std::pair<Hash128, ProfileChangeCause>> taken() {
    std::vector<std::pair<Hash128, ProfileChangeCause>> list;
    for (const TouchedCustomer& each : touched.take(1000).customers) list.emplace_back(each.identifier, each.cause);
    return list;
  }

  TouchedCustomers touched;
  FoldHarness harness{kKey, options()};

 private:
  HarnessOptions options() {
    HarnessOptions options;
    options.fold.touched = &touched;
    return options;
  }

  int64_t events_ = 0;
};

TEST_F(FeedTest, WhatWasToldLastIsKnown) {
  Event ann = event({{"user_id", "ann"}});
  harness.fold(kWorkspace, {ann});
  EXPECT_THAT(watched(hash_of(ann)).told, IsEmpty());
  notice(hash_of(ann), "acquisition", "growth", kBaseMicros);
  notice(hash_of(ann), "", "511", kBaseMicros + 5, WatchedFigure::rfm_cell);
  notice(hash_of(ann), "growth", "mature", kBaseMicros + 9);
  harness.restart({});
  EXPECT_THAT(watched(hash_of(ann)).told, UnorderedElementsAre(std::pair(WatchedFigure::lifecycle, "mature"),
                                                               std::pair(WatchedFigure::rfm_cell, "511")));
  auto all = page();
  ASSERT_THAT(all.changes, SizeIs(3));
  EXPECT_EQ(all.changes[1].change.customer, hash_of(ann));
  EXPECT_EQ(all.changes[1].change.to, "511");
  EXPECT_EQ(all.changes[1].noticed_at, Timestamp{kBaseMicros + 5});
  EXPECT_EQ(all.changes[1].change.effective_at, Timestamp{kBaseMicros + 4});
  EXPECT_TRUE(all.at_end);
}

TEST_F(FeedTest, ARecordThatComesTwiceTellsOnce) {
  Event ann = event({{"user_id", "ann"}});
  harness.fold(kWorkspace, {ann});
  notice(hash_of(ann), "acquisition", "growth", kBaseMicros);
  notice(hash_of(ann), "acquisition", "growth", kBaseMicros + 1);
  EXPECT_THAT(told(), testing::ElementsAre("acquisition>growth"));
}

TEST_F(FeedTest, WhatWasFirstSeenIsRememberedAndInNoAnswer) {
  Event ann = event({{"user_id", "ann"}});
  harness.fold(kWorkspace, {ann});
  constexpr auto kSilent = ProfileChangeCause::first_seen;
  notice(hash_of(ann), "acquisition", "mature", kBaseMicros, WatchedFigure::lifecycle, kSilent);
  notice(kEverybody, "", "these rules", kBaseMicros, WatchedFigure::lifecycle, kSilent);
  harness.restart({});
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(watched(hash_of(ann)).told.at(WatchedFigure::lifecycle), "mature");
  auto some = must(read_watched_after(harness.store().snapshot(), kWorkspace, {}, 1, harness.rules(kWorkspace)));
  EXPECT_THAT(some.everybody, UnorderedElementsAre(std::pair(WatchedFigure::lifecycle, "these rules")));
  EXPECT_THAT(some.customers, SizeIs(1));
}

TEST_F(FeedTest, ACustomerOfManyNamesKeepsWhatWasToldUnderAnother) {
  std::vector<Event> events;
  for (int i = 0; i < 40; ++i) {
    events.push_back(event({{"user_id", "ann"}, {"anonymous_id", "v" + std::to_string(i)}}, "A-1"));
  }
  harness.fold(kWorkspace, events);
  const Customer customer =
      must(find_customer(harness.store(), kWorkspace, hash_of(events[0]), harness.rules(kWorkspace)));
  ASSERT_THAT(customer.members, SizeIs(41));
  Hash128 earlier_name = customer.members.back();
  if (earlier_name == customer.id.anchor) earlier_name = customer.members[39];
  notice(earlier_name, "acquisition", "growth", kBaseMicros);
  EXPECT_EQ(watched(hash_of(events[0])).told.at(WatchedFigure::lifecycle), "growth");
}

TEST_F(FeedTest, AfterASplitEachIsAsItWasToldUnderItsOwnName) {
  Event ann = event({{"user_id", "ann"}}, "A-1"), visitor = event({{"anonymous_id", "v"}}, "V-1");
  harness.fold(kWorkspace, {ann, visitor});
  notice(hash_of(ann), "acquisition", "mature", kBaseMicros);
  notice(hash_of(visitor), "acquisition", "growth", kBaseMicros);
  auto decide = [&](PairState state, int64_t micros) {
    Decision decision{Timestamp{micros}, "d" + std::to_string(micros), "li", "seen"};
    harness.decide(kWorkspace, decide_pair(ann.identifiers[0].identifier, visitor.identifiers[0].identifier, state,
                                           decision, kKey));
  };
  decide(PairState::must, 1);
  WatchedCustomer one = watched(hash_of(visitor));
  EXPECT_EQ(one.id.anchor, watched(hash_of(ann)).id.anchor);
  EXPECT_EQ(one.told.at(WatchedFigure::lifecycle), one.id.anchor == hash_of(ann) ? "mature" : "growth");
  notice(one.id.anchor, "mature", "decline", kBaseMicros + 1);
  decide(PairState::none, 2);
  ASSERT_NE(watched(hash_of(ann)).id, watched(hash_of(visitor)).id);
  bool was_ann = one.id.anchor == hash_of(ann);
  EXPECT_EQ(watched(hash_of(ann)).told.at(WatchedFigure::lifecycle), was_ann ? "decline" : "mature");
  EXPECT_EQ(watched(hash_of(visitor)).told.at(WatchedFigure::lifecycle), was_ann ? "growth" : "decline");
}

TEST_F(FeedTest, PagesGoOnWhereTheyEnd) {
  Event ann = event({{"user_id", "ann"}});
  harness.fold(kWorkspace, {ann});
  std::string cursor = page().next_cursor;
  EXPECT_FALSE(cursor.empty());
  for (int64_t i = 0; i < 5; ++i) notice(hash_of(ann), std::to_string(i), std::to_string(i + 1), kBaseMicros + i);
  std::vector<std::string> read;
  for (bool at_end = false; !at_end;) {
    auto some = page(cursor, 2);
    for (const auto& view : some.changes) read.push_back(view.change.to);
    at_end = some.at_end;
    cursor = some.next_cursor;
  }
  EXPECT_THAT(read, testing::ElementsAre("1", "2", "3", "4", "5"));
  auto cells = page({}, 50, WatchedFigure::rfm_cell);
  EXPECT_THAT(cells.changes, IsEmpty());
  EXPECT_TRUE(cells.at_end);
  EXPECT_EQ(read_profile_changes(harness.store(), kKey, WorkspaceId{2}, {{}, cursor, 50}).error().code,
            ErrorCode::invalid);
}

TEST_F(FeedTest, AfterThirtyDaysACursorExpires) {
  Event ann = event({{"user_id", "ann"}});
  harness.fold(kWorkspace, {ann});
  notice(hash_of(ann), "a", "b", kBaseMicros);
  std::string behind_first = page().next_cursor;
  notice(hash_of(ann), "b", "c", kBaseMicros + 1);
  notice(hash_of(ann), "c", "d", kBaseMicros + 1 + 30 * kDays);
  EXPECT_THAT(told(), testing::ElementsAre("b>c", "c>d")) << "the first is older than thirty days";
  EXPECT_FALSE(page(behind_first).expired) << "nothing behind it is gone";
  notice(hash_of(ann), "d", "e", kBaseMicros + 2 + 30 * kDays);
  EXPECT_THAT(told(), testing::ElementsAre("c>d", "d>e"));
  EXPECT_TRUE(page(behind_first).expired);
  EXPECT_EQ(watched(hash_of(ann)).told.at(WatchedFigure::lifecycle), "e");
}

TEST_F(FeedTest, WhoIsErasedIsInNoAnswer) {
  Event ann = event({{"user_id", "ann"}}), bob = event({{"user_id", "bob"}});
  harness.fold(kWorkspace, {ann, bob});
  notice(hash_of(ann), "a", "b", kBaseMicros);
  notice(hash_of(bob), "x", "y", kBaseMicros);
  harness.erase(kWorkspace, ann.identifiers.front().identifier, {Timestamp{kBaseMicros}, "e1", "li", "asked for"});
  EXPECT_THAT(told(), testing::ElementsAre("x>y"));
  notice(hash_of(ann), "b", "c", kBaseMicros + 1);  // it was on its way
  EXPECT_THAT(told(), testing::ElementsAre("x>y"));
  std::string row;
  EXPECT_FALSE(
      must(harness.store().get(Family::history, told_key(kWorkspace, hash_of(ann), WatchedFigure::lifecycle), row)));
  EXPECT_TRUE(
      must(harness.store().get(Family::history, told_key(kWorkspace, hash_of(bob), WatchedFigure::lifecycle), row)));
}

TEST_F(FeedTest, WhoCameSinceAnErasureWasListedIsForgottenToo) {
  Event ann = event({{"user_id", "ann"}}), joins = event({{"user_id", "ann"}, {"anonymous_id", "v"}});
  harness.fold(kWorkspace, {ann});
  RuleSet rules = harness.rules(kWorkspace);
  Erasure listed = must(
      list_for_erasure(harness.store(), must(find_customer(harness.store(), kWorkspace, hash_of(ann), rules)), rules));
  listed.decision = {Timestamp{kBaseMicros}, "e1", "li", "asked for"};
  harness.fold(kWorkspace, {joins});
  for (size_t i : {0u, 1u}) notice(hash_of(joins, i), "acquisition", "growth", kBaseMicros);
  EXPECT_EQ(harness.erase(kWorkspace, listed), ItemOutcome::accepted);
  std::string row;
  for (size_t i : {0u, 1u}) {
    EXPECT_FALSE(must(
        harness.store().get(Family::history, told_key(kWorkspace, hash_of(joins, i), WatchedFigure::lifecycle), row)));
  }
}

TEST_F(FeedTest, OrdersAndMergesTouchCustomers) {
  EXPECT_TRUE(touched.take(1000).left_out) << "whoever comes first knows nobody";
  Event seen = event({{"user_id", "ann"}}), bought = event({{"user_id", "ann"}}, "A-1");
  harness.fold(kWorkspace, {seen});
  EXPECT_THAT(taken(), IsEmpty());
  harness.fold(kWorkspace, {bought});
  EXPECT_THAT(taken(), UnorderedElementsAre(std::pair(hash_of(bought), ProfileChangeCause::event)));
  Event visitor = event({{"anonymous_id", "v"}}), joins = event({{"user_id", "ann"}, {"anonymous_id", "v"}});
  harness.fold(kWorkspace, {visitor});
  EXPECT_THAT(taken(), IsEmpty());
  harness.fold(kWorkspace, {joins});
  Hash128 one = watched(hash_of(seen)).id.anchor;
  EXPECT_EQ(watched(hash_of(visitor)).id.anchor, one);
  EXPECT_THAT(taken(), UnorderedElementsAre(std::pair(one, ProfileChangeCause::identity)));
  EXPECT_FALSE(touched.take(1000).left_out);
}

TEST_F(FeedTest, EverybodyIsFoundInTurn) {
  std::vector<Event> events;
  for (int i = 0; i < 9; ++i) events.push_back(event({{"user_id", "u" + std::to_string(i)}}, "A-" + std::to_string(i)));
  harness.fold(kWorkspace, events);
  notice(hash_of(events[4]), "acquisition", "growth", kBaseMicros);
  std::set<Hash128> found;
  std::optional<Hash128> container;
  size_t pages = 0;
  do {
    auto some =
        must(read_watched_after(harness.store().snapshot(), kWorkspace, container, 2, harness.rules(kWorkspace)));
    for (const WatchedCustomer& each : some.customers) {
      EXPECT_TRUE(found.insert(each.id.anchor).second);
      EXPECT_THAT(each.orders, SizeIs(1));
      EXPECT_EQ(each.told.size(), each.id.anchor == hash_of(events[4]) ? 1u : 0u);
    }
    container = some.last;
    ++pages;
  } while (container);
  EXPECT_EQ(found.size(), 9u);
  EXPECT_EQ(pages, 5u);
}

}  // namespace
}  // namespace tributary::model
