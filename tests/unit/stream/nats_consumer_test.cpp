#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nats/nats.h>

#include <chrono>
#include <fstream>
#include <set>
#include <thread>

#include "broker_process.h"
#include "connectors/stream/consumer.h"

namespace tributary {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::UnorderedElementsAre;
using Steady = std::chrono::steady_clock;

/// The other side: makes streams and publishes.
class Publisher {
 public:
  explicit Publisher(const std::string& address) {
    const auto deadline = Steady::now() + 15s;
    while (natsConnection_ConnectTo(&connection_, ("nats://" + address).c_str()) != NATS_OK ||
           natsConnection_JetStream(&jetstream_, connection_, nullptr) != NATS_OK) {
      if (Steady::now() > deadline) std::abort();
    }
  }
  ~Publisher() {
    jsCtx_Destroy(jetstream_);
    natsConnection_Destroy(connection_);
  }

  void stream(const char* name, std::vector<const char*> subjects) {
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = name;
    config.Subjects = subjects.data();
    config.SubjectsLen = static_cast<int>(subjects.size());
    const auto deadline = Steady::now() + 15s;  // JetStream is up a little later than the port
    natsStatus status;
    while ((status = js_AddStream(nullptr, jetstream_, &config, nullptr, nullptr)) != NATS_OK) {
      if (Steady::now() > deadline) FAIL() << natsStatus_GetText(status);
      nats_Sleep(20);
    }
  }

  void publish(const std::string& subject, const std::string& text,
               const std::vector<std::pair<std::string, std::string>>& headers = {}) {
    natsMsg* message = nullptr;
    ASSERT_EQ(natsMsg_Create(&message, subject.c_str(), nullptr, text.data(), static_cast<int>(text.size())), NATS_OK);
    for (const auto& [name, value] : headers) natsMsgHeader_Add(message, name.c_str(), value.c_str());
    natsStatus status = js_PublishMsg(nullptr, jetstream_, message, nullptr, nullptr);
    natsMsg_Destroy(message);
    ASSERT_EQ(status, NATS_OK) << nats_GetLastError(nullptr);
  }

  /// `count` messages m0.. at full speed.
  void publish_many(const std::string& subject, int count, const std::string& tail = "") {
    for (int i = 0; i < count; ++i) {
      std::string text = "m" + std::to_string(i) + tail;
      ASSERT_EQ(js_PublishAsync(jetstream_, subject.c_str(), text.data(), static_cast<int>(text.size()), nullptr),
                NATS_OK);
    }
    jsPubOptions wait;
    jsPubOptions_Init(&wait);
    wait.MaxWait = 30'000;
    ASSERT_EQ(js_PublishAsyncComplete(jetstream_, &wait), NATS_OK);
  }

  jsCtx* jetstream() { return jetstream_; }

  int64_t ack_pending(const char* stream, const char* durable) {
    jsConsumerInfo* info = nullptr;
    if (js_GetConsumerInfo(&info, jetstream_, stream, durable, nullptr, nullptr) != NATS_OK) return -1;
    int64_t pending = info->NumAckPending;
    jsConsumerInfo_Destroy(info);
    return pending;
  }

 private:
  natsConnection* connection_ = nullptr;
  jsCtx* jetstream_ = nullptr;
};

class NatsConsumerTest : public testing::Test {
 protected:
  void SetUp() override {
    TRIBUTARY_NEEDS_SERVER("nats-server");
    server_.emplace(command());
  }

  virtual std::vector<std::string> command() const {
    return {"nats-server", "-a", "127.0.0.1", "-p", "{port}", "-js", "-sd", "{dir}"};
  }

  StreamSource source(std::vector<std::string> topics = {"orders"}) const {
    StreamSource made;
    made.kind = StreamKind::nats;
    made.source.id = "orders";
    made.servers = {server_->address()};
    made.topics = std::move(topics);
    made.group = "tributary";
    made.options = {{"ack_wait", "2s"}};
    return made;
  }

