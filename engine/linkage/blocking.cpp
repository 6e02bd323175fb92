#include "engine/linkage/blocking.h"

#include <algorithm>
#include <map>
#include <span>
#include <tuple>
#include <utility>

namespace tributary {
namespace {

/// No key of one field may use more than this part of the budget, so that one that hardly tells takes nothing from
/// others.
constexpr uint64_t kShareOfOneField = 10;

struct BlockMember {
  uint64_t value;
  uint32_t record;
  friend auto operator<=>(const BlockMember&, const BlockMember&) = default;
};

/// Of each value of the field, which value of the key it is; 0: missing.
std::vector<uint32_t> fronts_of(const RecordTable& table, size_t field) {
  std::vector<uint32_t> fronts(table.values(field));
  LinkageKind kind = table.fields()[field].kind;
  bool whole = kind != LinkageKind::name && kind != LinkageKind::text;
  std::map<std::u32string_view, uint32_t> known;
  for (uint32_t value = 1; value < fronts.size(); ++value) {
    std::u32string_view text = table.text(field, value);
    if (!whole) text = text.substr(0, kBlockingFront);
    fronts[value] = known.try_emplace(text, static_cast<uint32_t>(known.size() + 1)).first->second;
  }
  return fronts;
}

class BlockFinder {
 public:
  BlockFinder(const RecordTable& table, const BlockingLimits& limits) : table_(table), limits_(limits) {
    for (size_t field = 0; field < table.fields().size(); ++field) fronts_.push_back(fronts_of(table, field));
  }

  BlockingKey measure(std::vector<size_t> fields) const {
    BlockingKey key{.fields = std::move(fields)};
    for_each_block(key, [&](std::span<const BlockMember> block) {
      uint64_t pairs = pairs_in(block);
      if (block.size() > limits_.block_size_max) {
        key.blocks_left_out += pairs > 0 ? 1 : 0;
      } else {
        key.pairs += pairs;
      }
    });
    return key;
  }

  void append_pairs(const BlockingKey& key, std::vector<RecordPair>& pairs) const {
    for_each_block(key, [&](std::span<const BlockMember> block) {
      if (block.size() > limits_.block_size_max) return;
      for (size_t i = 0; i < block.size(); ++i) {
        for (size_t j = i + 1; j < block.size(); ++j) {
          if (table_.comparable(block[i].record, block[j].record)) pairs.push_back({block[i].record, block[j].record});
        }
      }
    });
  }

 private:
  uint64_t pairs_in(std::span<const BlockMember> block) const {
    uint64_t second = 0;
    for (const BlockMember& member : block) second += table_.in_second_list(member.record) ? 1 : 0;
    return table_.has_two_lists() ? second * (block.size() - second) : block.size() * (block.size() - 1) / 2;
  }

  template <class OnBlock>
  void for_each_block(const BlockingKey& key, OnBlock on_block) const {
    std::vector<BlockMember> members;
    for (size_t record = 0; record < table_.size(); ++record) {
      uint64_t value = value_of(key, record);
      if (value != 0) members.push_back({value, static_cast<uint32_t>(record)});
    }
    std::sort(members.begin(), members.end());
    for (size_t begin = 0, end = 0; begin < members.size(); begin = end) {
      while (end < members.size() && members[end].value == members[begin].value) ++end;
      on_block(std::span(members).subspan(begin, end - begin));
    }
  }

  uint64_t value_of(const BlockingKey& key, size_t record) const {
    if (key.fields.size() == 1) return table_.value(record, key.fields[0]);
    uint64_t first = fronts_[key.fields[0]][table_.value(record, key.fields[0])];
    uint64_t second = fronts_[key.fields[1]][table_.value(record, key.fields[1])];
    return first == 0 || second == 0 ? 0 : first << 32 | second;
  }

  const RecordTable& table_;
  BlockingLimits limits_;
  std::vector<std::vector<uint32_t>> fronts_;  // by field
};

void sort_by_pairs(std::vector<BlockingKey>& keys) {
  std::sort(keys.begin(), keys.end(),
            [](const auto& a, const auto& b) { return std::tie(a.pairs, a.fields) < std::tie(b.pairs, b.fields); });
}

std::vector<BlockingKey> choose_keys(const RecordTable& table, const BlockFinder& finder,
                                     const BlockingLimits& limits) {
  uint64_t budget = limits.pairs_per_record_max * table.size(), used = 0;
  std::vector<BlockingKey> chosen;
  auto take = [&](std::vector<BlockingKey>& candidates, uint64_t pairs_max) {
    sort_by_pairs(candidates);
    for (BlockingKey& key : candidates) {
      if (key.pairs == 0 || key.pairs > pairs_max || used + key.pairs > budget) continue;
      used += key.pairs;
      chosen.push_back(std::move(key));
    }
  };
  size_t fields = table.fields().size();
  std::vector<BlockingKey> candidates;
  candidates.reserve(fields * fields / 2);
  for (size_t field = 0; field < fields; ++field) candidates.push_back(finder.measure({field}));
  take(candidates, budget / kShareOfOneField);

  std::vector<bool> done(fields);  // a second field adds nothing
  for (const BlockingKey& key : chosen) done[key.fields[0]] = key.blocks_left_out == 0;
  candidates.clear();
  for (size_t first = 0; first < fields; ++first) {
    for (size_t second = first + 1; second < fields; ++second) {
      if (!done[first] && !done[second]) candidates.push_back(finder.measure({first, second}));
    }
  }
  take(candidates, budget);
  return chosen;
}

}  // namespace

Blocking find_blocks(const RecordTable& table, const BlockingLimits& limits) {
  BlockFinder finder(table, limits);
  Blocking blocking{choose_keys(table, finder, limits), {}};
  for (const BlockingKey& key : blocking.keys) finder.append_pairs(key, blocking.pairs);
  std::sort(blocking.pairs.begin(), blocking.pairs.end());
  blocking.pairs.erase(std::unique(blocking.pairs.begin(), blocking.pairs.end()), blocking.pairs.end());
  return blocking;
}

std::string key_name(const RecordTable& table, const BlockingKey& key) {
  std::string name = table.fields()[key.fields[0]].name;
  if (key.fields.size() > 1) name += " + " + table.fields()[key.fields[1]].name;
  return name;
}

}  // namespace tributary
