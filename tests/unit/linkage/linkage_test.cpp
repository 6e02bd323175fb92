#include "engine/linkage/linkage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>

namespace tributary {
namespace {

const std::vector<LinkageField> kPersonFields = {
    {"given_name", LinkageKind::name, 1}, {"surname", LinkageKind::name, 0}, {"address", LinkageKind::text, {}},
    {"phone", LinkageKind::digits, {}},   {"born", LinkageKind::date, {}},
};

std::string word_of(std::mt19937_64& random, size_t letters) {
  std::string word;
  for (size_t i = 0; i < letters; ++i) word += static_cast<char>('a' + random() % 26);
  return word;
}

LinkageRecord person(std::mt19937_64& random, const std::string& id) {
  std::string day = std::to_string(19'000'000 + random() % 90 * 10'000 + (1 + random() % 12) * 100 + 1 + random() % 28);
  return {id,
          {word_of(random, 6), word_of(random, 7), word_of(random, 9) + " street " + std::to_string(random() % 90),
           std::to_string(1'000'000'000 + random() % 1'000'000'000), day}};
}

/// The same person with one typing error, one value missing, and now and then the names exchanged.
LinkageRecord copy_of(std::mt19937_64& random, LinkageRecord record, const std::string& id) {
  record.id = id;
  std::string& wrong = record.values[random() % record.values.size()];
  std::swap(wrong[1], wrong[2]);
  if (random() % 5 == 0) std::swap(record.values[0], record.values[1]);
  record.values[random() % record.values.size()].clear();
  return record;
}

/// Persons p0 ... of whom each comes once more, as p0c ...
std::vector<LinkageRecord> persons_with_copies(uint64_t seed, size_t persons, bool copies_are_second_list) {
  std::mt19937_64 random(seed);
  std::vector<LinkageRecord> records;
  for (size_t i = 0; i < persons; ++i) {
    std::string id = "p" + std::to_string(i);
    records.push_back(person(random, id));
    records.push_back(copy_of(random, records.back(), id + "c"));
    records.back().second_list = copies_are_second_list;
  }
  return records;
}

using NamedPairs = std::map<std::pair<std::string, std::string>, double>;

NamedPairs pairs_of(const std::vector<LinkageRecord>& records) {
  auto table = RecordTable::make(kPersonFields, records);
  NamedPairs pairs;
  for (const ScoredPair& pair : link_records(*table).pairs) {
    pairs[{table->id(pair.records.a), table->id(pair.records.b)}] = pair.weight;
  }
  return pairs;
}

size_t right_ones(const NamedPairs& pairs) {
  return static_cast<size_t>(std::count_if(
      pairs.begin(), pairs.end(), [](const auto& pair) { return pair.first.first + "c" == pair.first.second; }));
}

TEST(Linkage, FindsCopiesInOneListAndInTwo) {
  for (bool two_lists : {false, true}) {
    constexpr uint64_t kSeed = 41;
    NamedPairs pairs = pairs_of(persons_with_copies(kSeed, 300, two_lists));
    EXPECT_GE(right_ones(pairs), 297u) << "seed " << kSeed << " two lists " << two_lists;
    EXPECT_LE(pairs.size() - right_ones(pairs), 3u) << "seed " << kSeed << " two lists " << two_lists;
  }
}

TEST(Linkage, DoesNotDependOnTheOrderOfRecords) {
  std::vector<LinkageRecord> records = persons_with_copies(5, 100, false);
  NamedPairs pairs = pairs_of(records);
  ASSERT_FALSE(pairs.empty());
  for (uint64_t seed : {1, 2, 3}) {
    std::mt19937_64 random(seed);
    std::shuffle(records.begin(), records.end(), random);
    EXPECT_EQ(pairs_of(records), pairs) << "seed " << seed;
  }
}

TEST(Linkage, WithoutCopiesFindsNobody) {
  std::mt19937_64 random(17);
  std::vector<LinkageRecord> records;
  for (size_t i = 0; i < 300; ++i) records.push_back(person(random, std::to_string(i)));
  EXPECT_TRUE(pairs_of(records).empty()) << "seed 17";
}

TEST(Linkage, OfFewRecordsIsPossible) {
  EXPECT_TRUE(pairs_of({}).empty());
  EXPECT_TRUE(pairs_of({{"a", {"x", "y", "z", "1", "19800101"}}}).empty());
  std::mt19937_64 random(23);
  std::vector<LinkageRecord> records;
  for (size_t i = 0; i < 12; ++i) records.push_back(person(random, "p" + std::to_string(i)));
  records.push_back(records[3]);
  records.back().id = "p3c";
  NamedPairs pairs = pairs_of(records);
  EXPECT_EQ(pairs.size(), 1u) << "seed 23";
  EXPECT_EQ(right_ones(pairs), 1u) << "seed 23";
}

TEST(Linkage, OfTwoListsNobodyIsLinkedTwice) {
  std::vector<LinkageRecord> records = persons_with_copies(9, 100, true);
  for (size_t i = 0; i < 20; ++i) {  // a second copy of each of the first ten, exactly
    LinkageRecord again = records[i * 2];
    again.id += "x";
    again.second_list = true;
    records.push_back(std::move(again));
  }
  std::set<std::string> linked;
  NamedPairs pairs = pairs_of(records);
  for (const auto& [pair, weight] : pairs) {
    EXPECT_TRUE(linked.insert(pair.first).second) << pair.first;
    EXPECT_TRUE(linked.insert(pair.second).second) << pair.second;
  }
  EXPECT_GE(pairs.size(), 99u);
}

TEST(Linkage, GroupsHoldAllTheirPairs) {
  std::vector<LinkageRecord> records = persons_with_copies(31, 60, false);
  std::mt19937_64 random(32);
  for (size_t i = 0; i < 30; ++i) records.push_back(copy_of(random, records[i * 2], "p" + std::to_string(i) + "d"));
  auto table = RecordTable::make(kPersonFields, records);
  ASSERT_TRUE(table);
  Linkage linkage = link_records(*table);
  size_t pairs = 0, of_three = 0;
  std::set<uint32_t> seen;
  for (const auto& group : linkage.groups) {
    pairs += group.size() * (group.size() - 1) / 2;
    of_three += group.size() == 3 ? 1 : 0;
    for (uint32_t record : group) EXPECT_TRUE(seen.insert(record).second);
  }
  EXPECT_EQ(pairs, linkage.pairs.size());
  EXPECT_GE(of_three, 29u);
}

// Without the mean over all pairs across, one record with the values of both would make one customer of two.
TEST(Linkage, ARecordBetweenTwoCustomersDoesNotJoinThem) {
  std::vector<LinkageRecord> records = persons_with_copies(50, 200, false);
  std::vector<std::string> first = records[0].values, second = records[2].values;
  records.push_back({"between", {first[0], first[1], second[2], second[3], ""}});
  auto table = RecordTable::make(kPersonFields, records);
  ASSERT_TRUE(table);
  for (const auto& group : link_records(*table).groups) {
    std::set<std::string> ids;
    for (uint32_t record : group) ids.insert(table->id(record));
    EXPECT_FALSE(ids.contains("p0") && ids.contains("p1"));
  }
}

TEST(Linkage, ExplainsAWeightByItsFields) {
  auto table = RecordTable::make(kPersonFields, persons_with_copies(77, 100, false));
  ASSERT_TRUE(table);
  Linkage linkage = link_records(*table);
  ASSERT_FALSE(linkage.pairs.empty());
  for (const ScoredPair& pair : linkage.pairs) {
    double sum = 0;
    for (const FieldEvidence& evidence : explain_pair(*table, linkage.model, pair.records)) {
      sum += evidence.weight;
      bool missing = evidence.agreement == Agreement::missing;
      EXPECT_TRUE(!missing || evidence.weight == 0);
      EXPECT_TRUE(evidence.agreement != Agreement::equal || evidence.weight > 0);
    }
    EXPECT_NEAR(sum, pair.weight, 1e-9);
    EXPECT_NEAR(pair.probability, match_probability(linkage.model, pair.weight), 1e-12);
  }
}

TEST(Linkage, TheLimitOfProbabilityIsTheReviewers) {
  auto table = RecordTable::make(kPersonFields, persons_with_copies(13, 150, true));
  ASSERT_TRUE(table);
  Linkage strict = link_records(*table, {.blocking = {}, .probability_min = 0.999});
  Linkage generous = link_records(*table, {.blocking = {}, .probability_min = 0.01});
  EXPECT_LT(generous.weight_min, strict.weight_min);
  EXPECT_LE(strict.pairs.size(), generous.pairs.size());
  for (const ScoredPair& pair : strict.pairs) EXPECT_GE(pair.probability, 0.999);
}

}  // namespace
}  // namespace tributary
