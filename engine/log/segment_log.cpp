#include "engine/log/segment_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "engine/base/keyed_hash.h"
#include "engine/base/log_line.h"
#include "engine/log/group_commit.h"
#include "engine/log/housekeeping.h"
#include "engine/log/recovery.h"
#include "engine/log/segment_cursor.h"

namespace tributary {
namespace {

constexpr uint64_t kSegmentBytesMin = 1ull << 20;
constexpr uint64_t kSegmentBytesMax = 1ull << 30;
constexpr size_t kBlockCacheBytes = 16u << 20;

Result<void> check_options(const SegmentLogOptions& options) {
  if (options.segment_bytes < kSegmentBytesMin || options.segment_bytes > kSegmentBytesMax) {
    return Error{ErrorCode::config, "log segments have 1 MiB to 1 GiB"};
  }
  if (options.spare_segments < 0 || options.group_records_max == 0) {
    return Error{ErrorCode::config, "the log needs spare_segments >= 0 and group_records_max > 0"};
  }
  return {};
}

/// Held until the process ends or the log is destroyed.
Result<FileHandle> lock_directory(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return errno_error("making directory " + directory, error.value());
  auto handle = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (!handle) return handle.error();
  if (::flock(handle->get(), LOCK_EX | LOCK_NB) == 0) return std::move(*handle);
  if (errno != EWOULDBLOCK) return errno_error("locking " + directory, errno);
  return Error{ErrorCode::unavailable, "locking " + directory + ": another process has it open"};
}

/// The composition: owns every part and the order in which they start and stop.
class SegmentLogImpl : public SegmentLog {
 public:
  SegmentLogImpl(SegmentLogOptions options, Metrics& metrics, FileHandle lock)
      : options_(std::move(options)),
        metrics_(metrics),
        lock_(std::move(lock)),
        files_(options_.file_ops != nullptr ? *options_.file_ops : system_file_ops()),
        guard_({options_.directory, options_.disk_low_bytes, options_.disk_low_inodes, options_.ballast_bytes},
               metrics),
        cache_(kBlockCacheBytes),
        queue_(options_.queue_records_max, options_.queue_bytes_max),
        spares_(options_.directory, options_.segment_bytes, static_cast<size_t>(options_.spare_segments), files_),
        catalog_({}) {}
  ~SegmentLogImpl() override { stop(); }

  Result<void> recover(Lsn applied);
  void start(Sink sink) override;
  std::optional<AppendRefusal> append(AppendRequest request) override;
  std::unique_ptr<LogCursor> read(Lsn from) override;
  Result<std::pair<RecordKind, std::string>> read_one(Lsn lsn) override;
  Lsn last_durable() const override { return commit_->last_durable(); }
  void set_durable_state(Lsn lsn) override { housekeeping_->set_durable_state(lsn); }
  void stop() override;
  const LogRecovery& recovery() const override { return recovery_; }
  std::optional<AppendRefusal> refusal() const override;
  bool failed() const override { return failed_; }

 private:
  Result<void> accept_loss(const RecoveredLog& log);
  Result<void> clear_leftovers(RecoveredLog& log);
  Result<void> open_mark(const RecoveredLog& log);
  Result<void> open_writer(const RecoveredLog& log);
  void fail_unstarted();

