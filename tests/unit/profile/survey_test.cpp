// Answers and feelings of one customer, at the boundaries of the rules.
#include "engine/profile/survey.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/domain/interaction.h"
#include "engine/domain/ticket.h"
#include "tests/unit/profile/fact_sketch.h"

namespace tributary {
namespace {

constexpr int64_t kDay = kMicrosPerDay;
constexpr int64_t kNowMicros = 20'000 * kDay;

Fact answered(const std::string& kind, int score, int64_t at, const std::string& message) {
  return make_fact<SurveyAct, SurveyField>(
      FactKind::survey, SurveyAct::answered, "s", at, message,
      {{SurveyField::survey_kind, kind}, {SurveyField::score, std::to_string(score)}});
}

Fact felt(const std::string& sentiment, int64_t at, const std::string& message) {
  return make_fact<SurveyAct, SurveyField>(FactKind::survey, SurveyAct::felt, message, at, message,
                                           {{SurveyField::sentiment, sentiment}});
}

SurveyFigures figures_of(std::vector<Fact> facts, int64_t now = kNowMicros) {
  std::ranges::stable_sort(facts, {}, &Fact::kind);
  return survey_figures(facts, Timestamp{now});
}

std::string text_of(const std::optional<Decimal>& decimal) { return decimal ? to_text(*decimal) : "none"; }

TEST(DomainSection2_2, NpsNineThenSixByOneCustomer) {
  SurveyFigures figures =
      figures_of({answered("nps", 6, kNowMicros - kDay, "b"), answered("nps", 9, kNowMicros - 2 * kDay, "a")});
  EXPECT_EQ(figures.nps_last, 6);
  EXPECT_EQ(figures.nps_class(), "detractor");
}

TEST(DomainSection2_3, MeanAndNegativeCountOf90Days) {
  std::vector<Fact> facts = {felt("1", kNowMicros - kDay, "a"), felt("-1", kNowMicros - 10 * kDay, "b"),
                             felt("-0.5", kNowMicros, "c")};
  SurveyFigures figures = figures_of(facts);
  EXPECT_EQ(text_of(figures.sentiment_avg_90d), "-0.166667");
  EXPECT_EQ(figures.negative_count_90d, 2U);
  // The -1 ages out at 90 days to the microsecond.
  EXPECT_EQ(figures_of(facts, kNowMicros + 80 * kDay - 1).sentiment_count_90d, 3U);
  figures = figures_of(facts, kNowMicros + 80 * kDay);
  EXPECT_EQ(text_of(figures.sentiment_avg_90d), "0.25");
  EXPECT_EQ(figures.negative_count_90d, 1U);
  EXPECT_EQ(text_of(figures_of(facts, kNowMicros + 90 * kDay).sentiment_avg_90d), "none");
}

TEST(DomainSection2_3, NegativeFromMinusThreeTenths) {
  for (auto [sentiment, negative] : {std::pair{"-0.3", 1U}, {"-0.30", 1U}, {"-0.29999", 0U}, {"-1", 1U}, {"0", 0U}}) {
    EXPECT_EQ(figures_of({felt(sentiment, kNowMicros, "a")}).negative_count_90d, negative) << sentiment;
  }
}

TEST(DomainSection2_3, ServiceReviewSocialAndSurveyEventsFeel) {
  std::vector<Fact> facts = {felt("1", kNowMicros, "review")};
  facts.push_back(make_fact<SurveyAct, SurveyField>(
      FactKind::survey, SurveyAct::answered, "s", kNowMicros, "answer",
      {{SurveyField::survey_kind, "questionnaire"}, {SurveyField::sentiment, "0.5"}}));
  facts.push_back(make_fact<InteractionAct, InteractionField>(
      FactKind::interaction, InteractionAct::call, "c", kNowMicros, "call", {{InteractionField::sentiment, "-1"}}));
  for (const char* message : {"told", "told again"}) {  // one act on one ticket
    facts.push_back(make_fact<TicketAct, TicketField>(FactKind::ticket, TicketAct::created, "t", kNowMicros, message,
                                                      {{TicketField::sentiment, "-0.5"}}));
  }
  facts.push_back(make_fact<TicketAct, TicketField>(FactKind::ticket, TicketAct::solved, "t", kNowMicros, "solved",
                                                    {{TicketField::sentiment, "0.25"}}));
  SurveyFigures figures = figures_of(facts);
  EXPECT_EQ(figures.sentiment_count_90d, 5U);
  EXPECT_EQ(text_of(figures.sentiment_avg_90d), "0.05");
}

TEST(DomainSection16, K7_NetPromoterScoreOfTheLastAnswers) {
  int promoters = 0, detractors = 0, customers = 0;
  for (int score : {9, 6, 10, 8}) {
    SurveyFigures figures = figures_of(
        {answered("nps", score, kNowMicros, "last"), answered("nps", 10 - score, kNowMicros - kDay, "before")});
    ++customers;
    promoters += figures.nps_class() == "promoter" ? 1 : 0;
    detractors += figures.nps_class() == "detractor" ? 1 : 0;
  }
  EXPECT_DOUBLE_EQ(100.0 * (promoters - detractors) / customers, 25.0);
  EXPECT_EQ(figures_of({answered("nps", 7, kNowMicros, "a")}).nps_class(), "passive");
  EXPECT_EQ(figures_of({}).nps_class(), "");
}

TEST(DomainSection16, K8_CustomerSatisfaction) {
  std::vector<Fact> facts;
  for (int score : {5, 4, 3, 2}) facts.push_back(answered("csat", score, kNowMicros, std::to_string(score)));
  SurveyFigures figures = figures_of(facts);
  EXPECT_EQ(figures.csat_satisfied_90d, 2U);
  EXPECT_EQ(figures.csat_count_90d, 4U);
  EXPECT_EQ(text_of(figures.csat_avg_90d), "3.5");
}

TEST(Surveys, WhatComesLaterThanTheMomentIsUnknown) {
  SurveyFigures figures = figures_of({answered("nps", 9, kNowMicros + 1, "a"), answered("csat", 5, kNowMicros + 1, "b"),
                                      felt("1", kNowMicros + 1, "c"), answered("ces", 7, kNowMicros, "d")});
  EXPECT_FALSE(figures.nps_last);
  EXPECT_EQ(figures.csat_count_90d + figures.sentiment_count_90d, 0U);
  EXPECT_EQ(figures.ces_last, 7);
}

TEST(Surveys, AnyOrderOfArrivalGivesTheSame) {
  uint64_t seed = std::random_device()();
  std::mt19937_64 random(seed);
  for (int round = 0; round < 100; ++round) {
    std::vector<Fact> facts;
    for (int i = 0; i < 9; ++i) {
      int64_t at = kNowMicros - static_cast<int64_t>(random() % 3) * kDay;
      std::string message = std::to_string(i);
      static constexpr const char* kKinds[] = {"nps", "csat", "ces"};
      facts.push_back(random() % 2 == 0
                          ? answered(kKinds[random() % 3], static_cast<int>(1 + random() % 5), at, message)
                          : felt("-0." + std::to_string(random() % 1000), at, message));
    }
    auto judged = [&] {
      SurveyFigures all = figures_of(facts);
      return std::to_string(all.nps_last.value_or(-1)) + " " + std::to_string(all.ces_last.value_or(-1)) + " " +
             text_of(all.csat_avg_90d) + " " + text_of(all.sentiment_avg_90d) + " " +
             std::to_string(all.negative_count_90d);
    };
    std::string expected = judged();
    std::ranges::shuffle(facts, random);
    ASSERT_EQ(judged(), expected) << "seed " << seed << " round " << round;
  }
}

}  // namespace
}  // namespace tributary
