// What events say for computed traits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "engine/ingest/measure_reader.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ConditionTest = PropertyCondition::Test;

const WorkspaceId kShop{7}, kOther{8};

ComputedTrait trait_of(std::vector<PropertyCondition> where, std::vector<std::string> value) {
  ComputedTrait trait;
  trait.name = "t";
  trait.rule.name = "Order Completed";
  trait.rule.where = std::move(where);
  trait.rule.value = std::move(value);
  return trait;
}

PropertyCondition condition(const std::string& property, ConditionTest test, std::vector<std::string> values) {
  return {{"properties", property}, test, std::move(values)};
}

EventView order(std::string_view json) {
  EventView event;
  event.type = EventType::track;
  event.name = "Order Completed";
  event.occurred_at = Timestamp{5};
  event.json = json;
  return event;
}

/// `number 12.5`; empty when nothing is measured.
std::string measured(const std::string& value_json) {
  MeasureReader reader({trait_of({}, {"properties", "v"})});
  std::string json = R"({"properties":{"v":)" + value_json + "}}";
  const auto& said = reader.read(kShop, order(json));
  if (said.empty()) return "";
  constexpr std::array kTypes = {"nothing ", "text ", "number ", "boolean "};
  return kTypes.at(static_cast<size_t>(said.front().measurement.type)) + said.front().measurement.text;
}

bool passes(PropertyCondition wanted, const std::string& value_json) {
  MeasureReader reader({trait_of({std::move(wanted)}, {})});
  std::string json = value_json.empty() ? R"({"properties":{}})" : R"({"properties":{"v":)" + value_json + "}}";
  return !reader.read(kShop, order(json)).empty();
}

TEST(MeasureReader, ANumberHasOneSpelling) {
  for (const char* one : {"1", "1.0", "1e0", "0.1E+1", "10e-1"}) EXPECT_EQ(measured(one), "number 1") << one;
  EXPECT_EQ(measured("12.50"), "number 12.5");
  EXPECT_EQ(measured("-0.0"), "number 0");
  EXPECT_EQ(measured("-100"), "number -100");
  EXPECT_EQ(measured("1e400"), "");
}

TEST(MeasureReader, TextsAndBooleansAreKeptAsTheyAre) {
  EXPECT_EQ(measured("\"12.50\""), "text 12.50");
  EXPECT_EQ(measured("\"\\u00e9\""), "text \xc3\xa9");
  EXPECT_EQ(measured("true"), "boolean true");
  EXPECT_EQ(measured('"' + std::string(kMeasureTextMax, 'x') + '"'), "text " + std::string(kMeasureTextMax, 'x'));
}

TEST(MeasureReader, WhatIsNoValueIsNotMeasured) {
  for (const char* none : {"null", "\"\"", "[1]", "{\"a\":1}"}) EXPECT_EQ(measured(none), "") << none;
  EXPECT_EQ(measured('"' + std::string(kMeasureTextMax + 1, 'x') + '"'), "");
}

TEST(MeasureReader, ConditionsCompareNumbersByValue) {
  EXPECT_TRUE(passes(condition("v", ConditionTest::is, {"1.50"}), "1.5"));
  EXPECT_TRUE(passes(condition("v", ConditionTest::is, {"1.5"}), "\"1.50\""));
  EXPECT_FALSE(passes(condition("v", ConditionTest::is, {"1.5"}), "1.51"));
  EXPECT_TRUE(passes(condition("v", ConditionTest::is, {"true"}), "true"));
  EXPECT_FALSE(passes(condition("v", ConditionTest::is, {"CNY"}), "\"cny\""));
  EXPECT_FALSE(passes(condition("v", ConditionTest::is, {"CNY"}), ""));
  EXPECT_TRUE(passes(condition("v", ConditionTest::is_not, {"CNY"}), "\"EUR\""));
  EXPECT_TRUE(passes(condition("v", ConditionTest::is_not, {"CNY"}), ""));
  EXPECT_FALSE(passes(condition("v", ConditionTest::is_not, {"CNY"}), "\"CNY\""));
  EXPECT_TRUE(passes(condition("v", ConditionTest::one_of, {"a", "b"}), "\"b\""));
  EXPECT_FALSE(passes(condition("v", ConditionTest::one_of, {"a", "b"}), "\"c\""));
}

