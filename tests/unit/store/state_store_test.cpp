#include "engine/store/state_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/model/temp_directory.h"

namespace tributary {
namespace {

using model::TempDirectory;

class Store : public testing::Test {
 protected:
  Store() { open(); }

  Result<void> try_open(bool read_only = false) {
    store_.reset();
    auto opened = StateStore::open({directory(), kWindow, read_only}, memory_);
    if (!opened) return opened.error();
    store_ = std::move(*opened);
    return {};
  }
  void open() { ASSERT_TRUE(try_open()); }

  std::string directory() const { return temp_.path() + "/state/0"; }

  void put(Family family, const std::string& key, const std::string& value, uint64_t lsn = 1) {
    auto batch = store_->make_batch();
    batch->put(family, key, value);
    auto committed = store_->commit(*batch, AppliedState{Lsn{lsn}, Timestamp{}, 0, 0, 0, 0});
    ASSERT_TRUE(committed) << committed.error().message;
  }

  static std::string value_in(const StateReader& reader, Family family, const std::string& key) {
    std::string value;
    auto found = reader.get(family, key, value);
    return found && *found ? value : "absent";
  }

  std::vector<std::string> keys(Family family, const std::string& prefix) {
    std::vector<std::string> keys;
    auto rows = store_->scan(family, prefix);
    for (; rows->valid(); rows->next()) keys.emplace_back(rows->key());
    EXPECT_TRUE(rows->status());
    return keys;
  }

