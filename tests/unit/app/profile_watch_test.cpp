// Changes of customers are noticed once, whatever happens in between.
#include "engine/app/profile_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "engine/profile/rfm_scale.h"
#include "tests/unit/http/engine_without_customers.h"

namespace tributary {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr WorkspaceId kShop{1};

struct WatchClock : Clock {
  Timestamp time = parse_iso8601("2026-06-10T12:00:00Z").value();
  Timestamp now() const override { return time; }
};

Hash128 named(uint8_t name) {
  Hash128 hash;
  hash.bytes[0] = name;
  return hash;
}

Timestamp at(const char* time) { return parse_iso8601(time).value(); }

Order order_at(Timestamp time) {
  Order order;
  order.status = OrderStatus::completed;
  order.counts = true;
  order.at = time;
  order.currency = "CNY";
  order.net_minor = order.value_minor = 100;
  return order;
}

/// Holds orders by customer, and what was told; an identifier may lead to another customer.
struct WatchedEngine : fixtures::EngineWithoutCustomers {
  void ingest(IngestRequest, std::function<void(IngestOutcome)> done) override { done({}); }
  TouchedCustomers::Taken take_touched(size_t most) override { return touched.take(most); }
  Result<WatchedCustomer> watched_customer(WorkspaceId, const CustomerId& id) override {
    ++reads;
    Hash128 anchor = merged.contains(id.anchor) ? merged.at(id.anchor) : id.anchor;
    if (!orders.contains(anchor)) return Error(ErrorCode::not_found, "");
    return WatchedCustomer{CustomerId{anchor}, orders.at(anchor), told[anchor]};
  }
  Result<WatchedCustomers> watched_customers(WorkspaceId workspace, const std::optional<Hash128>& container,
                                             size_t) override {
    if (workspace != kShop) return WatchedCustomers{};
    auto place = container ? orders.upper_bound(*container) : orders.begin();
    if (place == orders.end()) return WatchedCustomers{{}, std::nullopt, told[kEverybody]};
    return WatchedCustomers{
        {watched_customer(workspace, CustomerId{place->first}).value()}, place->first, told[kEverybody]};
  }
  void record_profile_changes(WorkspaceId, const std::vector<ProfileChange>& changes,
                              std::function<void(IngestOutcome)> done) override {
    if (refuses) return done({RejectionCode::overloaded, {}});
    for (const ProfileChange& change : changes) {
      told[change.customer][change.figure] = change.to;
      if (change.is_told()) feed.push_back(change);
    }
    done({});
  }
  Result<std::shared_ptr<const RfmScale>> rfm_scale(WorkspaceId) override { return scale; }

  void touch(const Hash128& customer, ProfileChangeCause cause = ProfileChangeCause::event) {
    TouchedCustomer one{kShop, customer, cause};
    touched.note({&one, 1});
  }

  TouchedCustomers touched;
  std::map<Hash128, std::vector<Order>> orders;
  std::map<Hash128, Hash128> merged;
  std::map<Hash128, std::map<WatchedFigure, std::string>> told;
  std::vector<ProfileChange> feed;
  std::shared_ptr<const RfmScale> scale;
  bool refuses = false;
  int reads = 0;
};

class ProfileWatchTest : public testing::Test {
 protected:
  /// Begins before anybody is there.
  ProfileWatchTest() {
    restart();
    EXPECT_THAT(told(), IsEmpty());
  }

  /// As if nobody had ever watched.
  void begin_anew() {
    engine.told.clear();
    restart();
  }

  void restart() {
    watch = std::make_unique<ProfileWatch>(ProfileWatchServices{engine, metrics, clock, rules});
    watch->set({kShop});
  }

