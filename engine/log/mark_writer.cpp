#include "engine/log/mark_writer.h"

#include <chrono>
#include <iterator>

#include "engine/base/log_line.h"
#include "engine/log/thread_name.h"

namespace tributary {

MarkWriter::MarkWriter(MarkFile& mark, Metrics& metrics, std::function<void()> on_failure)
    : mark_(mark), metrics_(metrics), on_failure_(std::move(on_failure)) {}

void MarkWriter::start() {
  thread_ = std::thread([this] {
    name_this_thread("trib-mark");
    run();
  });
}

void MarkWriter::submit(std::vector<DurableCompletion> completions, Lsn durable, uint64_t epoch) {
  {
    std::lock_guard lock(mutex_);
    if (!pending_) pending_.emplace();
    pending_->durable = durable;
    pending_->epoch = epoch;
    auto& waiting = pending_->completions;
    if (waiting.empty()) {
      waiting = std::move(completions);
    } else {
      std::move(completions.begin(), completions.end(), std::back_inserter(waiting));
    }
  }
  changed_.notify_one();
}

void MarkWriter::run() {
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return pending_.has_value() || stopping_; });
    if (!pending_) return;
    MarkBatch batch = std::move(*pending_);
    pending_.reset();
    lock.unlock();
    complete(std::move(batch));
  }
}

void MarkWriter::complete(MarkBatch batch) {
  if (!failure_) {
    auto before = std::chrono::steady_clock::now();
    auto advanced = mark_.advance(batch.durable, batch.epoch);
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
    metrics_.mark_sync_seconds.observe(took.count());
    if (!advanced) {
      failure_ = advanced.error();
      log_line(LogLevel::error, "writing the acked mark failed: nothing is acknowledged any more",
               {{"error", failure_->message}});
      on_failure_();
    }
  }
  for (DurableCompletion& completion : batch.completions) {
    if (!completion.done) continue;
    completion.done(failure_ ? Result<Lsn>(*failure_) : Result<Lsn>(completion.last_lsn));
  }
}

void MarkWriter::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace tributary
