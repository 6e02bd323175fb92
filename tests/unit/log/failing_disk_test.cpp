// What happens when a write or a sync fails, stops short, or takes its time.
#include <condition_variable>
#include <cstring>
#include <future>
#include <mutex>
#include <thread>

#include <unistd.h>

#include "engine/log/file_ops.h"
#include "tests/unit/log/support.h"

namespace tributary {
namespace {

using namespace testing;

std::string path_of(int fd) {
  char path[4096];
  ssize_t n = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  return n > 0 ? std::string(path, static_cast<size_t>(n)) : std::string();
}

/// The real calls, until they are told to fail, to write less, or to wait; for files whose path ends with `suffix`.
class FaultyFileOps : public FileOps {
 public:
  enum class Call { pwritev, fdatasync, fsync, rename };
  void fail_from_now(Call call, const std::string& suffix, int error) {
    std::lock_guard lock(mutex_);
    fault_ = {call, suffix, error};
  }
  void heal() {
    std::lock_guard lock(mutex_);
    fault_.reset();
  }
  void write_at_most(size_t bytes) { write_max_ = bytes; }
  void hold_syncs_of(const std::string& suffix) {
    std::lock_guard lock(mutex_);
    held_ = suffix;
  }
  void release_syncs() {
    {
      std::lock_guard lock(mutex_);
      held_.clear();
    }
    changed_.notify_all();
  }
  bool sync_waits() const { return waiting_; }
  int failures() const { return failures_; }

  ssize_t pwritev(int fd, const iovec* pieces, int count, off_t offset) override {
    if (fails(Call::pwritev, path_of(fd))) return -1;
    iovec piece = pieces[0];
    if (write_max_ == 0 || count != 1) return FileOps::pwritev(fd, pieces, count, offset);
    piece.iov_len = std::min<size_t>(piece.iov_len, write_max_);
    return FileOps::pwritev(fd, &piece, 1, offset);
  }
  int fdatasync(int fd) override {
    std::string path = path_of(fd);
    {
      std::unique_lock lock(mutex_);
      bool waits = !held_.empty() && path.ends_with(held_);
      if (waits) waiting_ = true;
      changed_.wait(lock, [&] { return held_.empty() || !path.ends_with(held_); });
      if (waits) waiting_ = false;
    }
    return fails(Call::fdatasync, path) ? -1 : FileOps::fdatasync(fd);
  }
  int fsync(int fd) override { return fails(Call::fsync, path_of(fd)) ? -1 : FileOps::fsync(fd); }
  int rename(const char* from, const char* to) override {
    return fails(Call::rename, to) ? -1 : FileOps::rename(from, to);
  }

