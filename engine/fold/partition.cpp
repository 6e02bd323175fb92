#include "engine/fold/partition.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "engine/base/log_line.h"

namespace tributary {
namespace {

constexpr std::chrono::milliseconds kStallRetryFirst{2};
constexpr std::chrono::milliseconds kStallRetryLast{64};  // a stalled store needs the processor itself
constexpr std::chrono::seconds kStallMax{30};

int64_t monotonic_micros() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

size_t payload_bytes(const std::vector<RecordView>& records) {
  size_t bytes = 0;
  for (const RecordView& record : records) bytes += record.payload.size();
  return bytes;
}

}  // namespace

Partition::Partition(PartitionId id, std::unique_ptr<StateStore> store, const FoldOptions& options, Metrics& metrics)
    : id_(id), store_(std::move(store)), metrics_(metrics), fold_(*store_, options, metrics) {}

Partition::~Partition() { stop(); }

Result<void> Partition::open() {
  TRIBUTARY_TRY(fold_.open());
  publish();
  return {};
}

Result<void> Partition::recover(std::span<const RecordView> records) {
  std::vector<ItemOutcome> outcomes;
  TRIBUTARY_TRY(apply(records, outcomes));
  publish();
  return {};
}

void Partition::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), ("trib-fold-" + std::to_string(id_.value())).c_str());
}

void Partition::push(Work work) {
  waiting_records_.fetch_add(work.records.size(), std::memory_order_relaxed);
  waiting_bytes_.fetch_add(payload_bytes(work.records), std::memory_order_relaxed);
  int64_t nothing = 0;
  oldest_micros_.compare_exchange_strong(nothing, monotonic_micros());
  {
    std::lock_guard lock(mutex_);
    mailbox_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void Partition::catch_up() {
  Lsn pushed{pushed_.load(std::memory_order_acquire)};
  if (failed() || waiting_records() != 0 || pushed <= applied().lsn) return;
  Work work;
  work.up_to = pushed;
  push(std::move(work));
}

void Partition::run() {
  while (true) {
    std::deque<Work> works;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !mailbox_.empty() || sweeping(); });
      if (mailbox_.empty() && stopping_) return;
      works.swap(mailbox_);
    }
    if (!works.empty()) fold(works);
    if (sweeping()) sweep();
  }
}

bool Partition::sweeping() const { return fold_.sweeping() && !failed(); }

// A little of it between two groups, so that events do not wait for all customers to follow other rules.
void Partition::sweep() {
  if (auto swept = wait_out_stall(fold_.sweep()); !swept) fail(swept.error());
  publish();
}

void Partition::fail(const Error& error) {
  log_line(LogLevel::error, "folding stopped for good", {{"reason", error.message}});
  failed_.store(true, std::memory_order_release);
}

// Completion comes last, so that a client which got 200 reads its own write.
void Partition::fold(const std::deque<Work>& works) {
  auto started = std::chrono::steady_clock::now();
  std::vector<RecordView> records;
  Lsn up_to;
  for (const Work& work : works) {
    records.insert(records.end(), work.records.begin(), work.records.end());
    up_to = std::max(up_to, work.up_to);
  }
  std::vector<ItemOutcome> outcomes;
  if (!failed()) {
    auto applied = apply(records, outcomes);
    if (applied) applied = wait_out_stall(fold_.advance(up_to));
    if (!applied) fail(applied.error());
  }
  publish();
  waiting_records_.fetch_sub(records.size(), std::memory_order_relaxed);
  waiting_bytes_.fetch_sub(payload_bytes(records), std::memory_order_relaxed);
  oldest_micros_.store(waiting_records_.load() == 0 ? 0 : monotonic_micros());
  metrics_.fold_group_seconds.observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());

  size_t base = 0;
  for (const Work& work : works) {
    for (const DurableAppend& append : work.appends) {
      auto* pending = static_cast<PendingIngest*>(append.context.get());
      if (failed()) {
        pending->fail(RejectionCode::not_ready);
      } else {
        pending->on_folded(std::span(outcomes).subspan(base + append.first, append.count));
      }
    }
    base += work.records.size();
  }
}

// A decision is a group of its own, because what it concerns is read from the store. A change of rules, and an erasure,
// which takes what the rules give to somebody, find the change before them complete: what they do must not depend on
// how far a sweep came by itself.
Result<void> Partition::apply(std::span<const RecordView> records, std::vector<ItemOutcome>& outcomes) {
  outcomes.clear();
  auto stands_alone = [](const RecordView& record) {
    return record.kind == RecordKind::rule_set || record.kind == RecordKind::assertion ||
           record.kind == RecordKind::erasure;
  };
  while (!records.empty()) {
    const RecordView& first = records.front();
    size_t count = 1;
    if (!stands_alone(first)) {
      count = static_cast<size_t>(std::find_if(records.begin(), records.end(), stands_alone) - records.begin());
    } else if (first.kind != RecordKind::assertion) {
      // The edge refuses what comes this early; a replay may meet it.
      while (fold_.sweeping(first.workspace)) TRIBUTARY_TRY(wait_out_stall(fold_.sweep()));
    }
    std::vector<ItemOutcome> some;
    TRIBUTARY_TRY(wait_out_stall(fold_.apply(records.first(count), some)));
    outcomes.insert(outcomes.end(), some.begin(), some.end());
    records = records.subspan(count);
  }
  return {};
}

// A stalled store is waited for, within bounds: the mailbox's limit refuses new requests meanwhile.
Result<void> Partition::wait_out_stall(Result<void> applied) {
  auto pause = kStallRetryFirst;
  std::chrono::milliseconds waited{0};
  while (!applied && applied.error().code == ErrorCode::overloaded) {
    if (waited >= kStallMax) return with_context("store stalled for 30 s", applied.error());
    std::this_thread::sleep_for(pause);
    waited += pause;
    pause = std::min(pause * 2, kStallRetryLast);
    applied = fold_.commit();
  }
  return applied;
}

void Partition::publish() {
  auto namings = changed_namings();
  std::lock_guard lock(mutex_);
  applied_ = fold_.applied();
  front_bytes_ = fold_.front_bytes();
  if (namings == nullptr) return;
  namings_ = std::move(namings);
  erases_.store(true, std::memory_order_release);
}

// Null when the edge knows them already, or need not because nobody was erased.
std::shared_ptr<const IdentityFold::Namings> Partition::changed_namings() {
  if (published_namings_ == fold_.namings_version()) return nullptr;
  published_namings_ = fold_.namings_version();
  auto erases = [](const auto& naming) { return !naming.second.erasures.empty(); };
  const auto& namings = fold_.namings();
  if (std::none_of(namings.begin(), namings.end(), erases)) return nullptr;
  return std::make_shared<const IdentityFold::Namings>(namings);
}

std::shared_ptr<const IdentityFold::Namings> Partition::namings() const {
  if (!erases_.load(std::memory_order_acquire)) return nullptr;
  std::lock_guard lock(mutex_);
  return namings_;
}

size_t Partition::front_bytes() const {
  std::lock_guard lock(mutex_);
  return front_bytes_;
}

AppliedState Partition::applied() const {
  std::lock_guard lock(mutex_);
  return applied_;
}

int64_t Partition::waiting_micros() const {
  int64_t oldest = oldest_micros_.load();
  return oldest == 0 ? 0 : std::max<int64_t>(0, monotonic_micros() - oldest);
}

void Partition::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace tributary