  /// "lifecycle acquisition>growth event" of all that is told until nobody is to be looked at any more.
  std::vector<std::string> told() {
    engine.feed.clear();
    for (int rounds = 0; watch->look(); ++rounds) {
      if (rounds > 10'000) ADD_FAILURE() << "there is no end";
      if (rounds > 10'000) break;
    }
    std::vector<std::string> lines;
    for (const ProfileChange& change : engine.feed) {
      lines.push_back(std::string(watched_figure_name(change.figure)) + ' ' + change.from + '>' + change.to + ' ' +
                      std::string(profile_change_cause_name(change.cause)));
    }
    return lines;
  }

  void add_customers(uint8_t count) {
    for (uint8_t i = 1; i <= count; ++i) engine.orders[named(i)] = {order_at(at("2026-06-10T11:00:00Z"))};
  }

  ValueRules rules{TimeZone::load("UTC").value(), "CNY"};
  WatchClock clock;
  WatchedEngine engine;
  Metrics metrics;
  std::unique_ptr<ProfileWatch> watch;
};

TEST_F(ProfileWatchTest, AChangeIsToldOnce) {
  EXPECT_THAT(told(), IsEmpty());
  engine.orders[named(1)] = {order_at(at("2026-06-10T11:00:00Z"))};
  engine.touch(named(1));
  EXPECT_THAT(told(), ElementsAre("lifecycle acquisition>growth event", "rfm_cell >511 event"));
  engine.touch(named(1));
  engine.touch(named(1));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(metrics.changes_told.value(), 2);
  engine.orders[named(1)].front().counts = false;  // given back
  engine.touch(named(1));
  EXPECT_THAT(told(), ElementsAre("lifecycle growth>acquisition event", "rfm_cell 511> event"));
}

TEST_F(ProfileWatchTest, TimeAloneIsNoticedAtItsSecond) {
  engine.orders[named(1)] = {order_at(at("2026-06-10T11:00:00.500Z"))};
  engine.touch(named(1));
  EXPECT_EQ(told().size(), 2u);
  clock.time = at("2026-07-10T23:59:59.999Z");
  EXPECT_THAT(told(), IsEmpty());
  clock.time = at("2026-07-11T00:00:00Z");
  EXPECT_THAT(told(), ElementsAre("rfm_cell 511>411 time")) << "the 31st day";
  clock.time = at("2026-09-08T11:00:00Z");
  EXPECT_THAT(told(), ElementsAre("rfm_cell 411>311 time"));
  int reads = engine.reads;
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(engine.reads, reads) << "half a second before there is nothing to look at";
  clock.time = at("2026-09-08T11:00:01Z");
  EXPECT_THAT(told(), ElementsAre("lifecycle growth>decline time"));
  EXPECT_EQ(engine.feed.front().effective_at, at("2026-09-08T11:00:00.500Z"));
  clock.time = at("2027-06-10T11:00:01Z");
  EXPECT_THAT(told(), ElementsAre("rfm_cell 311> time")) << "out of the window";
  reads = engine.reads;
  clock.time = at("2030-06-10T11:00:01Z");
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(engine.reads, reads) << "nothing will change any more";
}

TEST_F(ProfileWatchTest, AnOrderPutsTheTimeOff) {
  engine.orders[named(1)] = {order_at(at("2026-06-10T11:00:00Z"))};
  engine.touch(named(1));
  EXPECT_EQ(told().size(), 2u);
  clock.time = at("2026-06-20T11:00:00Z");
  engine.orders[named(1)].push_back(order_at(clock.time));
  engine.touch(named(1));
  EXPECT_THAT(told(), ElementsAre("rfm_cell 511>521 event"));
  clock.time = at("2026-07-20T23:59:59Z");
  EXPECT_THAT(told(), IsEmpty());
  clock.time = at("2026-07-21T00:00:00Z");
  EXPECT_THAT(told(), ElementsAre("rfm_cell 521>421 time"));
}

TEST_F(ProfileWatchTest, AStartTellsWhatWasMissedAndNothingAgain) {
  engine.orders[named(1)] = {order_at(at("2026-06-10T11:00:00Z"))};
  engine.orders[named(2)] = {order_at(at("2026-06-10T11:00:00Z"))};
  restart();
  EXPECT_EQ(told().size(), 4u) << "they came after the first look";
  restart();
  EXPECT_THAT(told(), IsEmpty());
  watch.reset();
  clock.time = at("2026-09-08T11:00:00Z");
  engine.orders[named(2)].push_back(order_at(at("2026-09-08T10:59:00Z")));
  restart();
  EXPECT_THAT(told(),
              UnorderedElementsAre("lifecycle growth>decline time", "rfm_cell 511>311 time", "rfm_cell 511>521 time"));
}

TEST_F(ProfileWatchTest, WhoWasLeftOutIsFound) {
  EXPECT_THAT(told(), IsEmpty());
  engine.orders[named(1)] = {order_at(at("2026-06-10T11:00:00Z"))};
  std::vector<TouchedCustomer> many(TouchedCustomers::kWaitingMax + 1, TouchedCustomer{kShop, {}});
  for (size_t i = 0; i < many.size(); ++i) {
    for (size_t byte = 0; byte < 4; ++byte) many[i].identifier.bytes[byte] = static_cast<uint8_t>(i >> 8 * byte);
  }
  engine.touched.note(many);
  EXPECT_EQ(told().size(), 2u);
  EXPECT_LT(engine.reads, 100) << "nobody of those who were forgotten";
}

TEST_F(ProfileWatchTest, TwoNamesOfOneCustomerAreOne) {
  EXPECT_THAT(told(), IsEmpty());
  engine.orders[named(1)] = std::vector<Order>(5, order_at(at("2026-06-10T11:00:00Z")));
  engine.merged[named(2)] = named(1);
  engine.touch(named(1), ProfileChangeCause::identity);
  engine.touch(named(2), ProfileChangeCause::identity);
  EXPECT_THAT(told(), ElementsAre("lifecycle acquisition>mature identity", "rfm_cell >531 identity"));
  EXPECT_EQ(engine.feed.front().customer, named(1));
}

TEST_F(ProfileWatchTest, WhatIsRefusedIsTriedAgain) {
  engine.orders[named(1)] = {order_at(at("2026-06-10T11:00:00Z"))};
  engine.touch(named(1));
  engine.refuses = true;
  EXPECT_THAT(told(), IsEmpty());
  engine.refuses = false;
  EXPECT_THAT(told(), IsEmpty()) << "not at once";
  clock.time.micros += kMicrosPerSecond;
  EXPECT_THAT(told(), ElementsAre("lifecycle acquisition>growth event", "rfm_cell >511 event"));
}

TEST_F(ProfileWatchTest, WhomTheFirstLookFindsIsRemembered) {
  add_customers(9);
  begin_anew();
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(metrics.changes_told.value(), 0);
  EXPECT_EQ(engine.told.at(named(9)).at(WatchedFigure::lifecycle), "growth");
  restart();
  EXPECT_THAT(told(), IsEmpty());
  engine.orders[named(1)] = std::vector<Order>(5, order_at(at("2026-06-10T11:00:00Z")));
  engine.touch(named(1));
  engine.orders[named(10)] = {order_at(at("2026-06-10T11:00:00Z"))};
  engine.touch(named(10));
  EXPECT_THAT(told(), UnorderedElementsAre("lifecycle growth>mature event", "rfm_cell 511>531 event",
                                           "lifecycle acquisition>growth event", "rfm_cell >511 event"));
}

TEST_F(ProfileWatchTest, AFirstLookThatWasCutShortIsGoneOnWith) {
  add_customers(9);
  begin_anew();
  for (int i = 0; i < 4; ++i) watch->look();
  EXPECT_TRUE(engine.told.contains(named(3)));
  EXPECT_FALSE(engine.told.contains(named(9)));
  engine.orders[named(1)].push_back(order_at(at("2026-06-10T11:30:00Z")));
  restart();
  EXPECT_THAT(told(), ElementsAre("rfm_cell 511>521 time")) << "of who was looked at before, the rest is remembered";
  EXPECT_TRUE(engine.told.contains(named(9)));
}

TEST_F(ProfileWatchTest, AFirstLookIsNotOverWhileTheLogRefuses) {
  add_customers(3);
  begin_anew();
  engine.refuses = true;
  EXPECT_THAT(told(), IsEmpty());
  restart();
  EXPECT_THAT(told(), IsEmpty());
  engine.refuses = false;
  clock.time.micros += kMicrosPerSecond;
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(engine.told.at(named(3)).at(WatchedFigure::rfm_cell), "511");
}

TEST_F(ProfileWatchTest, OtherRulesAreTheCause) {
  add_customers(3);
  restart();
  EXPECT_EQ(told().size(), 6u);
  rules.lifecycle.mature_orders = 1;
  restart();
  watch->look();
  restart();  // in the middle of it
  EXPECT_THAT(told(), ElementsAre("lifecycle growth>mature rules", "lifecycle growth>mature rules"));
  EXPECT_EQ(metrics.changes_told.value(), 9) << "of each once";
  restart();
  EXPECT_THAT(told(), IsEmpty());
  engine.orders[named(4)] = {order_at(at("2026-06-10T11:00:00Z"))};
  restart();
  EXPECT_THAT(told(), ElementsAre("lifecycle acquisition>mature event", "rfm_cell >511 time"))
      << "everybody was looked at by these rules";
}

TEST_F(ProfileWatchTest, WhoIsErasedIsForgotten) {
  engine.orders[named(1)] = {order_at(at("2026-06-10T11:00:00Z"))};
  engine.touch(named(1));
  EXPECT_EQ(told().size(), 2u);
  engine.orders.clear();
  clock.time = at("2026-09-10T11:00:00Z");
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(metrics.text(), testing::HasSubstr("tributary_profile_watch_timers 0\n"));
}

TEST_F(ProfileWatchTest, ANewScaleIsAnotherRule) {
  engine.orders[named(1)] = {order_at(at("2026-06-10T11:00:00Z"))};
  engine.touch(named(1));
  EXPECT_EQ(told().size(), 2u);
  RfmScale scale;
  scale.computed_at = scale.as_of = clock.time;
  scale.window_micros = 365 * kMicrosPerDay;
  scale.currencies = {{"CNY", 100, {-90, -60, -45, -3}, {1, 1}, {1, 2, 3, 101}, {1, 2, 3, 4}}};
  engine.scale = std::make_shared<const RfmScale>(scale);
  EXPECT_THAT(told(), IsEmpty()) << "it is looked for now and then";
  clock.time.micros += 20 * kMicrosPerSecond;
  EXPECT_THAT(told(), ElementsAre("rfm_cell 511>534 rules"));
  restart();
  EXPECT_THAT(told(), IsEmpty());
  scale.computed_at = clock.time;
  scale.currencies.front().money = {101, 102, 103, 104};
  engine.scale = std::make_shared<const RfmScale>(scale);
  restart();
  EXPECT_THAT(told(), ElementsAre("rfm_cell 534>531 rules")) << "also when it came while nobody watched";
}

TEST_F(ProfileWatchTest, OtherWorkspacesAreNotWatched) {
  EXPECT_THAT(told(), IsEmpty());
  watch->set({WorkspaceId{2}});
  engine.orders[named(1)] = {order_at(at("2026-06-10T11:00:00Z"))};
  engine.touch(named(1));
  int reads = engine.reads;
  watch->look();
  EXPECT_EQ(engine.reads, reads);
}

TEST(DueTimers, TheLastWordCounts) {
  DueTimers timers;
  auto due = [&](int64_t second) {
    auto timer = timers.take_due(Timestamp{second * kMicrosPerSecond});
    return timer ? int{timer->customer.bytes[0]} : 0;
  };
  timers.set(kShop, named(1), Timestamp{10 * kMicrosPerSecond});
  timers.set(kShop, named(2), Timestamp{20 * kMicrosPerSecond - 1});
  timers.set(kShop, named(3), Timestamp{5 * kMicrosPerSecond});
  timers.set(kShop, named(1), Timestamp{30 * kMicrosPerSecond});
  timers.forget(kShop, named(3));
  EXPECT_EQ(timers.size(), 2u);
  EXPECT_EQ(due(19), 0);
  EXPECT_EQ(timers.overdue_micros(Timestamp{22 * kMicrosPerSecond}), 2 * kMicrosPerSecond);
  EXPECT_EQ(due(20), 2);
  EXPECT_EQ(due(29), 0);
  EXPECT_EQ(due(30), 1);
  EXPECT_EQ(due(1000), 0);
  EXPECT_EQ(timers.size(), 0u);
}

TEST(DueTimers, OneCustomerManyTimesTakesNoRoom) {
  DueTimers timers;
  for (int64_t i = 1; i <= 100'000; ++i) timers.set(kShop, named(1), Timestamp{(200'000 - i) * kMicrosPerSecond});
  EXPECT_EQ(timers.size(), 1u);
  EXPECT_LT(timers.entries(), 2'000u);
  EXPECT_TRUE(timers.take_due(Timestamp{100'000 * kMicrosPerSecond}));
  EXPECT_FALSE(timers.take_due(Timestamp{900'000 * kMicrosPerSecond}));
}

}  // namespace
}  // namespace tributary
