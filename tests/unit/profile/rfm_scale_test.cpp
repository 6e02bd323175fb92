// Scales: the quintile rule by its definition, and what stored cut points say of values.
#include "engine/profile/rfm_scale.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace tributary {
namespace {

constexpr Timestamp kMoment{20'000 * kMicrosPerDay};

ValueRules scale_rules(const std::string& currency = "CNY") { return {TimeZone::load("UTC").value(), currency}; }

Order bought(int64_t days_ago, int64_t minor = 100, const std::string& currency = "CNY") {
  Order order;
  order.status = OrderStatus::completed;
  order.counts = true;
  order.at = Timestamp{kMoment.micros - days_ago * kMicrosPerDay};
  order.currency = currency;
  order.net_minor = order.value_minor = minor;
  return order;
}

/// 1 + floor(5w / n), literally.
int score_by_definition(int64_t value, const std::vector<int64_t>& values) {
  auto below = std::count_if(values.begin(), values.end(), [&](int64_t other) { return other < value; });
  return 1 + static_cast<int>(5 * below / static_cast<int64_t>(values.size()));
}

TEST(DomainSection9_2, QuintilesOfFiveAndOfTen) {
  std::vector<int64_t> five = {50, 10, 40, 20, 30};
  EXPECT_EQ(cut_points(five), (CutPoints{20, 30, 40, 50}));
  std::vector<int64_t> ten = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  EXPECT_EQ(cut_points(ten), (CutPoints{3, 5, 7, 9}));
}

TEST(DomainSection9_2, TiesShareAScoreAndMayLeaveSomeToNobody) {
  std::vector<int64_t> alike(7, 3);
  EXPECT_EQ(cut_points(alike), CutPoints{}) << "nobody is worse than anybody";
  std::vector<int64_t> half = {1, 1, 1, 1, 1, 2, 3, 3, 9, 9};
  EXPECT_EQ(cut_points(half), (CutPoints{2, 2, 3, 9})) << "score 2 is nobody's";
  EXPECT_EQ(score_of(1, {2, 2, 3, 9}), 1);
  EXPECT_EQ(score_of(2, {2, 2, 3, 9}), 3);
  std::vector<int64_t> top = {1, 2, 2, 2, 2};
  EXPECT_EQ(cut_points(top), (CutPoints{2})) << "one fifth is worse, no more";
  EXPECT_EQ(score_of(1'000, {2}), 2);
  std::vector<int64_t> one = {5}, none;
  EXPECT_EQ(cut_points(one), CutPoints{});
  EXPECT_EQ(cut_points(none), CutPoints{});
}

TEST(DomainSection9_2, CutPointsSayWhatTheDefinitionSays) {
  for (uint64_t seed = 0; seed < 2'000; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<int64_t> values(1 + random() % 60);
    uint64_t distinct = 1 + random() % 40;
    for (int64_t& value : values) value = static_cast<int64_t>(random() % distinct) - 20;
    const std::vector<int64_t> given = values;
    CutPoints cuts = cut_points(values);
    ASSERT_LE(cuts.size(), 4u) << "seed " << seed;
    for (int64_t value : given) ASSERT_EQ(score_of(value, cuts), score_by_definition(value, given)) << "seed " << seed;
    for (size_t i = 0; i < cuts.size(); ++i) {
      int score = static_cast<int>(i) + 2;
      ASSERT_GE(score_of(cuts[i], cuts), score) << "seed " << seed;
      ASSERT_LT(score_of(cuts[i] - 1, cuts), score) << "seed " << seed;
      ASSERT_NE(std::find(given.begin(), given.end(), cuts[i]), given.end()) << "somebody's value, seed " << seed;
    }
  }
}

TEST(RfmPopulation, TakesThoseWithAnOrderInTheWindow) {
  RfmPopulation population(scale_rules(), kMoment);
  for (int64_t i = 1; i <= 5; ++i) population.add(std::vector<Order>(static_cast<size_t>(i), bought(10 * i, 100 * i)));
  population.add({});
  population.add({bought(365)});
  population.add({bought(-1)});
  Order free = bought(1);
  free.counts = false;
  population.add({free});
  RfmScale scale = population.scale(Timestamp{7});
  EXPECT_EQ(scale.computed_at, Timestamp{7});
  EXPECT_EQ(scale.as_of, kMoment);
  EXPECT_EQ(scale.window_micros, 365 * kMicrosPerDay);
  EXPECT_EQ(scale.customers(), 5u);
  ASSERT_EQ(scale.currencies.size(), 1u);
  const CurrencyScale& cny = scale.currencies[0];
  EXPECT_EQ(cny.recency, (CutPoints{-40, -30, -20, -10}));
  EXPECT_EQ(cny.frequency, (CutPoints{2, 3, 4, 5}));
  EXPECT_EQ(cny.money, (CutPoints{400, 900, 1'600, 2'500}));
  EXPECT_EQ(cny.average, (CutPoints{200, 300, 400, 500}));
}

TEST(RfmPopulation, ComparesBuyersOfOneCurrency) {
  RfmPopulation population(scale_rules(""), kMoment);
  for (int64_t i = 1; i <= 5; ++i) {
    population.add({bought(i, i, "USD")});
    population.add({bought(i, 1'000 * i, "JPY")});
  }
  RfmScale scale = population.scale({});
  ASSERT_EQ(scale.currencies.size(), 2u);
  EXPECT_EQ(scale.of("USD")->money, (CutPoints{2, 3, 4, 5}));
  EXPECT_EQ(scale.of("JPY")->money, (CutPoints{2'000, 3'000, 4'000, 5'000}));
  EXPECT_EQ(scale.of("EUR"), nullptr);
}

TEST(RfmPopulation, KeepsTheCurrenciesOfMostBuyers) {
  RfmPopulation population(scale_rules(""), kMoment);
  auto name = [](size_t i) {
    return std::string{static_cast<char>('A' + i / 26), static_cast<char>('A' + i % 26), 'X'};
  };
  for (size_t i = 0; i < kScaleCurrenciesMax + 50; ++i) {
    for (size_t buyers = 0; buyers < (i % 5 == 0 ? 1u : 2u); ++buyers) population.add({bought(1, 1, name(i))});
  }
  RfmScale scale = population.scale({});
  ASSERT_EQ(scale.currencies.size(), kScaleCurrenciesMax);
  auto by_name = [](const CurrencyScale& a, const CurrencyScale& b) { return a.currency < b.currency; };
  EXPECT_TRUE(std::is_sorted(scale.currencies.begin(), scale.currencies.end(), by_name));
  for (const CurrencyScale& each : scale.currencies) EXPECT_EQ(each.customers, 2u);
}

TEST(RfmPopulation, MedianOfAllGapsOfAYear) {
  auto median = [](const std::vector<std::vector<int64_t>>& customers) {
    RfmPopulation population(scale_rules(), kMoment);
    for (const auto& days : customers) {
      std::vector<Order> orders;
      for (int64_t day : days) orders.push_back(bought(day));
      population.add(orders);
    }
    RfmScale scale = population.scale({});
    return std::pair(scale.gaps, scale.gap_halves);
  };
  using Gap = std::pair<uint64_t, std::optional<int64_t>>;
  EXPECT_EQ(median({}), Gap(0, std::nullopt));
  EXPECT_EQ(median({{5}, {9, 9}}), Gap(0, std::nullopt)) << "days count, not orders";
  EXPECT_EQ(median({{5, 25}}), Gap(1, 40));
  EXPECT_EQ(median({{0, 10}, {0, 31}}), Gap(2, 41)) << "20.5 days";
  EXPECT_EQ(median({{0, 1, 2, 3, 50}}), Gap(4, 2));
  EXPECT_EQ(median({{0, 10, 100}, {50, 70}}), Gap(3, 40)) << "10, 20, 90";
  EXPECT_EQ(median({{0, 364, 365}, {400, 500}}), Gap(1, 728)) << "within the last 365 days";
  EXPECT_EQ(median({{-5, 5}, {0, 3}}), Gap(1, 6)) << "nothing from after the moment";
}

TEST(RfmPopulation, OrderOfCustomersPlaysNoPart) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<std::vector<Order>> customers(random() % 40);
    for (auto& orders : customers) {
      for (uint64_t n = random() % 4; n > 0; --n) {
        orders.push_back(bought(static_cast<int64_t>(random() % 400), static_cast<int64_t>(random() % 9),
                                random() % 3 == 0 ? "USD" : "CNY"));
      }
    }
    auto encoded = [&] {
      RfmPopulation population(scale_rules(""), kMoment);
      for (const auto& orders : customers) population.add(orders);
      std::string payload;
      encode_rfm_scale(population.scale(kMoment), payload);
      return payload;
    };
    std::string before = encoded();
    std::shuffle(customers.begin(), customers.end(), random);
    ASSERT_EQ(encoded(), before) << "seed " << seed;
  }
}

TEST(RfmPopulation, SumsBeyondSixtyFourBitsAreTheGreatest) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  RfmPopulation population(scale_rules(), kMoment);
  for (int64_t i = 1; i <= 4; ++i) population.add({bought(1, i)});
  population.add({bought(1, kMost), bought(2, kMost)});
  EXPECT_EQ(population.scale({}).currencies.at(0).money, (CutPoints{2, 3, 4, kMost}));
}

RfmScale some_scale() {
  RfmScale scale;
  scale.computed_at = Timestamp{1'700'000'000'000'001};
  scale.as_of = kMoment;
  scale.window_micros = 30 * kMicrosPerDay;
  scale.gaps = 3;
  scale.gap_halves = 41;
  scale.currencies = {{"CNY", 7, {-90, -30}, {2, 2, 3, 9}, {}, {1, 2, 3, std::numeric_limits<int64_t>::max()}},
                      {"USD", 0, {}, {}, {}, {}}};
  return scale;
}

TEST(RfmScaleRecord, ReadsBackWhatWasWritten) {
  for (bool whole : {true, false}) {
    RfmScale scale = some_scale();
    if (!whole) scale.window_micros.reset(), scale.gap_halves.reset(), scale.currencies.clear();
    std::string payload, again;
    encode_rfm_scale(scale, payload);
    auto read = decode_rfm_scale(payload);
    ASSERT_TRUE(read) << read.error().message;
    encode_rfm_scale(*read, again);
    EXPECT_EQ(again, payload);
    EXPECT_EQ(read->computed_at, scale.computed_at);
    EXPECT_EQ(read->as_of, scale.as_of);
    EXPECT_EQ(read->window_micros, scale.window_micros);
    EXPECT_EQ(read->gaps, scale.gaps);
    EXPECT_EQ(read->gap_halves, scale.gap_halves);
    ASSERT_EQ(read->currencies.size(), scale.currencies.size());
    if (!whole) continue;
    EXPECT_EQ(read->currencies[0].currency, "CNY");
    EXPECT_EQ(read->currencies[0].customers, 7u);
    EXPECT_EQ(read->currencies[0].recency, scale.currencies[0].recency);
    EXPECT_EQ(read->currencies[0].average, scale.currencies[0].average);
  }
}

TEST(RfmScaleRecord, DamageIsCorrupt) {
  std::string payload;
  encode_rfm_scale(some_scale(), payload);
  for (size_t bytes = 0; bytes < payload.size(); ++bytes) {
    auto read = decode_rfm_scale(std::string_view(payload).substr(0, bytes));
    ASSERT_FALSE(read) << bytes;
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  }
  EXPECT_FALSE(decode_rfm_scale(payload + "x"));
  payload[0] = 2;
  EXPECT_FALSE(decode_rfm_scale(payload));
}

/// 100 buyers or so, the i-th of whom bought i times, for i each, i days ago.
RfmScale scale_of(int64_t buyers, const ValueRules& rules) {
  RfmPopulation population(rules, kMoment);
  for (int64_t i = 1; i <= buyers; ++i) population.add(std::vector<Order>(static_cast<size_t>(i), bought(i, i)));
  return population.scale(kMoment);
}

TEST(ScaleInForce, FixedThresholdsUntilThereAreAHundredBuyers) {
  ValueRules rules = scale_rules();
  std::vector<Order> orders(90, bought(90, 90));
  EXPECT_EQ(value_of(orders, rules, kMoment).rfm->cell(), "351") << "by thresholds";
  RfmScale few = scale_of(99, rules), many = scale_of(100, rules);
  EXPECT_EQ(value_of(orders, rules, kMoment, &few).rfm->cell(), "351");
  EXPECT_FALSE(value_of(orders, rules, kMoment, &few).rfm->scale_computed_at);
  auto value = value_of(orders, rules, kMoment, &many);
  EXPECT_EQ(value.rfm->cell(), "155");
  EXPECT_EQ(value.rfm->aov_score, 5);
  EXPECT_EQ(value.rfm->group(), "important_keep");
  EXPECT_EQ(value.rfm->scale_computed_at, kMoment);
  EXPECT_EQ(value_of({bought(1, 9'999'999, "USD")}, scale_rules(""), kMoment, &many).rfm->m_score, 5)
      << "of another currency nobody is known";
}

TEST(ScaleInForce, AsTheSettingSays) {
  ValueRules rules = scale_rules();
  RfmScale few = scale_of(5, rules), many = scale_of(100, rules);
  rules.rfm_scoring = RfmScoring::quintiles;
  EXPECT_NE(scale_in_force(&few, rules, "CNY"), nullptr);
  EXPECT_EQ(scale_in_force(nullptr, rules, "CNY"), nullptr);
  rules.rfm_scoring = RfmScoring::fixed;
  EXPECT_EQ(scale_in_force(&many, rules, "CNY"), nullptr);
  rules.rfm_scoring = RfmScoring::automatic;
  EXPECT_NE(scale_in_force(&many, rules, "CNY"), nullptr);
  rules.rfm_window_micros = 30 * kMicrosPerDay;
  EXPECT_EQ(scale_in_force(&many, rules, "CNY"), nullptr) << "figures of another window can't be compared";
}

TEST(DomainSection10, VA3IsElseTheMedianOfTheWorkspace) {
  ValueRules rules = scale_rules();
  RfmPopulation population(rules, kMoment);
  population.add({bought(0), bought(20), bought(41)});
  RfmScale scale = population.scale(kMoment);
  auto halves = [&](const std::vector<Order>& orders, const RfmScale* by) {
    return value_of(orders, rules, kMoment, by).expected_gap_halves;
  };
  EXPECT_EQ(halves({bought(0)}, nullptr), 60);
  EXPECT_EQ(halves({bought(0)}, &scale), 41);
  EXPECT_EQ(halves({bought(0), bought(50), bought(100)}, &scale), 100) << "an own gap goes first";
  scale.gap_halves = 3;
  EXPECT_EQ(halves({bought(0)}, &scale), 14) << "at least 7 days";
  scale.gap_halves.reset();
  EXPECT_EQ(halves({bought(0)}, &scale), 60);
  scale.gap_halves = 41;
  rules.rfm_scoring = RfmScoring::fixed;
  EXPECT_EQ(halves({bought(0)}, &scale), 41) << "however they are scored";
  rules.expected_gap_days = 12;
  EXPECT_EQ(halves({bought(0)}, &scale), 24) << "a setting goes before";
}

}  // namespace
}  // namespace tributary
