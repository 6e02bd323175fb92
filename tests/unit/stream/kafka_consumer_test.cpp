#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "connectors/stream/consumer.h"
#include "tests/unit/stream/kafka_cluster.h"

namespace tributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::MatchesRegex;

constexpr seconds kPatience{30};

StreamSource kafka_source(const std::string& servers, std::vector<std::string> topics,
                          std::string group = "tributary") {
  StreamSource source;
  source.source.id = "orders";
  source.servers = {servers};
  source.topics = std::move(topics);
  source.group = std::move(group);
  source.options = {{"session.timeout.ms", "3000"}, {"heartbeat.interval.ms", "200"}};
  return source;
}

/// Does what a feed does: takes batches, remembers positions with events, acknowledges when told to.
class Taker {
 public:
  explicit Taker(StreamSource source, std::vector<StreamPosition> stored = {})
      : source_(std::move(source)), stored_(std::move(stored)) {
    ConsumerHost host;
    host.stored_positions = [this]() -> Result<std::vector<StreamPosition>> { return stored_; };
    host.settle = [this](milliseconds) {
      ++settled;
      acknowledge_all();
      return true;
    };
    consumer = make_kafka_consumer(source_, std::move(host));
  }

  Result<void> open() { return consumer->open(); }

  /// One call; false when nothing came.
  bool step(milliseconds patience = milliseconds(100)) {
    auto batch = consumer->next_batch(patience);
    if (!batch) {
      error = batch.error().message;
      return false;
    }
    if (!*batch) return false;
    largest = std::max(largest, (*batch)->messages.size());
    for (const StreamMessage& message : (*batch)->messages) values[std::string(message.value)] += 1;
    for (const StreamPosition& position : (*batch)->positions) positions[position.stream] = position.next;
    if (on_batch) on_batch(**batch);
    waiting_.push_back(std::move(*batch));
    if (acknowledges) acknowledge_all();
    return true;
  }

  void take(size_t count) {
    auto deadline = steady_clock::now() + kPatience;
    while (values.size() < count && steady_clock::now() < deadline && error.empty()) step();
    EXPECT_EQ(values.size(), count) << error << consumer->trouble();
  }

  /// Calls until it holds, or fails the test.
  void until(const std::function<bool()>& holds) {
    auto deadline = steady_clock::now() + kPatience;
    while (!holds() && steady_clock::now() < deadline && error.empty()) step(milliseconds(20));
    EXPECT_TRUE(holds()) << error << consumer->trouble();
  }

  void acknowledge_all() {
    for (; !waiting_.empty(); waiting_.pop_front()) EXPECT_TRUE(consumer->acknowledge(*waiting_.front()));
  }

  std::unique_ptr<StreamConsumer> consumer;
  std::map<std::string, int> values;          // how often each came
  std::map<std::string, uint64_t> positions;  // the newest
  std::function<void(const StreamBatch&)> on_batch;
  std::string error;
  bool acknowledges = true;
  int settled = 0;
  size_t largest = 0;

 private:
  StreamSource source_;
  std::vector<StreamPosition> stored_;
  std::deque<std::unique_ptr<StreamBatch>> waiting_;
};

