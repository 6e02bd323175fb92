#include "engine/log/housekeeping.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>

#include "engine/base/log_line.h"
#include "engine/base/time.h"
#include "engine/log/thread_name.h"

namespace tributary {
namespace {

constexpr std::chrono::seconds kRoundInterval{1};
// Compression must not take the processor from the threads that answer clients.
constexpr int kNiceness = 10;

void report(std::string_view what, const Result<void>& result) {
  if (result || result.error().code == ErrorCode::stopping) return;
  log_line(LogLevel::warn, what, {{"error", result.error().message}});
}

}  // namespace

Housekeeping::Housekeeping(Options options, DiskGuard& guard, SpareSegments& spares, SegmentCatalog& catalog,
                           MarkFile& mark, BlockCache& cache, FileOps& files)
    : options_(std::move(options)),
      guard_(guard),
      spares_(spares),
      catalog_(catalog),
      mark_(mark),
      cache_(cache),
      files_(files) {}

void Housekeeping::start() {
  thread_ = std::thread([this] {
    name_this_thread("trib-logkeep");
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);
    run();
  });
}

void Housekeeping::wake() {
  {
    std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

void Housekeeping::set_durable_state(Lsn lsn) {
  uint64_t before = durable_state_.load(std::memory_order_relaxed);
  while (before < lsn.value() && !durable_state_.compare_exchange_weak(before, lsn.value())) {
  }
  wake();
}

void Housekeeping::stop() {
  stopping_ = true;
  wake();
  if (thread_.joinable()) thread_.join();
}

void Housekeeping::run() {
  while (!stopping_) {
    round();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kRoundInterval, [this] { return woken_; });
    woken_ = false;
  }
}

void Housekeeping::round() {
  guard_.check();
  report("making a spare segment failed", keep_spares());
  if (options_.seal) report("sealing a segment failed", seal_full_segments());
  report("trimming the log failed", trim());
}

Result<void> Housekeeping::keep_spares() {
  while (spares_.missing() > 0 && !stopping_) {
    guard_.check();
    if (guard_.low()) return {};
    TRIBUTARY_TRY(spares_.make(stopping_));
  }
  return {};
}

Result<void> Housekeeping::seal_full_segments() {
  SegmentCatalog::Segments segments = catalog_.all();
  segments.pop_back();  // the active one
  for (const auto& segment : segments) {
    auto raw = std::dynamic_pointer_cast<const RawSegment>(segment);
    if (raw == nullptr) continue;
    if (stopping_ || guard_.low() || raw->last() > durable_state()) return {};
    TRIBUTARY_TRY(seal(raw));
    // A long run of segments must not keep the log thread without spares or the guard without a look.
    guard_.check();
    TRIBUTARY_TRY(keep_spares());
  }
  return {};
}

Result<void> Housekeeping::seal(const std::shared_ptr<const RawSegment>& raw) {
  auto sealed = seal_segment(*raw, cache_, files_, stopping_);
  if (!sealed) return sealed.error();
  catalog_.replace(*sealed);
  return give_back(raw);
}

/// The file becomes a spare again unless somebody still reads it; a reader keeps an unlinked file's content.
Result<void> Housekeeping::give_back(const std::shared_ptr<const RawSegment>& raw) {
  std::string path = raw->path();
  // One reference here, one in the list of the caller; the catalog's is gone and gives no new ones.
  bool being_read = raw.use_count() > 2;
  std::atomic_thread_fence(std::memory_order_acquire);
  if (!being_read && spares_.missing() > 0) return spares_.recycle(path, stopping_);
  ::unlink(path.c_str());
  return sync_directory(files_, options_.directory);
}

bool Housekeeping::beyond_retention(const Segment& oldest, const Segment& follower, uint64_t total_bytes) const {
  if (!oldest.sealed() || oldest.last() > durable_state()) return false;
  if (options_.retention_bytes != 0 && total_bytes > options_.retention_bytes) return true;
  // The follower was made when the oldest was full: its youngest record is older than that.
  int64_t age = system_clock().now().micros - follower.header().created_at.micros;
  return options_.retention_micros != 0 && age > options_.retention_micros;
}

Result<void> Housekeeping::trim() {
  SegmentCatalog::Segments segments = catalog_.all();
  uint64_t total_bytes = 0;
  for (const auto& segment : segments) total_bytes += segment->disk_bytes();
  size_t gone = 0;
  while (gone + 1 < segments.size() && beyond_retention(*segments[gone], *segments[gone + 1], total_bytes)) {
    total_bytes -= segments[gone++]->disk_bytes();
  }
  if (gone == 0) return {};
  // The mark says first what is kept, so that a missing file is never mistaken for a trimmed one.
  TRIBUTARY_TRY(mark_.keep_from(segments[gone]->base()));
  for (size_t i = 0; i < gone; ++i) {
    catalog_.remove(segments[i]->base());
    ::unlink(segments[i]->path().c_str());
  }
  log_line(
      LogLevel::info, "log trimmed",
      {{"segments", static_cast<int64_t>(gone)}, {"first_lsn", static_cast<int64_t>(segments[gone]->base().value())}});
  return sync_directory(files_, options_.directory);
}

}  // namespace tributary