  static constexpr int64_t kWindow = 7 * kMicrosPerDay;
  TempDirectory temp_;
  StoreMemory memory_{8 << 20, 64 << 20};
  std::unique_ptr<StateStore> store_;
};

TEST_F(Store, FreshOneHasAppliedNothing) {
  AppliedState applied = *store_->applied();
  EXPECT_EQ(applied.lsn, Lsn{0});
  EXPECT_EQ(applied.customers, 0u);
  EXPECT_EQ(value_in(*store_, Family::vertex, "k"), "absent");
}

TEST_F(Store, BatchIsInvisibleUntilItIsCommitted) {
  auto batch = store_->make_batch();
  batch->put(Family::vertex, "k", "v");
  batch->put(Family::fragment, "k", "w");
  EXPECT_EQ(value_in(*store_, Family::vertex, "k"), "absent");
  ASSERT_TRUE(store_->commit(*batch, AppliedState{Lsn{9}, Timestamp{5}, 1, 2, 3, 4}));
  EXPECT_EQ(value_in(*store_, Family::vertex, "k"), "v");
  EXPECT_EQ(value_in(*store_, Family::fragment, "k"), "w");
  EXPECT_EQ(store_->applied()->lsn, Lsn{9});
  EXPECT_EQ(store_->applied()->containers_not_simple, 4u);
}

TEST_F(Store, LaterChangesOfOneBatchWin) {
  auto batch = store_->make_batch();
  batch->put(Family::container, "k", "1");
  batch->erase(Family::container, "k");
  batch->put(Family::container, "k", "2");
  batch->put(Family::container, "gone", "1");
  batch->erase(Family::container, "gone");
  ASSERT_TRUE(store_->commit(*batch, {}));
  EXPECT_EQ(value_in(*store_, Family::container, "k"), "2");
  EXPECT_EQ(value_in(*store_, Family::container, "gone"), "absent");
}

TEST_F(Store, FamiliesDoNotShareKeys) {
  put(Family::vertex, "k", "v");
  EXPECT_EQ(value_in(*store_, Family::value, "k"), "absent");
}

TEST_F(Store, ScanStaysInsideItsPrefix) {
  for (const char* key : {"a", "b", "b1", "b\xff", "b\xff\xff", "c"}) put(Family::timeline, key, "");
  EXPECT_THAT(keys(Family::timeline, "b"), testing::ElementsAre("b", "b1", "b\xff", "b\xff\xff"));
  EXPECT_THAT(keys(Family::timeline, "b\xff"), testing::ElementsAre("b\xff", "b\xff\xff"));
  EXPECT_THAT(keys(Family::timeline, "d"), testing::IsEmpty());
}

TEST_F(Store, ScanOfAPrefixWithoutASuccessorReachesTheEnd) {
  for (const char* key : {"\xfe", "\xff", "\xff\xff", "\xff\xff\x01"}) put(Family::rejected, key, "");
  EXPECT_THAT(keys(Family::rejected, "\xff\xff"), testing::ElementsAre("\xff\xff", "\xff\xff\x01"));
}

TEST_F(Store, SeekMovesWithinAPrefix) {
  for (const char* key : {"b1", "b3", "c1"}) put(Family::timeline, key, "");
  auto rows = store_->scan(Family::timeline, "b");
  rows->seek("b2");
  ASSERT_TRUE(rows->valid());
  EXPECT_EQ(rows->key(), "b3");
  rows->seek("b4");
  EXPECT_FALSE(rows->valid());
}

TEST_F(Store, MultiGetKeepsTheOrderOfItsKeys) {
  put(Family::dedup, "a", "1");
  put(Family::dedup, "c", "");
  std::vector<std::string> wanted = {"c", "b", "a", "a"};
  std::vector<std::optional<std::string>> values;
  ASSERT_TRUE(store_->multi_get(Family::dedup, wanted, values));
  EXPECT_THAT(values, testing::ElementsAre("", std::nullopt, "1", "1"));
  ASSERT_TRUE(store_->multi_get(Family::dedup, {}, values));
  EXPECT_TRUE(values.empty());
}

TEST_F(Store, SnapshotDoesNotMove) {
  put(Family::vertex, "k", "old");
  auto snapshot = store_->snapshot();
  auto rows = snapshot->scan(Family::vertex, "");
  put(Family::vertex, "k", "new");
  put(Family::vertex, "l", "new");
  ASSERT_TRUE(store_->flush());
  EXPECT_EQ(value_in(*snapshot, Family::vertex, "k"), "old");
  EXPECT_EQ(value_in(*snapshot, Family::vertex, "l"), "absent");
  EXPECT_EQ(value_in(*store_, Family::vertex, "k"), "new");
  ASSERT_TRUE(rows->valid());
  EXPECT_EQ(rows->value(), "old");
  rows->next();
  EXPECT_FALSE(rows->valid());
}

TEST_F(Store, FlushedRowsSurviveReopeningTheOthersVanish) {
  put(Family::vertex, "k", "flushed", 1);
  ASSERT_TRUE(store_->flush());
  put(Family::vertex, "l", "not flushed", 2);
  put(Family::fragment, "l", "not flushed", 2);
  open();
  EXPECT_EQ(value_in(*store_, Family::vertex, "k"), "flushed");
  EXPECT_EQ(value_in(*store_, Family::vertex, "l"), "absent");
  EXPECT_EQ(value_in(*store_, Family::fragment, "l"), "absent");
  EXPECT_EQ(store_->applied()->lsn, Lsn{1});
}

TEST_F(Store, SecondOpenerIsRefused) {
  auto second = StateStore::open({directory(), kWindow, false}, memory_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, testing::HasSubstr(directory()));
}

TEST_F(Store, AnotherFormatIsRefusedNamingBoth) {
  put(Family::meta, std::string(kFormatKey), "\x09");
  ASSERT_TRUE(store_->flush());
  auto opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_THAT(opened.error().message, testing::HasSubstr("format 9"));
  EXPECT_THAT(opened.error().message, testing::HasSubstr("format " + std::to_string(kStateFormat)));
  EXPECT_THAT(opened.error().message, testing::HasSubstr(directory()));
}

TEST_F(Store, ReadOnlyReadsAndNeverMakesADirectory) {
  put(Family::vertex, "k", "v");
  ASSERT_TRUE(store_->flush());
  ASSERT_TRUE(try_open(true));
  EXPECT_EQ(value_in(*store_, Family::vertex, "k"), "v");
  EXPECT_FALSE(StateStore::open({temp_.path() + "/state/none", kWindow, true}, memory_));
  EXPECT_FALSE(std::filesystem::exists(temp_.path() + "/state/none"));
}

std::vector<std::filesystem::path> tables_in(const std::string& directory) {
  std::vector<std::filesystem::path> tables;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".sst") tables.push_back(entry.path());
  }
  return tables;
}

