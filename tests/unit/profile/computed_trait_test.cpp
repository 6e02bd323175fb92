// What measurements come to, and which of them are in a window.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/profile/computed_trait.h"

namespace tributary {
namespace {

Hash128 message(uint8_t number) {
  Hash128 hash;
  hash.bytes[15] = number;
  return hash;
}

Measurement number(const std::string& text, int64_t at = 0, uint8_t id = 0) {
  return {Timestamp{at}, message(id), MeasureType::number, text};
}
Measurement text(const std::string& value, int64_t at = 0, uint8_t id = 0) {
  return {Timestamp{at}, message(id), MeasureType::text, value};
}

ComputedValue tally(Aggregate aggregate, const std::vector<Measurement>& measurements) {
  TraitTally tally(aggregate);
  for (const Measurement& each : measurements) tally.add(each);
  return tally.value();
}

std::string json(Aggregate aggregate, const std::vector<Measurement>& measurements) {
  return tally(aggregate, measurements).json;
}

TEST(TraitTally, WithoutMeasurementsOnlyNumbersOfThingsAreKnown) {
  EXPECT_EQ(json(Aggregate::count, {}), "0");
  EXPECT_EQ(json(Aggregate::sum, {}), "0");
  EXPECT_EQ(json(Aggregate::unique_count, {}), "0");
  EXPECT_EQ(json(Aggregate::unique_list, {}), "[]");
  for (auto none : {Aggregate::min, Aggregate::max, Aggregate::average, Aggregate::first, Aggregate::last,
                    Aggregate::most_frequent}) {
    EXPECT_EQ(json(none, {}), "null") << aggregate_name(none);
    EXPECT_TRUE(tally(none, {}).complete);
  }
}

TEST(TraitTally, SumsAreExact) {
  EXPECT_EQ(json(Aggregate::sum, {number("0.1"), number("0.2")}), "0.3");
  EXPECT_EQ(json(Aggregate::sum, {number("12.5"), text("0.50"), number("-3")}), "10");
  EXPECT_EQ(json(Aggregate::min, {number("10"), number("9.99"), number("-1"), number("2")}), "-1");
  EXPECT_EQ(json(Aggregate::max, {number("10"), text("10.01"), number("-1")}), "10.01");
}

TEST(TraitTally, WhatIsNoNumberDoesNotCountForOne) {
  auto value =
      tally(Aggregate::average, {number("1"), text("many"), {{}, {}, MeasureType::boolean, "true"}, number("2")});
  EXPECT_EQ(value.json, "1.5");
  EXPECT_EQ(value.count, 2u);
}

TEST(TraitTally, AnAverageIsRoundedHalfToEven) {
  EXPECT_EQ(json(Aggregate::average, {number("1"), number("0"), number("0")}), "0.333333");
  EXPECT_EQ(json(Aggregate::average, {number("2"), number("0"), number("0")}), "0.666667");
  EXPECT_EQ(json(Aggregate::average, {number("0.000001"), number("0")}), "0");
  EXPECT_EQ(json(Aggregate::average, {number("0.000003"), number("0")}), "0.000002");
  EXPECT_EQ(json(Aggregate::average, {number("-0.000003"), number("0")}), "-0.000002");
  EXPECT_EQ(json(Aggregate::average, {number("0.0000015")}), "0.000002");
  EXPECT_EQ(json(Aggregate::average, {number("0.0000025")}), "0.000002");
  EXPECT_EQ(json(Aggregate::average, {number("0.00000250000001")}), "0.000003");
}

TEST(TraitTally, ASumThatDoesNotFitSaysSo) {
  std::string big(36, '9');
  auto value = tally(Aggregate::sum, std::vector<Measurement>(200, number(big)));
  EXPECT_EQ(value.json, "null");
  EXPECT_FALSE(value.complete);
  value = tally(Aggregate::average, {number(big)});
  EXPECT_EQ(value.json, "null");
  EXPECT_FALSE(value.complete);
}

TEST(TraitTally, ASumOrAnExtremeDoesNotDependOnWhatStandsBetween) {
  const std::string big(36, '9'), tiny = "0.000000000000000001";
  std::vector<Measurement> all(200, number(big));
  all.resize(400, number("-" + big));
  all.push_back(number("12.50"));
  for (int order = 0; order < 3; ++order) {
    EXPECT_EQ(json(Aggregate::sum, all), "12.5");
    EXPECT_EQ(json(Aggregate::average, all), "0.031172");
    std::rotate(all.begin(), all.begin() + 137, all.end());
  }
  EXPECT_EQ(json(Aggregate::sum, {number(big), number(tiny), number("-" + big)}), tiny);
  EXPECT_EQ(json(Aggregate::sum, {number(tiny), number("-" + big), number(big), number("-0.3")}),
            "-0.299999999999999999");
  EXPECT_EQ(json(Aggregate::sum, {number("-" + big), number("-0.5")}), "-" + big + ".5");
  EXPECT_EQ(json(Aggregate::sum, std::vector<Measurement>(10, number(big))), big.substr(0, 36) + "0");
  EXPECT_EQ(json(Aggregate::sum, {number(big), number(tiny)}), "null") << "54 digits";
  EXPECT_EQ(json(Aggregate::min, {number(tiny), number("-" + big), number("0"), number(big)}), "-" + big);
  EXPECT_EQ(json(Aggregate::max, {number(tiny), number("-" + big), number("0")}), tiny);
  EXPECT_EQ(json(Aggregate::min, {number("-0.5"), number("-0.25"), number("0")}), "-0.5");
}

TEST(TraitTally, FirstAndLastGoByTimeThenMessage) {
  std::vector<Measurement> all = {text("b", 2, 1), text("a", 1, 2), text("c", 1, 1), text("d", 2, 2)};
  EXPECT_EQ(json(Aggregate::first, all), "\"c\"");
  EXPECT_EQ(json(Aggregate::last, all), "\"d\"");
}

TEST(TraitTally, OfEquallyFrequentOnesTheSmallestCounts) {
  EXPECT_EQ(json(Aggregate::most_frequent, {text("b"), text("a"), text("b"), text("a"), text("c")}), "\"a\"");
  EXPECT_EQ(json(Aggregate::most_frequent, {text("b"), text("a"), text("b")}), "\"b\"");
  EXPECT_EQ(json(Aggregate::most_frequent, {number("10"), number("9")}), "10");
}

TEST(TraitTally, ANumberAndItsTextAreTwoValues) {
  EXPECT_EQ(json(Aggregate::unique_count, {number("1"), text("1"), number("1")}), "2");
  EXPECT_EQ(json(Aggregate::unique_list, {text("b\""), text("a"), number("1"), text("a")}), "[1,\"a\",\"b\\\"\"]");
}

TEST(TraitTally, AListShowsAHundred) {
  std::vector<Measurement> many;
  for (int i = 0; i < 101; ++i) many.push_back(text("v" + std::to_string(1000 + i)));
  auto value = tally(Aggregate::unique_list, many);
  EXPECT_FALSE(value.list_whole);
  EXPECT_TRUE(value.complete);
  EXPECT_EQ(std::count(value.json.begin(), value.json.end(), ','), 99);
  EXPECT_EQ(value.json.find("v1100"), std::string::npos);
  many.pop_back();
  EXPECT_TRUE(tally(Aggregate::unique_list, many).list_whole);
}

TEST(TraitTally, TheOrderIsOfNoAccount) {
  uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<Measurement> all;
    for (uint64_t n = random() % 12; n > 0; --n) {
      bool word = random() % 4 == 0;
      std::string value =
          word ? std::string(1, static_cast<char>('a' + random() % 3))
               : to_shortest_text({static_cast<WideInteger>(random() % 200) - 100, static_cast<int>(random() % 4)});
      all.push_back({Timestamp{static_cast<int64_t>(random() % 4)}, message(static_cast<uint8_t>(n)),
                     word ? MeasureType::text : MeasureType::number, value});
    }
    std::vector<std::string> before;
    for (int pass = 0; pass < 3; ++pass) {
      std::vector<std::string> values;
      for (int a = 0; a < 10; ++a) values.push_back(json(static_cast<Aggregate>(a), all));
      if (pass > 0) {
        EXPECT_EQ(values, before);
      }
      before = std::move(values);
      std::shuffle(all.begin(), all.end(), random);
    }
  }
}

TEST(TraitPeriod, ARollingWindowEndsWithTheMomentAndLeavesItsFarEndOut) {
  std::optional<TimeZone> utc;
  TraitPeriod period({TraitWindow::Kind::rolling, 100}, utc, Timestamp{1000});
  EXPECT_FALSE(period.holds(Timestamp{900}));
  EXPECT_TRUE(period.holds(Timestamp{901}));
  EXPECT_TRUE(period.holds(Timestamp{1000}));
  EXPECT_FALSE(period.holds(Timestamp{1001}));
  EXPECT_EQ(period.begin(), Timestamp{901});
}

TEST(TraitPeriod, AllIsUpToTheMoment) {
  std::optional<TimeZone> utc;
  TraitPeriod period({}, utc, Timestamp{1000});
  EXPECT_TRUE(period.holds(Timestamp{INT64_MIN}));
  EXPECT_TRUE(period.holds(Timestamp{1000}));
  EXPECT_FALSE(period.holds(Timestamp{1001}));
}

Timestamp at(const char* iso) { return *parse_iso8601(iso); }

// Clocks in Berlin went forward on 2026-03-29 at 01:00 UTC: that day has 23 hours.
TEST(TraitPeriod, DaysAreLocalAlsoWhenClocksChange) {
  auto berlin = TimeZone::load("Europe/Berlin");
  ASSERT_TRUE(berlin);
  TraitPeriod two({TraitWindow::Kind::days, 2}, berlin, at("2026-03-30T10:00:00Z"));
  EXPECT_FALSE(two.holds(at("2026-03-28T22:59:59Z")));
  EXPECT_TRUE(two.holds(at("2026-03-28T23:00:00Z")));
  TraitPeriod one({TraitWindow::Kind::days, 1}, berlin, at("2026-03-30T10:00:00Z"));
  EXPECT_FALSE(one.holds(at("2026-03-29T21:59:59Z")));
  EXPECT_TRUE(one.holds(at("2026-03-29T22:00:00Z")));
  // Backward on 2026-10-25: 25 hours, all of which must be found from begin().
  TraitPeriod back({TraitWindow::Kind::days, 1}, berlin, at("2026-10-25T22:59:59Z"));
  EXPECT_TRUE(back.holds(at("2026-10-24T22:00:00Z")));
  EXPECT_FALSE(back.holds(at("2026-10-24T21:59:59Z")));
  EXPECT_LE(back.begin(), at("2026-10-24T22:00:00Z"));
  // A rolling day of the same moment is 24 hours.
  TraitPeriod rolling({TraitWindow::Kind::rolling, kMicrosPerDay}, berlin, at("2026-10-25T22:59:59Z"));
  EXPECT_FALSE(rolling.holds(at("2026-10-24T22:30:00Z")));
}

TEST(Measurement, RowsReadBackAndDamageIsFound) {
  for (const Measurement& each : {text("a\n"), number("-1.5"), Measurement{}}) {
    std::string row;
    encode_measurement(each, row);
    Measurement back;
    ASSERT_TRUE(decode_measurement(row, back));
    EXPECT_EQ(back.text, each.text);
    EXPECT_EQ(back.type, each.type);
    EXPECT_FALSE(decode_measurement(row + "x", back));
    EXPECT_FALSE(decode_measurement(std::string_view(row).substr(0, row.size() - 1), back));
    row[0] = 9;
    EXPECT_FALSE(decode_measurement(row, back));
  }
}

}  // namespace
}  // namespace tributary
