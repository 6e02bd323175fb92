#include "engine/linkage/fellegi_sunter.h"

#include <algorithm>
#include <cmath>

namespace tributary {
namespace {

constexpr double kConverged = 1e-6;  // the greatest step of a probability; of the share of matches, relative
/// What is believed before any data, in pairs: 0.9 of one matching pair agree exactly, and an agreement that was never
/// drawn may come with half a pair.
constexpr double kBeliefInMatches = 1, kBeliefInChance = 0.5;
constexpr double kAgreeAtFirst = 0.9;
constexpr double kShareMin = 1e-15;

using Levels = std::array<double, kAgreements>;

size_t level_of(Agreement agreement) { return static_cast<size_t>(agreement); }

Levels believed_matches() {
  Levels levels;
  levels.fill((1 - kAgreeAtFirst) / (kAgreements - 2));
  levels[level_of(Agreement::missing)] = 0;
  levels[level_of(Agreement::equal)] = kAgreeAtFirst;
  return levels;
}

/// Counts of agreements per field become probabilities. `belief` is in pairs.
class AgreementTally {
 public:
  AgreementTally(size_t fields, const Levels& belief) : counts_(fields, belief) {
    for (Levels& levels : counts_) levels[level_of(Agreement::missing)] = 0;
  }
  void add(AgreementPattern pattern, double pairs) {
    for (size_t field = 0; field < counts_.size(); ++field) {
      Agreement agreement = pattern.at(field);
      if (agreement != Agreement::missing) counts_[field][level_of(agreement)] += pairs;
    }
  }
  Levels probabilities(size_t field) const {
    Levels levels = counts_[field];
    double sum = 0;
    for (double count : levels) sum += count;
    for (double& level : levels) level /= sum;
    return levels;
  }

 private:
  std::vector<Levels> counts_;
};

Levels scaled(Levels levels, double factor) {
  for (double& level : levels) level *= factor;
  return levels;
}

/// Puts the levels in the place of `into`; returns the greatest step.
double replace(Levels& into, const Levels& by) {
  double step = 0;
  for (size_t level = 0; level < kAgreements; ++level) step = std::max(step, std::fabs(into[level] - by[level]));
  into = by;
  return step;
}

/// One round: who is one customer under the model so far, and the model under which that is likeliest.
double improve(FellegiSunter& model, const PatternSample& sample) {
  Levels chance;
  chance.fill(kBeliefInChance / (kAgreements - 1));
  AgreementTally matches(model.fields.size(), scaled(believed_matches(), kBeliefInMatches));
  AgreementTally others(model.fields.size(), chance);
  double matching = 0;
  for (const auto& [pattern, count] : sample.candidates) {
    double pairs = static_cast<double>(count) * match_probability(model, match_weight(model, pattern));
    matches.add(pattern, pairs);
    matching += pairs;
  }
  for (const auto& [pattern, count] : sample.random) {
    others.add(pattern, static_cast<double>(count) * (1 - match_probability(model, match_weight(model, pattern))));
  }
  double share = std::max(matching / static_cast<double>(sample.comparable_pairs), kShareMin);
  double step = std::fabs(share / model.match_share - 1);
  model.match_share = share;
  for (size_t field = 0; field < model.fields.size(); ++field) {
    step = std::max(step, replace(model.fields[field].m, matches.probabilities(field)));
    step = std::max(step, replace(model.fields[field].u, others.probabilities(field)));
  }
  return step;
}

}  // namespace

double field_weight(const FellegiSunter& model, size_t field, Agreement agreement) {
  if (agreement == Agreement::missing) return 0;
  size_t level = level_of(agreement);
  return std::log2(model.fields[field].m[level] / model.fields[field].u[level]);
}

double match_weight(const FellegiSunter& model, AgreementPattern pattern) {
  double weight = 0;
  for (size_t field = 0; field < model.fields.size(); ++field) weight += field_weight(model, field, pattern.at(field));
  return weight;
}

double match_probability(const FellegiSunter& model, double weight) {
  return 1 / (1 + (1 - model.match_share) / model.match_share * std::exp2(-weight));
}

double weight_of_probability(const FellegiSunter& model, double probability) {
  return std::log2(probability / (1 - probability) * (1 - model.match_share) / model.match_share);
}

PatternCounts count_patterns(std::vector<AgreementPattern> patterns) {
  std::sort(patterns.begin(), patterns.end());
  PatternCounts counts;
  for (AgreementPattern pattern : patterns) {
    if (counts.empty() || counts.back().first != pattern) counts.emplace_back(pattern, 0);
    ++counts.back().second;
  }
  return counts;
}

FellegiSunter fit_fellegi_sunter(size_t fields, const PatternSample& sample) {
  FellegiSunter model;
  if (sample.comparable_pairs == 0) {
    Levels even;
    even.fill(1.0 / (kAgreements - 1));
    model.fields.assign(fields, {believed_matches(), even});
    model.match_share = kShareMin;
    model.converged = true;
    return model;
  }
  Levels chance;
  chance.fill(kBeliefInChance / (kAgreements - 1));
  AgreementTally drawn(fields, chance);
  for (const auto& [pattern, count] : sample.random) drawn.add(pattern, static_cast<double>(count));
  for (size_t field = 0; field < fields; ++field) {
    model.fields.push_back({believed_matches(), drawn.probabilities(field)});
  }
  // About as many as there are records in a square of all pairs.
  model.match_share = std::min(0.5, 1 / std::sqrt(2 * static_cast<double>(sample.comparable_pairs)));
  while (model.rounds < kFitRoundsMax && !model.converged) {
    model.converged = improve(model, sample) < kConverged;
    ++model.rounds;
  }
  return model;
}

}  // namespace tributary
