#pragma once

#include <atomic>
#include <memory>

#include "engine/store/state_store.h"
#include "tests/model/temp_directory.h"

namespace tributary::model {

/// A real store whose commits can be made to stall or fail.
class StallingStore final : public StateStore {
 public:
  StallingStore() : store_(std::move(*StateStore::open({temp_.path() + "/state", kMicrosPerDay, false}, memory_))) {}

  void stall(int commits) { stalls_ = commits; }
  void fail() { failing_ = true; }

  Result<void> commit(StateBatch& batch, const AppliedState& applied) override {
    if (failing_) return Error{ErrorCode::io, "writing: no such disk"};
    if (stalls_ > 0) {
      --stalls_;
      return Error{ErrorCode::overloaded, "stalled"};
    }
    return store_->commit(batch, applied);
  }

  Result<bool> get(Family family, std::string_view key, std::string& value) const override {
    return store_->get(family, key, value);
  }
  std::unique_ptr<StateIterator> scan(Family family, std::string_view prefix) const override {
    return store_->scan(family, prefix);
  }
  Result<void> multi_get(Family family, std::span<const std::string> keys,
                         std::vector<std::optional<std::string>>& values) const override {
    return store_->multi_get(family, keys, values);
  }
  Result<AppliedState> applied() const override { return store_->applied(); }
  std::unique_ptr<StateBatch> make_batch() const override { return store_->make_batch(); }
  std::unique_ptr<StateReader> snapshot() const override { return store_->snapshot(); }
  Result<void> flush() override {
    ++flushes_;
    return store_->flush();
  }
  void set_log_time(Timestamp now) override { store_->set_log_time(now); }
  StoreHealth health() const override { return store_->health(); }
  Result<void> verify() const override { return store_->verify(); }

  int flushes() const { return flushes_; }

 private:
  TempDirectory temp_;
  StoreMemory memory_{1 << 20, 16 << 20};
  std::unique_ptr<StateStore> store_;
  std::atomic<int> stalls_{0};
  std::atomic<bool> failing_{false};
  std::atomic<int> flushes_{0};
};

}  // namespace tributary::model
