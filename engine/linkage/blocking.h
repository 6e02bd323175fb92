// Which pairs of records are worth comparing: those that share the value of a key. Nobody names the keys; they are
// chosen by how few pairs they give.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/linkage/record_table.h"

namespace tributary {

/// The value of one field, or of two; then of names and texts the first kBlockingFront code points.
struct BlockingKey {
  std::vector<size_t> fields;    // one or two
  uint64_t pairs = 0;            // in its blocks
  uint64_t blocks_left_out = 0;  // larger than BlockingLimits::block_size_max
};
constexpr size_t kBlockingFront = 3;

struct BlockingLimits {
  size_t block_size_max = 100;          // records; of a larger block no pair is compared because of it
  uint64_t pairs_per_record_max = 100;  // of all keys together, on average
};

struct Blocking {
  std::vector<BlockingKey> keys;
  std::vector<RecordPair> pairs;  // sorted, each once
};

/// Takes the keys of one field that give few pairs, then those of two fields that add to them, the most selective
/// first, until `pairs_per_record_max` is used up. Time grows with records (n log n for each of at most 210 keys) and
/// with the pairs.
Blocking find_blocks(const RecordTable& table, const BlockingLimits& limits);

/// "surname + postcode"
std::string key_name(const RecordTable& table, const BlockingKey& key);

}  // namespace tributary