  const SegmentLogOptions options_;
  Metrics& metrics_;
  FileHandle lock_;
  FileOps& files_;
  LogRecovery recovery_;
  DiskGuard guard_;
  BlockCache cache_;
  AppendQueue queue_;
  SpareSegments spares_;
  SegmentCatalog catalog_;
  std::atomic<bool> failed_{false};
  // In the order of construction; destroyed, and so stopped, in the opposite one.
  std::unique_ptr<MarkFile> mark_;
  std::unique_ptr<SegmentWriter> writer_;
  std::unique_ptr<Housekeeping> housekeeping_;
  std::unique_ptr<MarkWriter> mark_writer_;
  std::unique_ptr<GroupCommit> commit_;
  std::mutex stop_mutex_;
  bool started_ = false;
};

Result<void> SegmentLogImpl::recover(Lsn applied) {
  TRIBUTARY_TRY(guard_.start());
  auto log = recover_log(options_.directory, {applied, options_.accept_loss}, cache_);
  if (!log) return log.error();
  if (log->store_id.empty()) log->store_id = random_bytes(kStoreIdBytes);
  Lsn first = log->segments.empty() ? next(log->last_lsn) : log->segments.front()->base();
  recovery_ = {
      first,        log->last_lsn, log->mark ? log->mark->lsn : Lsn{}, log->tail_dropped_bytes, log->lost_records,
      log->store_id};
  metrics_.log_tail_dropped_bytes.set(static_cast<double>(log->tail_dropped_bytes));
  metrics_.log_accepted_loss_records.set(static_cast<double>(log->lost_records));
  metrics_.log_last_lsn.set(static_cast<double>(log->last_lsn.value()));
  if (options_.accept_loss) TRIBUTARY_TRY(accept_loss(*log));
  TRIBUTARY_TRY(clear_leftovers(*log));
  TRIBUTARY_TRY(open_mark(*log));
  TRIBUTARY_TRY(open_writer(*log));
  housekeeping_ = std::make_unique<Housekeeping>(
      Housekeeping::Options{options_.directory, options_.seal, options_.retention_bytes, options_.retention_micros},
      guard_, spares_, catalog_, *mark_, cache_, files_);
  mark_writer_ = std::make_unique<MarkWriter>(*mark_, metrics_, [this] {
    failed_ = true;
    queue_.close(AppendRefusal::failed);
  });
  size_t group_bytes_max = std::min<size_t>(options_.group_bytes_max, options_.segment_bytes - kSegmentHeaderBytes);
  commit_ = std::make_unique<GroupCommit>(GroupCommit::Limits{group_bytes_max, options_.group_records_max}, queue_,
                                          *writer_, *mark_writer_, metrics_, log->last_received_at, failed_);
  housekeeping_->start();
  return {};
}

Result<void> SegmentLogImpl::accept_loss(const RecoveredLog& log) {
  for (const std::string& path : log.damaged_files) {
    TRIBUTARY_TRY(rename_file(files_, path, path + ".damaged"));
    log_line(LogLevel::error, "loss accepted: damaged file set aside", {{"file", path + ".damaged"}});
  }
  for (const AcceptedGap& gap : log.new_gaps) {
    log_line(
        LogLevel::error, "loss accepted: acknowledged records are missing",
        {{"first_lsn", static_cast<int64_t>(gap.first.value())}, {"last_lsn", static_cast<int64_t>(gap.last.value())}});
  }
  if (!log.mark && !log.segments.empty()) log_line(LogLevel::error, "loss accepted: the acked mark is missing");
  if (log.new_gaps.empty()) return {};
  return write_accepted_gaps(options_.directory, log.new_gaps, files_);
}

Result<void> SegmentLogImpl::clear_leftovers(RecoveredLog& log) {
  for (const std::string& path : log.leftover_files) ::unlink(path.c_str());
  // The next segment takes its name.
  if (!log.segments.empty() && log.segments.back()->empty()) log.segments.pop_back();
  for (const auto& segment : log.segments) catalog_.add(segment);
  return spares_.adopt();
}

/// What recovery found is served from now on, also records whose acknowledgement was never sent: their retry is
/// answered as a duplicate. So they are made durable first (after kill -9 they may be in the page cache only), then the
/// mark covers them.
Result<void> SegmentLogImpl::open_mark(const RecoveredLog& log) {
  if (log.last_raw != nullptr) TRIBUTARY_TRY(sync_data(files_, log.last_raw->descriptor(), log.last_raw->path()));
  TRIBUTARY_TRY(sync_directory(files_, options_.directory));
  MarkState state = log.mark ? *log.mark : MarkState{};
  state.lsn = std::max(state.lsn, log.last_lsn);
  state.epoch = log.epoch_max;
  state.store_id = log.store_id;
  auto mark = MarkFile::open(options_.directory, state, files_);
  if (!mark) return mark.error();
  mark_ = std::move(*mark);
  return {};
}

Result<void> SegmentLogImpl::open_writer(const RecoveredLog& log) {
  writer_ =
      std::make_unique<SegmentWriter>(SegmentWriter::Origin{options_.directory, log.store_id, options_.segment_bytes,
                                                            log.epoch_max, log.last_lsn, log.last_crc},
                                      spares_, catalog_, files_, metrics_, [this] {
                                        if (housekeeping_ != nullptr) housekeeping_->wake();
                                      });
  const std::atomic<bool> never{false};
  bool has_none = spares_.missing() == static_cast<size_t>(options_.spare_segments);
  if (has_none && options_.spare_segments > 0 && !guard_.low()) TRIBUTARY_TRY(spares_.make(never));
  return writer_->roll();
}

void SegmentLogImpl::start(Sink sink) {
  std::lock_guard lock(stop_mutex_);
  started_ = true;
  mark_writer_->start();
  commit_->start(std::move(sink));
}

std::optional<AppendRefusal> SegmentLogImpl::append(AppendRequest request) {
  if (guard_.low() && !failed_) return AppendRefusal::disk_full;
  return queue_.push(std::move(request));
}

std::optional<AppendRefusal> SegmentLogImpl::refusal() const {
  auto closed = queue_.refusal();
  if (closed && *closed != AppendRefusal::overloaded) return closed;
  if (guard_.low()) return AppendRefusal::disk_full;
  return closed;
}

std::unique_ptr<LogCursor> SegmentLogImpl::read(Lsn from) {
  return std::make_unique<SegmentCursor>(catalog_, [this] { return last_durable(); }, from);
}

Result<std::pair<RecordKind, std::string>> SegmentLogImpl::read_one(Lsn lsn) {
  auto segment = lsn <= last_durable() ? catalog_.find(lsn) : nullptr;
  if (segment == nullptr || segment->base() > lsn) {
    return Error{ErrorCode::not_found, "reading record " + std::to_string(lsn.value()) + ": not in the log"};
  }
  return segment->read_one(lsn);
}

void SegmentLogImpl::stop() {
  std::lock_guard lock(stop_mutex_);
  queue_.close(AppendRefusal::stopping);
  if (commit_ == nullptr) return;
  if (!started_) fail_unstarted();
  commit_->stop();
  mark_writer_->stop();
  housekeeping_->stop();
}

void SegmentLogImpl::fail_unstarted() {
  std::deque<WaitingAppend> waiting;
  if (!queue_.take(waiting)) return;
  for (WaitingAppend& append : waiting) {
    if (append.request.done) append.request.done(Error{ErrorCode::stopping, "appending: the log was never started"});
  }
}

}  // namespace

Result<std::unique_ptr<SegmentLog>> SegmentLog::open(SegmentLogOptions options, Lsn applied, Metrics& metrics) {
  TRIBUTARY_TRY(check_options(options));
  auto lock = lock_directory(options.directory);
  if (!lock) return lock.error();
  auto log = std::make_unique<SegmentLogImpl>(std::move(options), metrics, std::move(*lock));
  TRIBUTARY_TRY(log->recover(applied));
  return std::unique_ptr<SegmentLog>(std::move(log));
}

}  // namespace tributary