 private:
  struct Fault {
    Call call;
    std::string suffix;
    int error;
  };
  bool fails(Call call, const std::string& path) {
    std::lock_guard lock(mutex_);
    if (!fault_ || fault_->call != call || !path.ends_with(fault_->suffix)) return false;
    ++failures_;
    errno = fault_->error;
    return true;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Fault> fault_;  // under mutex_
  std::string held_;            // under mutex_
  std::atomic<bool> waiting_{false};
  std::atomic<size_t> write_max_{0};
  std::atomic<int> failures_{0};
};

using Call = FaultyFileOps::Call;

class FailingDisk : public ::testing::Test {
 protected:
  SegmentLogOptions options() {
    SegmentLogOptions options = small_options(scratch_.log());
    options.file_ops = &files_;
    return options;
  }
  ScratchDirectory scratch_;
  FaultyFileOps files_;
};

struct Failure {
  Call call;
  std::string suffix;
  int error;
};
class FailureOf : public FailingDisk, public ::testing::WithParamInterface<Failure> {};

TEST_P(FailureOf, StopsWritingForGoodAndLosesNothingAcknowledged) {
  {
    OpenLog log(options());
    append_numbered(*log.log, 1, 5);
    files_.fail_from_now(GetParam().call, GetParam().suffix, GetParam().error);
    // 700 KiB each: the second one needs a new segment, whose making syncs and renames.
    Result<Lsn> answer = Lsn{};
    for (int i = 0; i < 3 && answer; ++i) answer = append(*log.log, {std::string(700 << 10, 'x')});
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().code == ErrorCode::io || answer.error().code == ErrorCode::disk_full);
    EXPECT_EQ(files_.failures(), 1) << "a failed sync or write is never tried again";
    files_.heal();
    EXPECT_TRUE(eventually([&] { return log->failed() && log->refusal() == AppendRefusal::failed; }));
    EXPECT_FALSE(append(*log.log, {"later"}));
    for (uint64_t n = 1; n <= 5; ++n) EXPECT_EQ(log->read_one(Lsn{n})->second, payload_of(n)) << "reads go on";
  }
  OpenLog log(options());
  for (uint64_t n = 1; n <= 5; ++n) EXPECT_EQ(log->read_one(Lsn{n})->second, payload_of(n));
  EXPECT_TRUE(append(*log.log, {"after a restart"}));
}

INSTANTIATE_TEST_SUITE_P(Calls, FailureOf,
                         ::testing::Values(Failure{Call::pwritev, ".seg", EIO}, Failure{Call::pwritev, ".seg", ENOSPC},
                                           Failure{Call::fdatasync, ".seg", EIO},
                                           Failure{Call::fdatasync, ".seg", ENOSPC},
                                           Failure{Call::pwritev, "/mark", EIO}, Failure{Call::fdatasync, "/mark", EIO},
                                           Failure{Call::pwritev, "segment.tmp", EROFS},
                                           Failure{Call::fdatasync, "segment.tmp", EIO},
                                           Failure{Call::rename, ".seg", EIO}, Failure{Call::fsync, "/log", EIO}));

TEST_F(FailingDisk, FailureAnswersEverythingThatWaitsExactlyOnce) {
  OpenLog log(options());
  append_numbered(*log.log, 1, 1);
  files_.hold_syncs_of(".seg");
  std::atomic<int> failed{0};
  constexpr int kRequests = 50;
  for (int i = 0; i < kRequests; ++i) {
    AppendRequest request;
    request.records.push_back(record_of("waiting"));
    request.done = [&](const Result<Lsn>& result) {
      EXPECT_FALSE(result);
      EXPECT_EQ(result.error().code, ErrorCode::io);
      ++failed;
    };
    ASSERT_FALSE(log->append(std::move(request)));
  }
  ASSERT_TRUE(eventually([&] { return files_.sync_waits(); }));
  // The group in flight fails at its sync, the rest in the queue.
  files_.fail_from_now(Call::fdatasync, ".seg", EIO);
  files_.release_syncs();
  EXPECT_TRUE(eventually([&] { return log->failed(); }));
  log->stop();
  EXPECT_EQ(failed, kRequests);
}

TEST_F(FailingDisk, DoneWaitsForTheLogsSync) {
  OpenLog log(options());
  files_.hold_syncs_of(".seg");
  auto answer = std::async(std::launch::async, [&] { return append(*log.log, {"x"}); });
  ASSERT_TRUE(eventually([&] { return files_.sync_waits(); }));
  EXPECT_EQ(answer.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  EXPECT_EQ(log->last_durable(), Lsn{0}) << "nothing is readable before it is durable";
  EXPECT_FALSE(log->read_one(Lsn{1}));
  files_.release_syncs();
  EXPECT_TRUE(answer.get());
}

TEST_F(FailingDisk, DoneWaitsForTheMarksSyncWhileTheFoldWorksAlready) {
  std::atomic<int> folded{0};
  OpenLog log(options(), Lsn{}, [&](const DurableGroup& group, const std::vector<DurableAppend>&) {
    folded += static_cast<int>(group.records.size());
  });
  files_.hold_syncs_of("/mark");
  auto answer = std::async(std::launch::async, [&] { return append(*log.log, {"x"}); });
  ASSERT_TRUE(eventually([&] { return files_.sync_waits(); }));
  EXPECT_EQ(folded, 1);
  EXPECT_EQ(answer.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  // The next group does not wait for the mark.
  auto second = std::async(std::launch::async, [&] { return append(*log.log, {"y"}); });
  EXPECT_TRUE(eventually([&] { return folded == 2; }));
  EXPECT_EQ(second.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  files_.release_syncs();
  EXPECT_TRUE(answer.get());
  EXPECT_TRUE(second.get());
}

TEST_F(FailingDisk, ShortWritesAreContinuedAndCounted) {
  files_.write_at_most(1000);
  {
    OpenLog log(options());
    double before = log.metrics->log_short_writes.value();
    append_numbered(*log.log, 1, 200, 50);
    EXPECT_GT(log.metrics->log_short_writes.value(), before + 10);
    expect_numbered(*log.log, 200);
  }
  files_.write_at_most(0);
  OpenLog log(options());
  expect_numbered(*log.log, 200);
}

TEST_F(FailingDisk, AFailedStartIsAnErrorAndNotAHalfOpenLog) {
  files_.fail_from_now(Call::fdatasync, "", EIO);
  EXPECT_EQ(open_error(options()).code, ErrorCode::io);
  files_.heal();
  OpenLog log(options());
  EXPECT_TRUE(append(*log.log, {"x"}));
}

TEST_F(FailingDisk, SparesThatCannotBeMadeDoNotStopTheLog) {
  SegmentLogOptions with_spares = options();
  with_spares.spare_segments = 1;
  OpenLog log(with_spares);
  ASSERT_TRUE(eventually([&] { return files_with_suffix(scratch_.log(), ".spare").size() == 1; }));
  files_.fail_from_now(Call::pwritev, "spare.tmp", EIO);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(append(*log.log, {std::string(700 << 10, 'x')}));
  EXPECT_TRUE(eventually([&] { return files_.failures() > 0; }));
  files_.heal();
  EXPECT_TRUE(eventually([&] { return files_with_suffix(scratch_.log(), ".spare").size() == 1; }));
}

TEST_F(FailingDisk, SealingThatFailsKeepsTheRawSegment) {
  SegmentLogOptions sealing = options();
  sealing.seal = true;
  OpenLog log(sealing);
  append_numbered(*log.log, 1, 12'000, 100);
  ASSERT_GE(files_with_suffix(scratch_.log(), ".seg").size(), 2u);
  files_.fail_from_now(Call::fdatasync, ".sealed.tmp", EIO);
  log->set_durable_state(log->last_durable());
  ASSERT_TRUE(eventually([&] { return files_.failures() > 0; }));
  EXPECT_TRUE(eventually([&] { return files_with_suffix(scratch_.log(), ".sealed.tmp").empty(); }));
  EXPECT_TRUE(files_with_suffix(scratch_.log(), ".sealed").empty());
  expect_numbered(*log.log, 12'000);
  EXPECT_FALSE(log->failed());
}

}  // namespace
}  // namespace tributary
