// What customers answered, and how they feel: figures of one customer as of a moment.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/decimal.h"
#include "engine/domain/survey.h"
#include "engine/profile/fact.h"

namespace tributary {

struct SurveyFigures {
  std::optional<int64_t> nps_last;  // 0 to 10
  std::optional<Timestamp> nps_last_at;
  std::optional<int64_t> ces_last;  // 1 to 7
  uint64_t csat_count_90d = 0;      // answers of 1 to 5
  uint64_t csat_satisfied_90d = 0;  // of them: 4 and 5
  std::optional<Decimal> csat_avg_90d;
  uint64_t sentiment_count_90d = 0;
  uint64_t negative_count_90d = 0;  // of them: -0.3 and below
  std::optional<Decimal> sentiment_avg_90d;

  /// promoter from 9, passive from 7, else detractor; empty without an answer. The net promoter score of a group is
  /// the share of its promoters less that of its detractors.
  std::string_view nps_class() const;
};

/// Of facts of any kind, sorted by kind: sentiments stand in talks as they were last told, in each act on a ticket as
/// it was last told, and in answers, reviews, comments and mentions. 90 days end at the moment. Averages have at most 6
/// places, half to even.
SurveyFigures survey_figures(const std::vector<Fact>& facts, Timestamp now);

}  // namespace tributary
