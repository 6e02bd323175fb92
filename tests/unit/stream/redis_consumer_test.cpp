#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>
#include <poll.h>

#include <chrono>
#include <csignal>
#include <set>
#include <thread>

#include "broker_process.h"
#include "connectors/stream/consumer.h"

namespace tributary {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Steady = std::chrono::steady_clock;

/// The other side: says to a server what a test wants.
class RedisClient {
 public:
  explicit RedisClient(int port) : context_(redisConnect("127.0.0.1", port)) {}
  ~RedisClient() { redisFree(context_); }

  /// The answer as text: words, a number, or how many elements a list has.
  std::string say(const std::vector<std::string>& command) {
    std::vector<const char*> parts;
    std::vector<size_t> sizes;
    for (const std::string& part : command) {
      parts.push_back(part.data());
      sizes.push_back(part.size());
    }
    auto* reply = static_cast<redisReply*>(
        redisCommandArgv(context_, static_cast<int>(parts.size()), parts.data(), sizes.data()));
    if (reply == nullptr) return "lost";
    std::string text;
    if (reply->type == REDIS_REPLY_INTEGER) text = std::to_string(reply->integer);
    if (reply->type == REDIS_REPLY_ARRAY) text = std::to_string(reply->elements);
    if (reply->str != nullptr) text.assign(reply->str, reply->len);
    freeReplyObject(reply);
    return text;
  }

  void add_many(const std::string& key, int count, const std::string& value) {
    for (int i = 0; i < count; ++i) {
      redisAppendCommand(context_, "XADD %s * value %b", key.c_str(), value.data(), value.size());
    }
    for (int i = 0; i < count; ++i) {
      void* reply = nullptr;
      ASSERT_EQ(redisGetReply(context_, &reply), REDIS_OK);
      freeReplyObject(reply);
    }
  }

  /// How many entries a consumer of the group has and did not acknowledge.
  std::string pending(const std::string& key, const std::string& consumer) {
    return say({"XPENDING", key, "tributary", "-", "+", "100000", consumer});
  }

 private:
  redisContext* context_;
};

class RedisConsumerTest : public testing::Test {
 protected:
  void SetUp() override {
    TRIBUTARY_NEEDS_SERVER("redis-server");
    std::signal(SIGPIPE, SIG_IGN);  // as the program has it
    server_.emplace(std::vector<std::string>{"redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--dir",
                                             "{dir}", "--save", "", "--appendonly", "yes", "--appendfsync", "always"});
    redis_.emplace(server_->port());
  }

  StreamSource source(std::vector<std::string> topics = {"orders"}) const {
    StreamSource made;
    made.kind = StreamKind::redis;
    made.source.id = "shop";
    made.servers = {server_->address()};
    made.topics = std::move(topics);
    made.group = "tributary";
    made.options = {{"consumer", "one"}};
    return made;
  }

  static std::unique_ptr<StreamConsumer> opened(const StreamSource& from) {
    EXPECT_THAT(check_redis(from), IsEmpty());
    auto consumer = make_redis_consumer(from, {});
    auto open = consumer->open();
    EXPECT_TRUE(open.has_value()) << open.error().message;
    return consumer;
  }

  static std::unique_ptr<StreamBatch> next(StreamConsumer& consumer, std::chrono::milliseconds patience = 2s) {
    auto batch = consumer.next_batch(patience);
    EXPECT_TRUE(batch.has_value()) << batch.error().message;
    return batch ? std::move(*batch) : nullptr;
  }

  static std::string words(const Result<void>& result) { return result ? "" : result.error().message; }

  static std::vector<std::string> values(const StreamBatch* batch) {
    std::vector<std::string> texts;
    if (batch == nullptr) return texts;
    for (const StreamMessage& message : batch->messages) texts.emplace_back(message.value);
    return texts;
  }

