// The course of a customer's life: its acceptance, its boundaries, and the rule once more by brute force.
#include "engine/profile/lifecycle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "engine/profile/value.h"

namespace tributary {
namespace {

constexpr Timestamp kFarAway{100'000 * kMicrosPerDay};

ValueRules rules_of(const std::string& zone = "UTC") { return {TimeZone::load(zone).value(), "CNY"}; }

Timestamp noon_of(int64_t day) { return Timestamp{day * kMicrosPerDay + 12 * kMicrosPerHour}; }

Order order_at(Timestamp at, uint64_t number = 0) {
  Order order;
  order.status = OrderStatus::completed;
  order.counts = true;
  order.at = at;
  order.order_namespace = "shop";
  order.order_id = "A-" + std::to_string(number);
  order.hash.bytes[15] = static_cast<uint8_t>(number);
  order.currency = "CNY";
  order.net_minor = order.value_minor = 100;
  return order;
}

std::vector<Order> on_days(const std::vector<int64_t>& days) {
  std::vector<Order> orders;
  for (int64_t day : days) orders.push_back(order_at(noon_of(day), orders.size()));
  return orders;
}

/// "growth@0 A-0, decline@150" of changes at noon of days.
std::string told(const std::vector<LifecycleChange>& history) {
  std::string text;
  LifecycleStage before = LifecycleStage::acquisition;
  for (const LifecycleChange& change : history) {
    EXPECT_EQ(change.from, before);
    EXPECT_EQ(change.order.has_value(), !change.order_id.empty());
    before = change.to;
    if (!text.empty()) text += ", ";
    text += lifecycle_stage_name(change.to);
    text += '@' + std::to_string((change.at.micros - noon_of(0).micros) / kMicrosPerDay);
    if (change.order) text += ' ' + change.order_id;
  }
  return text;
}

std::string told(const std::vector<Order>& orders, Timestamp now = kFarAway) {
  return told(lifecycle_history(orders, rules_of(), now));
}

TEST(DomainSection8, CourseOfTheAcceptance) {
  std::vector<Order> orders = on_days({0, 30, 60});
  Timestamp decline = noon_of(150);
  EXPECT_EQ(told(orders, Timestamp{decline.micros - kMicrosPerSecond}), "growth@0 A-0");
  EXPECT_EQ(told(orders, Timestamp{decline.micros - 1}), "growth@0 A-0");
  EXPECT_EQ(told(orders, decline), "growth@0 A-0, decline@150");
  EXPECT_EQ(next_lifecycle_change(orders, rules_of(), noon_of(60)), decline);
  EXPECT_EQ(next_lifecycle_change(orders, rules_of(), Timestamp{decline.micros - 1}), decline);
  EXPECT_EQ(next_lifecycle_change(orders, rules_of(), decline), std::nullopt);

  orders.push_back(order_at(noon_of(200), 3));
  EXPECT_EQ(told(orders, noon_of(200)), "growth@0 A-0, decline@150, growth@200 A-3");
  orders.push_back(order_at(noon_of(210), 4));
  EXPECT_EQ(told(orders, noon_of(211)), "growth@0 A-0, decline@150, growth@200 A-3, mature@210 A-4");
  orders.back().counts = false;  // refunded in full
  EXPECT_EQ(told(orders, noon_of(211)), "growth@0 A-0, decline@150, growth@200 A-3");
  CustomerValue value = value_of(orders, rules_of(), noon_of(211));
  EXPECT_EQ(value.lifecycle, LifecycleStage::growth);
  EXPECT_EQ(value.lifecycle_since, noon_of(200));
}

TEST(DomainSection8, AnOrderAtTheMomentOfDeclinePreventsIt) {
  EXPECT_EQ(told(on_days({0, 90}), noon_of(100)), "growth@0 A-0");
  std::vector<Order> orders = {order_at(noon_of(0), 0), order_at(Timestamp{noon_of(90).micros + 1}, 1)};
  EXPECT_EQ(told(orders, noon_of(100)), "growth@0 A-0, decline@90, growth@90 A-1");
}

TEST(DomainSection8, OwnGapsOfTheTimeDecide) {
  // 200 days of silence are within twice the gap of then, which the later orders make shorter.
  EXPECT_EQ(told(on_days({0, 120, 240, 440})),
            "growth@0 A-0, decline@90, growth@120 A-1, decline@210, growth@240 A-2, "
            "decline@680");
  EXPECT_EQ(told(on_days({0, 1, 2, 3, 4})), "growth@0 A-0, mature@4 A-4, decline@94");
  EXPECT_EQ(told(on_days({0, 50, 101})), "growth@0 A-0, decline@202") << "a gap of 50.5 days";
}

TEST(LifecycleCourse, OrdersOfOneTimeAreOneChange) {
  std::vector<Order> orders;
  for (uint64_t i = 0; i < 5; ++i) orders.push_back(order_at(noon_of(1), 9 - i));
  EXPECT_EQ(told(orders, noon_of(1)), "mature@1 A-9");
}

TEST(LifecycleCourse, WithoutOrdersThereIsNone) {
  EXPECT_EQ(told(std::vector<Order>{}), "");
  EXPECT_EQ(next_lifecycle_change(std::vector<Order>{}, rules_of(), noon_of(0)), std::nullopt);
  Order cancelled = order_at(noon_of(0));
  cancelled.counts = false;
  EXPECT_EQ(told(std::vector<Order>{cancelled}), "");
  EXPECT_EQ(next_lifecycle_change({cancelled}, rules_of(), noon_of(0)), std::nullopt);
}

TEST(LifecycleCourse, AnOrderToComeIsTheNextChange) {
  EXPECT_EQ(told(std::vector<Order>{order_at(noon_of(5))}, noon_of(4)), "");
  EXPECT_EQ(next_lifecycle_change({order_at(noon_of(5))}, rules_of(), noon_of(4)), noon_of(5));
}

TEST(LifecycleCourse, OtherBounds) {
  ValueRules rules = rules_of();
  rules.lifecycle = {2, 3, 10 * kMicrosPerDay, 0};
  EXPECT_EQ(told(lifecycle_history(on_days({0, 8, 16, 60}), rules, noon_of(61))),
            "growth@8 A-1, mature@16 A-2, decline@26, mature@60 A-3");
  EXPECT_EQ(told(lifecycle_history(on_days({0}), rules, noon_of(61))), "decline@10");
  rules.lifecycle.decline_gaps = 3;
  EXPECT_EQ(told(lifecycle_history(on_days({0, 8, 16}), rules, noon_of(61))),
            "growth@8 A-1, mature@16 A-2, decline@40");
}

TEST(LifecycleCourse, FirstAndLastTimesThereAre) {
  Timestamp first = parse_iso8601("0000-01-01T00:00:00Z").value(), last = parse_iso8601("9999-12-31T23:59:59Z").value();
  ValueRules rules = rules_of();
  rules.lifecycle.decline_gaps = 10;
  std::vector<Order> orders = {order_at(first, 0), order_at(last, 1)};
  auto history = lifecycle_history(orders, rules, last);
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history.back().at, last);
  orders.push_back(order_at(Timestamp{last.micros - 2 * kMicrosPerDay}, 2));
  EXPECT_GT(next_lifecycle_change(orders, rules, last).value(), last);
}

/// The rule as it is written, at one moment.
LifecycleStage stage_at(const std::vector<Order>& orders, Timestamp now) {
  uint64_t count = 0;
  Timestamp last{INT64_MIN};
  std::set<int64_t> days;
  for (const Order& order : orders) {
    if (!order.counts || order.at > now) continue;
    ++count;
    last = std::max(last, order.at);
    days.insert(order.at.micros / kMicrosPerDay);
  }
  if (count == 0) return LifecycleStage::acquisition;
  int64_t limit = 90 * kMicrosPerDay;
  if (days.size() >= 3) {
    std::vector<int64_t> gaps;
    for (auto day = std::next(days.begin()); day != days.end(); ++day) gaps.push_back(*day - *std::prev(day));
    std::sort(gaps.begin(), gaps.end());
    int64_t twice_median = gaps[(gaps.size() - 1) / 2] + gaps[gaps.size() / 2];
    limit = std::max(limit, twice_median * kMicrosPerDay);
  }
  if (now.micros - last.micros >= limit) return LifecycleStage::decline;
  return count >= 5 ? LifecycleStage::mature : LifecycleStage::growth;
}

TEST(LifecycleCourse, IsTheRuleAtEveryMoment) {
  std::mt19937 random(8);
  auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  for (int round = 0; round < 300; ++round) {
    std::vector<Order> orders;
    for (int64_t n = below(12); n > 0; --n) {
      orders.push_back(order_at(Timestamp{below(900) * kMicrosPerDay + below(3) * kMicrosPerHour}, orders.size()));
      orders.back().counts = below(8) != 0;
    }
    auto course = lifecycle_history(orders, rules_of(), kFarAway);
    std::vector<Timestamp> moments = {Timestamp{-1}};
    for (const LifecycleChange& change : course) {
      for (int64_t off : {-1, 0, 1}) moments.push_back(Timestamp{change.at.micros + off});
    }
    for (int i = 0; i < 20; ++i) moments.push_back(Timestamp{below(1500) * kMicrosPerDay + below(kMicrosPerDay)});
    for (Timestamp now : moments) {
      CustomerValue value = value_of(orders, rules_of(), now);
      ASSERT_EQ(value.lifecycle, stage_at(orders, now)) << "round " << round << " at " << now.micros;
      auto next = next_lifecycle_change(orders, rules_of(), now);
      auto later = std::find_if(course.begin(), course.end(), [&](const auto& change) { return change.at > now; });
      ASSERT_EQ(next.has_value(), later != course.end());
      if (next) ASSERT_EQ(*next, later->at);
    }
    std::shuffle(orders.begin(), orders.end(), random);
    ASSERT_EQ(told(lifecycle_history(orders, rules_of(), kFarAway)), told(course)) << "round " << round;
  }
}

}  // namespace
}  // namespace tributary
