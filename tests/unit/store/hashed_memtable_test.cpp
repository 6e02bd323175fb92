// The memtable inside RocksDB against a std::map: look-ups, scans of one prefix and of everything, both ways, with
// overwritten and deleted rows, old snapshots, before and after a flush.
#include "engine/store/hashed_memtable.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/slice_transform.h>

#include <map>
#include <random>

#include "tests/model/temp_directory.h"

namespace tributary {
namespace {

constexpr size_t kPrefixBytes = 20;
using Rows = std::map<std::string, std::string>;

class HashedMemtableTest : public testing::Test {
 protected:
  HashedMemtableTest() {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.allow_concurrent_memtable_write = false;
    options.prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(kPrefixBytes));
    options.memtable_factory = make_hashed_memtable_factory(16);  // few: rows of many keys share a bucket
    options.disable_auto_compactions = true;
    rocksdb::DB* db = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open(options, directory_.path() + "/db", &db).ok());
    db_.reset(db);
  }

  void put(const std::string& key, const std::string& value) {
    ASSERT_TRUE(db_->Put(rocksdb::WriteOptions(), key, value).ok());
    rows_[key] = value;
  }
  void erase(const std::string& key) {
    ASSERT_TRUE(db_->Delete(rocksdb::WriteOptions(), key).ok());
    rows_.erase(key);
  }

  Rows scanned(const rocksdb::Snapshot* snapshot = nullptr) {
    rocksdb::ReadOptions options;
    options.total_order_seek = true;
    options.snapshot = snapshot;
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options));
    Rows rows;
    std::string last;
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      std::string key = it->key().ToString();
      EXPECT_TRUE(rows.empty() || last < key);
      last = key;
      rows[key] = it->value().ToString();
    }
    EXPECT_TRUE(it->status().ok());
    return rows;
  }

  Rows scanned_prefix(const std::string& prefix, const rocksdb::Snapshot* snapshot = nullptr) {
    rocksdb::ReadOptions options;
    options.prefix_same_as_start = true;
    options.snapshot = snapshot;
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options));
    Rows rows;
    std::string last;
    for (it->Seek(prefix); it->Valid(); it->Next()) {
      std::string key = it->key().ToString();
      EXPECT_TRUE(rows.empty() || last < key);
      last = key;
      rows[key] = it->value().ToString();
    }
    return rows;
  }

  void expect_all(std::mt19937_64& random, const std::vector<std::string>& prefixes) {
    EXPECT_EQ(scanned(), rows_);
    for (const std::string& prefix : prefixes) {
      if (prefix.size() < kPrefixBytes) continue;
      Rows wanted;
      for (auto row = rows_.lower_bound(prefix); row != rows_.end() && row->first.starts_with(prefix); ++row) {
        wanted.insert(*row);
      }
      EXPECT_EQ(scanned_prefix(prefix), wanted);
    }
    rocksdb::ReadOptions options;
    options.total_order_seek = true;
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options));
    for (int i = 0; i < 200; ++i) {
      std::string key = random_key(random, prefixes);
      std::string value;
      auto known = rows_.find(key);
      ASSERT_EQ(db_->Get(rocksdb::ReadOptions(), key, &value).ok(), known != rows_.end());
      if (known != rows_.end()) {
        ASSERT_EQ(value, known->second);
      }
      auto behind = rows_.lower_bound(key);
      it->Seek(key);
      ASSERT_EQ(it->Valid(), behind != rows_.end());
      if (it->Valid()) {
        ASSERT_EQ(it->key().ToString(), behind->first);
      }
      it->SeekForPrev(key);
      auto above = rows_.upper_bound(key);
      ASSERT_EQ(it->Valid(), above != rows_.begin());
      if (it->Valid()) {
        ASSERT_EQ(it->key().ToString(), std::prev(above)->first);
      }
    }
  }

  static std::string random_key(std::mt19937_64& random, const std::vector<std::string>& prefixes) {
    return prefixes[random() % prefixes.size()] + std::string(1, static_cast<char>(random() % 256)) +
           std::string(random() % 3, '\0');
  }

  model::TempDirectory directory_;
  std::unique_ptr<rocksdb::DB> db_;
  Rows rows_;
};

