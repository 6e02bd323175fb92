#include "engine/linkage/linkage.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace tributary {
namespace {

constexpr uint64_t kPairsDrawnMax = 500'000;

/// Numbers that look random and are the same everywhere. Source: Steele, Lea, Flood, Fast Splittable Pseudorandom
/// Number Generators, OOPSLA 2014.
class SplitMix {
 public:
  size_t below(size_t bound) {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return static_cast<size_t>((z ^ z >> 31) % bound);
  }

 private:
  uint64_t state_ = 0;
};

PatternCounts patterns_of_random_pairs(const RecordTable& table) {
  std::vector<AgreementPattern> patterns;
  if (table.comparable_pairs() <= kPairsDrawnMax) {
    for (size_t a = 0; a < table.size(); ++a) {
      for (size_t b = a + 1; b < table.size(); ++b) {
        if (table.comparable(a, b)) patterns.push_back(table.compare(a, b));
      }
    }
    return count_patterns(std::move(patterns));
  }
  SplitMix random;
  while (patterns.size() < kPairsDrawnMax) {
    size_t a = random.below(table.size()), b = random.below(table.size());
    if (table.comparable(a, b)) patterns.push_back(table.compare(std::min(a, b), std::max(a, b)));
  }
  return count_patterns(std::move(patterns));
}

bool likelier(const ScoredPair& a, const ScoredPair& b) {
  return std::tuple(-a.weight, a.records) < std::tuple(-b.weight, b.records);
}

/// The likeliest first, each record once.
std::vector<ScoredPair> one_to_one(const RecordTable& table, const std::vector<ScoredPair>& pairs) {
  std::vector<bool> taken(table.size());
  std::vector<ScoredPair> kept;
  for (const ScoredPair& pair : pairs) {
    if (taken[pair.records.a] || taken[pair.records.b]) continue;
    taken[pair.records.a] = taken[pair.records.b] = true;
    kept.push_back(pair);
  }
  return kept;
}

/// Joins groups of records pair by pair, the likeliest first, when all pairs across speak for it on average: a record
/// between two customers does not make them one.
class Grouping {
 public:
  Grouping(const RecordTable& table, const FellegiSunter& model, double weight_min)
      : table_(table), model_(model), weight_min_(weight_min), group_of_(table.size()), groups_(table.size()) {
    std::iota(group_of_.begin(), group_of_.end(), 0);
    for (uint32_t record = 0; record < table.size(); ++record) groups_[record] = {record};
  }

  void join(RecordPair pair) {
    uint32_t into = group_of_[pair.a], from = group_of_[pair.b];
    if (into == from || mean_weight(groups_[into], groups_[from]) < weight_min_) return;
    if (groups_[into].size() < groups_[from].size()) std::swap(into, from);
    for (uint32_t record : groups_[from]) group_of_[record] = into;
    groups_[into].insert(groups_[into].end(), groups_[from].begin(), groups_[from].end());
    groups_[from].clear();
  }

  std::vector<std::vector<uint32_t>> take() {
    std::erase_if(groups_, [](const auto& group) { return group.size() < 2; });
    for (std::vector<uint32_t>& group : groups_) std::sort(group.begin(), group.end());
    std::sort(groups_.begin(), groups_.end());
    return std::move(groups_);
  }

 private:
  double mean_weight(const std::vector<uint32_t>& left, const std::vector<uint32_t>& right) const {
    double sum = 0;
    for (uint32_t a : left) {
      for (uint32_t b : right) sum += match_weight(model_, table_.compare(std::min(a, b), std::max(a, b)));
    }
    return sum / static_cast<double>(left.size() * right.size());
  }

  const RecordTable& table_;
  const FellegiSunter& model_;
  double weight_min_;
  std::vector<uint32_t> group_of_;
  std::vector<std::vector<uint32_t>> groups_;
};

ScoredPair scored(const FellegiSunter& model, RecordPair records, AgreementPattern pattern) {
  double weight = match_weight(model, pattern);
  return {records, weight, match_probability(model, weight)};
}

void add_group(Linkage& linkage, const RecordTable& table, const std::vector<uint32_t>& group) {
  for (size_t i = 0; i < group.size(); ++i) {
    for (size_t j = i + 1; j < group.size(); ++j) {
      linkage.pairs.push_back(scored(linkage.model, {group[i], group[j]}, table.compare(group[i], group[j])));
    }
  }
}

}  // namespace

Linkage link_records(const RecordTable& table, const LinkageOptions& options) {
  Blocking blocking = find_blocks(table, options.blocking);
  Linkage linkage;
  linkage.keys = std::move(blocking.keys);
  linkage.pairs_compared = blocking.pairs.size();
  std::vector<AgreementPattern> patterns;
  patterns.reserve(blocking.pairs.size());
  for (const RecordPair& pair : blocking.pairs) patterns.push_back(table.compare(pair.a, pair.b));
  linkage.model = fit_fellegi_sunter(
      table.fields().size(), {count_patterns(patterns), patterns_of_random_pairs(table), table.comparable_pairs()});
  linkage.weight_min = weight_of_probability(linkage.model, options.probability_min);

  std::vector<ScoredPair> pairs;
  for (size_t i = 0; i < patterns.size(); ++i) {
    ScoredPair pair = scored(linkage.model, blocking.pairs[i], patterns[i]);
    if (pair.weight >= linkage.weight_min) pairs.push_back(pair);
  }
  std::sort(pairs.begin(), pairs.end(), likelier);
  if (table.has_two_lists()) pairs = one_to_one(table, pairs);
  Grouping grouping(table, linkage.model, linkage.weight_min);
  for (const ScoredPair& pair : pairs) grouping.join(pair.records);
  linkage.groups = grouping.take();
  for (const std::vector<uint32_t>& group : linkage.groups) add_group(linkage, table, group);
  std::sort(linkage.pairs.begin(), linkage.pairs.end(),
            [](const auto& a, const auto& b) { return a.records < b.records; });
  return linkage;
}

std::vector<FieldEvidence> explain_pair(const RecordTable& table, const FellegiSunter& model, RecordPair pair) {
  AgreementPattern pattern = table.compare(pair.a, pair.b);
  std::vector<FieldEvidence> evidence;
  evidence.reserve(table.fields().size());
  for (size_t field = 0; field < table.fields().size(); ++field) {
    evidence.push_back({field, pattern.at(field), field_weight(model, field, pattern.at(field))});
  }
  return evidence;
}

}  // namespace tributary