TEST_F(Store, VerifyFindsAFlippedByte) {
  for (int i = 0; i < 1000; ++i) put(Family::vertex, "key " + std::to_string(i), std::string(50, 'v'));
  ASSERT_TRUE(store_->flush());
  ASSERT_TRUE(store_->verify());
  store_.reset();
  auto tables = tables_in(directory());
  ASSERT_FALSE(tables.empty());
  auto largest = *std::max_element(tables.begin(), tables.end(), [](const auto& a, const auto& b) {
    return std::filesystem::file_size(a) < std::filesystem::file_size(b);
  });
  std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(100);
  char byte = static_cast<char>(file.get());
  file.seekp(100);
  file.put(static_cast<char>(byte ^ 1));
  file.close();
  ASSERT_TRUE(try_open(true));
  auto verified = store_->verify();
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::corrupt);
}

TEST_F(Store, MissingTableIsCorruptAtOpening) {
  put(Family::vertex, "k", "v");
  ASSERT_TRUE(store_->flush());
  store_.reset();
  for (const auto& table : tables_in(directory())) std::filesystem::remove(table);
  auto opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, testing::HasSubstr("opening state at"));
}

TEST_F(Store, DestroyedStateStartsAnew) {
  put(Family::vertex, "k", "v", 5);
  ASSERT_TRUE(store_->flush());
  store_.reset();
  ASSERT_TRUE(destroy_state(directory()));
  open();
  EXPECT_EQ(store_->applied()->lsn, Lsn{0});
}

TEST_F(Store, HealthyOneSaysSo) {
  StoreHealth health = store_->health();
  EXPECT_EQ(health.background_errors, 0u);
  EXPECT_FALSE(health.write_stopped);
}

// Empty memtables of all families and partitions hold filters and arena blocks; were those to come near the shared
// limit, each of these commits would flush, and soon the store would refuse them.
TEST_F(Store, SmallCommitsOfManyPartitionsDoNotStall) {
  StoreMemory shared(8 << 20, 16 << 20);
  std::vector<std::unique_ptr<StateStore>> stores;
  for (int number = 0; number < 4; ++number) {
    auto opened = StateStore::open({temp_.path() + "/many/" + std::to_string(number), kWindow, false}, shared);
    ASSERT_TRUE(opened);
    stores.push_back(std::move(*opened));
  }
  for (int group = 0; group < 500; ++group) {
    for (auto& store : stores) {
      auto batch = store->make_batch();
      for (size_t family = 0; family < kFamilyCount; ++family) {
        batch->put(static_cast<Family>(family), "key " + std::to_string(group), "value");
      }
      auto committed = store->commit(*batch, {});
      ASSERT_TRUE(committed) << "group " << group << ": " << committed.error().message;
    }
  }
  EXPECT_TRUE(tables_in(temp_.path() + "/many/0").empty()) << "nothing was worth a flush";
}

// The window and a day of slack in log time; only compaction removes, so the rows of one key range are written four
// times over and the store is given time to compact them.
TEST_F(Store, CompactionDropsDedupRowsOnlyBehindTheWindow) {
  const int64_t now = 100 * kMicrosPerDay;
  const int64_t edge = now - kWindow - kMicrosPerDay;
  auto row = [](int64_t received_at) {
    std::string bytes;
    encode(DedupRow{Timestamp{received_at}, 1}, bytes);
    return bytes;
  };
  store_->set_log_time(Timestamp{now});
  auto gone = [&] { return value_in(*store_, Family::dedup, "behind") == "absent"; };
  for (int round = 0; round == 0 || (round < 200 && !gone()); ++round) {
    auto batch = store_->make_batch();
    if (round == 0) {
      batch->put(Family::dedup, "behind", row(edge - 1));
      batch->put(Family::dedup, "edge", row(edge));
      batch->put(Family::dedup, "inside", row(now));
      batch->put(Family::fragment, "behind", row(edge - 1));
    }
    batch->put(Family::dedup, "a", row(now));
    batch->put(Family::dedup, "z", row(now));
    batch->put(Family::fragment, "a", row(now));
    batch->put(Family::fragment, "z", row(now));
    ASSERT_TRUE(store_->commit(*batch, {}));
    ASSERT_TRUE(store_->flush());
    // Sleeps: compaction runs by itself and tells nobody.
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_TRUE(gone());
  EXPECT_EQ(value_in(*store_, Family::dedup, "edge"), row(edge));
  EXPECT_EQ(value_in(*store_, Family::dedup, "inside"), row(now));
  EXPECT_EQ(value_in(*store_, Family::fragment, "behind"), row(edge - 1)) << "another family has no window";
}

}  // namespace
}  // namespace tributary