  static std::unique_ptr<StreamConsumer> opened(const StreamSource& from) {
    EXPECT_THAT(check_nats(from), IsEmpty());
    auto consumer = make_nats_consumer(from, {});
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

  std::optional<BrokerProcess> server_;
};

TEST_F(NatsConsumerTest, GivesWhatWasPublishedWithItsPlaceTimeAndHeaders) {
  Publisher publisher(server_->address());
  publisher.stream("SHOP", {"orders"});
  publisher.publish("orders", R"({"type":"track"})", {{"Traceparent", "00-1"}, {"Shop", "a"}, {"Shop", "b"}});
  publisher.publish("orders", "");
  auto consumer = opened(source());
  auto batch = next(*consumer);
  ASSERT_TRUE(batch);
  ASSERT_EQ(batch->messages.size(), 2u);
  const StreamMessage& first = batch->messages[0];
  EXPECT_EQ(first.value, R"({"type":"track"})");
  EXPECT_EQ(first.topic, "orders");
  EXPECT_THAT(first.place, MatchesRegex("SHOP/1@[0-9]+"));
  EXPECT_THAT(first.headers,
              ElementsAre(std::pair("Shop", "a"), std::pair("Shop", "b"), std::pair("Traceparent", "00-1")));
  ASSERT_TRUE(first.sent_at);
  EXPECT_LT(std::abs(first.sent_at->micros - system_clock().now().micros), 60 * kMicrosPerSecond);
  EXPECT_EQ(batch->messages[1].value, "");
  EXPECT_THAT(batch->messages[1].place, MatchesRegex("SHOP/2@[0-9]+"));
  EXPECT_TRUE(batch->positions.empty()) << "acknowledged one by one: there is no position";
}

TEST_F(NatsConsumerTest, WhatIsThereComesAtOnceAndSilenceLastsAsLongAsPatience) {
  Publisher publisher(server_->address());
  publisher.stream("SHOP", {"orders"});
  auto consumer = opened(source());
  auto begin = Steady::now();
  EXPECT_FALSE(next(*consumer, 300ms));
  EXPECT_GE(Steady::now() - begin, 250ms);
  EXPECT_LT(Steady::now() - begin, 2s);
  publisher.publish("orders", "one");
  begin = Steady::now();
  ASSERT_TRUE(next(*consumer, 5s));
  EXPECT_LT(Steady::now() - begin, 1s) << "a batch is not waited full";
}

TEST_F(NatsConsumerTest, AMessageThatComesWhileItWaitsEndsTheWait) {
  Publisher publisher(server_->address());
  publisher.stream("SHOP", {"orders"});
  auto consumer = opened(source());
  std::thread later([&] {
    nats_Sleep(200);  // the consumer waits meanwhile
    publisher.publish("orders", "late");
  });
  auto begin = Steady::now();
  EXPECT_TRUE(next(*consumer, 10s));
  EXPECT_LT(Steady::now() - begin, 2s);
  later.join();
}

TEST_F(NatsConsumerTest, WhatIsAcknowledgedDoesNotComeAgainAndTheRestDoes) {
  Publisher publisher(server_->address());
  publisher.stream("SHOP", {"orders"});
  publisher.publish("orders", "kept");
  {
    auto consumer = opened(source());
    auto batch = next(*consumer);
    ASSERT_TRUE(batch);
    EXPECT_EQ(words(consumer->acknowledge(*batch)), "");
    publisher.publish("orders", "lost");
    ASSERT_TRUE(next(*consumer));  // and dies with it
  }
  EXPECT_EQ(publisher.ack_pending("SHOP", "tributary"), 1);
  auto consumer = opened(source());
  auto again = next(*consumer, 5s);
  ASSERT_TRUE(again);
  ASSERT_EQ(again->messages.size(), 1u);
  EXPECT_EQ(again->messages[0].value, "lost");
  EXPECT_THAT(again->messages[0].place, MatchesRegex("SHOP/2@[0-9]+"));
}

TEST_F(NatsConsumerTest, ManyComeOnceAndInBoundedBatches) {
  Publisher publisher(server_->address());
  publisher.stream("SHOP", {"orders"});
  constexpr int kMessages = 20'000;
  publisher.publish_many("orders", kMessages, std::string(600, 'x'));
  auto consumer = opened(source());
  std::set<std::string> places;
  auto begin = Steady::now();
  while (places.size() < kMessages) {
    auto batch = next(*consumer, 5s);
    ASSERT_TRUE(batch) << places.size();
    size_t bytes = 0;
    for (const StreamMessage& message : batch->messages) {
      EXPECT_TRUE(places.insert(message.place).second) << message.place << " came twice";
      bytes += message.value.size();
    }
    EXPECT_LE(batch->messages.size(), kStreamBatchMessagesMax);
    EXPECT_LE(bytes, kStreamBatchBytesMax);
    ASSERT_EQ(words(consumer->acknowledge(*batch)), "");
  }
  double seconds = std::chrono::duration<double>(Steady::now() - begin).count();
  std::printf("%d messages of 600 bytes: %.0f per second\n", kMessages, kMessages / seconds);
  EXPECT_FALSE(next(*consumer, 300ms));
  auto lag = consumer->lag();
  ASSERT_EQ(lag.size(), 1u);
  EXPECT_EQ(lag[0].stream, "SHOP/tributary");
  EXPECT_EQ(lag[0].messages, 0);
}

TEST_F(NatsConsumerTest, IdleKeepsWhatItHasFromBeingDeliveredAgain) {
  Publisher publisher(server_->address());
  publisher.stream("SHOP", {"orders"});
  publisher.publish("orders", "slow");
  auto consumer = opened(source());
  auto batch = next(*consumer);
  ASSERT_TRUE(batch);
  auto other = opened(source());
  const auto end = Steady::now() + 5s;  // 2.5 times what the server waits for an acknowledgement
  while (Steady::now() < end) {
    ASSERT_EQ(words(consumer->idle(100ms)), "");
    EXPECT_FALSE(next(*other, 50ms));
  }
  EXPECT_EQ(words(consumer->acknowledge(*batch)), "");
}

TEST_F(NatsConsumerTest, LagCountsWhatWaitsAndWhatIsNotAcknowledged) {
  Publisher publisher(server_->address());
  publisher.stream("SHOP", {"orders"});
  for (int i = 0; i < 3; ++i) publisher.publish("orders", "x");
  auto consumer = opened(source());
  ASSERT_EQ(consumer->lag().size(), 1u);
  EXPECT_EQ(consumer->lag()[0].messages, 3);
  auto batch = next(*consumer);
  EXPECT_EQ(consumer->lag()[0].messages, 3);
  ASSERT_EQ(words(consumer->acknowledge(*batch)), "");
  const auto deadline = Steady::now() + 5s;
  while (consumer->lag()[0].messages != 0) ASSERT_LT(Steady::now(), deadline);
}

TEST_F(NatsConsumerTest, SeveralSubjectsHaveADurableEachAndNoneStarves) {
  Publisher publisher(server_->address());
  publisher.stream("SHOP", {"orders.>", "visits"});
  publisher.publish_many("orders.eu.new", 12'000);
  publisher.publish("visits", "hello");
  auto consumer = opened(source({"orders.>", "visits"}));
  std::set<std::string> places;
  auto begin = Steady::now();
  size_t visit_after = 0;
  while (places.size() < 12'001) {
    auto batch = next(*consumer, 5s);
    ASSERT_TRUE(batch) << places.size();
    for (const StreamMessage& message : batch->messages) {
      places.insert(message.place);
      if (message.topic == "visits") visit_after = places.size();
    }
    ASSERT_EQ(words(consumer->acknowledge(*batch)), "");
  }
  EXPECT_GT(visit_after, 0u);
  EXPECT_LT(Steady::now() - begin, 10s);
  for (const char* durable : {"tributary-orders_all", "tributary-visits"}) {
    const auto deadline = Steady::now() + 5s;
    while (publisher.ack_pending("SHOP", durable) != 0) ASSERT_LT(Steady::now(), deadline) << durable;
  }
  EXPECT_EQ(consumer->lag().size(), 2u);
}

TEST_F(NatsConsumerTest, TwoMembersOfAGroupShareTheMessages) {
  Publisher publisher(server_->address());
  publisher.stream("SHOP", {"orders"});
  auto one = opened(source());
  auto two = opened(source());
  publisher.publish_many("orders", 200);
  std::multiset<std::string> places;
  const auto deadline = Steady::now() + 20s;
  while (places.size() < 200 && Steady::now() < deadline) {
    for (StreamConsumer* consumer : {one.get(), two.get()}) {
      if (auto batch = next(*consumer, 100ms)) {
        for (const StreamMessage& message : batch->messages) places.insert(message.place);
        ASSERT_EQ(words(consumer->acknowledge(*batch)), "");
      }
    }
  }
  EXPECT_EQ(places.size(), 200u);
  EXPECT_EQ(std::set<std::string>(places.begin(), places.end()).size(), 200u);
}

TEST_F(NatsConsumerTest, AMessageLargerThanABatchComesAlone) {
  server_->kill();
  std::ofstream(server_->directory() + "/large.conf") << "max_payload: 8MB\n";
  BrokerProcess large({"nats-server", "-a", "127.0.0.1", "-p", "{port}", "-js", "-sd", "{dir}", "-c",
                       server_->directory() + "/large.conf"});
  Publisher publisher(large.address());
  publisher.stream("SHOP", {"orders"});
  publisher.publish("orders", "small");
  publisher.publish("orders", std::string(6 << 20, 'x'));
  publisher.publish("orders", "small again");
  StreamSource from = source();
  from.servers = {large.address()};
  auto consumer = opened(from);
  std::vector<size_t> sizes;
  const auto deadline = Steady::now() + 20s;
  while (sizes.size() < 3 && Steady::now() < deadline) {
    if (auto batch = next(*consumer)) {
      for (const StreamMessage& message : batch->messages) sizes.push_back(message.value.size());
      ASSERT_EQ(words(consumer->acknowledge(*batch)), "");
    }
  }
  EXPECT_THAT(sizes, ElementsAre(5u, 6u << 20, 11u));
}

TEST_F(NatsConsumerTest, AKilledServerIsUnavailableAndItsReturnGivesWhatWasNotAcknowledged) {
  auto publisher = std::make_unique<Publisher>(server_->address());
  publisher->stream("SHOP", {"orders"});
  publisher->publish("orders", "one");
  auto consumer = opened(source());
  auto batch = next(*consumer);
  ASSERT_TRUE(batch);
  server_->kill();
  publisher.reset();
  auto dead = consumer->next_batch(5s);
  ASSERT_FALSE(dead.has_value());
  EXPECT_EQ(dead.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(consumer->acknowledge(*batch).has_value());
  EXPECT_FALSE(consumer->idle(50ms).has_value());
  EXPECT_THAT(consumer->lag(), IsEmpty());
  batch.reset();
  consumer.reset();
  auto refused = make_nats_consumer(source(), {})->open();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_THAT(refused.error().message, HasSubstr(server_->address()));
  server_->start();
  Publisher back(server_->address());
  const auto deadline = Steady::now() + 15s;
  while (back.ack_pending("SHOP", "tributary") < 0) ASSERT_LT(Steady::now(), deadline);
  consumer = opened(source());
  batch = next(*consumer, 6s);
  ASSERT_TRUE(batch);
  EXPECT_THAT(batch->messages[0].place, MatchesRegex("SHOP/1@[0-9]+"));
}

TEST_F(NatsConsumerTest, AServerThatStopsAnsweringIsFoundOut) {
  Publisher publisher(server_->address());
  publisher.stream("SHOP", {"orders"});
  auto consumer = opened(source());
  server_->pause(true);
  const auto deadline = Steady::now() + 20s;
  Result<std::unique_ptr<StreamBatch>> found = std::unique_ptr<StreamBatch>();
  while (found.has_value() && Steady::now() < deadline) found = consumer->next_batch(500ms);
  server_->pause(false);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::unavailable);
}

TEST_F(NatsConsumerTest, WhatIsWrongAtTheServerIsSaid) {
  Publisher publisher(server_->address());
  publisher.stream("SHOP", {"orders", "visits"});
  auto open = [](const StreamSource& from) { return words(make_nats_consumer(from, {})->open()); };
  EXPECT_THAT(open(source({"nobody"})), HasSubstr("no stream has the subject nobody"));
  StreamSource misnamed = source();
  misnamed.options.emplace_back("stream", "NOWHERE");
  EXPECT_THAT(open(misnamed), AllOf(HasSubstr("NOWHERE"), HasSubstr("not found")));
  opened(source({"visits"}));
  EXPECT_THAT(
      open(source({"orders"})),
      AllOf(HasSubstr("consumer tributary of the stream SHOP filters the subject \"visits\""), HasSubstr("group")));
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.Durable = "taken";
  config.DeliverSubject = "somewhere";
  ASSERT_EQ(js_AddConsumer(nullptr, publisher.jetstream(), "SHOP", &config, nullptr, nullptr), NATS_OK);
  StreamSource taken = source();
  taken.group = "taken";
  EXPECT_THAT(open(taken), HasSubstr("is a push consumer"));
}

TEST_F(NatsConsumerTest, ADeletedConsumerIsAnErrorAndIsMadeAgain) {
  Publisher publisher(server_->address());
  publisher.stream("SHOP", {"orders"});
  publisher.publish("orders", "one");
  auto consumer = opened(source());
  auto batch = next(*consumer);
  ASSERT_TRUE(batch);
  const std::string place = batch->messages[0].place;
  ASSERT_EQ(js_DeleteConsumer(publisher.jetstream(), "SHOP", "tributary", nullptr, nullptr), NATS_OK);
  consumer->lag();
  EXPECT_FALSE(consumer->next_batch(2s).has_value());
  consumer = opened(source());
  batch = next(*consumer);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->messages[0].place, place) << "the same message has the same name";
}

TEST_F(NatsConsumerTest, OptionsHoldForAConsumerThatIsThere) {
  Publisher publisher(server_->address());
  publisher.stream("SHOP", {"orders"});
  publisher.publish("orders", "before");
  StreamSource from = source();
  from.options = {{"deliver_policy", "new"}};
  auto consumer = opened(from);
  EXPECT_FALSE(next(*consumer, 200ms));
  publisher.publish("orders", "after");
  auto batch = next(*consumer);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->messages[0].value, "after");
  from.options = {{"ack_wait", "7s"}, {"max_ack_pending", "123"}, {"stream", "SHOP"}};
  auto changed = opened(from);
  jsConsumerInfo* info = nullptr;
  ASSERT_EQ(js_GetConsumerInfo(&info, publisher.jetstream(), "SHOP", "tributary", nullptr, nullptr), NATS_OK);
  EXPECT_EQ(info->Config->AckWait, 7'000'000'000);
  EXPECT_EQ(info->Config->MaxAckPending, 123);
  jsConsumerInfo_Destroy(info);
}

class NatsPasswordTest : public NatsConsumerTest {
  std::vector<std::string> command() const override {
    return {"nats-server", "-a",    "127.0.0.1", "-p",   "{port}", "-js",
            "-sd",         "{dir}", "--user",    "shop", "--pass", "s3cr3t"};
  }
};

TEST_F(NatsPasswordTest, CredentialsAreUsedAndNeverSaid) {
  Publisher publisher("shop:s3cr3t@" + server_->address());
  publisher.stream("SHOP", {"orders"});
  StreamSource from = source();
  from.username = "shop";
  from.password = "s3cr3t";
  opened(from);
  from.password = "wr0ng";
  std::string refused = words(make_nats_consumer(from, {})->open());
  EXPECT_THAT(refused, HasSubstr("uthorization"));
  EXPECT_THAT(refused, testing::Not(HasSubstr("wr0ng")));
}

TEST(NatsCheck, NamesEveryMistake) {
  StreamSource from;
  from.kind = StreamKind::nats;
  from.servers = {"localhost", "nats://a:1", "[::1]:4222", "a:0"};
  from.topics = {"orders", "orders", "a..b", "a.>.b", "a b", "x.y", "x_y"};
  from.group = "a.b";
  from.username = "u";
  from.options = {
      {"ack_wiat", "1s"}, {"ack_wait", "5"}, {"max_ack_pending", "0"}, {"deliver_policy", "nwe"}, {"stream", "A.B"}};
  EXPECT_THAT(
      check_nats(from),
      UnorderedElementsAre("servers: \"localhost\" is not host:port", "servers: \"nats://a:1\" is not host:port",
                           "servers: \"a:0\" is not host:port", "topics: \"orders\" is named twice",
                           "options: \"ack_wiat\" is unknown, did you mean \"ack_wait\"?",
                           HasSubstr("options.ack_wait: "), "options.max_ack_pending: 0 is not within 1 and 1000000",
                           "options.deliver_policy: \"nwe\" is none of all, new, did you mean \"new\"?",
                           HasSubstr("group: \"a.b\""), HasSubstr("options.stream: \"A.B\""),
                           HasSubstr("topics: \"a..b\""), HasSubstr("topics: \"a.>.b\""), HasSubstr("topics: \"a b\""),
                           HasSubstr("\"x.y\" and \"x_y\" would share"), HasSubstr("username: is given without")));
  StreamSource nothing;
  EXPECT_THAT(check_nats(nothing), testing::Contains(HasSubstr("topics: none is given")));
  EXPECT_THAT(check_nats(nothing), testing::Contains(HasSubstr("servers: none is given")));
}

}  // namespace
}  // namespace tributary
