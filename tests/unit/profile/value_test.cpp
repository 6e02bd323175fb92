// Figures of customers, at the boundaries of the rules.
#include "engine/profile/value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "tests/unit/profile/order_sketch.h"

namespace tributary {
namespace {

constexpr Timestamp kNow{20'000 * kMicrosPerDay + 12 * kMicrosPerHour};

ValueRules rules_of(const std::string& currency = "CNY", const std::string& zone = "UTC") {
  return {TimeZone::load(zone).value(), currency};
}

Order order_at(Timestamp at, int64_t minor = 100, const std::string& currency = "CNY") {
  Order order;
  order.status = OrderStatus::completed;
  order.counts = true;
  order.at = at;
  order.currency = currency;
  order.net_minor = minor;
  order.value_minor = minor;
  return order;
}

Order days_ago(int64_t days, int64_t minor = 100, const std::string& currency = "CNY") {
  return order_at(Timestamp{kNow.micros - days * kMicrosPerDay}, minor, currency);
}

Timestamp noon_of(int64_t day) { return Timestamp{day * kMicrosPerDay + 12 * kMicrosPerHour}; }

/// Orders at noon of these days since 1970.
std::vector<Order> on_days(const std::vector<int64_t>& days) {
  std::vector<Order> orders;
  for (int64_t day : days) orders.push_back(order_at(noon_of(day)));
  return orders;
}

RfmScores scores(const std::vector<Order>& orders, const ValueRules& rules = rules_of()) {
  auto value = value_of(orders, rules, kNow);
  EXPECT_TRUE(value.rfm);
  return value.rfm.value_or(RfmScores{});
}

std::string_view stage(const std::vector<Order>& orders, Timestamp now) {
  return lifecycle_stage_name(value_of(orders, rules_of(), now).lifecycle);
}

TEST(DomainSection6, RepeatBands) {
  const std::pair<size_t, std::string_view> kBands[] = {{0, "low"}, {1, "low"}, {2, "mid"}, {4, "mid"}, {5, "high"}};
  for (auto [count, band] : kBands) {
    std::vector<Order> orders(count, days_ago(364));
    orders.push_back(days_ago(366));
    EXPECT_EQ(value_of(orders, rules_of(), kNow).repeat_band(), band) << count;
  }
}

TEST(DomainSection9_2, RecencyScores) {
  struct Row {
    int64_t days;
    int score;
  };
  for (Row row : {Row{0, 5}, {30, 5}, {31, 4}, {60, 4}, {61, 3}, {90, 3}, {91, 2}, {180, 2}, {181, 1}, {364, 1}}) {
    RfmScores found = scores({days_ago(row.days)});
    EXPECT_EQ(found.r_days, row.days);
    EXPECT_EQ(found.r_score, row.score) << row.days;
  }
}

TEST(DomainSection9_2, RecencyIsInLocalDays) {
  Order late = order_at(parse_iso8601("2026-03-01T15:59:59.999999Z").value());
  Timestamp midnight = parse_iso8601("2026-03-01T16:00:00Z").value();
  EXPECT_EQ(value_of({late}, rules_of("CNY", "Asia/Shanghai"), midnight).days_since_order, 1);
  EXPECT_EQ(value_of({late}, rules_of("CNY", "UTC"), midnight).days_since_order, 0);
  // Nearly 31 times 24 hours, and 30 days by the calendar.
  Order early = order_at(parse_iso8601("2026-03-01T00:00:00Z").value());
  auto value = value_of({early}, rules_of(), parse_iso8601("2026-03-31T23:59:59.999999Z").value());
  EXPECT_EQ(value.rfm.value().r_score, 5);
  // Over the change of clocks 30 days have an hour less.
  Order winter = order_at(parse_iso8601("2026-02-15T05:00:00Z").value());
  Timestamp summer = parse_iso8601("2026-03-17T04:00:00Z").value();
  EXPECT_EQ(value_of({winter}, rules_of("USD", "America/New_York"), summer).days_since_order, 30);
}

TEST(DomainSection9_2, FrequencyScores) {
  struct Row {
    size_t orders;
    int score;
  };
  for (Row row : {Row{1, 1}, {2, 2}, {3, 3}, {5, 3}, {6, 4}, {9, 4}, {10, 5}, {11, 5}}) {
    RfmScores found = scores(std::vector<Order>(row.orders, days_ago(1)));
    EXPECT_EQ(found.f_count, row.orders);
    EXPECT_EQ(found.f_score, row.score) << row.orders;
  }
}

TEST(DomainSection9_2, MoneyScores) {
  struct Row {
    int64_t minor;
    int score;
  };
  for (Row row : {Row{1, 1},
                  {29'999, 1},
                  {30'000, 2},
                  {99'999, 2},
                  {100'000, 3},
                  {199'999, 3},
                  {200'000, 4},
                  {499'999, 4},
                  {500'000, 5}}) {
    RfmScores found = scores({days_ago(1, row.minor)});
    EXPECT_EQ(found.m_minor, row.minor);
    EXPECT_EQ(found.m_score, row.score) << row.minor;
  }
  EXPECT_EQ(scores({days_ago(1, 20'000), days_ago(2, 10'000)}).m_score, 2) << "the sum";
}

TEST(DomainSection9_2, AverageScores) {
  struct Row {
    int64_t minor;
    int score;
  };
  for (Row row :
       {Row{4'999, 1}, {5'000, 2}, {19'999, 2}, {20'000, 3}, {49'999, 3}, {50'000, 4}, {99'999, 4}, {100'000, 5}}) {
    RfmScores found = scores({days_ago(1, row.minor), days_ago(2, row.minor)});
    EXPECT_EQ(found.aov_minor, row.minor);
    EXPECT_EQ(found.aov_score, row.score) << row.minor;
  }
}

TEST(DomainSection9_2, ThresholdsAreInUnitsOfTheCurrency) {
  EXPECT_EQ(scores({days_ago(1, 5'000, "JPY")}, rules_of("JPY")).m_score, 5);
  EXPECT_EQ(scores({days_ago(1, 4'999, "JPY")}, rules_of("JPY")).m_score, 4);
  EXPECT_EQ(scores({days_ago(1, 300'000, "KWD")}, rules_of("KWD")).m_score, 2);
  EXPECT_EQ(scores({days_ago(1, 299'999, "KWD")}, rules_of("KWD")).m_score, 1);
}

TEST(DomainSection9_2, AverageIsRoundedHalfEven) {
  auto average = [](std::vector<int64_t> amounts) {
    std::vector<Order> orders;
    for (int64_t amount : amounts) orders.push_back(days_ago(1, amount));
    EXPECT_EQ(scores(orders).aov_minor, value_of(orders, rules_of(), kNow).aov_minor);
    return scores(orders).aov_minor;
  };
  EXPECT_EQ(average({1, 2}), 2);
  EXPECT_EQ(average({2, 3}), 2);
  EXPECT_EQ(average({1, 1, 2}), 1);
  EXPECT_EQ(average({1, 2, 2}), 2);
}

TEST(DomainSection9_2, WindowEndsToTheMicrosecond) {
  constexpr int64_t kWindow = 365 * kMicrosPerDay;
  Order last = order_at(Timestamp{kNow.micros - kWindow + 1}), gone = order_at(Timestamp{kNow.micros - kWindow});
  EXPECT_TRUE(value_of({last}, rules_of(), kNow).rfm);
  EXPECT_FALSE(value_of({last}, rules_of(), Timestamp{kNow.micros + 1}).rfm);
  auto value = value_of({gone}, rules_of(), kNow);
  EXPECT_FALSE(value.rfm);
  EXPECT_EQ(value.orders_count, 1u);
  EXPECT_EQ(value.orders_365d, 0u);
  EXPECT_EQ(value.revenue_365d_minor, 0);
  EXPECT_EQ(value.revenue_minor, 100);
  value = value_of({gone, last, days_ago(3, 7)}, rules_of(), kNow);
  EXPECT_EQ(value.rfm->f_count, 2u);
  EXPECT_EQ(value.rfm->m_minor, 107);
  EXPECT_EQ(value.orders_365d, 2u);
  EXPECT_EQ(value.revenue_365d_minor, 107);
  EXPECT_EQ(value.orders_count, 3u);
}

TEST(DomainSection9_2, WindowOfAnotherLength) {
  ValueRules month = rules_of(), all = rules_of();
  month.rfm_window_micros = 30 * kMicrosPerDay;
  all.rfm_window_micros = std::nullopt;
  std::vector<Order> orders = {days_ago(29), days_ago(30), days_ago(5000)};
  EXPECT_EQ(scores(orders, month).f_count, 1u);
  EXPECT_EQ(scores(orders, all).f_count, 3u);
  EXPECT_EQ(value_of(orders, month, kNow).orders_365d, 2u) << "a figure of its own";
  EXPECT_EQ(scores({days_ago(5000)}, all).r_days, 5000);
}

TEST(DomainSection9_2, CellAndGroup) {
  struct Row {
    int r, f, m;
    const char* cell;
    const char* group;
  };
  for (Row row : {Row{5, 4, 5, "545", "important_value"},
                  {3, 4, 4, "344", "important_keep"},
                  {4, 3, 5, "435", "important_develop"},
                  {1, 3, 4, "134", "important_win_back"},
                  {5, 5, 3, "553", "general_value"},
                  {3, 5, 3, "353", "general_keep"},
                  {4, 1, 1, "411", "general_develop"},
                  {3, 3, 3, "333", "general_win_back"}}) {
    RfmScores found;
    found.r_score = row.r;
    found.f_score = row.f;
    found.m_score = row.m;
    EXPECT_EQ(found.cell(), row.cell);
    EXPECT_EQ(found.group(), row.group) << row.cell;
  }
}

TEST(CustomerValue, WithoutOrders) {
  for (const auto& orders : {std::vector<Order>{}, std::vector<Order>{days_ago(-1)}}) {
    auto value = value_of(orders, rules_of(), kNow);
    EXPECT_EQ(value.currency, "");
    EXPECT_EQ(value.orders_count, 0u);
    EXPECT_EQ(value.aov_minor, 0);
    EXPECT_FALSE(value.first_order_at || value.last_order_at || value.rfm || value.expected_gap_halves);
    EXPECT_EQ(churn_band_name(value.churn_band), "none");
    EXPECT_EQ(lifecycle_stage_name(value.lifecycle), "acquisition");
    EXPECT_EQ(value.churn_ratio_hundredths(), 0);
  }
}

TEST(CustomerValue, OnlyOrdersThatCount) {
  Order cancelled = days_ago(1, 900), test = days_ago(1, 900), pending = days_ago(1, 900), unpriced = days_ago(1, 0);
  for (Order* order : {&cancelled, &test, &pending, &unpriced}) {
    order->counts = false;
    order->refunded_minor = 5;
  }
  cancelled.status = OrderStatus::cancelled;
  test.test = true;
  pending.status = OrderStatus::pending;
  unpriced.net_minor = std::nullopt;
  auto value = value_of({cancelled, test, pending, unpriced, days_ago(40, 100)}, rules_of(), kNow);
  EXPECT_EQ(value.orders_count, 1u);
  EXPECT_EQ(value.revenue_minor, 100);
  EXPECT_EQ(value.refunds_minor, 5) << "of the cancelled order, which was real";
  EXPECT_EQ(value.last_order_at, days_ago(40).at);
  EXPECT_EQ(value.rfm->f_count, 1u);
}

TEST(DomainSection9_1, FiguresOfAnOrderAndItsRefunds) {
  std::vector<SketchedStatement> statements = {
      completed("100.00", kNow.micros - 5), refunded("30.00", "a", kNow.micros), refunded("70.00", "b", kNow.micros)};
  std::vector<size_t> places = {0, 1, 2};
  do {
    std::vector<SketchedStatement> delivered;
    for (size_t i : places) delivered.insert(delivered.end(), 2, statements[i]);
    auto value = value_of({judge(state_of(delivered))}, rules_of(), kNow);
    EXPECT_EQ(value.orders_count, 0u);
    EXPECT_EQ(value.revenue_minor, 0);
    EXPECT_EQ(value.refunds_minor, 10'000);
    EXPECT_FALSE(value.rfm);
  } while (std::next_permutation(places.begin(), places.end()));
  auto value = value_of({judge(state_of({statements[0], statements[1]}))}, rules_of(), kNow);
  EXPECT_EQ(value.orders_count, 1u);
  EXPECT_EQ(value.revenue_minor, 7'000);
  EXPECT_EQ(value.refunds_minor, 3'000);
}

TEST(DomainSection9_1, ARefundReducesTheOrdersPeriod) {
  SketchedStatement old = completed("100", kNow.micros - 400 * kMicrosPerDay);
  std::vector<Order> orders = {judge(state_of({old, refunded("30", "a", kNow.micros)})), days_ago(1, 500)};
  auto value = value_of(orders, rules_of(), kNow);
  EXPECT_EQ(value.revenue_365d_minor, 500);
  EXPECT_EQ(value.rfm->m_minor, 500);
  EXPECT_EQ(value.revenue_minor, 7'500);
}

TEST(DomainSection2_2, OrderWithoutAmountLeavesTheCountAsItWas) {
  Order unpriced = judge(state_of({{OrderAct::completed, kNow.micros, {{OrderField::currency, "CNY"}}}}));
  EXPECT_EQ(value_of({unpriced, days_ago(1)}, rules_of(), kNow).orders_count, 1u);
}

TEST(DomainSection0, SumsNeverMixCurrencies) {
  std::vector<Order> orders = {days_ago(1, 100), days_ago(2, 301), days_ago(3, 9'999'999, "USD")};
  orders[1].refunded_minor = 7;
  orders[2].refunded_minor = 70;
  auto value = value_of(orders, rules_of(), kNow);
  EXPECT_EQ(value.currency, "CNY");
  EXPECT_EQ(value.orders_count, 3u);
  EXPECT_EQ(value.other_currency_orders, 1u);
  EXPECT_EQ(value.revenue_minor, 401);
  EXPECT_EQ(value.revenue_365d_minor, 401);
  EXPECT_EQ(value.refunds_minor, 7);
  EXPECT_EQ(value.aov_minor, 200) << "over the two that are summed";
  EXPECT_EQ(value.orders_365d, 3u);
  EXPECT_EQ(value.rfm->f_count, 3u);
  EXPECT_EQ(value.rfm->m_minor, 401);
  EXPECT_EQ(value.rfm->aov_minor, 200);
  EXPECT_EQ(value.first_order_at, days_ago(3).at);
}

TEST(DomainSection0, OrdersOfOtherCurrenciesAlone) {
  auto value = value_of({days_ago(1, 100), days_ago(2, 100)}, rules_of("EUR"), kNow);
  EXPECT_EQ(value.currency, "EUR");
  EXPECT_EQ(value.orders_count, 2u);
  EXPECT_EQ(value.other_currency_orders, 2u);
  EXPECT_EQ(value.revenue_minor, 0);
  EXPECT_EQ(value.aov_minor, 0);
  EXPECT_EQ(value.rfm->cell(), "521");
  EXPECT_EQ(value.rfm->aov_score, 1);
}

TEST(CustomerValue, WithoutBaseCurrencyThatOfMostOrders) {
  std::vector<Order> orders = {days_ago(1, 5, "USD"), days_ago(2, 7, "CNY"), days_ago(3, 9, "USD")};
  EXPECT_EQ(value_of(orders, rules_of(""), kNow).currency, "USD");
  EXPECT_EQ(value_of(orders, rules_of(""), kNow).revenue_minor, 14);
  orders.pop_back();
  EXPECT_EQ(value_of(orders, rules_of(""), kNow).currency, "CNY") << "the first by name of as many";
  std::reverse(orders.begin(), orders.end());
  EXPECT_EQ(value_of(orders, rules_of(""), kNow).currency, "CNY");
  Order refunded_one = days_ago(1, 5, "USD");
  refunded_one.counts = false;
  refunded_one.status = OrderStatus::refunded;
  refunded_one.refunded_minor = 5;
  EXPECT_EQ(value_of({refunded_one}, rules_of(""), kNow).currency, "USD") << "so that its refund has one";
  EXPECT_EQ(value_of({refunded_one}, rules_of(""), kNow).refunds_minor, 5);
  EXPECT_EQ(value_of({refunded_one, refunded_one, days_ago(1)}, rules_of(""), kNow).currency, "CNY");
}

TEST(CustomerValue, AsOfThePast) {
  std::vector<Order> orders = {days_ago(100, 1), days_ago(50, 10), days_ago(10, 100)};
  auto value = value_of(orders, rules_of(), days_ago(50).at);
  EXPECT_EQ(value.orders_count, 2u) << "an order of this very moment counts";
  EXPECT_EQ(value.revenue_minor, 11);
  EXPECT_EQ(value.last_order_at, days_ago(50).at);
  EXPECT_EQ(value.days_since_order, 0);
  value = value_of(orders, rules_of(), Timestamp{days_ago(50).at.micros - 1});
  EXPECT_EQ(value.orders_count, 1u);
  EXPECT_EQ(value.rfm->m_minor, 1);
}

TEST(CustomerValue, SumsGoBeyondSixtyFourBits) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  auto value = value_of({days_ago(1, kMost), days_ago(2, kMost), days_ago(3, kMost)}, rules_of(), kNow);
  EXPECT_TRUE(value.revenue_minor == Int128{kMost} * 3);
  EXPECT_EQ(value.aov_minor, kMost);
  EXPECT_EQ(value.rfm->m_score, 5);
}

TEST(CustomerValue, OrderOfOrdersPlaysNoPart) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<Order> orders;
    for (size_t i = 0; i < 1 + random() % 8; ++i) {
      int64_t days = static_cast<int64_t>(random() % 500), minor = static_cast<int64_t>(random() % 200'000);
      orders.push_back(days_ago(days, minor, random() % 2 == 0 ? "CNY" : "USD"));
      orders.back().counts = random() % 4 != 0;
    }
    auto before = value_of(orders, rules_of(""), kNow);
    std::shuffle(orders.begin(), orders.end(), random);
    auto after = value_of(orders, rules_of(""), kNow);
    ASSERT_EQ(after.currency, before.currency) << "seed " << seed;
    ASSERT_TRUE(after.revenue_minor == before.revenue_minor) << "seed " << seed;
    ASSERT_EQ(after.aov_minor, before.aov_minor) << "seed " << seed;
    ASSERT_EQ(after.first_order_at, before.first_order_at) << "seed " << seed;
    ASSERT_EQ(after.last_order_at, before.last_order_at) << "seed " << seed;
    ASSERT_EQ(after.expected_gap_halves, before.expected_gap_halves) << "seed " << seed;
    ASSERT_EQ(after.rfm ? after.rfm->cell() : "", before.rfm ? before.rfm->cell() : "") << "seed " << seed;
  }
}

TEST(DomainSection10, VA1IsTheValueOfAllTime) {
  auto value = value_of({days_ago(5000, 7'000), days_ago(1, 500)}, rules_of(), kNow);
  EXPECT_EQ(value.revenue_minor, 7'500);
}

TEST(DomainSection10, VA3IsTheMedianGapOfOrderDays) {
  auto halves = [](const std::vector<int64_t>& days) {
    return value_of(on_days(days), rules_of(), noon_of(1000)).expected_gap_halves;
  };
  EXPECT_EQ(halves({0, 30, 60}), 60);
  EXPECT_EQ(halves({60, 0, 30}), 60);
  EXPECT_EQ(halves({0, 10, 31}), 31) << "15.5 days between 10 and 21";
  EXPECT_EQ(halves({0, 10, 21, 500}), 22) << "the middle one";
  EXPECT_EQ(halves({0, 1, 2}), 14) << "at least 7 days";
  EXPECT_EQ(halves({0, 6, 14}), 14);
  EXPECT_EQ(halves({0, 7, 15}), 15);
  EXPECT_EQ(halves({0, 100}), 60) << "two days are too few: the expected gap of the rules";
  EXPECT_EQ(halves({0, 100, 100, 100}), 60) << "days count, not orders";
  EXPECT_EQ(halves({5}), 60);
  ValueRules rules = rules_of();
  rules.expected_gap_days = 3;
  EXPECT_EQ(value_of(on_days({0}), rules, noon_of(10)).expected_gap_halves, 14);
  rules.expected_gap_days = 45;
  EXPECT_EQ(value_of(on_days({0}), rules, noon_of(10)).expected_gap_halves, 90);
}

TEST(DomainSection10, VA3CountsLocalDays) {
  // One day in Shanghai, two in UTC.
  std::vector<Order> orders = on_days({50, 100});
  for (const char* moment : {"1970-01-01T23:00:00Z", "1970-01-02T01:00:00Z"}) {
    orders.push_back(order_at(parse_iso8601(moment).value()));
  }
  EXPECT_EQ(value_of(orders, rules_of("CNY", "Asia/Shanghai"), noon_of(100)).expected_gap_halves, 99);
  EXPECT_EQ(value_of(orders, rules_of("CNY", "UTC"), noon_of(100)).expected_gap_halves, 98);
}

TEST(DomainSection10, VA4ChurnBands) {
  struct Row {
    int64_t day;
    int64_t ratio_hundredths;
    const char* band;
  };
  for (Row row : {Row{60, 0, "low"},
                  {100, 133, "low"},
                  {104, 147, "low"},
                  {105, 150, "medium"},
                  {110, 167, "medium"},
                  {149, 297, "medium"},
                  {150, 300, "high"},
                  {151, 303, "high"}}) {
    auto value = value_of(on_days({0, 30, 60}), rules_of(), noon_of(row.day));
    EXPECT_EQ(value.churn_ratio_hundredths(), row.ratio_hundredths) << row.day;
    EXPECT_EQ(churn_band_name(value.churn_band), row.band) << row.day;
  }
}

TEST(DomainSection10, VA4BoundariesOfHalfDays) {
  // A gap of 15.5 days: 23.25 and 46.5 days.
  auto band = [](int64_t days) {
    return churn_band_name(value_of(on_days({0, 10, 31}), rules_of(), noon_of(31 + days)).churn_band);
  };
  EXPECT_EQ(band(23), "low");
  EXPECT_EQ(band(24), "medium");
  EXPECT_EQ(band(46), "medium");
  EXPECT_EQ(band(47), "high");
}

TEST(DomainSection8, DeclineGrowthMature) {
  std::vector<Order> orders = on_days({0, 30, 60});
  EXPECT_EQ(stage(orders, Timestamp{noon_of(150).micros - kMicrosPerSecond}), "growth");
  EXPECT_EQ(stage(orders, Timestamp{noon_of(150).micros - 1}), "growth");
  EXPECT_EQ(stage(orders, noon_of(150)), "decline");
  orders.push_back(order_at(noon_of(200)));
  EXPECT_EQ(stage(orders, noon_of(199)), "decline");
  EXPECT_EQ(stage(orders, noon_of(200)), "growth");
  SketchedStatement fifth = completed("80", noon_of(210).micros);
  orders.push_back(judge(state_of({fifth})));
  EXPECT_EQ(stage(orders, noon_of(211)), "mature");
  orders.back() = judge(state_of({fifth, refunded("30", "a", noon_of(211).micros)}));
  EXPECT_EQ(stage(orders, noon_of(211)), "mature");
  orders.back() = judge(state_of({fifth, refunded("", "a", noon_of(211).micros)}));
  EXPECT_EQ(stage(orders, noon_of(211)), "growth");
}

TEST(DomainSection8, LimitIsTwoOwnGapsButNinetyDays) {
  EXPECT_EQ(stage(on_days({0, 100, 200}), Timestamp{noon_of(400).micros - 1}), "growth");
  EXPECT_EQ(stage(on_days({0, 100, 200}), noon_of(400)), "decline");
  EXPECT_EQ(stage(on_days({0, 50, 101}), Timestamp{noon_of(202).micros - 1}), "growth") << "a gap of 50.5 days";
  EXPECT_EQ(stage(on_days({0, 50, 101}), noon_of(202)), "decline");
  EXPECT_EQ(stage(on_days({0, 400}), Timestamp{noon_of(490).micros - 1}), "growth") << "two days have no own gap";
  EXPECT_EQ(stage(on_days({0, 400}), noon_of(490)), "decline");
  EXPECT_EQ(stage(on_days({0, 1, 2, 3, 4}), Timestamp{noon_of(94).micros - 1}), "mature");
  EXPECT_EQ(stage(on_days({0, 1, 2, 3, 4}), noon_of(94)), "decline") << "before all else";
}

TEST(DomainSection8, StagesByOrders) {
  EXPECT_EQ(stage({}, kNow), "acquisition");
  for (size_t orders : {1u, 2u, 3u, 4u}) EXPECT_EQ(stage(std::vector<Order>(orders, days_ago(1)), kNow), "growth");
  for (size_t orders : {5u, 50u}) EXPECT_EQ(stage(std::vector<Order>(orders, days_ago(1)), kNow), "mature");
}

TEST(DomainSection9_2, MonetaryValueIsTheSumOrTheAverage) {
  std::vector<Order> orders = {days_ago(1, 150'000), days_ago(2, 50'000)};
  EXPECT_EQ(scores(orders).m_minor, 200'000);
  EXPECT_EQ(scores(orders).m_score, 4);
  ValueRules average = rules_of();
  average.rfm_basis = RfmBasis::average;
  EXPECT_EQ(scores(orders, average).m_minor, 100'000);
  EXPECT_EQ(scores(orders, average).m_score, 5);
  EXPECT_EQ(scores(orders, average).f_count, 2u);
}

}  // namespace
}  // namespace tributary
