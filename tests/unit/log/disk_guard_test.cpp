#include "engine/log/disk_guard.h"

#include <sys/stat.h>

#include <filesystem>

#include "tests/unit/log/support.h"

namespace tributary {
namespace {

using namespace testing;
namespace fs = std::filesystem;

constexpr uint64_t kMiB = 1 << 20;

/// A disk whose free space the test sets; the ballast file takes from it as a real one would.
class DiskGuardTest : public ::testing::Test {
 protected:
  DiskGuard guard(uint64_t low, uint64_t ballast_bytes) {
    return DiskGuard({scratch_.path(), low, 32, ballast_bytes}, metrics_,
                     [this](const std::string&) -> Result<DiskSpace> {
                       if (unknown_) return Error{ErrorCode::io, "no answer"};
                       DiskSpace space = space_;
                       if (has_ballast()) space.free_bytes -= std::min(space.free_bytes, fs::file_size(ballast()));
                       return space;
                     });
  }
  std::string ballast() const { return scratch_.path() + "/ballast"; }
  bool has_ballast() const { return fs::exists(ballast()); }

  ScratchDirectory scratch_;
  Metrics metrics_;
  DiskSpace space_{1000 * kMiB, 10'000 * kMiB, 1000, 10'000};
  bool unknown_ = false;
};

TEST_F(DiskGuardTest, AcceptsBetweenTheMarksAsBefore) {
  DiskGuard disk = guard(100 * kMiB, 0);
  ASSERT_TRUE(disk.start());
  EXPECT_FALSE(disk.low());
  space_.free_bytes = 105 * kMiB;
  disk.check();
  EXPECT_FALSE(disk.low());
  space_.free_bytes = 99 * kMiB;
  disk.check();
  EXPECT_TRUE(disk.low());
  space_.free_bytes = 109 * kMiB;
  disk.check();
  EXPECT_TRUE(disk.low()) << "resumes only 10 % above";
  space_.free_bytes = 110 * kMiB;
  disk.check();
  EXPECT_FALSE(disk.low());
}

TEST_F(DiskGuardTest, FreeInodesCountToo) {
  DiskGuard disk = guard(100 * kMiB, 0);
  ASSERT_TRUE(disk.start());
  space_.free_inodes = 31;
  disk.check();
  EXPECT_TRUE(disk.low());
  space_.free_inodes = 40;
  disk.check();
  EXPECT_FALSE(disk.low());
}

TEST_F(DiskGuardTest, AFileSystemWithoutInodeLimitIsNeverOutOfThem) {
  space_.free_inodes = space_.total_inodes = 0;
  DiskGuard disk = guard(100 * kMiB, 0);
  ASSERT_TRUE(disk.start());
  EXPECT_FALSE(disk.low());
}

TEST_F(DiskGuardTest, TheDefaultMarkIsTheLargerOfHalfAGigabyteAndTwoPerCent) {
  DiskGuard small = guard(0, 0);
  ASSERT_TRUE(small.start());
  EXPECT_EQ(small.low_bytes(), 512 * kMiB);
  space_.total_bytes = 100'000 * kMiB;
  space_.free_bytes = 50'000 * kMiB;
  DiskGuard large = guard(0, 0);
  ASSERT_TRUE(large.start());
  EXPECT_EQ(large.low_bytes(), 2000 * kMiB);
}

TEST_F(DiskGuardTest, TheBallastIsRealGivenUpBelowHalfAndMadeAgain) {
  DiskGuard disk = guard(100 * kMiB, 4 * kMiB);
  ASSERT_TRUE(disk.start());
  ASSERT_TRUE(has_ballast());
  struct stat info{};
  ASSERT_EQ(::stat(ballast().c_str(), &info), 0);
  EXPECT_GE(static_cast<uint64_t>(info.st_blocks) * 512, 4 * kMiB) << "not sparse";
  space_.free_bytes = 60 * kMiB;
  disk.check();
  EXPECT_TRUE(has_ballast()) << "low, but not yet half";
  space_.free_bytes = 50 * kMiB;
  disk.check();
  EXPECT_FALSE(has_ballast());
  space_.free_bytes = 112 * kMiB;
  disk.check();
  EXPECT_TRUE(disk.low()) << "the ballast's room is not free space";
  space_.free_bytes = 115 * kMiB;
  disk.check();
  EXPECT_FALSE(disk.low());
  EXPECT_TRUE(has_ballast());
}

TEST_F(DiskGuardTest, StartingOnAFullDiskIsRefusedNamingPathFreeAndNeeded) {
  space_.free_bytes = 40 * kMiB;
  DiskGuard disk = guard(100 * kMiB, 0);
  auto started = disk.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::disk_full);
  for (const std::string& text : {scratch_.path(), std::to_string(40 * kMiB), std::to_string(50 * kMiB)}) {
    EXPECT_NE(started.error().message.find(text), std::string::npos) << started.error().message;
  }
}

TEST_F(DiskGuardTest, StartingWithoutInodesIsRefused) {
  space_.free_inodes = 9;
  DiskGuard disk = guard(100 * kMiB, 0);
  EXPECT_EQ(disk.start().error().code, ErrorCode::disk_full);
}

TEST_F(DiskGuardTest, ABallastOfAnEarlierRunHelpsToStart) {
  {
    DiskGuard disk = guard(100 * kMiB, 8 * kMiB);
    ASSERT_TRUE(disk.start());
  }
  space_.free_bytes = 55 * kMiB;
  DiskGuard disk = guard(100 * kMiB, 8 * kMiB);
  ASSERT_TRUE(disk.start());
  EXPECT_FALSE(has_ballast());
  EXPECT_TRUE(disk.low()) << "it serves reads and refuses events";
}

TEST_F(DiskGuardTest, NotKnowingIsNoReasonToRefuse) {
  DiskGuard disk = guard(100 * kMiB, 0);
  ASSERT_TRUE(disk.start());
  unknown_ = true;
  disk.check();
  EXPECT_FALSE(disk.low());
}

TEST_F(DiskGuardTest, TheRealFileSystemAnswers) {
  auto space = ask_disk_space(scratch_.path());
  ASSERT_TRUE(space);
  EXPECT_GT(space->total_bytes, 0u);
  EXPECT_LE(space->free_bytes, space->total_bytes);
  EXPECT_FALSE(ask_disk_space(scratch_.path() + "/nowhere"));
}

TEST_F(DiskGuardTest, ALogBelowTheMarkRefusesAndReads) {
  SegmentLogOptions options = small_options(scratch_.log());
  {
    OpenLog log(options);
    append_numbered(*log.log, 1, 3);
  }
  auto space = ask_disk_space(scratch_.path());
  // Between the mark and half of it: starts, reads, refuses.
  options.disk_low_bytes = space->free_bytes + space->free_bytes / 2;
  OpenLog log(options);
  expect_numbered(*log.log, 3);
  EXPECT_EQ(log->refusal(), AppendRefusal::disk_full);
  AppendRequest request;
  request.records.push_back(record_of("x"));
  EXPECT_EQ(log->append(std::move(request)), AppendRefusal::disk_full);
  log.log.reset();
  options.disk_low_bytes = space->total_bytes * 4;
  EXPECT_EQ(open_error(options).code, ErrorCode::disk_full);
}

}  // namespace
}  // namespace tributary
