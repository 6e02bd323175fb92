#include <chrono>
#include <filesystem>
#include <thread>

#include "engine/log/record_format.h"
#include "engine/log/sealed_segment.h"
#include "tests/unit/log/support.h"

namespace tributary {
namespace {

using namespace testing;
namespace fs = std::filesystem;

class Sealing : public ::testing::Test {
 protected:
  std::string directory() const { return scratch_.log(); }
  SegmentLogOptions sealing() const {
    SegmentLogOptions options = small_options(directory());
    options.seal = true;
    return options;
  }
  /// Records 1 .. `count` over several segments, all full ones sealed; closed.
  void fill_sealed(uint64_t count) {
    OpenLog log(sealing());
    append_numbered(*log.log, 1, count, 500);
    log->set_durable_state(log->last_durable());
    ASSERT_TRUE(eventually([&] { return files_with_suffix(directory(), ".seg").size() == 1; }));
    expect_numbered(*log.log, count);
    ASSERT_GE(files_with_suffix(directory(), ".sealed").size(), 2u);
  }
  ScratchDirectory scratch_;
};

constexpr uint64_t kRecords = 24'000;  // of 145 bytes on average with their headers: more than three segments

TEST_F(Sealing, SealedRecordsAreReadBackAlsoAfterARestart) {
  fill_sealed(kRecords);
  OpenLog log(sealing());
  expect_numbered(*log.log, kRecords);
  for (uint64_t n = 1; n <= kRecords; n += 97) EXPECT_EQ(log->read_one(Lsn{n})->second, payload_of(n));
  auto from_the_middle = read_all(*log.log, Lsn{kRecords / 2});
  ASSERT_EQ(from_the_middle.size(), kRecords / 2 + 1);
  EXPECT_EQ(from_the_middle.front().second, payload_of(kRecords / 2));
  append_numbered(*log.log, kRecords + 1, 5);
  log->stop();
  auto verified = verify_log(directory());
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->records, kRecords + 5);
}

TEST_F(Sealing, SealedSegmentsAreSmaller) {
  fill_sealed(kRecords);
  for (const std::string& path : files_with_suffix(directory(), ".sealed")) EXPECT_LT(fs::file_size(path), 1u << 19);
}

TEST_F(Sealing, NothingAboveTheDurableStateIsSealed) {
  OpenLog log(sealing());
  append_numbered(*log.log, 1, kRecords, 500);
  auto segments = files_with_suffix(directory(), ".seg");
  ASSERT_GE(segments.size(), 4u);
  uint64_t end_of_first = record_offsets(segments[0]).size() - 1;
  log->set_durable_state(Lsn{end_of_first});
  ASSERT_TRUE(eventually([&] { return files_with_suffix(directory(), ".sealed").size() == 1; }));
  log->set_durable_state(Lsn{end_of_first + 1});
  // Sleeps: nothing must happen.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(files_with_suffix(directory(), ".sealed").size(), 1u);
  EXPECT_FALSE(fs::exists(segments[0]));
  EXPECT_TRUE(fs::exists(segments[1]));
}

TEST_F(Sealing, TheRawFileBecomesAZeroedSpare) {
  SegmentLogOptions options = sealing();
  options.spare_segments = 1;
  OpenLog log(options);
  append_numbered(*log.log, 1, kRecords, 500);
  log->set_durable_state(log->last_durable());
  ASSERT_TRUE(eventually([&] {
    return files_with_suffix(directory(), ".seg").size() == 1 && files_with_suffix(directory(), ".spare").size() == 1;
  }));
  EXPECT_EQ(read_file(files_with_suffix(directory(), ".spare").front()), std::string(1 << 20, '\0'));
  expect_numbered(*log.log, kRecords);
}

TEST_F(Sealing, AReaderKeepsTheRawFileWhileItIsSealed) {
  OpenLog log(sealing());
  append_numbered(*log.log, 1, kRecords, 500);
  auto cursor = log->read(Lsn{1});
  auto batch = cursor->next_batch(10'000);
  ASSERT_TRUE(batch);
  log->set_durable_state(log->last_durable());
  uint64_t expected = 1;
  while (!batch->empty()) {
    for (const RecordView& record : *batch) {
      ASSERT_EQ(record.lsn.value(), expected);
      ASSERT_EQ(record.payload, payload_of(expected++));
    }
    batch = cursor->next_batch(10'000);
    ASSERT_TRUE(batch) << batch.error().message;
  }
  EXPECT_EQ(expected, kRecords + 1);
}

TEST_F(Sealing, ADamagedBlockFailsItsReadsNamingFileAndOffsetAndNoOthers) {
  fill_sealed(kRecords);
  std::string path = files_with_suffix(directory(), ".sealed").front();
  flip_bit(path, kSegmentHeaderBytes + 100);
  OpenLog log(sealing());
  auto record = log->read_one(Lsn{1});
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, ErrorCode::corrupt);
  EXPECT_NE(record.error().message.find(path), std::string::npos);
  EXPECT_NE(record.error().message.find("offset 4096"), std::string::npos) << record.error().message;
  EXPECT_FALSE(log->read(Lsn{1})->next_batch(1));
  EXPECT_TRUE(log->read_one(Lsn{kRecords / 2}));
  log->stop();
  EXPECT_FALSE(verify_log(directory()));
}

TEST_F(Sealing, ADamagedHeaderOrIndexIsRefusedAtOpen) {
  fill_sealed(kRecords);
  std::string path = files_with_suffix(directory(), ".sealed").front();
  for (uint64_t offset : {uint64_t{70}, fs::file_size(path) - 5}) {
    flip_bit(path, offset);
    Error error = open_error(sealing());
    EXPECT_EQ(error.code, ErrorCode::corrupt);
    EXPECT_NE(error.message.find(path), std::string::npos) << error.message;
    flip_bit(path, offset);
  }
}

TEST_F(Sealing, ACutOrEmptiedSealedSegmentIsRefusedAtOpen) {
  fill_sealed(kRecords);
  std::string path = files_with_suffix(directory(), ".sealed").front();
  std::string content = read_file(path);
  for (size_t size : {size_t{0}, size_t{4096}, content.size() - 1}) {
    write_file(path, content.substr(0, size));
    EXPECT_EQ(open_error(sealing()).code, ErrorCode::corrupt) << size;
  }
  fs::remove(path);
  EXPECT_EQ(open_error(sealing()).code, ErrorCode::corrupt);
}

TEST_F(Sealing, ARawTwinLeftByACrashIsRemoved) {
  {
    OpenLog log(small_options(directory()));
    append_numbered(*log.log, 1, kRecords, 500);
  }
  std::string raw = files_with_suffix(directory(), ".seg").front();
  std::string content = read_file(raw);
  {
    OpenLog log(sealing());
    log->set_durable_state(log->last_durable());
    ASSERT_TRUE(eventually([&] { return files_with_suffix(directory(), ".seg").size() == 1; }));
  }
  write_file(raw, content);
  OpenLog log(sealing());
  EXPECT_FALSE(fs::exists(raw));
  expect_numbered(*log.log, kRecords);
}

TEST_F(Sealing, RetentionTrimsOnlySealedSegmentsBelowTheDurableState) {
  SegmentLogOptions options = sealing();
  options.retention_bytes = 1;
  {
    OpenLog log(options);
    append_numbered(*log.log, 1, kRecords, 500);
    // Sleeps: housekeeping gets a chance to do too much.
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    expect_numbered(*log.log, kRecords);
    log->set_durable_state(log->last_durable());
    ASSERT_TRUE(eventually([&] {
      return files_with_suffix(directory(), ".sealed").empty() && files_with_suffix(directory(), ".seg").size() == 1;
    }));
    auto gone = log->read_one(Lsn{1});
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, ErrorCode::not_found);
    EXPECT_TRUE(log->read_one(Lsn{kRecords}));
  }
  OpenLog log(options);
  auto kept = read_all(*log.log);
  ASSERT_FALSE(kept.empty());
  EXPECT_EQ(kept.back().first, kRecords);
}

TEST_F(Sealing, RetentionByAgeTrims) {
  SegmentLogOptions options = sealing();
  options.retention_micros = 1;
  OpenLog log(options);
  append_numbered(*log.log, 1, kRecords, 500);
  log->set_durable_state(log->last_durable());
  // Sealing alone leaves one raw segment too, but then the first record is still there.
  ASSERT_TRUE(eventually([&] {
    return files_with_suffix(directory(), ".sealed").empty() && files_with_suffix(directory(), ".seg").size() == 1;
  }));
  auto gone = log->read_one(Lsn{1});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::not_found);
}

TEST_F(Sealing, AMissingFileIsNotMistakenForATrimmedOne) {
  SegmentLogOptions options = sealing();
  fill_sealed(kRecords);
  auto sealed = files_with_suffix(directory(), ".sealed");
  fs::remove(sealed.front());
  Error error = open_error(options);
  EXPECT_EQ(error.code, ErrorCode::corrupt);
  EXPECT_NE(error.message.find("LSN 1 is missing"), std::string::npos) << error.message;
}

TEST(BlockCache, KeepsTheMostRecentlyUsedWithinItsBytes) {
  BlockCache cache(100);
  for (uint64_t n = 1; n <= 4; ++n) cache.insert(n, std::make_shared<const std::string>(25, 'x'));
  EXPECT_NE(cache.find(1), nullptr);
  cache.insert(5, std::make_shared<const std::string>(25, 'x'));
  EXPECT_NE(cache.find(1), nullptr);
  EXPECT_EQ(cache.find(2), nullptr);
}

}  // namespace
}  // namespace tributary
