#include "engine/store/state_store.h"

#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>

#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "engine/base/test_bug.h"
#include "engine/profile/order.h"
#include "engine/store/hashed_memtable.h"

namespace tributary {
namespace {

Error store_error(std::string_view context, const rocksdb::Status& status) {
  ErrorCode code = ErrorCode::io;
  if (status.IsCorruption()) code = ErrorCode::corrupt;
  if (status.IsNoSpace()) code = ErrorCode::disk_full;
  if (status.IsIncomplete() || status.IsBusy() || status.IsTimedOut()) code = ErrorCode::overloaded;
  return Error{code, std::string(context) + ": " + status.ToString()};
}

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

// Drops dedup rows that no look-up can match any more: the window and a day of slack for replays have passed in log
// time.
class DedupExpiry final : public rocksdb::CompactionFilter {
 public:
  DedupExpiry(const std::atomic<int64_t>& log_time_micros, int64_t window_micros)
      : log_time_micros_(log_time_micros), window_micros_(window_micros) {}
  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value, std::string*, bool*) const override {
    auto row = decode_dedup(view(value));
    if (!row) return false;
    return row->received_at.micros < log_time_micros_.load(std::memory_order_relaxed) - window_micros_ - kMicrosPerDay;
  }
  const char* Name() const override { return "tributary.DedupExpiry"; }

 private:
  const std::atomic<int64_t>& log_time_micros_;
  int64_t window_micros_;
};

// What events said of an order, in any order and grouping. A row that cannot be read makes its reader fail.
class OrderJoin final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* known, const rocksdb::Slice& said, std::string* joined,
             rocksdb::Logger*) const override {
    if (known == nullptr) {
      joined->assign(said.data(), said.size());
      return true;
    }
    auto order = decode_order(view(*known));
    auto other = decode_order(view(said));
    if (!order || !other) return false;
    tributary::join(*order, *other);
    joined->clear();
    encode_order(*order, *joined);
    return true;
  }
  const char* Name() const override { return "tributary.OrderJoin"; }
};

// ws u32 | hash 16, by which most families are looked up, scanned and written.
constexpr size_t kHashedPrefixBytes = 4 + 16;
constexpr size_t kBytesPerBucket = 256;
constexpr size_t kBatchBytesKept = 8 << 20;  // some times what a group of events needs

// -1, all of them, unless descriptors are so few that log and connections would miss them.
int open_files_max() {
  rlimit limit{};
  bool few = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 8 < 4096;
  return few ? std::max(16, static_cast<int>(limit.rlim_cur / 8)) : -1;
}

bool is_keyed_by_hash(Family family) {
  switch (family) {
    case Family::vertex:
    case Family::value:
    case Family::container:
    case Family::fragment:
    case Family::order:
    case Family::fact:
    case Family::measure:
    case Family::dedup:
    case Family::timeline:
    case Family::hub:
      return true;
    case Family::meta:
    case Family::out:
    case Family::rejected:
    case Family::history:
      return false;
  }
  return false;
}

bool is_keyed_by_hash_alone(Family family) {
  return family == Family::vertex || family == Family::value || family == Family::dedup;
}

/// Names the tables that cannot be opened: RocksDB's own message may name the manifest instead.
std::string unreadable_tables(const std::string& directory) {
  std::string names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    if (entry.path().extension() != ".sst") continue;
    rocksdb::SstFileReader reader{rocksdb::Options()};
    if (!reader.Open(entry.path().string()).ok())
      names += (names.empty() ? "" : ", ") + entry.path().filename().string();
  }
  return names.empty() ? names : "; cannot be read: " + names;
}

class RocksIterator final : public StateIterator {
 public:
  RocksIterator(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const rocksdb::Snapshot* snapshot,
                std::string_view prefix)
      : upper_bound_(prefix) {
    while (!upper_bound_.empty() && static_cast<uint8_t>(upper_bound_.back()) == 0xff) upper_bound_.pop_back();
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    options.total_order_seek = prefix.size() < kHashedPrefixBytes;
    if (!upper_bound_.empty()) {
      ++upper_bound_.back();
      upper_slice_ = upper_bound_;
      options.iterate_upper_bound = &upper_slice_;
    }
    iterator_.reset(db.NewIterator(options, family));
    iterator_->Seek(slice(prefix));
  }
  bool valid() const override { return iterator_->Valid(); }
  std::string_view key() const override { return view(iterator_->key()); }
  std::string_view value() const override { return view(iterator_->value()); }
  void next() override { iterator_->Next(); }
  void seek(std::string_view key) override { iterator_->Seek(slice(key)); }
  Result<void> status() const override {
    if (!iterator_->status().ok()) return store_error("scanning the state", iterator_->status());
    return {};
  }

