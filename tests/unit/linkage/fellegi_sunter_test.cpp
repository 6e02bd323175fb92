#include "engine/linkage/fellegi_sunter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tributary {
namespace {

constexpr size_t kEqual = static_cast<size_t>(Agreement::equal);

/// Of each field how often it agrees, of matches and of others.
struct Truth {
  std::vector<double> m, u;
};
const Truth kTruth = {{0.95, 0.9, 0.8, 0.97, 0.7}, {0.01, 0.05, 0.002, 0.2, 0.1}};

AgreementPattern drawn(const std::vector<double>& agreeing, double missing, std::mt19937_64& random) {
  std::uniform_real_distribution<double> share;
  AgreementPattern pattern;
  for (size_t field = 0; field < agreeing.size(); ++field) {
    if (share(random) < missing) continue;
    pattern.set(field, share(random) < agreeing[field] ? Agreement::equal : Agreement::different);
  }
  return pattern;
}

PatternSample sample_of(uint64_t seed, size_t matches, size_t others, double missing) {
  std::mt19937_64 random(seed);
  std::vector<AgreementPattern> candidates, blind;
  for (size_t i = 0; i < matches; ++i) candidates.push_back(drawn(kTruth.m, missing, random));
  for (size_t i = 0; i < others; ++i) {
    candidates.push_back(drawn(kTruth.u, missing, random));
    blind.push_back(drawn(kTruth.u, missing, random));
  }
  return {count_patterns(candidates), count_patterns(blind), matches + others};
}

TEST(FellegiSunter, FindsTheProbabilitiesThatMadeTheData) {
  constexpr uint64_t kSeed = 20'240'229;
  SCOPED_TRACE(kSeed);
  FellegiSunter model = fit_fellegi_sunter(kTruth.m.size(), sample_of(kSeed, 4'000, 100'000, 0.1));
  EXPECT_TRUE(model.converged);
  EXPECT_NEAR(model.match_share, 4'000.0 / 104'000, 0.002);
  for (size_t field = 0; field < kTruth.m.size(); ++field) {
    EXPECT_NEAR(model.fields[field].m[kEqual], kTruth.m[field], 0.02) << field;
    EXPECT_NEAR(model.fields[field].u[kEqual], kTruth.u[field], 0.01) << field;
  }
}

TEST(FellegiSunter, MatchesAmongDrawnPairsAreNotTakenForChance) {
  // All pairs of 100 records of which 50 are copies of the others are drawn, so each match is among them: 50 of 4950.
  constexpr uint64_t kSeed = 7;
  PatternSample sample = sample_of(kSeed, 50, 4'900, 0);
  sample.random = sample.candidates;
  FellegiSunter model = fit_fellegi_sunter(kTruth.m.size(), sample);
  double with_matches = (0.002 * 4'900 + 0.8 * 50) / 4'950;
  EXPECT_LT(model.fields[2].u[kEqual], with_matches / 2) << "seed " << kSeed;
}

TEST(FellegiSunter, ProbabilitiesSumToOne) {
  FellegiSunter model = fit_fellegi_sunter(kTruth.m.size(), sample_of(3, 100, 1'000, 0.3));
  for (const FieldProbabilities& field : model.fields) {
    double m = 0, u = 0;
    for (size_t level = 0; level < kAgreements; ++level) {
      m += field.m[level];
      u += field.u[level];
    }
    EXPECT_NEAR(m, 1, 1e-9);
    EXPECT_NEAR(u, 1, 1e-9);
    EXPECT_EQ(field.m[0], 0);
    EXPECT_EQ(field.u[0], 0);
  }
}

TEST(FellegiSunter, WeightsAreBitsAndMissingSaysNothing) {
  FellegiSunter model;
  model.fields.resize(2);
  model.fields[0].m[kEqual] = 0.8;
  model.fields[0].u[kEqual] = 0.1;
  model.match_share = 0.2;
  EXPECT_DOUBLE_EQ(field_weight(model, 0, Agreement::equal), 3);
  EXPECT_EQ(field_weight(model, 0, Agreement::missing), 0);
  AgreementPattern pattern;
  pattern.set(0, Agreement::equal);
  EXPECT_DOUBLE_EQ(match_weight(model, pattern), 3);
  EXPECT_DOUBLE_EQ(match_probability(model, 2), 0.5);
  EXPECT_DOUBLE_EQ(match_probability(model, 3), 2.0 / 3);
  EXPECT_DOUBLE_EQ(weight_of_probability(model, 2.0 / 3), 3);
}

TEST(FellegiSunter, OfNothingKnowsNothing) {
  FellegiSunter model = fit_fellegi_sunter(2, {});
  EXPECT_TRUE(model.converged);
  EXPECT_TRUE(std::isfinite(field_weight(model, 1, Agreement::near)));
  EXPECT_LT(match_probability(model, field_weight(model, 0, Agreement::equal)), 1e-6);
}

TEST(FellegiSunter, WithoutMatchesFindsNone) {
  PatternSample sample = sample_of(11, 0, 50'000, 0);
  FellegiSunter model = fit_fellegi_sunter(kTruth.m.size(), sample);
  EXPECT_LT(model.match_share, 1e-4);
}

}  // namespace
}  // namespace tributary