TEST_F(HashedMemtableTest, IsAMap) {
  uint64_t seed = std::random_device()();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  std::vector<std::string> prefixes = {"", "short", std::string("\0\0\0\1", 4), std::string(16, '\xff')};
  for (int i = 0; i < 40; ++i) {
    std::string prefix(kPrefixBytes, '\0');
    for (size_t k = i < 20 ? 0 : 14; k < prefix.size(); ++k) prefix[k] = static_cast<char>(random() % 256);
    prefixes.push_back(prefix);
  }
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 3000; ++i) {
      std::string key = random_key(random, prefixes);
      random() % 4 == 0 ? erase(key) : put(key, std::to_string(random()));
    }
    const rocksdb::Snapshot* snapshot = db_->GetSnapshot();
    Rows then = rows_;
    for (int i = 0; i < 1000; ++i) put(random_key(random, prefixes), "later");
    EXPECT_EQ(scanned(snapshot), then) << "seed " << seed;
    db_->ReleaseSnapshot(snapshot);
    expect_all(random, prefixes);
    if (HasFailure()) FAIL() << "seed " << seed;
    if (round % 2 == 1) {
      ASSERT_TRUE(db_->Flush(rocksdb::FlushOptions()).ok());
      expect_all(random, prefixes);
      if (HasFailure()) FAIL() << "seed " << seed << " after a flush";
    }
  }
}

// One customer's rows share a prefix.
TEST_F(HashedMemtableTest, OnePrefixMayHaveManyRows) {
  std::string prefix(kPrefixBytes, 'p');
  for (int i = 20'000; i > 0; --i) {
    char suffix[16];
    std::snprintf(suffix, sizeof suffix, "%08d", i);
    put(prefix + suffix, "v");
  }
  EXPECT_EQ(scanned_prefix(prefix), rows_);
  EXPECT_EQ(scanned(), rows_);
}

// Those of one evidence agree in more bytes than are compared at once, those of one thing in still more.
TEST_F(HashedMemtableTest, RowsMayDifferFarBehindTheirPrefix) {
  std::string prefix(kPrefixBytes, 'p');
  std::mt19937_64 random(7);
  for (int i = 0; i < 5'000; ++i) {
    std::string key = prefix + std::string(16 * (random() % 4), 'e') + std::string(random() % 20, '\0');
    for (uint64_t n = random() % 3; n > 0; --n) key += static_cast<char>(random() % 256);
    put(key, std::to_string(i));
  }
  EXPECT_EQ(scanned_prefix(prefix), rows_);
  EXPECT_EQ(scanned(), rows_);
}

// Behind more than eight versions of a key RocksDB seeks anew, to the end of them.
TEST_F(HashedMemtableTest, AKeyMayHaveManyVersions) {
  std::string prefix(kPrefixBytes, 'p');
  for (const char* suffix : {"a", "b", "c"}) put(prefix + suffix, "first");
  Rows first = rows_;
  const rocksdb::Snapshot* before = db_->GetSnapshot();
  for (int i = 0; i < 2'500; ++i) put(prefix + "b", std::to_string(i));
  Rows half = rows_;
  const rocksdb::Snapshot* between = db_->GetSnapshot();
  for (int i = 2'500; i < 5'000; ++i) put(prefix + "b", std::to_string(i));
  EXPECT_EQ(scanned_prefix(prefix), rows_);
  EXPECT_EQ(scanned_prefix(prefix, between), half);
  EXPECT_EQ(scanned_prefix(prefix, before), first);
  EXPECT_EQ(scanned(between), half);
  erase(prefix + "b");
  EXPECT_EQ(scanned_prefix(prefix), rows_);
  EXPECT_EQ(scanned_prefix(prefix, between), half);
  std::string value;
  EXPECT_TRUE(db_->Get(rocksdb::ReadOptions(), prefix + "b", &value).IsNotFound());
  rocksdb::ReadOptions then;
  then.snapshot = between;
  EXPECT_TRUE(db_->Get(then, prefix + "b", &value).ok());
  EXPECT_EQ(value, half[prefix + "b"]);
  db_->ReleaseSnapshot(before);
  db_->ReleaseSnapshot(between);
}

TEST_F(HashedMemtableTest, EmptyOneHasNothing) {
  EXPECT_TRUE(scanned().empty());
  std::string value;
  EXPECT_TRUE(db_->Get(rocksdb::ReadOptions(), "k", &value).IsNotFound());
}

}  // namespace
}  // namespace tributary