 private:
  std::string upper_bound_;
  rocksdb::Slice upper_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace

struct StoreMemory::Caches {
  size_t write_buffer_bytes = 0;
  std::shared_ptr<rocksdb::Cache> blocks;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
};

StoreMemory::StoreMemory(size_t block_cache_bytes, size_t write_buffer_bytes) : caches_(std::make_unique<Caches>()) {
  caches_->write_buffer_bytes = write_buffer_bytes;
  caches_->blocks = rocksdb::NewLRUCache(block_cache_bytes);
  caches_->write_buffers = std::make_shared<rocksdb::WriteBufferManager>(write_buffer_bytes);
}
StoreMemory::~StoreMemory() = default;

namespace {

class RocksBatch final : public StateBatch {
 public:
  explicit RocksBatch(const std::vector<rocksdb::ColumnFamilyHandle*>& handles) : handles_(handles) {}
  void put(Family family, std::string_view key, std::string_view value) override {
    TRIBUTARY_CHECK(writes_.Put(handle(family), slice(key), slice(value)).ok());  // cannot fail: it appends to a string
  }
  void erase(Family family, std::string_view key) override {
    TRIBUTARY_CHECK(writes_.Delete(handle(family), slice(key)).ok());
  }
  void join(Family family, std::string_view key, std::string_view value) override {
    TRIBUTARY_CHECK(family == Family::order);
    TRIBUTARY_CHECK(writes_.Merge(handle(family), slice(key), slice(value)).ok());
  }

  void clear() override {
    complete_ = false;
    if (writes_.GetDataSize() <= kBatchBytesKept) return writes_.Clear();
    writes_ = rocksdb::WriteBatch();
  }

  /// The rows and `applied`, which is added once: a stalled store is asked again and again.
  rocksdb::WriteBatch& with(const AppliedState& applied) {
    if (!complete_) {
      std::string value;
      encode(applied, value);
      put(Family::meta, kAppliedKey, value);
    }
    complete_ = true;
    return writes_;
  }

 private:
  rocksdb::ColumnFamilyHandle* handle(Family family) const { return handles_[static_cast<size_t>(family) + 1]; }

  const std::vector<rocksdb::ColumnFamilyHandle*>& handles_;
  rocksdb::WriteBatch writes_;
  bool complete_ = false;
};

}  // namespace

class RocksStore final : public StateStore {
 public:
  explicit RocksStore(StateStoreOptions options)
      : options_(std::move(options)), dedup_expiry_(log_time_micros_, options_.dedup_window_micros) {}

  ~RocksStore() override {
    for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  }

  Result<void> open(StoreMemory& memory) {
    std::error_code ignored;
    if (!options_.read_only) std::filesystem::create_directories(options_.directory, ignored);
    rocksdb::DBOptions db_options = make_db_options(memory);
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    families.emplace_back(rocksdb::kDefaultColumnFamilyName, make_family_options(Family::meta, memory));
    for (size_t i = 0; i < kFamilyCount; ++i) {
      auto family = static_cast<Family>(i);
      families.emplace_back(std::string(family_name(family)), make_family_options(family, memory));
    }
    rocksdb::DB* db = nullptr;
    rocksdb::Status status =
        options_.read_only ? rocksdb::DB::OpenForReadOnly(db_options, options_.directory, families, &handles_, &db)
                           : rocksdb::DB::Open(db_options, options_.directory, families, &handles_, &db);
    if (!status.ok()) {
      Error error = store_error("opening state at " + options_.directory, status);
      if (error.code == ErrorCode::corrupt) error.message += unreadable_tables(options_.directory);
      return error;
    }
    db_.reset(db);
    return check_format();
  }

  Result<bool> get(Family family, std::string_view key, std::string& value) const override {
    return get_at(nullptr, family, key, value);
  }

