// Which records are one customer, by how much they agree: of one list whose customers come more than once, or of two
// lists of which each has every customer once. Nothing is learnt from anybody who knows; nothing here merges.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/linkage/blocking.h"
#include "engine/linkage/fellegi_sunter.h"
#include "engine/linkage/record_table.h"

namespace tributary {

struct ScoredPair {
  RecordPair records;
  double weight = 0;  // bits, see match_weight()
  double probability = 0;
};

struct LinkageOptions {
  BlockingLimits blocking;
  double probability_min = 0.5;  // above 0, below 1; 0.5 makes the fewest errors, less gives reviewers more to see
};

struct Linkage {
  FellegiSunter model;
  std::vector<BlockingKey> keys;
  uint64_t pairs_compared = 0;
  double weight_min = 0;                      // what probability_min means in bits, under this model
  std::vector<ScoredPair> pairs;              // of one customer, sorted by records
  std::vector<std::vector<uint32_t>> groups;  // of two records or more, sorted; two lists: of two
};

/// Deterministic, and independent of the order in which records were given. Time and memory grow with records and with
/// BlockingLimits::pairs_per_record_max. Pairs of one group that fall below the limit themselves are listed with it.
Linkage link_records(const RecordTable& table, const LinkageOptions& options = {});

/// Why: what one field adds to the weight of a pair.
struct FieldEvidence {
  size_t field = 0;
  Agreement agreement = Agreement::missing;
  double weight = 0;  // bits; against, when negative
};
std::vector<FieldEvidence> explain_pair(const RecordTable& table, const FellegiSunter& model, RecordPair pair);

}  // namespace tributary
