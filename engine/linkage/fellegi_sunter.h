// How much the agreement of two records says that they are the same customer: the model of Fellegi and Sunter, fitted
// without anybody saying which records are.
// Source: Fellegi, Sunter, A Theory for Record Linkage, JASA 64, 1969.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/linkage/record_table.h"

namespace tributary {

/// How often the values of a field agree so far, of pairs that are one customer (m) and of pairs that are two (u).
/// Missing values are left out of both. Each sums to 1.
struct FieldProbabilities {
  std::array<double, kAgreements> m{}, u{};
};

struct FellegiSunter {
  std::vector<FieldProbabilities> fields;
  double match_share = 0;  // of all comparable pairs
  int rounds = 0;
  bool converged = false;  // false: probabilities still moved after kFitRoundsMax
};
constexpr int kFitRoundsMax = 500;

/// The evidence of one field in bits: the logarithm to base 2 of m / u; 0 when missing.
double field_weight(const FellegiSunter& model, size_t field, Agreement agreement);

/// The sum of all fields: how many bits the pair is likelier to be one customer than a pair drawn blindly.
double match_weight(const FellegiSunter& model, AgreementPattern pattern);

/// The probability that a pair of this weight is one customer.
double match_probability(const FellegiSunter& model, double weight);

/// The weight at which a pair has this probability, above 0 and below 1.
double weight_of_probability(const FellegiSunter& model, double probability);

/// How many pairs agree in which way; sorted, each pattern once.
using PatternCounts = std::vector<std::pair<AgreementPattern, uint64_t>>;
PatternCounts count_patterns(std::vector<AgreementPattern> patterns);

/// What a fit looks at. Pairs that are neither candidates nor drawn count as two customers each.
struct PatternSample {
  PatternCounts candidates;       // of all pairs that share a block
  PatternCounts random;           // of pairs drawn blindly: what customers have in common by chance
  uint64_t comparable_pairs = 0;  // candidates, drawn and all others
};

/// By expectation and maximisation, from the belief that pairs of one customer mostly agree: candidates are weighed by
/// their probability to be one customer, drawn pairs by theirs to be two, until no probability moves. Deterministic.
/// Without duplicates in the data the share of matches falls towards 0.
FellegiSunter fit_fellegi_sunter(size_t fields, const PatternSample& sample);

}  // namespace tributary