  std::unique_ptr<StateIterator> scan(Family family, std::string_view prefix) const override {
    return std::make_unique<RocksIterator>(*db_, handle(family), nullptr, prefix);
  }

  Result<void> multi_get(Family family, std::span<const std::string> keys,
                         std::vector<std::optional<std::string>>& values) const override {
    values.assign(keys.size(), std::nullopt);
    if (keys.empty()) return {};
    std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
    std::vector<rocksdb::PinnableSlice> found(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    db_->MultiGet(rocksdb::ReadOptions(), handle(family), keys.size(), slices.data(), found.data(), statuses.data());
    for (size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].ok()) {
        values[i] = found[i].ToString();
      } else if (!statuses[i].IsNotFound()) {
        return store_error("reading the state", statuses[i]);
      }
    }
    return {};
  }

  Result<AppliedState> applied() const override {
    std::string value;
    auto found = get(Family::meta, kAppliedKey, value);
    if (!found) return found.error();
    if (!*found) return AppliedState{};
    return decode_applied(value);
  }

  std::unique_ptr<StateBatch> make_batch() const override { return std::make_unique<RocksBatch>(handles_); }

  Result<void> commit(StateBatch& batch, const AppliedState& applied) override {
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    options.no_slowdown = true;
    rocksdb::Status status = db_->Write(options, &static_cast<RocksBatch&>(batch).with(applied));
    if (!status.ok()) return store_error("committing a state batch", status);
    return {};
  }

  std::unique_ptr<StateReader> snapshot() const override;

  Result<void> flush() override {
    rocksdb::FlushOptions options;
    options.wait = true;
    options.allow_write_stall = true;
    rocksdb::Status status = db_->Flush(options, handles_);
    if (!status.ok()) return store_error("flushing the state", status);
    return {};
  }

  void set_log_time(Timestamp now) override { log_time_micros_.store(now.micros, std::memory_order_relaxed); }

  StoreHealth health() const override {
    StoreHealth health;
    uint64_t stopped = 0;
    db_->GetIntProperty("rocksdb.background-errors", &health.background_errors);
    db_->GetIntProperty("rocksdb.is-write-stopped", &stopped);
    db_->GetIntProperty("rocksdb.actual-delayed-write-rate", &health.delayed_write_rate);
    db_->GetAggregatedIntProperty("rocksdb.estimate-pending-compaction-bytes", &health.pending_compaction_bytes);
    health.write_stopped = stopped != 0;
    return health;
  }

  Result<void> verify() const override {
    rocksdb::Status status = db_->VerifyFileChecksums(rocksdb::ReadOptions());
    if (status.ok()) status = db_->VerifyChecksum();
    if (!status.ok()) return store_error("verifying state at " + options_.directory, status);
    return {};
  }

  Result<bool> get_at(const rocksdb::Snapshot* snapshot, Family family, std::string_view key,
                      std::string& value) const {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    rocksdb::Status status = db_->Get(options, handle(family), slice(key), &value);
    if (status.ok()) return true;
    if (status.IsNotFound()) return false;
    return store_error("reading the state", status);
  }

  rocksdb::DB& db() const { return *db_; }
  // handles_[0] is RocksDB's obligatory default family, which stays empty.
  rocksdb::ColumnFamilyHandle* handle(Family family) const { return handles_[static_cast<size_t>(family) + 1]; }

 private:
  rocksdb::DBOptions make_db_options(StoreMemory& memory) const {
    rocksdb::DBOptions options;
    options.create_if_missing = !options_.read_only;
    options.create_missing_column_families = true;
    // With the WAL off, families must reach the disk as one consistent prefix.
    options.atomic_flush = !test_bug("torn_flush");
    options.paranoid_checks = true;
    options.max_manifest_file_size = 4 << 20;
    options.keep_log_file_num = 4;
    options.max_background_jobs = 2;
    options.max_open_files = open_files_max();
    options.allow_concurrent_memtable_write = false;  // one fold thread writes; hashed memtables need it
    options.write_buffer_manager = memory.caches_->write_buffers;
    options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
    options.stats_dump_period_sec = 0;
    options.avoid_flush_during_shutdown = true;  // stop() flushes explicitly; a crash must not look like one
    return options;
  }

