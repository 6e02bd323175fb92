// Where customers stand in the three levels, at the boundaries of the rules.
#include "engine/profile/classification.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/profile/fact_sketch.h"

namespace tributary {
namespace {

constexpr int64_t kDay = kMicrosPerDay;
constexpr Timestamp kNow{20'000 * kDay};
constexpr int64_t kContactSpan = 180 * kDay;

Preference liked(const std::string& kind, const std::string& value, const std::string& weight, bool set = false) {
  Preference preference;
  preference.kind = kind;
  preference.value = value;
  preference.weight = parse_decimal(weight).value();
  preference.set = set;
  return preference;
}

/// A talk so long ago.
Interaction contact(int64_t micros_ago, const std::string& channel, const std::string& direction = "inbound") {
  Interaction talk;
  talk.told = make_fact<InteractionAct, InteractionField>(
      FactKind::interaction, InteractionAct::message_received, "t", kNow.micros - micros_ago, "m",
      {{InteractionField::direction, direction}, {InteractionField::channel, channel}});
  return talk;
}

std::string channel_of(const std::vector<Interaction>& talks, const std::vector<Preference>& preferences = {},
                       const CustomerRecord* record = nullptr) {
  return preferred_channel(record, {preferences, {}}, talks, kNow);
}

/// The record that a save of these values makes; it points into the facts.
struct Saved {
  explicit Saved(std::vector<std::pair<RecordField, std::string>> values) {
    std::ranges::sort(values);
    facts.push_back(make_fact(FactKind::record, RecordAct::saved, "", kNow.micros - kDay, "r", std::move(values)));
    record = customer_record(facts, zone, kNow).value();
  }
  TimeZone zone = TimeZone::load("Asia/Shanghai").value();
  std::vector<Fact> facts;
  CustomerRecord record;
};

TEST(DomainSection6, ProductFocusIsTheCategoryThatWeighsMost) {
  EXPECT_EQ(
      product_focus(
          {{liked("brand", "Lego", "0.9"), liked("category", "Toy", "0.5"), liked("category", "Tea", "0.3")}, {}}),
      "Toy");
  EXPECT_EQ(product_focus({{liked("category", "Toy", "-0.8"), liked("category", "Tea", "0.1")}, {}}), "Tea");
  EXPECT_EQ(product_focus({{liked("category", "Toy", "-0.8"), liked("category", "Tea", "0")}, {}}), "");
}

TEST(DomainSection6, PreferredChannelIsTheExplicitChoice) {
  std::vector<Interaction> talks(4, contact(kDay, "store"));
  Saved saved({{RecordField::name, "n"}, {RecordField::preferred_channel, "sms"}});
  EXPECT_EQ(channel_of(talks, {liked("channel", "email", "1", true)}, &saved.record), "sms");
  EXPECT_EQ(channel_of(talks, {liked("channel", "email", "0.1", true)}), "email");
  EXPECT_EQ(channel_of(talks, {liked("channel", "email", "-1", true)}), "store");
  EXPECT_EQ(channel_of(talks, {liked("channel", "email", "0.9")}), "store") << "inferred, not chosen";
}

TEST(DomainSection6, PreferredChannelIsElseThatOfMostInboundContacts) {
  std::vector<Interaction> talks = {contact(kDay, "store"), contact(2 * kDay, "store"), contact(kDay, "call_center"),
                                    contact(kDay, "call_center"), contact(kDay, "call_center")};
  EXPECT_EQ(channel_of(talks), "call_center");
  std::ranges::reverse(talks);
  EXPECT_EQ(channel_of(talks), "call_center");
  talks.push_back(contact(5 * kDay, "store"));
  EXPECT_EQ(channel_of(talks), "call_center") << "as many, the last one later";
  talks.push_back(contact(5 * kDay, "store"));
  EXPECT_EQ(channel_of(talks), "store");
}

TEST(DomainSection6, PreferredChannelTakesThreeContactsIn180Days) {
  EXPECT_EQ(channel_of({contact(kDay, "store"), contact(kDay, "store")}), "");
  EXPECT_EQ(channel_of({contact(kDay, "store"), contact(kDay, "store"), contact(kContactSpan - 1, "store")}), "store");
  EXPECT_EQ(channel_of({contact(kDay, "store"), contact(kDay, "store"), contact(kContactSpan, "store")}), "");
  EXPECT_EQ(channel_of({contact(kDay, "store"), contact(kDay, "store"), contact(-1, "store")}), "") << "to come";
  EXPECT_EQ(channel_of({contact(kDay, "store"), contact(kDay, "store"), contact(kDay, "store", "outbound")}), "");
}

TEST(DomainSection1, SurveysAndBackOfficeAreNoContacts) {
  for (const char* channel : {"survey", "erp", "oa", "other", ""}) {
    EXPECT_EQ(channel_of(std::vector<Interaction>(5, contact(kDay, channel))), "") << channel;
  }
}

TEST(DomainSection6, EveryAttributeHasItsValue) {
  using enum RecordField;
  Saved saved({{name, "n"},
               {industry, "manufacturing"},
               {industry_detail, "汽车零部件"},
               {province, "北京市"},
               {city, "北京市"},
               {employee_count, "501"},
               {enterprise_type, "private"},
               {annual_budget, "10000000 CNY"},
               {cooperation_since, "2000-01-01"}});
  CustomerValue value;
  value.orders_365d = 5;
  std::vector<Interaction> talks(4, contact(kDay, "store"));
  CustomerPreferences preferences{{liked("category", "Toy", "0.5")}, {}};
  Classification is = classify({&saved.record, value, talks, preferences, saved.zone, kNow});
  EXPECT_EQ(is.industry, "manufacturing");
  EXPECT_EQ(is.industry_detail, "汽车零部件");
  EXPECT_EQ(is.size, "large");
  EXPECT_EQ(is.region, "north_china");
  EXPECT_EQ(is.province, "北京市");
  EXPECT_EQ(is.city, "北京市");
  EXPECT_EQ(is.enterprise_type, "private");
  EXPECT_EQ(is.interaction_level, "high");
  EXPECT_EQ(is.product_focus, "Toy");
  EXPECT_EQ(is.preferred_channel, "store");
  EXPECT_EQ(is.budget_band, "100k_to_500k");
  EXPECT_EQ(is.cooperation_band, "over_3y");
  EXPECT_EQ(is.repeat_band, "high");
}

TEST(DomainSection6, ACustomerWithoutARecordHasLevelsOfBehaviour) {
  CustomerValue value;
  TimeZone zone = TimeZone::load("UTC").value();
  Classification is = classify({nullptr, value, {}, {}, zone, kNow});
  EXPECT_EQ(is.region, "");
  EXPECT_EQ(is.budget_band, "");
  EXPECT_EQ(is.interaction_level, "low");
  EXPECT_EQ(is.repeat_band, "low");
}

}  // namespace
}  // namespace tributary
