#pragma once

#include <atomic>
#include <map>
#include <string>
#include <utility>

#include "engine/log/log.h"

namespace tributary::model {

/// Payloads by LSN, for readers of single records: what a fold has folded can be read back without files. The rest of a
/// log is not there.
class MemoryLog final : public Log {
 public:
  void put(Lsn lsn, RecordKind kind, std::string payload) { records_[lsn] = {kind, std::move(payload)}; }
  void clear() { records_.clear(); }
  void erase(Lsn lsn) { records_.erase(lsn); }

  Result<std::pair<RecordKind, std::string>> read_one(Lsn lsn) override {
    auto found = records_.find(lsn);
    if (found == records_.end()) return Error{ErrorCode::not_found, "no record " + std::to_string(lsn.value())};
    return found->second;
  }
  Lsn last_durable() const override { return records_.empty() ? Lsn{} : records_.rbegin()->first; }

  Lsn durable_state() const { return Lsn{durable_state_.load()}; }

  void start(Sink) override {}
  std::optional<AppendRefusal> append(AppendRequest) override { return AppendRefusal::failed; }
  std::unique_ptr<LogCursor> read(Lsn) override { return nullptr; }
  void set_durable_state(Lsn lsn) override { durable_state_.store(lsn.value()); }
  void stop() override {}

 private:
  std::map<Lsn, std::pair<RecordKind, std::string>> records_;
  std::atomic<uint64_t> durable_state_{0};
};

}  // namespace tributary::model