  rocksdb::ColumnFamilyOptions make_family_options(Family family, StoreMemory& memory) const {
    rocksdb::ColumnFamilyOptions options;
    // Files of the first level live for minutes; what is compressed there is decompressed at once.
    options.compression_per_level = {rocksdb::kNoCompression, rocksdb::kLZ4Compression};
    options.level_compaction_dynamic_level_bytes = true;
    options.force_consistency_checks = true;
    // The shared manager decides when to flush. An empty memtable already holds its bloom filter, a share of this size,
    // and its first arena block: when those of all families and partitions come near the shared limit, every commit
    // flushes and the store stalls. So no family may claim more than a quarter, and filters stand only where look-ups
    // mostly miss.
    options.write_buffer_size = std::clamp<size_t>(memory.caches_->write_buffer_bytes / 4, 1 << 20, 64 << 20);
    options.arena_block_size = 64 << 10;
    options.max_write_buffer_number = 4;
    if (family == Family::vertex || family == Family::dedup) {
      options.memtable_prefix_bloom_size_ratio = 0.02;
      options.memtable_whole_key_filtering = true;
    }
    if (is_keyed_by_hash(family)) {
      // Where the hash is the whole key, a prefix would only be hashed once more.
      if (!is_keyed_by_hash_alone(family)) {
        options.prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(kHashedPrefixBytes));
      }
      options.memtable_factory = make_hashed_memtable_factory(options.write_buffer_size / kBytesPerBucket);
    }
    rocksdb::BlockBasedTableOptions table;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.whole_key_filtering = family != Family::timeline;  // which is only scanned
    table.block_cache = memory.caches_->blocks;
    table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    if (family == Family::dedup) options.compaction_filter = &dedup_expiry_;
    if (family == Family::order) options.merge_operator = std::make_shared<OrderJoin>();
    return options;
  }

  Result<void> check_format() {
    std::string value;
    auto found = get(Family::meta, kFormatKey, value);
    if (!found) return found.error();
    if (*found) {
      int stored = value.size() == 1 ? static_cast<uint8_t>(value[0]) : -1;
      if (stored == kStateFormat) return {};
      return Error{ErrorCode::corrupt, "opening state at " + options_.directory + ": it has format " +
                                           std::to_string(stored) + ", this program reads format " +
                                           std::to_string(kStateFormat) + "; `tributary rebuild` makes it anew"};
    }
    if (options_.read_only) return {};
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    char format = static_cast<char>(kStateFormat);
    rocksdb::Status status = db_->Put(options, handle(Family::meta), slice(kFormatKey), {&format, 1});
    if (!status.ok()) return store_error("marking the state's format", status);
    return {};
  }

  StateStoreOptions options_;
  std::atomic<int64_t> log_time_micros_{INT64_MIN / 2};
  DedupExpiry dedup_expiry_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

namespace {

class SnapshotReader final : public StateReader {
 public:
  explicit SnapshotReader(const RocksStore& store) : store_(store), snapshot_(store.db().GetSnapshot()) {}
  ~SnapshotReader() override { store_.db().ReleaseSnapshot(snapshot_); }
  Result<bool> get(Family family, std::string_view key, std::string& value) const override {
    return store_.get_at(snapshot_, family, key, value);
  }
  std::unique_ptr<StateIterator> scan(Family family, std::string_view prefix) const override {
    return std::make_unique<RocksIterator>(store_.db(), store_.handle(family), snapshot_, prefix);
  }

 private:
  const RocksStore& store_;
  const rocksdb::Snapshot* snapshot_;
};

}  // namespace

std::unique_ptr<StateReader> RocksStore::snapshot() const { return std::make_unique<SnapshotReader>(*this); }

Result<std::unique_ptr<StateStore>> StateStore::open(StateStoreOptions options, StoreMemory& memory) {
  auto store = std::make_unique<RocksStore>(std::move(options));
  TRIBUTARY_TRY(store->open(memory));
  return std::unique_ptr<StateStore>(std::move(store));
}

Result<void> destroy_state(const std::string& directory) {
  std::error_code error;
  std::filesystem::remove_all(directory, error);
  if (error) return Error{ErrorCode::io, "removing state at " + directory + ": " + error.message()};
  return {};
}

}  // namespace tributary
