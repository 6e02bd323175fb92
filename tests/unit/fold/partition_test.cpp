#include "engine/fold/partition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "engine/fold/checkpointer.h"
#include "tests/model/memory_log.h"
#include "tests/model/universe.h"
#include "tests/unit/fold/stalling_store.h"

namespace tributary::model {
namespace {

const KeyedHash kKey(std::string(32, 'p'));

// A request on its way: what the log hands to a partition, and the answer to wait for.
struct Request {
  std::vector<std::shared_ptr<const std::string>> payloads;
  Partition::Work work;
  std::shared_ptr<PendingIngest> pending;
  std::future<IngestOutcome> answer;
};

class Partitions : public testing::Test {
 protected:
  Partitions() : own_(std::make_unique<StallingStore>()), store_(own_.get()) {
    partition_ = std::make_unique<Partition>(PartitionId{0}, std::move(own_), FoldOptions{}, metrics_);
    EXPECT_TRUE(partition_->open());
  }

  Request request(size_t events) {
    Request request;
    auto promise = std::make_shared<std::promise<IngestOutcome>>();
    request.answer = promise->get_future();
    request.pending = std::make_shared<PendingIngest>(
        events, [promise](IngestOutcome outcome) { promise->set_value(std::move(outcome)); });
    for (size_t i = 0; i < events; ++i) {
      EventSketch sketch{.ids = {{"user_id", "A"}}, .message_id = "m" + std::to_string(++lsn_)};
      auto payload = std::make_shared<std::string>();
      encode_event(make_event(sketch, kKey), kKey, *payload);
      request.payloads.push_back(payload);
      request.work.memory.push_back(payload);
      request.work.records.push_back(
          {Lsn{lsn_}, RecordKind::event, WorkspaceId{1}, PartitionId{0}, Timestamp{kBaseMicros}, *payload});
    }
    request.work.appends.push_back({request.pending, 0, events});
    return request;
  }

  static bool answered(const Request& request, int millis) {
    return request.answer.wait_for(std::chrono::milliseconds(millis)) == std::future_status::ready;
  }

