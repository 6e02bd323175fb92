// Preferences and exclusions of one customer, at the boundaries of the rules.
#include "engine/profile/preference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/profile/fact_sketch.h"

namespace tributary {
namespace {

constexpr int64_t kDay = kMicrosPerDay;
constexpr Timestamp kNow{20'000 * kDay};
constexpr int64_t kThen = kNow.micros - 10 * kDay;

/// What was said, and the orders it was said of.
struct Said {
  std::vector<Fact> preferences, exclusions;
  std::vector<Order> orders;

  Fact& prefer(PreferenceAct act, const std::string& thing, int64_t at,
               std::vector<std::pair<PreferenceField, std::string>> more = {}) {
    more.insert(more.begin(), {PreferenceField::value, thing.substr(thing.find(' ') + 1)});
    preferences.push_back(make_fact(FactKind::preference, act, thing, at, next_message(), std::move(more)));
    return preferences.back();
  }
  Fact& set(const std::string& thing, const std::string& weight, int64_t at) {
    return prefer(PreferenceAct::set, thing, at, {{PreferenceField::weight, weight}});
  }
  Fact& exclude(ExclusionAct act, const std::string& thing, int64_t at) {
    exclusions.push_back(make_fact<ExclusionAct, ExclusionField>(
        FactKind::exclusion, act, thing, at, next_message(),
        {{ExclusionField::value, thing.substr(thing.find(' ') + 1)}, {ExclusionField::reason, "said so"}}));
    return exclusions.back();
  }
  Order& order(const std::string& id, int64_t at = kThen) {
    Order order;
    order.hash = subject_named(id);
    order.status = OrderStatus::completed;
    order.counts = true;
    order.at = Timestamp{at};
    orders.push_back(order);
    return orders.back();
  }
  /// Facts of one message have its name.
  Fact& bought(const std::string& thing, const std::string& order_id, int lines = 1, int64_t at = kThen,
               const std::string& message = "m") {
    Fact& fact = prefer(
        PreferenceAct::bought, thing, at,
        {{PreferenceField::order, base32(subject_named(order_id))}, {PreferenceField::lines, std::to_string(lines)}});
    fact.message_id = message;
    fact.message = subject_named(message);
    return fact;
  }

  /// "category toy=0.333 brand lego=-0.5 explicit", the heaviest first; then "- category tea explicit".
  std::string judged(Timestamp now = kNow) const {
    CustomerPreferences judged = judge_preferences(preferences, exclusions, orders, now);
    std::string text;
    for (const Preference& preference : judged.preferences) {
      text += (text.empty() ? "" : " ") + preference.kind + " " + preference.value + "=" + to_text(preference.weight);
      if (preference.set) text += " explicit over " + to_text(preference.inferred_weight);
    }
    for (const Exclusion& exclusion : judged.exclusions) {
      text += (text.empty() ? "- " : " - ") + exclusion.kind + " " + exclusion.value + " " +
              std::string(exclusion_origin_name(exclusion.origin));
    }
    return text;
  }

 private:
  std::string next_message() { return "m" + std::to_string(++messages_); }
  int messages_ = 0;
};

TEST(DomainSection11, PF1_OneOrderLine) {
  Said said;
  said.order("1");
  said.bought("category toy", "1");
  EXPECT_EQ(said.judged(), "category toy=0.333");
}

TEST(DomainSection11, PF1_PointsOfEachAct) {
  struct Row {
    PreferenceAct act;
    const char* weight;
  };
  for (Row row : {Row{PreferenceAct::viewed, "0.091"},
                  {PreferenceAct::wished, "0.231"},
                  {PreferenceAct::added, "0.231"},
                  {PreferenceAct::tried_on, "0.231"},
                  {PreferenceAct::liked, "0.231"},
                  {PreferenceAct::removed, "-0.091"},
                  {PreferenceAct::disliked, "-0.333"}}) {
    Said said;
    said.prefer(row.act, "category toy", kThen);
    EXPECT_EQ(said.judged(), std::string("category toy=") + row.weight);
  }
  Said said;
  said.prefer(PreferenceAct::added, "category toy", kThen);
  for (int i = 0; i < 3; ++i) said.prefer(PreferenceAct::removed, "category toy", kThen + i);
  EXPECT_EQ(said.judged(), "") << "nothing is left";
}

TEST(DomainSection11, PF1_180Days) {
  Said said;
  said.prefer(PreferenceAct::viewed, "category toy", kThen);
  EXPECT_EQ(said.judged(Timestamp{kThen + 180 * kDay - 1}), "category toy=0.091");
  EXPECT_EQ(said.judged(Timestamp{kThen + 180 * kDay}), "");
  EXPECT_EQ(said.judged(Timestamp{kThen - 1}), "");
}

TEST(DomainSection11, PF2_GiftOrdersDoNotCount) {
  Said said;
  said.order("1").gift = true;  // as the order is known now: it may have been marked later
  said.bought("category toy", "1");
  EXPECT_EQ(said.judged(), "");
  said.orders.front().gift = false;
  EXPECT_EQ(said.judged(), "category toy=0.333");
  said.orders.front().counts = false;  // cancelled, given back, a test
  EXPECT_EQ(said.judged(), "");
  said.orders.clear();
  EXPECT_EQ(said.judged(), "");
}

TEST(DomainSection11, PF2_TheLastWordOnTheLinesOfAnOrderCounts) {
  Said said;
  said.order("1");
  said.bought("category toy", "1", 2);
  said.bought("brand lego", "1", 2);
  EXPECT_EQ(said.judged(), "brand lego=0.500 category toy=0.500");
  said.bought("category toy", "1", 0, kThen + 1, "all lines marked as gifts");
  EXPECT_EQ(said.judged(), "");
  said.bought("category tea", "1", 1, kThen + 2, "other lines");
  EXPECT_EQ(said.judged(), "category tea=0.333");
  said.bought("", "1", 0, kThen + 3, "lines that name nothing").subject_text.clear();
  EXPECT_EQ(said.judged(), "");
  said.bought("category toy", "1", 1, kThen + 4, "claimed").trust = Trust::claimed;
  EXPECT_EQ(said.judged(), "");
}

TEST(DomainSection11, PF3_ExplicitBeatsInferred) {
  Said said;
  said.order("1");
  said.bought("category toy", "1");
  said.set("category toy", "0", kThen - kDay);
  EXPECT_EQ(said.judged(), "category toy=0 explicit over 0.333");
  said.set("category toy", "-0.75", kThen);
  EXPECT_EQ(said.judged(), "category toy=-0.75 explicit over 0.333");
}

TEST(DomainSection11, PF4_DismissingExcludesAtOnce) {
  Said said;
  said.prefer(PreferenceAct::viewed, "category skin care", kThen);
  said.exclude(ExclusionAct::dismissed, "category skin care", kThen);
  EXPECT_EQ(said.judged(Timestamp{kThen}), "- category skin care dismissal");
}

TEST(DomainSection11, PF4_ABadRatingExcludesUntilABetterOne) {
  Said said;
  said.exclude(ExclusionAct::rated_badly, "product p", kThen);
  said.exclude(ExclusionAct::dismissed, "product p", kThen + 1);
  EXPECT_EQ(said.judged(), "- product p rating");
  said.exclude(ExclusionAct::rated_better, "product p", kThen + 2);
  EXPECT_EQ(said.judged(), "- product p dismissal");
}

TEST(DomainSection11, PF6_PreferenceSetAfterAnExclusionRemovesIt) {
  Said said;
  said.exclude(ExclusionAct::added, "category toy", kThen);
  said.set("category toy", "-0.5", kThen + 1);
  EXPECT_EQ(said.judged(), "- category toy explicit") << "it agrees with it";
  said.set("category toy", "0.5", kThen + 2).trust = Trust::claimed;
  EXPECT_EQ(said.judged(), "category toy=0.5 explicit over 0.000");
  said.exclude(ExclusionAct::added, "category toy", kThen + 3);
  EXPECT_EQ(said.judged(), "- category toy explicit");
  said.exclude(ExclusionAct::removed, "category toy", kThen + 4);
  EXPECT_EQ(said.judged(), "category toy=0.5 explicit over 0.000");
}

TEST(DomainSection11, PF6_DismissalsExpireAndExplicitExclusionsDoNot) {
  Said said;
  said.exclude(ExclusionAct::dismissed, "category toy", kThen);
  EXPECT_EQ(said.judged(Timestamp{kThen + 365 * kDay - 1}), "- category toy dismissal");
  EXPECT_EQ(said.judged(Timestamp{kThen + 365 * kDay}), "");
  said.exclude(ExclusionAct::added, "category toy", kThen - kDay);
  EXPECT_EQ(said.judged(Timestamp{kThen + 4000 * kDay}), "- category toy explicit");
}

TEST(Preferences, AnyOrderOfArrivalGivesTheSame) {
  uint64_t seed = std::random_device()();
  std::mt19937_64 random(seed);
  auto below = [&](uint64_t n) { return static_cast<int64_t>(random() % n); };
  for (int round = 0; round < 300; ++round) {
    Said said;
    said.order("1").gift = below(3) == 0;
    said.order("2");
    for (int64_t i = below(12); i >= 0; --i) {
      std::string thing = below(2) == 0 ? "category toy" : "brand lego";
      int64_t at = kThen + below(3);
      switch (below(4)) {
        case 0:
          said.exclude(static_cast<ExclusionAct>(1 + below(5)), thing, at);
          break;
        case 1:
          said.set(thing, below(2) == 0 ? "0.5" : "-0.5", at);
          break;
        case 2:
          said.bought(thing, std::to_string(1 + below(2)), static_cast<int>(below(3)), at, "o" + std::to_string(i));
          break;
        default:
          said.prefer(static_cast<PreferenceAct>(2 + below(5)), thing, at);
      }
    }
    std::string expected = said.judged();
    std::ranges::shuffle(said.preferences, random);
    std::ranges::shuffle(said.exclusions, random);
    std::ranges::shuffle(said.orders, random);
    ASSERT_EQ(said.judged(), expected) << "seed " << seed << " round " << round;
  }
}

}  // namespace
}  // namespace tributary
