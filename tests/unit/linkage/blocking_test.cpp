#include "engine/linkage/blocking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace tributary {
namespace {

/// Surnames of which each comes `copies` times, a postcode per record pair, and one country for all.
RecordTable table_of(size_t surnames, size_t copies) {
  std::vector<LinkageRecord> records;
  for (size_t i = 0; i < surnames * copies; ++i) {
    std::string place = std::to_string(100'000 + i);
    records.push_back({place, {"n" + std::to_string(i % surnames), "p" + std::to_string(i / 2), "au"}});
  }
  auto table = RecordTable::make(
      {{"surname", LinkageKind::code, {}}, {"postcode", LinkageKind::code, {}}, {"country", LinkageKind::code, {}}},
      records);
  return *std::move(table);
}

std::vector<std::string> names_of(const RecordTable& table, const Blocking& blocking) {
  std::vector<std::string> names;
  for (const BlockingKey& key : blocking.keys) names.push_back(key_name(table, key));
  return names;
}

TEST(Blocking, TakesKeysThatTellAndLeavesOthers) {
  RecordTable table = table_of(100, 4);
  Blocking blocking = find_blocks(table, {});
  EXPECT_EQ(names_of(table, blocking), (std::vector<std::string>{"postcode", "surname"}));
  EXPECT_EQ(blocking.keys[0].pairs, 200u);
  EXPECT_EQ(blocking.keys[1].pairs, 600u);
  EXPECT_EQ(blocking.pairs.size(), 800u);
  EXPECT_TRUE(std::is_sorted(blocking.pairs.begin(), blocking.pairs.end()));
}

TEST(Blocking, LeavesLargeBlocksOutAndSaysSo) {
  RecordTable table = table_of(2, 50);
  Blocking at_bound = find_blocks(table, {.block_size_max = 50, .pairs_per_record_max = 10'000});
  Blocking above = find_blocks(table, {.block_size_max = 49, .pairs_per_record_max = 10'000});
  EXPECT_EQ(names_of(table, at_bound), (std::vector<std::string>{"postcode", "surname"}));
  EXPECT_EQ(at_bound.pairs.size(), 50u + 2 * 50 * 49 / 2);
  EXPECT_EQ(names_of(table, above), (std::vector<std::string>{"postcode"}));
  EXPECT_EQ(above.pairs.size(), 50u);
}

TEST(Blocking, LeavesOutTheLargeBlocksOfAKeyThatIsTaken) {
  std::vector<LinkageRecord> records;
  for (size_t i = 0; i < 100; ++i) {
    std::string name = i < 60 ? "smith" : "n" + std::to_string(i / 2);
    records.push_back({std::to_string(100 + i), {name}});
  }
  auto table = RecordTable::make({{"surname", LinkageKind::code, {}}}, records);
  ASSERT_TRUE(table);
  Blocking blocking = find_blocks(*table, {.block_size_max = 59, .pairs_per_record_max = 10'000});
  ASSERT_EQ(blocking.keys.size(), 1u);
  EXPECT_EQ(blocking.keys[0].blocks_left_out, 1u);
  EXPECT_EQ(blocking.keys[0].pairs, 20u);
  EXPECT_EQ(blocking.pairs.size(), 20u);
}

TEST(Blocking, NeverExceedsItsBudget) {
  std::vector<LinkageRecord> records;
  for (size_t i = 0; i < 1000; ++i) {  // three digits: each pair of digits comes ten times
    std::string digits = std::to_string(1000 + i);
    records.push_back({digits, {digits.substr(1, 1), digits.substr(2, 1), digits.substr(3, 1)}});
  }
  auto table = RecordTable::make(
      {{"a", LinkageKind::code, {}}, {"b", LinkageKind::code, {}}, {"c", LinkageKind::code, {}}}, records);
  ASSERT_TRUE(table);
  auto pairs = [&](uint64_t budget) {
    return find_blocks(*table, {.block_size_max = 50, .pairs_per_record_max = budget}).pairs.size();
  };
  constexpr size_t kPairsOfOneKey = 100 * 10 * 9 / 2;
  EXPECT_EQ(pairs(0), 0u);
  EXPECT_EQ(pairs(4), 0u);
  EXPECT_EQ(pairs(5), kPairsOfOneKey);
  EXPECT_EQ(pairs(9), 2 * kPairsOfOneKey);
  EXPECT_EQ(pairs(100), 3 * kPairsOfOneKey);
}

TEST(Blocking, TwoFieldsAreOneKeyWhereOneTellsTooLittle) {
  std::vector<LinkageRecord> records;
  for (size_t i = 0; i < 2000; ++i) {
    // 45 first names and 44 cities: every pairing once, the first 20 twice.
    std::string city = "c" + std::to_string(i % 44 + 100), name = "n" + std::to_string(i % 45 + 100);
    records.push_back({std::to_string(10'000 + i), {name, city}});
  }
  auto table = RecordTable::make({{"name", LinkageKind::code, {}}, {"city", LinkageKind::code, {}}}, records);
  ASSERT_TRUE(table);
  Blocking blocking = find_blocks(*table, {.block_size_max = 100, .pairs_per_record_max = 100});
  EXPECT_EQ(names_of(*table, blocking), (std::vector<std::string>{"name + city"}));
  EXPECT_EQ(blocking.pairs.size(), 20u);
}

TEST(Blocking, OfTwoListsOnlyPairsAcross) {
  std::vector<LinkageRecord> records;
  for (size_t i = 0; i < 6; ++i) records.push_back({std::to_string(i), {"same"}, i >= 2});
  auto table = RecordTable::make({{"name", LinkageKind::code, {}}}, records);
  ASSERT_TRUE(table);
  Blocking blocking = find_blocks(*table, {});
  EXPECT_EQ(blocking.pairs.size(), 8u);
  for (RecordPair pair : blocking.pairs) EXPECT_TRUE(pair.a < 2 && pair.b >= 2);
}

TEST(Blocking, MissingValuesMeetNobody) {
  auto table = RecordTable::make({{"name", LinkageKind::code, {}}, {"city", LinkageKind::code, {}}},
                                 {{"a", {"", "x"}}, {"b", {"", "y"}}, {"c", {"", ""}}, {"d", {"", ""}}});
  ASSERT_TRUE(table);
  EXPECT_TRUE(find_blocks(*table, {}).pairs.empty());
}

}  // namespace
}  // namespace tributary
