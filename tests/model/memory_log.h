#pragma once

#include <atomic>
#include <map>
#include <string>
#include <utility>

#include "engine/log/log.h"

namespace tributary::model {

/// Records by LSN, for readers: what a fold has folded can be read back without files. The rest of a log is not there.
class MemoryLog final : public Log {
 public:
  void put(Lsn lsn, RecordKind kind, std::string payload, WorkspaceId workspace = {}, Timestamp received_at = {}) {
    records_[lsn] = {kind, std::move(payload), workspace, received_at};
  }
  void clear() { records_.clear(); }
  void erase(Lsn lsn) { records_.erase(lsn); }

  Result<std::pair<RecordKind, std::string>> read_one(Lsn lsn) override {
    auto found = records_.find(lsn);
    if (found == records_.end()) return Error{ErrorCode::not_found, "no record " + std::to_string(lsn.value())};
    return std::pair(found->second.kind, found->second.payload);
  }
  Lsn last_durable() const override { return records_.empty() ? Lsn{} : records_.rbegin()->first; }

  Lsn durable_state() const { return Lsn{durable_state_.load()}; }

  void start(Sink) override {}
  std::optional<AppendRefusal> append(AppendRequest) override { return AppendRefusal::failed; }
  std::unique_ptr<LogCursor> read(Lsn from) override { return std::make_unique<Cursor>(records_, from); }
  void set_durable_state(Lsn lsn) override { durable_state_.store(lsn.value()); }
  void stop() override {}

 private:
  struct Stored {
    RecordKind kind = RecordKind::event;
    std::string payload;
    WorkspaceId workspace;
    Timestamp received_at;
  };
  using Records = std::map<Lsn, Stored>;

  /// Three records at a time, so that readers meet the ends of batches.
  class Cursor final : public LogCursor {
   public:
    Cursor(const Records& records, Lsn from) : records_(records), next_(from) {}
    Result<std::vector<RecordView>> next_batch(size_t) override {
      std::vector<RecordView> batch;
      for (auto at = records_.lower_bound(next_); at != records_.end() && batch.size() < 3; ++at) {
        const auto& [lsn, record] = *at;
        batch.push_back({lsn, record.kind, record.workspace, PartitionId{0}, record.received_at, record.payload});
        next_ = next(lsn);
      }
      return batch;
    }

   private:
    const Records& records_;
    Lsn next_;
  };

  Records records_;
  std::atomic<uint64_t> durable_state_{0};
};

}  // namespace tributary::model