size_t threads_of_this_process() {
  auto tasks = std::filesystem::directory_iterator("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST(KafkaConsumer, EveryMessageComesOnceWithItsPlaceAndPosition) {
  KafkaCluster cluster;
  cluster.create("orders", 2);
  cluster.produce_numbers("orders", 0, 0, 300);
  cluster.produce_numbers("orders", 1, 300, 200);
  Taker taker(kafka_source(cluster.servers(), {"orders"}));
  std::set<std::string> places;
  taker.on_batch = [&](const StreamBatch& batch) {
    for (const StreamMessage& message : batch.messages) {
      places.insert(message.place);
      EXPECT_EQ(message.topic, "orders");
      EXPECT_TRUE(message.sent_at.has_value());
    }
  };
  ASSERT_TRUE(taker.open());
  taker.take(500);
  EXPECT_EQ(places.size(), 500u);
  EXPECT_THAT(places, IsSupersetOf({MatchesRegex("orders/0/0@[0-9]+"), MatchesRegex("orders/0/299@[0-9]+"),
                                    MatchesRegex("orders/1/199@[0-9]+")}));
  EXPECT_EQ(taker.positions, (std::map<std::string, uint64_t>{{"orders/0", 300}, {"orders/1", 200}}));
  for (const auto& [value, times] : taker.values) EXPECT_EQ(times, 1) << value;
}

TEST(KafkaConsumer, KeysAndHeadersOutliveTheConsumer) {
  KafkaCluster cluster;
  cluster.create("orders", 1);
  cluster.produce("orders", 0, "value", "the key",
                  {{"Content-Type", "application/json"}, {"empty", ""}, {"x", "\xff"}});
  cluster.flush();
  auto taker = std::make_unique<Taker>(kafka_source(cluster.servers(), {"orders"}));
  ASSERT_TRUE(taker->open());
  std::unique_ptr<StreamBatch> batch;
  for (int i = 0; i < 300 && !batch; ++i) batch = *taker->consumer->next_batch(milliseconds(100));
  ASSERT_TRUE(batch);
  taker.reset();
  ASSERT_EQ(batch->messages.size(), 1u);
  const StreamMessage& message = batch->messages[0];
  EXPECT_EQ(message.value, "value");
  EXPECT_EQ(message.key, "the key");
  std::vector<std::pair<std::string_view, std::string_view>> headers = {
      {"Content-Type", "application/json"}, {"empty", ""}, {"x", "\xff"}};
  EXPECT_EQ(message.headers, headers);
}

TEST(KafkaConsumer, TombstonesMoveThePositionOnly) {
  KafkaCluster cluster;
  cluster.create("orders", 1);
  cluster.produce("orders", 0, "1");
  cluster.produce("orders", 0, nullptr, "gone");
  cluster.produce("orders", 0, "");
  cluster.produce("orders", 0, nullptr, "gone");
  cluster.flush();
  Taker taker(kafka_source(cluster.servers(), {"orders"}));
  ASSERT_TRUE(taker.open());
  taker.until([&] { return taker.positions["orders/0"] == 4; });
  EXPECT_EQ(taker.values, (std::map<std::string, int>{{"1", 1}, {"", 1}}));
}

TEST(KafkaConsumer, OnlyWhatIsAcknowledgedIsCommitted) {
  KafkaCluster cluster;
  cluster.create("orders", 1);
  cluster.produce_numbers("orders", 0, 0, 100);
  {
    Taker taker(kafka_source(cluster.servers(), {"orders"}));
    ASSERT_TRUE(taker.open());
    taker.take(100);
    taker.acknowledges = false;
    cluster.produce_numbers("orders", 0, 100, 50);
    taker.take(150);
  }
  EXPECT_EQ(cluster.committed("tributary", "orders", 0), 100);
  Taker next(kafka_source(cluster.servers(), {"orders"}));
  ASSERT_TRUE(next.open());
  next.take(50);
  EXPECT_EQ(next.values.begin()->first, "100");
}

TEST(KafkaConsumer, AcknowledgedOffsetsAreCommittedWhileNothingComes) {
  KafkaCluster cluster;
  cluster.create("orders", 1);
  cluster.produce_numbers("orders", 0, 0, 10);
  Taker taker(kafka_source(cluster.servers(), {"orders"}));
  ASSERT_TRUE(taker.open());
  taker.take(10);
  taker.until([&] { return cluster.committed("tributary", "orders", 0) == 10; });
}

/// Leaves an offset of the group behind.
void take_and_commit(KafkaCluster& cluster, size_t count) {
  Taker taker(kafka_source(cluster.servers(), {"orders"}));
  ASSERT_TRUE(taker.open());
  taker.take(count);
}

TEST(KafkaConsumer, TheStoredPositionIsNewerThanTheCommittedOne) {
  KafkaCluster cluster;
  cluster.create("orders", 2);
  cluster.produce_numbers("orders", 0, 0, 10);
  take_and_commit(cluster, 10);
  cluster.produce_numbers("orders", 0, 10, 90);
  cluster.produce_numbers("orders", 1, 100, 100);
  Taker taker(kafka_source(cluster.servers(), {"orders"}), {{"orders/0", 90}, {"other/1", 50}});
  ASSERT_TRUE(taker.open());
  taker.take(110);
  EXPECT_EQ(taker.values.count("89"), 0u);
  EXPECT_EQ(taker.values.count("90"), 1u);
}

TEST(KafkaConsumer, AStoredPositionOfAGroupWithoutOffsetsMayBeOfAnotherCluster) {
  KafkaCluster cluster;
  cluster.create("orders", 1);
  cluster.produce_numbers("orders", 0, 0, 100);
  Taker taker(kafka_source(cluster.servers(), {"orders"}), {{"orders/0", 90}});
  ASSERT_TRUE(taker.open());
  taker.take(100);
}

TEST(KafkaConsumer, TheCommittedOffsetIsNewerThanTheStoredPosition) {
  KafkaCluster cluster;
  cluster.create("orders", 1);
  cluster.produce_numbers("orders", 0, 0, 100);
  take_and_commit(cluster, 100);
  cluster.produce_numbers("orders", 0, 100, 5);
  Taker taker(kafka_source(cluster.servers(), {"orders"}), {{"orders/0", 30}});
  ASSERT_TRUE(taker.open());
  taker.take(5);
}

TEST(KafkaConsumer, AStoredPositionBehindTheEndIsOfATopicThatIsGone) {
  KafkaCluster cluster;
  cluster.create("orders", 1);
  cluster.produce_numbers("orders", 0, 0, 10);
  take_and_commit(cluster, 10);
  cluster.produce_numbers("orders", 0, 10, 10);
  testing::internal::CaptureStderr();
  Taker taker(kafka_source(cluster.servers(), {"orders"}), {{"orders/0", 1'000}});
  ASSERT_TRUE(taker.open());
  taker.take(10);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("outside the partition"));
}

TEST(KafkaConsumer, PatternsFindTopicsThatAreMadeLater) {
  KafkaCluster cluster;
  cluster.create("shop.orders", 1);
  cluster.create("shopping", 1);
  cluster.produce_numbers("shop.orders", 0, 0, 10);
  cluster.produce_numbers("shopping", 0, 100, 10);
  StreamSource source = kafka_source(cluster.servers(), {"^shop\\..*"});
  source.options.emplace_back("topic.metadata.refresh.interval.ms", "200");
  Taker taker(std::move(source));
  ASSERT_TRUE(taker.open());
  taker.take(10);
  cluster.create("shop.returns", 1);
  cluster.produce_numbers("shop.returns", 0, 200, 10);
  taker.take(20);
  EXPECT_EQ(taker.values.count("100"), 0u);
}

TEST(KafkaConsumer, ATopicThatDoesNotExistIsToldAndWaitedFor) {
  KafkaCluster cluster;
  cluster.create("orders", 1);
  cluster.produce_numbers("orders", 0, 0, 10);
  rd_kafka_mock_topic_set_error(cluster.mock(), "later", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  StreamSource source = kafka_source(cluster.servers(), {"orders", "later"});
  source.options.emplace_back("topic.metadata.refresh.interval.ms", "200");
  Taker taker(std::move(source));
  ASSERT_TRUE(taker.open());
  taker.take(10);
  taker.until([&] { return !taker.consumer->trouble().empty(); });
  EXPECT_THAT(taker.consumer->trouble(), HasSubstr("later"));
  rd_kafka_mock_topic_set_error(cluster.mock(), "later", RD_KAFKA_RESP_ERR_NO_ERROR);
  cluster.produce_numbers("later", 0, 100, 10);
  taker.take(20);
  taker.until([&] { return taker.consumer->trouble().empty(); });
}

// False when the mock cluster refused to commit: unlike a broker's, its groups do not take a commit while a further
// member joins, which a second one does again when its SyncGroup comes behind that of the leader.
bool second_member_takes_over(KafkaCluster& cluster, const std::string& topic) {
  cluster.create(topic, 4);
  Taker first(kafka_source(cluster.servers(), {topic}, topic));
  first.acknowledges = false;
  if (!first.open()) return false;
  for (int p = 0; p < 4; ++p) cluster.produce_numbers(topic, p, p * 1'000, 500);
  first.take(2'000);
  Taker second(kafka_source(cluster.servers(), {topic}, topic));
  if (!second.open()) return false;
  int produced = 500;
  auto deadline = steady_clock::now() + kPatience;
  while (second.values.size() < 200 && steady_clock::now() < deadline) {
    for (int p = 0; p < 4; ++p) cluster.produce(topic, p, std::to_string(p * 1'000 + produced % 1'000).c_str());
    cluster.flush();
    produced += produced < 999 ? 1 : 0;
    first.step(milliseconds(5));
    if (first.consumer->trouble().find("committing offsets") != std::string::npos) return false;
    second.step(milliseconds(5));
  }
  EXPECT_GT(first.settled, 0);
  for (int i = 0; i < 40; ++i) {
    first.step(milliseconds(20));
    second.step(milliseconds(20));
  }
  for (int p = 0; p < 4; ++p) {
    for (int i = 0; i < std::min(produced, 999); ++i) {
      std::string value = std::to_string(p * 1'000 + i);
      EXPECT_EQ(first.values.count(value) + second.values.count(value), 1u) << value;
    }
  }
  return true;
}

TEST(KafkaConsumer, ASecondMemberTakesOverWhatIsSettledAndNothingElse) {
  constexpr int kAttempts = 10;
  KafkaCluster cluster;
  int attempt = 0;
  while (attempt < kAttempts && !second_member_takes_over(cluster, "orders" + std::to_string(attempt))) ++attempt;
  EXPECT_LT(attempt, kAttempts) << "the mock cluster refused every time";
}

TEST(KafkaConsumer, WhoeverLeavesGivesItsPartitionsToTheOthers) {
  KafkaCluster cluster;
  cluster.create("orders", 4);
  auto first = std::make_unique<Taker>(kafka_source(cluster.servers(), {"orders"}));
  Taker second(kafka_source(cluster.servers(), {"orders"}));
  ASSERT_TRUE(first->open());
  ASSERT_TRUE(second.open());
  for (int p = 0; p < 4; ++p) cluster.produce_numbers("orders", p, p * 1'000, 100);
  auto deadline = steady_clock::now() + kPatience;
  while (first->values.size() + second.values.size() < 400 && steady_clock::now() < deadline) {
    first->step(milliseconds(10));
    second.step(milliseconds(10));
  }
  size_t taken = second.values.size();
  auto begun = steady_clock::now();
  std::thread leaving([&] { first.reset(); });
  while (steady_clock::now() - begun < seconds(3) && second.values.size() < taken) second.step(milliseconds(10));
  leaving.join();
  EXPECT_LT(steady_clock::now() - begun, seconds(4));
  for (int p = 0; p < 4; ++p) cluster.produce_numbers("orders", p, p * 1'000 + 100, 100);
  second.take(taken + 400);
}

TEST(KafkaConsumer, AnAcknowledgementAfterThePartitionLeftIsNotCommitted) {
  KafkaCluster cluster;
  cluster.create("orders", 1);
  cluster.produce_numbers("orders", 0, 0, 10);
  StreamSource source = kafka_source(cluster.servers(), {"orders"});
  std::deque<std::unique_ptr<StreamBatch>> kept;
  auto consumer =
      make_kafka_consumer(source, {[] { return Result<std::vector<StreamPosition>>(std::vector<StreamPosition>{}); },
                                   [](milliseconds) { return false; }});
  ASSERT_TRUE(consumer->open());
  size_t taken = 0;
  for (int i = 0; i < 300 && taken < 10; ++i) {
    auto batch = consumer->next_batch(milliseconds(100));
    ASSERT_TRUE(batch);
    if (!*batch) continue;
    taken += (*batch)->messages.size();
    kept.push_back(std::move(*batch));
  }
  ASSERT_EQ(taken, 10u);
  // A consumer that does not poll for max.poll.interval.ms, or that the group lost, is not tested here: the older
  // assignment is a stranger to the newer one.
  auto other =
      make_kafka_consumer(source, {[] { return Result<std::vector<StreamPosition>>(std::vector<StreamPosition>{}); },
                                   [](milliseconds) { return true; }});
  ASSERT_TRUE(other->open());
  for (auto& batch : kept) EXPECT_TRUE(other->acknowledge(*batch));
  other.reset();
  EXPECT_EQ(cluster.committed("tributary", "orders", 0), -1);
}

TEST(KafkaConsumer, WhileIdleItStaysAMemberAndFetchesNothing) {
  KafkaCluster cluster;
  cluster.create("orders", 1);
  cluster.produce_numbers("orders", 0, 0, 10);
  StreamSource source = kafka_source(cluster.servers(), {"orders"});
  source.options.emplace_back("max.poll.interval.ms", "6000");
  Taker taker(std::move(source));
  ASSERT_TRUE(taker.open());
  taker.take(10);
  auto until = steady_clock::now() + milliseconds(1'500);
  while (steady_clock::now() < until) ASSERT_TRUE(taker.consumer->idle(milliseconds(50)));
  cluster.produce_numbers("orders", 0, 10, 1'000);
  until = steady_clock::now() + milliseconds(6'500);
  while (steady_clock::now() < until) ASSERT_TRUE(taker.consumer->idle(milliseconds(50)));
  auto lags = taker.consumer->lag();
  ASSERT_EQ(lags.size(), 1u);
  EXPECT_EQ(lags[0].stream, "orders/0");
  EXPECT_EQ(lags[0].messages, 1'000);
  taker.take(1'010);
  for (const auto& [value, times] : taker.values) EXPECT_EQ(times, 1) << value;
}

TEST(KafkaConsumer, LagIsWhatWaits) {
  KafkaCluster cluster;
  cluster.create("orders", 1);
  cluster.produce_numbers("orders", 0, 0, 8'000);
  Taker taker(kafka_source(cluster.servers(), {"orders"}));
  ASSERT_TRUE(taker.open());
  EXPECT_THAT(taker.consumer->lag(), IsEmpty());
  while (!taker.step()) ASSERT_EQ(taker.error, "");
  auto lags = taker.consumer->lag();
  ASSERT_EQ(lags.size(), 1u);
  EXPECT_EQ(lags[0].messages, 8'000 - static_cast<int64_t>(taker.positions["orders/0"]));
  taker.take(8'000);
  EXPECT_EQ(taker.consumer->lag()[0].messages, 0);
  EXPECT_LE(taker.largest, kStreamBatchMessagesMax);
}

TEST(KafkaConsumer, ABatchEndsWithTheMessageThatPassesTheBound) {
  KafkaCluster cluster;
  cluster.create("orders", 4);
  std::string large(700'000, 'x');
  // A mock broker keeps 5 MB of each partition.
  for (int i = 0; i < 24; ++i) cluster.produce("orders", i % 4, (std::to_string(i) + large).c_str());
  cluster.flush();
  Taker taker(kafka_source(cluster.servers(), {"orders"}));
  taker.on_batch = [](const StreamBatch& batch) {
    size_t bytes = 0;
    for (const StreamMessage& message : batch.messages) bytes += message.value.size();
    EXPECT_LE(bytes, kStreamBatchBytesMax + 700'002);
  };
  ASSERT_TRUE(taker.open());
  taker.take(24);
}

TEST(KafkaConsumer, AClusterThatIsNotThereIsToldAtOnce) {
  Taker taker(kafka_source("127.0.0.1:1", {"orders"}));
  auto begun = steady_clock::now();
  auto opened = taker.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
  EXPECT_THAT(opened.error().message, HasSubstr("Connection refused"));
  EXPECT_LT(steady_clock::now() - begun, seconds(11));
}

TEST(KafkaConsumer, BrokersThatRestartAreTroubleAndMendedWithoutLoss) {
  KafkaCluster cluster;
  cluster.create("orders", 1);
  cluster.produce_numbers("orders", 0, 0, 100);
  Taker taker(kafka_source(cluster.servers(), {"orders"}));
  ASSERT_TRUE(taker.open());
  taker.take(100);
  rd_kafka_mock_broker_set_down(cluster.mock(), 1);
  taker.until([&] { return !taker.consumer->trouble().empty(); });
  rd_kafka_mock_broker_set_up(cluster.mock(), 1);
  cluster.produce_numbers("orders", 0, 100, 100);
  taker.take(200);
  EXPECT_EQ(taker.consumer->trouble(), "");
}

TEST(KafkaConsumer, AGroupThatRefusesUsEndsTheConsumer) {
  KafkaCluster cluster;
  cluster.create("orders", 1);
  rd_kafka_mock_push_request_errors(cluster.mock(), 11 /*JoinGroup*/, 1, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
  Taker taker(kafka_source(cluster.servers(), {"orders"}));
  ASSERT_TRUE(taker.open());
  auto deadline = steady_clock::now() + kPatience;
  while (taker.error.empty() && steady_clock::now() < deadline) taker.step();
  EXPECT_THAT(taker.error, HasSubstr("Group authorization failed"));
}

TEST(KafkaConsumer, AFailedCommitIsMadeAgain) {
  KafkaCluster cluster;
  cluster.create("orders", 1);
  cluster.produce_numbers("orders", 0, 0, 10);
  Taker taker(kafka_source(cluster.servers(), {"orders"}));
  ASSERT_TRUE(taker.open());
  rd_kafka_mock_push_request_errors(cluster.mock(), 8 /*OffsetCommit*/, 2, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
                                    RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE);
  taker.take(10);
  taker.until([&] { return cluster.committed("tributary", "orders", 0) == 10; });
}

/// Whenever it happens: before the group answered, between joining and the first assignment, after it.
TEST(KafkaConsumer, ItEndsAtAnyMomentOfJoiningAndItsThreadsEnd) {
  KafkaCluster cluster;
  cluster.create("orders", 2);
  cluster.produce_numbers("orders", 0, 0, 10);
  size_t before = threads_of_this_process();
  for (int round = 0; round < 24; ++round) {
    if (round % 3 == 1)
      rd_kafka_mock_push_request_errors(cluster.mock(), 14 /*SyncGroup*/, 2, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
                                        RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS);
    Taker taker(kafka_source(cluster.servers(), {"orders"}, "group" + std::to_string(round)));
    ASSERT_TRUE(taker.open());
    auto until = steady_clock::now() + milliseconds(round * 3);
    while (steady_clock::now() < until) taker.step(milliseconds(1));
    auto begun = steady_clock::now();
    taker.consumer.reset();
    EXPECT_LT(steady_clock::now() - begun, seconds(4)) << round;
    rd_kafka_mock_clear_request_errors(cluster.mock(), 14);
  }
  auto deadline = steady_clock::now() + seconds(10);
  while (threads_of_this_process() > before && steady_clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_LE(threads_of_this_process(), before);
}

TEST(KafkaConsumer, ItEndsWhileTheClusterIsAway) {
  KafkaCluster cluster;
  cluster.create("orders", 2);
  cluster.produce_numbers("orders", 0, 0, 10);
  Taker taker(kafka_source(cluster.servers(), {"orders"}));
  ASSERT_TRUE(taker.open());
  taker.take(10);
  rd_kafka_mock_broker_set_down(cluster.mock(), 1);
  cluster.create("more", 1);
  auto begun = steady_clock::now();
  taker.consumer.reset();
  EXPECT_LT(steady_clock::now() - begun, seconds(5));
}

}  // namespace
}  // namespace tributary
