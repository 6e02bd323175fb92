// One caller's request on its way through log and fold.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "engine/domain/outcome.h"

namespace tributary {

/// Answers when both the acknowledged mark and the fold have the request, or when one of them never will: exactly once.
///
/// Thread: the log thread calls on_durable() or fail(); the fold thread calls on_folded() or fail(). `outcomes` belongs
/// to the fold thread until the answer.
class PendingIngest {
 public:
  PendingIngest(size_t items, std::function<void(IngestOutcome)> done) : items_(items), done_(std::move(done)) {}

  void on_durable() { arrive(); }

  /// The outcomes of the next records of the request; a large request is folded in several groups.
  void on_folded(std::span<const ItemOutcome> outcomes) {
    outcomes_.insert(outcomes_.end(), outcomes.begin(), outcomes.end());
    if (outcomes_.size() == items_) arrive();
  }

  void fail(RejectionCode reason) {
    if (!answered_.exchange(true)) done_(IngestOutcome{reason, {}});
  }

 private:
  void arrive() {
    if (waiting_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (!answered_.exchange(true)) done_(IngestOutcome{std::nullopt, std::move(outcomes_)});
  }

  size_t items_;
  std::function<void(IngestOutcome)> done_;
  std::vector<ItemOutcome> outcomes_;
  std::atomic<int> waiting_{2};
  std::atomic<bool> answered_{false};
};

}  // namespace tributary