TEST(MeasureReader, BoundsAreInclusiveAndOfNumbers) {
  EXPECT_TRUE(passes(condition("v", ConditionTest::at_least, {"100"}), "100.0"));
  EXPECT_FALSE(passes(condition("v", ConditionTest::at_least, {"100"}), "99.999999"));
  EXPECT_TRUE(passes(condition("v", ConditionTest::at_most, {"100"}), "\"100\""));
  EXPECT_FALSE(passes(condition("v", ConditionTest::at_most, {"100"}), "100.000001"));
  EXPECT_FALSE(passes(condition("v", ConditionTest::at_least, {"0"}), "\"many\""));
  EXPECT_FALSE(passes(condition("v", ConditionTest::at_least, {"0"}), ""));
}

TEST(MeasureReader, NullAndNoTextDoNotExist) {
  for (const char* none : {"", "null", "\"\""}) {
    EXPECT_FALSE(passes(condition("v", ConditionTest::exists, {"true"}), none)) << none;
    EXPECT_TRUE(passes(condition("v", ConditionTest::exists, {"false"}), none)) << none;
  }
  EXPECT_TRUE(passes(condition("v", ConditionTest::exists, {"true"}), "[]"));
  EXPECT_FALSE(passes(condition("v", ConditionTest::exists, {"false"}), "0"));
}

TEST(MeasureReader, AllConditionsMustHold) {
  MeasureReader reader(
      {trait_of({condition("a", ConditionTest::is, {"1"}), condition("b", ConditionTest::is, {"2"})}, {})});
  EXPECT_EQ(reader.read(kShop, order(R"({"properties":{"a":1,"b":2}})")).size(), 1u);
  EXPECT_TRUE(reader.read(kShop, order(R"({"properties":{"a":1,"b":3}})")).empty());
}

TEST(MeasureReader, OtherNamesTypesAndWorkspacesSayNothing) {
  ComputedTrait trait = trait_of({}, {});
  trait.rule.workspace = kShop;
  MeasureReader reader({trait});
  EventView event = order("{}");
  EXPECT_EQ(reader.read(kShop, event).size(), 1u);
  EXPECT_TRUE(reader.read(kOther, event).empty());
  event.name = "Order Updated";
  EXPECT_TRUE(reader.read(kShop, event).empty());
  event.name = "Order Completed";
  event.type = EventType::page;
  EXPECT_TRUE(reader.read(kShop, event).empty());
}

TEST(MeasureReader, TraitsAreAlsoThoseOfTheContext) {
  ComputedTrait trait = trait_of({}, {"traits", "plan"});
  trait.rule.type = EventType::identify;
  trait.rule.name.clear();
  MeasureReader reader({trait});
  EventView event = order(R"({"traits":{"plan":"gold"},"context":{"traits":{"plan":"none"}}})");
  event.type = EventType::identify;
  ASSERT_EQ(reader.read(kShop, event).size(), 1u);
  EXPECT_EQ(reader.read(kShop, event)[0].measurement.text, "gold");
  event.json = R"({"context":{"traits":{"plan":"silver"}}})";
  ASSERT_EQ(reader.read(kShop, event).size(), 1u);
  EXPECT_EQ(reader.read(kShop, event)[0].measurement.text, "silver");
}

TEST(MeasureReader, DefinitionsThatAgreeShareTheirMeasurements) {
  ComputedTrait sum = trait_of({}, {"properties", "v"}), last = sum, count = trait_of({}, {});
  last.aggregate = Aggregate::last;
  last.window = {TraitWindow::Kind::rolling, 1};
  MeasureReader reader({sum, last, count});
  EXPECT_EQ(reader.read(kShop, order(R"({"properties":{"v":1}})")).size(), 2u);
}

// Rows are found by it: a change would orphan them all.
TEST(MeasureOf, IsFixed) {
  MeasureRule rule =
      trait_of({condition("currency", ConditionTest::one_of, {"CNY", "EUR"})}, {"properties", "total"}).rule;
  EXPECT_EQ(base32(measure_of(rule)), "nsugka4r3il65rkycx2f3nv36y");
  MeasureRule other = rule;
  other.workspace = WorkspaceId{0};
  EXPECT_NE(measure_of(rule), measure_of(other));
  other = rule;
  other.where[0].values = {"CNYEUR"};
  EXPECT_NE(measure_of(rule), measure_of(other));
}

}  // namespace
}  // namespace tributary
