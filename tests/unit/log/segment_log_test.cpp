#include "engine/log/segment_log.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>

#include "engine/log/record_format.h"
#include "tests/unit/log/support.h"

namespace tributary {
namespace {

using namespace testing;
namespace fs = std::filesystem;

class SegmentLogTest : public ::testing::Test {
 protected:
  std::string directory() const { return scratch_.log(); }
  ScratchDirectory scratch_;
};

TEST_F(SegmentLogTest, ANewLogIsEmpty) {
  OpenLog log(small_options(directory()));
  EXPECT_EQ(log->last_durable(), Lsn{0});
  EXPECT_EQ(log->recovery().last_lsn, Lsn{0});
  EXPECT_EQ(log->recovery().store_id.size(), 16u);
  EXPECT_TRUE(read_all(*log.log).empty());
  EXPECT_FALSE(log->refusal());
  EXPECT_FALSE(log->failed());
}

TEST_F(SegmentLogTest, RecordsAreReadBackWithAllTheirFields) {
  OpenLog log(small_options(directory()));
  std::promise<void> answered;
  AppendRequest request;
  request.records.push_back(
      {RecordKind::rejected_event, WorkspaceId{7}, PartitionId{3}, Timestamp{1'700'000'000'000'000}, "payload"});
  request.done = [&](const Result<Lsn>&) { answered.set_value(); };
  ASSERT_FALSE(log->append(std::move(request)));
  answered.get_future().wait();
  auto batch = log->read(Lsn{1})->next_batch(1);
  ASSERT_TRUE(batch);
  ASSERT_EQ(batch->size(), 1u);
  const RecordView& record = batch->front();
  EXPECT_EQ(record.lsn, Lsn{1});
  EXPECT_EQ(record.kind, RecordKind::rejected_event);
  EXPECT_EQ(record.workspace, WorkspaceId{7});
  EXPECT_EQ(record.partition, PartitionId{3});
  EXPECT_EQ(record.received_at.micros, 1'700'000'000'000'000);
}

TEST_F(SegmentLogTest, SurvivesRestartsWithTheSameStoreId) {
  std::string store_id;
  for (uint64_t round = 0; round < 4; ++round) {
    OpenLog log(small_options(directory()));
    if (round == 0) store_id = log->recovery().store_id;
    EXPECT_EQ(log->recovery().store_id, store_id);
    EXPECT_EQ(log->recovery().last_lsn, Lsn{round * 5});
    EXPECT_EQ(log->recovery().mark, Lsn{round * 5});
    append_numbered(*log.log, round * 5 + 1, 5);
  }
  OpenLog log(small_options(directory()));
  expect_numbered(*log.log, 20);
}

TEST_F(SegmentLogTest, ARestartWithoutRecordsLeavesNoEmptySegmentBehind) {
  for (int round = 0; round < 5; ++round) OpenLog log(small_options(directory()));
  EXPECT_EQ(files_with_suffix(directory(), ".seg").size(), 1u);
  OpenLog log(small_options(directory()));
  append_numbered(*log.log, 1, 3);
  expect_numbered(*log.log, 3);
}

TEST_F(SegmentLogTest, RollsOverManySegments) {
  constexpr uint64_t kRecords = 3000;
  std::string payload(2000, 'x');
  SegmentLogOptions options = small_options(directory());
  options.spare_segments = 2;
  OpenLog log(options);
  for (uint64_t n = 1; n <= kRecords; n += 50) ASSERT_TRUE(append(*log.log, std::vector<std::string>(50, payload)));
  EXPECT_GE(files_with_suffix(directory(), ".seg").size(), 6u);
  EXPECT_EQ(read_all(*log.log, Lsn{1}, 100'000).size(), kRecords);
  for (const std::string& path : files_with_suffix(directory(), ".seg")) EXPECT_LE(fs::file_size(path), 1u << 20);
  log->stop();
  auto verified = verify_log(directory());
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->records, kRecords);
  EXPECT_EQ(verified->mark, Lsn{kRecords});
  EXPECT_EQ(directory() + "/" + verified->last_segment, last_segment(directory()));
  EXPECT_EQ(verified->end_offset, record_offsets(last_segment(directory())).back());
}

TEST_F(SegmentLogTest, KeepsSparesReadyAndUsesThem) {
  SegmentLogOptions options = small_options(directory());
  options.spare_segments = 3;
  OpenLog log(options);
  ASSERT_TRUE(eventually([&] { return files_with_suffix(directory(), ".spare").size() == 3; }));
  for (const std::string& spare : files_with_suffix(directory(), ".spare")) {
    EXPECT_EQ(read_file(spare), std::string(1 << 20, '\0'));
  }
  std::string first_spare = files_with_suffix(directory(), ".spare").front();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*log.log, {std::string(600'000, 'x')}));
  EXPECT_FALSE(fs::exists(first_spare));
  ASSERT_TRUE(eventually([&] { return files_with_suffix(directory(), ".spare").size() == 3; }));
}

TEST_F(SegmentLogTest, TheLargestRecordFitsIntoTheSmallestSegment) {
  std::string largest(kRecordPayloadMax, 'L');
  {
    OpenLog log(small_options(directory()));
    append_numbered(*log.log, 1, 2);
    ASSERT_TRUE(append(*log.log, {largest, payload_of(4), largest}));
    EXPECT_EQ(log->read_one(Lsn{3})->second, largest);
    EXPECT_EQ(log->read_one(Lsn{5})->second, largest);
    append_numbered(*log.log, 6, 2);
  }
  OpenLog log(small_options(directory()));
  auto records = read_all(*log.log);
  ASSERT_EQ(records.size(), 7u);
  EXPECT_EQ(records[2].second, largest);
  EXPECT_EQ(records[6].second, payload_of(7));
}

TEST_F(SegmentLogTest, ARequestLargerThanAGroupSpansSeveralAndCompletesWithTheLast) {
  SegmentLogOptions options = small_options(directory());
  options.group_records_max = 10;
  std::vector<size_t> groups;
  OpenLog log(options, Lsn{},
              [&](DurableGroup group, const std::vector<DurableAppend>&) { groups.push_back(group.records.size()); });
  std::vector<std::string> payloads;
  for (uint64_t n = 1; n <= 35; ++n) payloads.push_back(payload_of(n));
  auto last = append(*log.log, payloads);
  ASSERT_TRUE(last);
  EXPECT_EQ(*last, Lsn{35});
  EXPECT_EQ(groups, (std::vector<size_t>{10, 10, 10, 5}));
  expect_numbered(*log.log, 35);
}

TEST_F(SegmentLogTest, TheSinkSeesEveryRecordInOrderWithItsCallerBeforeDone) {
  struct Seen {
    std::vector<std::pair<uint64_t, std::string>> records;
    std::vector<std::pair<int, size_t>> callers;
  } seen;
  std::mutex mutex;
  std::vector<std::shared_ptr<const void>> kept;
  std::vector<RecordView> views;
  OpenLog log(small_options(directory()), Lsn{}, [&](DurableGroup group, std::vector<DurableAppend> appends) {
    std::lock_guard lock(mutex);
    size_t at = 0;
    for (const DurableAppend& append : appends) {
      EXPECT_EQ(append.first, at);
      at += append.count;
      seen.callers.emplace_back(*std::static_pointer_cast<int>(append.context), append.count);
    }
    EXPECT_EQ(at, group.records.size());
    for (const RecordView& record : group.records) views.push_back(record);
    kept.insert(kept.end(), group.memory.begin(), group.memory.end());
  });
  for (int caller = 0; caller < 20; ++caller) {
    std::promise<void> answered;
    AppendRequest request;
    for (int i = 0; i <= caller % 3; ++i) {
      request.records.push_back(record_of("caller " + std::to_string(caller)));
    }
    request.context = std::make_shared<int>(caller);
    request.done = [&](const Result<Lsn>& last) {
      std::lock_guard lock(mutex);
      EXPECT_EQ(views.back().lsn, *last);
      answered.set_value();
    };
    ASSERT_FALSE(log->append(std::move(request)));
    answered.get_future().wait();
  }
  log.log.reset();
  ASSERT_EQ(seen.callers.size(), 20u);
  // The group's memory outlives the log.
  uint64_t lsn = 0;
  for (const auto& [caller, count] : seen.callers) {
    for (size_t i = 0; i < count; ++i, ++lsn) {
      EXPECT_EQ(views[lsn].lsn.value(), lsn + 1);
      EXPECT_EQ(views[lsn].payload, "caller " + std::to_string(caller));
    }
  }
}

TEST_F(SegmentLogTest, ManyThreadsGetEachAnswerOnceAndTheirRecordsStayInOrder) {
  constexpr int kThreads = 8;
  constexpr int kRequests = 300;
  std::atomic<int> answers{0};
  std::vector<std::atomic<int>> answered(kThreads * kRequests);
  std::vector<uint64_t> sink_lsns;
  OpenLog log(small_options(directory()), Lsn{}, [&](DurableGroup group, const std::vector<DurableAppend>&) {
    for (const RecordView& record : group.records) sink_lsns.push_back(record.lsn.value());
  });
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int n = 0; n < kRequests; ++n) {
        AppendRequest request;
        for (int k = 0; k <= n % 4; ++k) {
          request.records.push_back(
              record_of(std::to_string(thread) + ":" + std::to_string(n) + ":" + std::to_string(k)));
        }
        request.done = [&, id = thread * kRequests + n](const Result<Lsn>& last) {
          EXPECT_TRUE(last);
          ++answered[static_cast<size_t>(id)];
          ++answers;
        };
        EXPECT_FALSE(log->append(std::move(request)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(eventually([&] { return answers == kThreads * kRequests; }));
  for (const auto& count : answered) EXPECT_EQ(count, 1);
  auto records = read_all(*log.log);
  ASSERT_EQ(records.size(), static_cast<size_t>(kThreads * kRequests / 4 * 10));
  std::vector<std::pair<int, int>> next(kThreads);
  for (size_t i = 0; i < records.size(); ++i) {
    ASSERT_EQ(records[i].first, i + 1);
    int thread = 0;
    int n = 0;
    int k = 0;
    ASSERT_EQ(std::sscanf(records[i].second.c_str(), "%d:%d:%d", &thread, &n, &k), 3);
    auto& expected = next[static_cast<size_t>(thread)];
    ASSERT_EQ(std::pair(n, k), expected) << "records of one caller stay together and in order";
    expected = k == n % 4 ? std::pair(n + 1, 0) : std::pair(n, k + 1);
  }
  log->stop();
  for (size_t i = 0; i < sink_lsns.size(); ++i) ASSERT_EQ(sink_lsns[i], i + 1);
  EXPECT_EQ(sink_lsns.size(), records.size());
}

TEST_F(SegmentLogTest, ReadOneFindsEveryRecordAndNothingElse) {
  OpenLog log(small_options(directory()));
  append_numbered(*log.log, 1, 500, 7);
  for (uint64_t n = 1; n <= 500; ++n) {
    auto record = log->read_one(Lsn{n});
    ASSERT_TRUE(record) << record.error().message;
    EXPECT_EQ(record->first, RecordKind::event);
    EXPECT_EQ(record->second, payload_of(n));
  }
  for (uint64_t n : {0, 501, 100'000}) {
    auto record = log->read_one(Lsn{n});
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().code, ErrorCode::not_found);
  }
}

TEST_F(SegmentLogTest, ReadOneOfDamageNamesFileAndOffset) {
  OpenLog log(small_options(directory()));
  append_numbered(*log.log, 1, 50);
  std::string segment = last_segment(directory());
  uint64_t offset = record_offsets(segment)[19];
  flip_bit(segment, offset + 35);
  auto record = log->read_one(Lsn{20});
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, ErrorCode::corrupt);
  EXPECT_NE(record.error().message.find(segment), std::string::npos);
  EXPECT_NE(record.error().message.find("offset " + std::to_string(offset)), std::string::npos)
      << record.error().message;
  EXPECT_TRUE(log->read_one(Lsn{21})) << "the others are still readable";
  auto cursor = log->read(Lsn{20});
  EXPECT_FALSE(cursor->next_batch(1000));
}

TEST_F(SegmentLogTest, ACursorAtTheEndSeesWhatComesLater) {
  OpenLog log(small_options(directory()));
  append_numbered(*log.log, 1, 3);
  auto cursor = log->read(Lsn{2});
  EXPECT_EQ(cursor->next_batch(1'000'000)->size(), 2u);
  EXPECT_TRUE(cursor->next_batch(1'000'000)->empty());
  append_numbered(*log.log, 4, 2);
  auto batch = cursor->next_batch(1'000'000);
  ASSERT_EQ(batch->size(), 2u);
  EXPECT_EQ(batch->front().lsn, Lsn{4});
}

TEST_F(SegmentLogTest, ACursorGivesAtLeastOneRecordHoweverSmallTheLimit) {
  OpenLog log(small_options(directory()));
  append_numbered(*log.log, 1, 40, 8);
  EXPECT_EQ(read_all(*log.log, Lsn{1}, 0).size(), 40u);
}

TEST_F(SegmentLogTest, ReceivedAtNeverFalls) {
  std::vector<int64_t> times;
  for (int64_t offset : {1000, 10}) {
    OpenLog log(small_options(directory()));
    for (int64_t time : {5, 3, 9, 7}) {
      std::promise<void> answered;
      AppendRequest request;
      request.records.push_back(record_of("x", Timestamp{offset + time}));
      request.done = [&](const Result<Lsn>&) { answered.set_value(); };
      ASSERT_FALSE(log->append(std::move(request)));
      answered.get_future().wait();
    }
  }
  OpenLog log(small_options(directory()));
  for (const RecordView& record : *log->read(Lsn{1})->next_batch(1000)) times.push_back(record.received_at.micros);
  auto more = log->read(Lsn{5});
  for (const RecordView& record : *more->next_batch(1000)) times.push_back(record.received_at.micros);
  EXPECT_EQ(times, (std::vector<int64_t>{1005, 1005, 1009, 1009, 1009, 1009, 1009, 1009}));
}

TEST_F(SegmentLogTest, AFullQueueRefusesAtOnceAndTakesAgainLater) {
  SegmentLogOptions options = small_options(directory());
  options.queue_records_max = 10;
  std::promise<void> release;
  auto released = release.get_future().share();
  std::atomic<int> answers{0};  // outlives the log, which answers what is left when it closes
  OpenLog log(options, Lsn{}, [released](const DurableGroup&, const std::vector<DurableAppend>&) { released.wait(); });
  auto try_append = [&] {
    AppendRequest request;
    request.records.push_back(record_of("x"));
    request.done = [&](const Result<Lsn>& last) {
      EXPECT_TRUE(last);
      ++answers;
    };
    return log->append(std::move(request));
  };
  int accepted = 0;
  while (!try_append()) ASSERT_LE(++accepted, 10);
  EXPECT_EQ(accepted, 10);
  EXPECT_EQ(try_append(), AppendRefusal::overloaded);
  EXPECT_EQ(log->refusal(), AppendRefusal::overloaded);
  release.set_value();
  ASSERT_TRUE(eventually([&] { return answers == accepted && !log->refusal(); }));
  EXPECT_FALSE(try_append());
}

TEST_F(SegmentLogTest, ARequestBeyondTheQueueIsTakenWhenNothingElseWaits) {
  SegmentLogOptions options = small_options(directory());
  options.queue_bytes_max = 100;
  OpenLog log(options);
  EXPECT_TRUE(append(*log.log, {std::string(5000, 'x')}));
}

TEST_F(SegmentLogTest, StopWritesWhatWasQueuedAndRefusesTheRest) {
  std::atomic<int> durable{0};
  std::atomic<int> accepted{0};
  {
    OpenLog log(small_options(directory()));
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        while (true) {
          AppendRequest request;
          request.records.push_back(record_of("x"));
          request.done = [&](const Result<Lsn>& last) { durable += last ? 1 : 0; };
          auto refused = log->append(std::move(request));
          if (refused == AppendRefusal::stopping) return;
          ASSERT_TRUE(!refused || refused == AppendRefusal::overloaded);
          accepted += refused ? 0 : 1;
        }
      });
    }
    // Sleeps: appends must be under way.
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    log->stop();
    log->stop();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(log->refusal(), AppendRefusal::stopping);
    EXPECT_EQ(durable, accepted);
    EXPECT_GT(durable, 0);
  }
  OpenLog log(small_options(directory()));
  EXPECT_EQ(log->recovery().last_lsn.value(), static_cast<uint64_t>(durable));
}

TEST_F(SegmentLogTest, ALogThatWasNeverStartedAnswersStopping) {
  Metrics metrics;
  auto log = SegmentLog::open(small_options(directory()), Lsn{}, metrics);
  ASSERT_TRUE(log);
  std::optional<ErrorCode> code;
  AppendRequest request;
  request.records.push_back(record_of("x"));
  request.done = [&](const Result<Lsn>& last) { code = last.error().code; };
  ASSERT_FALSE((*log)->append(std::move(request)));
  log->reset();
  EXPECT_EQ(code, ErrorCode::stopping);
}

TEST_F(SegmentLogTest, ASecondOpenIsRefusedWhileTheFirstRuns) {
  OpenLog log(small_options(directory()));
  EXPECT_EQ(open_error(small_options(directory())).code, ErrorCode::unavailable);
}

TEST_F(SegmentLogTest, SegmentSizesOutsideTheBoundsAreAConfigurationError) {
  SegmentLogOptions options = small_options(directory());
  options.segment_bytes = (1 << 20) - 1;
  EXPECT_EQ(open_error(options).code, ErrorCode::config);
}

TEST_F(SegmentLogTest, MetricsTellWhatWasWritten) {
  OpenLog log(small_options(directory()));
  append_numbered(*log.log, 1, 10, 5);
  log->stop();
  std::string text = log.metrics->text();
  EXPECT_NE(text.find("tributary_log_last_lsn 10\n"), std::string::npos);
  EXPECT_NE(text.find("tributary_log_group_records_sum 10\n"), std::string::npos);
  EXPECT_NE(text.find("tributary_log_sync_seconds_count 2\n"), std::string::npos);
  EXPECT_GT(log.metrics->log_bytes.value(), 10 * 32);
}

TEST_F(SegmentLogTest, HalfMadeFilesOfAnEarlierRunAreRemoved) {
  {
    OpenLog log(small_options(directory()));
  }
  write_file(directory() + "/spare.tmp", "half");
  write_file(directory() + "/spare-4.spare", "of another size");
  write_file(directory() + "/00000000000000000001.sealed.tmp", "half");
  OpenLog log(small_options(directory()));
  EXPECT_TRUE(files_with_suffix(directory(), ".tmp").empty());
  EXPECT_TRUE(files_with_suffix(directory(), ".spare").empty());
}

}  // namespace
}  // namespace tributary
