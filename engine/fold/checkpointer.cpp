#include "engine/fold/checkpointer.h"

#include <pthread.h>

#include "engine/base/log_line.h"

namespace tributary {

Checkpointer::Checkpointer(std::vector<Partition*> partitions, Log& log, int64_t interval_micros)
    : partitions_(std::move(partitions)), log_(log), interval_(interval_micros) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "trib-state");
}

Checkpointer::~Checkpointer() { stop(); }

Result<void> Checkpointer::flush_all() {
  std::lock_guard lock(flushing_);
  for (Partition* partition : partitions_) partition->catch_up();  // on its own thread: the next round sees it
  Lsn durable = log_.last_durable();
  bool changed = false;
  for (Partition* partition : partitions_) {
    AppliedState applied = partition->applied();
    if (applied.lsn > durable_) {
      changed = true;
      TRIBUTARY_TRY(partition->store().flush());
      partition->store().set_log_time(applied.received_at);
    }
    durable = std::min(durable, applied.lsn);
  }
  if (!changed) return {};
  durable_ = durable;
  log_.set_durable_state(durable);
  return {};
}

void Checkpointer::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval_, [this] { return stopping_; })) {
    lock.unlock();
    if (auto flushed = flush_all(); !flushed) {
      log_line(LogLevel::warn, "state flush failed, will be tried again", {{"reason", flushed.error().message}});
    }
    lock.lock();
  }
}

void Checkpointer::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace tributary
