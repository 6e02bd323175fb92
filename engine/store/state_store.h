// The state of one partition in RocksDB: families of rows, one atomic batch per fold, snapshots for readers.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/metrics/metrics.h"
#include "engine/store/key_schema.h"

namespace tributary {

/// Memory that all partitions share.
class StoreMemory {
 public:
  StoreMemory(size_t block_cache_bytes, size_t write_buffer_bytes);
  ~StoreMemory();

 private:
  friend class RocksStore;
  struct Caches;
  std::unique_ptr<Caches> caches_;
};

struct StateStoreOptions {
  std::string directory;  // <data_dir>/state/<partition>
  int64_t dedup_window_micros = 7 * kMicrosPerDay;
  bool read_only = false;  // verify
};

/// Rows in key order within a prefix. Owner: one thread; lives at most as long as its reader.
class StateIterator {
 public:
  virtual ~StateIterator() = default;
  virtual bool valid() const = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual void next() = 0;
  /// Moves to the first key >= `key`, which must have the prefix.
  virtual void seek(std::string_view key) = 0;
  /// An error that made valid() false too early.
  virtual Result<void> status() const = 0;
};

/// One consistent view. Thread: any; readers of a snapshot do not disturb the writer.
class StateReader {
 public:
  virtual ~StateReader() = default;
  /// True when the row is there; then `value` holds it.
  virtual Result<bool> get(Family family, std::string_view key, std::string& value) const = 0;
  /// At the first row of the prefix, or invalid.
  virtual std::unique_ptr<StateIterator> scan(Family family, std::string_view prefix) const = 0;
};

/// Changes that become visible together, made by a store for itself. Owner: fold thread.
class StateBatch {
 public:
  virtual ~StateBatch() = default;
  virtual void put(Family family, std::string_view key, std::string_view value) = 0;
  virtual void erase(Family family, std::string_view key) = 0;
  /// Joins the row with what is there, whenever somebody reads it or files are merged. Of the family `order` alone.
  virtual void join(Family family, std::string_view key, std::string_view value) = 0;
  /// Forgets the changes but not their memory, unless that is much: growing it anew for every group costs page faults.
  virtual void clear() = 0;
};

struct StoreHealth {
  uint64_t background_errors = 0;
  bool write_stopped = false;
  uint64_t delayed_write_rate = 0;
  uint64_t pending_compaction_bytes = 0;
};

/// One RocksDB without a log of its own: what it holds is a consistent prefix of the log up to applied().lsn.
class StateStore : public StateReader {
 public:
  /// Errors: corrupt for a damaged store or a format of another version (both named); io; disk_full.
  static Result<std::unique_ptr<StateStore>> open(StateStoreOptions options, StoreMemory& memory);

  /// Point reads of many keys at once; `values[i]` is empty for an absent row.
  virtual Result<void> multi_get(Family family, std::span<const std::string> keys,
                                 std::vector<std::optional<std::string>>& values) const = 0;

  /// The state that the store holds: zero for a fresh one. Read once at open; afterwards the fold knows.
  virtual Result<AppliedState> applied() const = 0;

  virtual std::unique_ptr<StateBatch> make_batch() const = 0;

  /// Applies the batch with `applied` in it, atomically. Errors: overloaded while the store is stalled (nothing was
  /// written; try again), io and corrupt otherwise. Thread: fold.
  virtual Result<void> commit(StateBatch& batch, const AppliedState& applied) = 0;

  virtual std::unique_ptr<StateReader> snapshot() const = 0;

  /// Makes everything committed before the call durable. Thread: any.
  virtual Result<void> flush() = 0;

  /// Log time of the durable state, for dropping dedup rows that the window has left behind: a replay starts there and
  /// must still find them. Thread: any.
  virtual void set_log_time(Timestamp now) = 0;

  virtual StoreHealth health() const = 0;

  /// Reads every file back against its checksums.
  virtual Result<void> verify() const = 0;
};

/// Removes a partition's state so that it can be folded again.
Result<void> destroy_state(const std::string& directory);

}  // namespace tributary