  Metrics metrics_;
  std::unique_ptr<StallingStore> own_;
  StallingStore* store_;
  std::unique_ptr<Partition> partition_;
  uint64_t lsn_ = 0;
};

// Everything at or below is in the state already: a replay that starts lower would count it again once its message ids
// have left the window.
TEST_F(Partitions, OpenOneTellsWhatTheStoreHolds) {
  AppliedState stored;
  stored.lsn = Lsn{7};
  stored.customers = 3;
  auto batch = store_->make_batch();
  ASSERT_TRUE(store_->commit(*batch, stored));
  ASSERT_TRUE(partition_->open());
  EXPECT_EQ(partition_->applied().lsn, Lsn{7});
  EXPECT_EQ(partition_->applied().customers, 3u);
}

TEST_F(Partitions, AnswerWaitsForLogAndFold) {
  partition_->start();
  Request one = request(2);
  partition_->push(std::move(one.work));
  EXPECT_FALSE(answered(one, 50)) << "the mark is not durable yet";
  one.pending->on_durable();
  ASSERT_TRUE(answered(one, 10'000));
  IngestOutcome outcome = one.answer.get();
  EXPECT_FALSE(outcome.refused);
  EXPECT_THAT(outcome.items, testing::ElementsAre(ItemOutcome::accepted, ItemOutcome::accepted));
  EXPECT_EQ(store_->applied()->lsn, Lsn{2}) << "an answer means that the write can be read";
}

TEST_F(Partitions, DurableFirstWaitsForTheFold) {
  Request one = request(1);
  one.pending->on_durable();
  EXPECT_FALSE(answered(one, 10));
  partition_->start();
  partition_->push(std::move(one.work));
  EXPECT_TRUE(answered(one, 10'000));
}

TEST_F(Partitions, StalledStoreIsWaitedFor) {
  partition_->start();
  store_->stall(10);
  Request one = request(1);
  one.pending->on_durable();
  partition_->push(std::move(one.work));
  ASSERT_TRUE(answered(one, 10'000));
  EXPECT_FALSE(one.answer.get().refused);
  EXPECT_FALSE(partition_->failed());
  EXPECT_EQ(store_->applied()->lsn, Lsn{1});
}

TEST_F(Partitions, FailedOneRefusesForGood) {
  partition_->start();
  store_->fail();
  Request one = request(1), two = request(1);
  for (Request* each : {&one, &two}) {
    each->pending->on_durable();
    partition_->push(std::move(each->work));
    ASSERT_TRUE(answered(*each, 10'000));
    EXPECT_EQ(each->answer.get().refused, RejectionCode::not_ready);
  }
  EXPECT_TRUE(partition_->failed());
  EXPECT_EQ(partition_->applied().lsn, Lsn{0});
}

TEST_F(Partitions, StopFoldsWhatWaits) {
  std::vector<Request> requests;
  for (int i = 0; i < 20; ++i) {
    requests.push_back(request(3));
    requests.back().pending->on_durable();
    partition_->push(std::move(requests.back().work));
  }
  EXPECT_EQ(partition_->waiting_records(), 60u);
  partition_->start();
  partition_->stop();
  for (Request& each : requests) EXPECT_TRUE(answered(each, 0));
  EXPECT_EQ(partition_->applied().lsn, Lsn{60});
  EXPECT_EQ(partition_->waiting_records(), 0u);
  EXPECT_EQ(partition_->waiting_micros(), 0);
}

TEST_F(Partitions, RecoveryFoldsLikeNewRecords) {
  Request one = request(5);
  ASSERT_TRUE(partition_->recover(one.work.records));
  EXPECT_EQ(partition_->applied().lsn, Lsn{5});
  EXPECT_EQ(partition_->applied().customers, 1u);
}

TEST_F(Partitions, CheckpointTellsTheLogHowFarTheStateIsDurable) {
  MemoryLog log;
  for (uint64_t lsn = 1; lsn <= 9; ++lsn) log.put(Lsn{lsn}, RecordKind::event, "x");
  Checkpointer checkpointer({partition_.get()}, log, kMicrosPerHour);
  ASSERT_TRUE(checkpointer.flush_all());
  EXPECT_EQ(store_->flushes(), 0) << "nothing was folded";
  Request one = request(5);
  ASSERT_TRUE(partition_->recover(one.work.records));
  ASSERT_TRUE(checkpointer.flush_all());
  EXPECT_EQ(store_->flushes(), 1);
  EXPECT_EQ(log.durable_state(), Lsn{5});
  ASSERT_TRUE(checkpointer.flush_all());
  EXPECT_EQ(store_->flushes(), 1) << "nothing changed";
}

// Records 1 to 9 of the log belong to others.
TEST_F(Partitions, IdleOneFollowsTheLog) {
  MemoryLog log;
  for (uint64_t lsn = 1; lsn <= 9; ++lsn) log.put(Lsn{lsn}, RecordKind::event, "x");
  partition_->set_pushed(Lsn{9});
  partition_->start();
  Checkpointer checkpointer({partition_.get()}, log, 1000);
  for (int i = 0; i < 1000 && log.durable_state() < Lsn{9}; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  checkpointer.stop();
  EXPECT_EQ(log.durable_state(), Lsn{9});
  EXPECT_EQ(store_->applied()->lsn, Lsn{9});
  EXPECT_EQ(partition_->applied().customers, 0u);
}

TEST_F(Partitions, FollowingTheLogNeverSkipsWhatWaits) {
  Request one = request(5);
  one.pending->on_durable();
  partition_->push(std::move(one.work));
  partition_->set_pushed(Lsn{5});
  partition_->catch_up();
  partition_->start();
  ASSERT_TRUE(answered(one, 10'000));
  EXPECT_EQ(one.answer.get().items.size(), 5u);
  EXPECT_EQ(partition_->applied().lsn, Lsn{5});
  EXPECT_EQ(partition_->applied().customers, 1u);
  partition_->catch_up();
  partition_->stop();
  EXPECT_EQ(partition_->applied().lsn, Lsn{5});
}

TEST_F(Partitions, StalledStoreIsWaitedForWhenFollowingTheLog) {
  store_->stall(3);
  partition_->set_pushed(Lsn{9});
  partition_->catch_up();
  partition_->start();
  partition_->stop();
  EXPECT_FALSE(partition_->failed());
  EXPECT_EQ(store_->applied()->lsn, Lsn{9});
}

TEST_F(Partitions, CheckpointRunsOnItsOwn) {
  MemoryLog log;
  for (uint64_t lsn = 1; lsn <= 5; ++lsn) log.put(Lsn{lsn}, RecordKind::event, "x");
  Request one = request(5);
  ASSERT_TRUE(partition_->recover(one.work.records));
  Checkpointer checkpointer({partition_.get()}, log, 1000);
  for (int i = 0; i < 1000 && log.durable_state() < Lsn{5}; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(log.durable_state(), Lsn{5});
}

}  // namespace
}  // namespace tributary::model