  std::optional<BrokerProcess> server_;
  std::optional<RedisClient> redis_;
};

TEST_F(RedisConsumerTest, GivesWhatWasAddedWithItsPlaceTimeAndHeaders) {
  redis_->say({"XADD", "orders", "1700000000123-4", "trace", "t1", "value", R"({"type":"track"})", "shop", "a"});
  redis_->say({"XADD", "orders", "1700000000123-5", "event", "second"});
  auto consumer = opened(source());
  auto batch = next(*consumer);
  ASSERT_TRUE(batch);
  ASSERT_EQ(batch->messages.size(), 2u);
  const StreamMessage& first = batch->messages[0];
  EXPECT_EQ(first.value, R"({"type":"track"})");
  EXPECT_EQ(first.topic, "orders");
  EXPECT_EQ(first.place, "orders/1700000000123-4");
  EXPECT_THAT(first.headers, ElementsAre(std::pair("trace", "t1"), std::pair("shop", "a")));
  ASSERT_TRUE(first.sent_at);
  EXPECT_EQ(first.sent_at->micros, 1'700'000'000'123'000);
  EXPECT_EQ(batch->messages[1].value, "second");
  EXPECT_TRUE(batch->positions.empty()) << "acknowledged one by one: there is no position";
}

TEST_F(RedisConsumerTest, AnEntryWithoutTheFieldIsADocumentOfItsFields) {
  redis_->say({"XADD", "orders", "1-1", "type", "track", "userId", "u\"1", "bad", "\xff"});
  redis_->say({"XADD", "orders", "1-2", "body", "whole", "value", "not this"});
  StreamSource from = source();
  from.options.emplace_back("field", "body");
  auto consumer = opened(from);
  auto batch = next(*consumer);
  EXPECT_THAT(values(batch.get()),
              ElementsAre("{\"type\":\"track\",\"userId\":\"u\\\"1\",\"bad\":\"\xef\xbf\xbd\"}", "whole"));
  EXPECT_FALSE(batch->messages[0].sent_at) << "an id of the producer's own is no time";
  EXPECT_THAT(batch->messages[1].headers, ElementsAre(std::pair("value", "not this")));
}

TEST_F(RedisConsumerTest, SilenceLastsAsLongAsPatienceAndAnEntryEndsIt) {
  auto consumer = opened(source());
  auto begin = Steady::now();
  EXPECT_FALSE(next(*consumer, 300ms));
  EXPECT_GE(Steady::now() - begin, 280ms);
  EXPECT_LT(Steady::now() - begin, 2s);
  EXPECT_FALSE(next(*consumer, 0ms)) << "no patience at all";
  std::thread later([&] {
    poll(nullptr, 0, 200);  // the consumer waits meanwhile
    redis_->say({"XADD", "orders", "*", "value", "late"});
  });
  begin = Steady::now();
  EXPECT_TRUE(next(*consumer, 10s));
  EXPECT_LT(Steady::now() - begin, 2s);
  later.join();
}

TEST_F(RedisConsumerTest, WhatIsAcknowledgedDoesNotComeAgainAndTheRestComesFirst) {
  redis_->say({"XADD", "orders", "*", "value", "kept"});
  {
    auto consumer = opened(source());
    auto batch = next(*consumer);
    EXPECT_EQ(words(consumer->acknowledge(*batch)), "");
    redis_->say({"XADD", "orders", "*", "value", "lost"});
    ASSERT_TRUE(next(*consumer));
  }
  redis_->say({"XADD", "orders", "*", "value", "new"});
  auto consumer = opened(source());
  std::vector<std::string> all;
  for (int i = 0; i < 2; ++i) {
    auto batch = next(*consumer);
    for (std::string& value : values(batch.get())) all.push_back(std::move(value));
    EXPECT_EQ(words(consumer->acknowledge(*batch)), "");
  }
  EXPECT_THAT(all, ElementsAre("lost", "new"));
  EXPECT_EQ(redis_->pending("orders", "one"), "0");
}

TEST_F(RedisConsumerTest, ALongListOfOwnPendingEntriesComesOnceEach) {
  redis_->add_many("orders", 3'000, "x");
  redis_->add_many("visits", 10, "y");
  {
    auto consumer = opened(source({"orders", "visits"}));
    for (size_t got = 0; got < 3'010;) {
      auto batch = next(*consumer);
      ASSERT_TRUE(batch);
      got += batch->messages.size();
    }
  }
  EXPECT_EQ(redis_->pending("orders", "one"), "3000");
  auto consumer = opened(source({"orders", "visits"}));
  std::set<std::string> places;
  std::vector<std::unique_ptr<StreamBatch>> batches;  // none is acknowledged before all were given
  while (places.size() < 3'010) {
    batches.push_back(next(*consumer));
    ASSERT_TRUE(batches.back());
    for (const StreamMessage& message : batches.back()->messages) {
      EXPECT_TRUE(places.insert(message.place).second) << message.place << " came twice";
    }
  }
  for (auto& batch : batches) ASSERT_EQ(words(consumer->acknowledge(*batch)), "");
  EXPECT_FALSE(next(*consumer, 100ms));
  EXPECT_EQ(redis_->pending("orders", "one"), "0");
  EXPECT_EQ(redis_->pending("visits", "one"), "0");
}

TEST_F(RedisConsumerTest, ManyComeOnceAndInBoundedBatches) {
  constexpr int kEntries = 20'000;
  redis_->add_many("orders", kEntries, std::string(600, 'x'));
  auto consumer = opened(source());
  std::set<std::string> places;
  auto begin = Steady::now();
  while (places.size() < kEntries) {
    auto batch = next(*consumer, 5s);
    ASSERT_TRUE(batch) << places.size();
    size_t bytes = 0;
    for (const StreamMessage& message : batch->messages) {
      EXPECT_TRUE(places.insert(message.place).second) << message.place << " came twice";
      bytes += message.value.size();
    }
    EXPECT_LE(batch->messages.size(), kStreamBatchMessagesMax);
    EXPECT_LE(bytes, kStreamBatchBytesMax + 600);
    ASSERT_EQ(words(consumer->acknowledge(*batch)), "");
  }
  double seconds = std::chrono::duration<double>(Steady::now() - begin).count();
  std::printf("%d entries of 600 bytes: %.0f per second\n", kEntries, kEntries / seconds);
  EXPECT_FALSE(next(*consumer, 100ms));
}

TEST_F(RedisConsumerTest, LargeEntriesComeFewAtATime) {
  redis_->add_many("orders", 40, std::string(1 << 20, 'x'));
  auto consumer = opened(source());
  size_t got = 0;
  while (got < 40) {
    auto batch = next(*consumer, 5s);
    ASSERT_TRUE(batch);
    EXPECT_LE(batch->messages.size(), 5u);
    got += batch->messages.size();
    ASSERT_EQ(words(consumer->acknowledge(*batch)), "");
  }
  EXPECT_EQ(got, 40u);
}

TEST_F(RedisConsumerTest, WhatADeadMemberLeftIsClaimedAndWhatALiveOneHasIsNot) {
  redis_->say({"XADD", "orders", "*", "value", "left"});
  StreamSource dead = source();
  dead.options = {{"consumer", "dead"}};
  ASSERT_TRUE(next(*opened(dead)));
  redis_->say({"XADD", "orders", "*", "value", "held"});
  StreamSource slow = source();
  slow.options = {{"consumer", "slow"}, {"claim_idle", "1s"}};
  auto holder = opened(slow);
  auto held = next(*holder);
  ASSERT_THAT(values(held.get()), ElementsAre("held"));

  StreamSource from = source();
  from.options.emplace_back("claim_idle", "1s");
  auto consumer = opened(from);
  std::vector<std::string> claimed;
  const auto end = Steady::now() + 4s;
  while (Steady::now() < end) {
    ASSERT_EQ(words(holder->idle(100ms)), "");
    auto batch = next(*consumer, 100ms);
    for (std::string& value : values(batch.get())) claimed.push_back(std::move(value));
    if (batch) {
      ASSERT_EQ(words(consumer->acknowledge(*batch)), "");
    }
  }
  EXPECT_THAT(claimed, ElementsAre("left"));
  EXPECT_EQ(words(holder->acknowledge(*held)), "");
  EXPECT_EQ(redis_->say({"XPENDING", "orders", "tributary"}), "4");  // a summary of
  EXPECT_EQ(redis_->say({"XPENDING", "orders", "tributary", "-", "+", "10"}), "0");
}

TEST_F(RedisConsumerTest, ADeletedEntryIsAcknowledgedAndSkipped) {
  std::string id = redis_->say({"XADD", "orders", "*", "value", "deleted"});
  redis_->say({"XADD", "orders", "*", "value", "stays"});
  ASSERT_TRUE(next(*opened(source())));
  ASSERT_EQ(redis_->say({"XDEL", "orders", id}), "1");
  auto consumer = opened(source());
  auto batch = next(*consumer);
  EXPECT_THAT(values(batch.get()), ElementsAre("stays"));
  EXPECT_EQ(redis_->pending("orders", "one"), "1");
}

TEST_F(RedisConsumerTest, AGroupThatWasFlushedAwayIsMadeAgain) {
  auto consumer = opened(source());
  std::thread flush([&] {
    poll(nullptr, 0, 200);  // the consumer waits meanwhile
    RedisClient other(server_->port());
    other.say({"FLUSHALL"});
    other.say({"XADD", "orders", "*", "value", "after"});
  });
  auto begin = Steady::now();
  auto batch = next(*consumer, 10s);
  flush.join();
  EXPECT_THAT(values(batch.get()), ElementsAre("after"));
  EXPECT_LT(Steady::now() - begin, 5s);
  redis_->say({"XGROUP", "DESTROY", "orders", "tributary"});
  batch = next(*consumer, 5s);
  EXPECT_THAT(values(batch.get()), ElementsAre("after")) << "a new group begins with the first entry";
  EXPECT_EQ(words(consumer->acknowledge(*batch)), "");
}

TEST_F(RedisConsumerTest, LagCountsWhatWaitsAndWhatIsNotAcknowledged) {
  auto consumer = opened(source());
  redis_->add_many("orders", 3, "x");
  auto lag = consumer->lag();
  ASSERT_EQ(lag.size(), 1u);
  EXPECT_EQ(lag[0].stream, "orders");
  EXPECT_EQ(lag[0].messages, 3);
  auto batch = next(*consumer);
  EXPECT_EQ(consumer->lag().at(0).messages, 3);
  ASSERT_EQ(words(consumer->acknowledge(*batch)), "");
  EXPECT_EQ(consumer->lag().at(0).messages, 0);
  redis_->add_many("orders", 3, "x");
  redis_->say({"XADD", "orders", "*", "value", "y"});
  redis_->say({"XDEL", "orders", redis_->say({"XADD", "orders", "*", "value", "z"})});
  EXPECT_GE(consumer->lag().at(0).messages, 4) << "where the server does not count, at most what the stream has";
}

TEST_F(RedisConsumerTest, AKilledServerIsUnavailableAndItsReturnGivesWhatWasNotAcknowledged) {
  redis_->say({"XADD", "orders", "*", "value", "one"});
  auto consumer = opened(source());
  auto batch = next(*consumer);
  ASSERT_TRUE(batch);
  server_->kill();
  auto dead = consumer->next_batch(5s);
  ASSERT_FALSE(dead.has_value());
  EXPECT_EQ(dead.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(consumer->acknowledge(*batch).has_value());
  EXPECT_FALSE(consumer->idle(50ms).has_value());
  EXPECT_THAT(consumer->lag(), IsEmpty());
  batch.reset();
  consumer.reset();
  auto refused = make_redis_consumer(source(), {})->open();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr(server_->address()), HasSubstr("refused")));
  server_->start();
  const auto deadline = Steady::now() + 10s;
  for (consumer = make_redis_consumer(source(), {}); !consumer->open(); consumer = make_redis_consumer(source(), {})) {
    ASSERT_LT(Steady::now(), deadline);
  }
  batch = next(*consumer);
  EXPECT_THAT(values(batch.get()), ElementsAre("one"));
}

TEST_F(RedisConsumerTest, IdleSeesThatTheServerWentAway) {
  auto consumer = opened(source());
  ASSERT_EQ(words(consumer->idle(100ms)), "");
  server_->kill();
  EXPECT_THAT(words(consumer->idle(5s)), HasSubstr("closed the connection"));
}

TEST_F(RedisConsumerTest, AServerThatStopsAnsweringIsFoundOut) {
  auto consumer = opened(source());
  server_->pause(true);
  auto found = consumer->next_batch(500ms);
  server_->pause(false);
  ASSERT_FALSE(found.has_value());
  EXPECT_THAT(found.error().message, HasSubstr("no answer within 5"));
}

TEST_F(RedisConsumerTest, WhatFailsWhileSigningInIsToldWithoutThePassword) {
  StreamSource from = source();
  from.password = "s3cr3t";
  server_->pause(true);  // connections are still accepted, by the kernel
  std::string silent = words(make_redis_consumer(from, {})->open());
  server_->pause(false);
  EXPECT_THAT(silent, HasSubstr("signing in: no answer within"));
  BrokerProcess strange({"redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--dir", "{dir}", "--save", "",
                         "--rename-command", "AUTH", "ENTER"});
  from.servers = {strange.address()};
  EXPECT_THAT(words(make_redis_consumer(from, {})->open()), EndsWith("signing in: ERR"));
}

TEST_F(RedisConsumerTest, TheServerOfSeveralThatTakesWritesIsUsed) {
  BrokerProcess replica({"redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--dir", "{dir}", "--save", "",
                         "--replicaof", "127.0.0.1 " + std::to_string(server_->port())});
  RedisClient second(replica.port());
  const auto deadline = Steady::now() + 20s;
  while (second.say({"INFO", "replication"}).find("master_link_status:up") == std::string::npos) {
    ASSERT_LT(Steady::now(), deadline);
  }
  StreamSource from = source();
  from.servers = {replica.address()};
  std::string refused = words(make_redis_consumer(from, {})->open());
  EXPECT_THAT(refused, HasSubstr("READONLY"));
  from.servers.push_back(server_->address());
  redis_->say({"XADD", "orders", "*", "value", "written"});
  EXPECT_TRUE(next(*opened(from)));
}

TEST_F(RedisConsumerTest, CredentialsAndDatabaseAreUsedAndPasswordsNeverSaid) {
  redis_->say({"ACL", "SETUSER", "shop", "on", ">s3cr3t", "~*", "+@all"});
  redis_->say({"ACL", "SETUSER", "weak", "on", ">s3cr3t", "~*", "+xgroup"});
  redis_->say({"CONFIG", "SET", "requirepass", "0ther"});
  redis_->say({"SELECT", "3"});
  redis_->say({"XADD", "orders", "*", "value", "in three"});
  StreamSource from = source();
  auto open = [&] { return words(make_redis_consumer(from, {})->open()); };
  EXPECT_THAT(open(), HasSubstr("NOAUTH"));
  from.options.emplace_back("db", "3");
  from.password = "0ther";
  auto batch = next(*opened(from));
  EXPECT_THAT(values(batch.get()), ElementsAre("in three"));
  from.username = "shop";
  from.password = "s3cr3t";
  opened(from);
  from.password = "wr0ng";
  EXPECT_THAT(open(), EndsWith("signing in: WRONGPASS"));  // and nothing else of the answer
  from.username = "weak";
  from.password = "s3cr3t";
  EXPECT_THAT(open(), HasSubstr("NOPERM"));
}

TEST_F(RedisConsumerTest, AKeyThatIsNoStreamIsSaid) {
  redis_->say({"SET", "orders", "text"});
  EXPECT_THAT(words(make_redis_consumer(source(), {})->open()), AllOf(HasSubstr("orders"), HasSubstr("WRONGTYPE")));
}

TEST(RedisCheck, NamesEveryMistake) {
  StreamSource from;
  from.kind = StreamKind::redis;
  from.servers = {"redis"};
  from.topics = {"orders", ""};
  from.username = "u";
  from.tls.enabled = true;
  from.options = {{"claim_idel", "1s"}, {"claim_idle", "1ms"}, {"db", "-1"}, {"field", ""}};
  EXPECT_THAT(check_redis(from),
              UnorderedElementsAre("servers: \"redis\" is not host:port", "topics: one of them is empty",
                                   "options: \"claim_idel\" is unknown, did you mean \"claim_idle\"?",
                                   "options.claim_idle: 1ms is not within 1s and 1d", HasSubstr("options.db: "),
                                   "options.field: is empty", "group: is needed",
                                   "username: is given without a password", HasSubstr("tls: ")));
}

}  // namespace
}  // namespace tributary
