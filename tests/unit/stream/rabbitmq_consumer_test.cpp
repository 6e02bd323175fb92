#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "broker_process.h"
#include "connectors/stream/consumer.h"
#include "stream_source_of.h"

namespace tributary {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

constexpr const char* kRabbitServer = "/usr/lib/rabbitmq/bin/rabbitmq-server";  // the one of PATH changes the user

/// The other side: makes queues and publishes. Everything is persistent.
class RabbitPublisher {
 public:
  explicit RabbitPublisher(int port) : connection_(amqp_new_connection()) {
    amqp_socket_t* socket = amqp_tcp_socket_new(connection_);
    EXPECT_EQ(amqp_socket_open(socket, "127.0.0.1", port), AMQP_STATUS_OK);
    require(amqp_login(connection_, "/", 0, 131'072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"));
    amqp_channel_open(connection_, 1);
    require(amqp_get_rpc_reply(connection_));
  }
  ~RabbitPublisher() {
    amqp_connection_close(connection_, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(connection_);
  }

  void declare(const std::string& queue) {
    amqp_queue_declare(connection_, 1, amqp_cstring_bytes(queue.c_str()), 0, 1, 0, 0, amqp_empty_table);
    require(amqp_get_rpc_reply(connection_));
  }

  void remove(const std::string& queue) {
    amqp_queue_delete(connection_, 1, amqp_cstring_bytes(queue.c_str()), 0, 0);
    require(amqp_get_rpc_reply(connection_));
  }

  void publish(const std::string& queue, const std::string& text, amqp_basic_properties_t properties = {}) {
    properties._flags |= AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.delivery_mode = 2;
    const amqp_bytes_t body{text.size(), const_cast<char*>(text.data())};
    ASSERT_EQ(amqp_basic_publish(connection_, 1, amqp_empty_bytes, amqp_cstring_bytes(queue.c_str()), 0, 0, &properties,
                                 body),
              AMQP_STATUS_OK);
  }

  void publish_all(const std::string& queue, const std::vector<std::string>& texts) {
    for (const std::string& text : texts) publish(queue, text);
  }

 private:
  static void require(const amqp_rpc_reply_t& reply) { EXPECT_EQ(reply.reply_type, AMQP_RESPONSE_NORMAL); }

  amqp_connection_state_t connection_;
};

// Erlang starts slowly, so that one broker serves all tests, each with a queue of its own.
class RabbitConsumerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (access(kRabbitServer, X_OK) != 0 || find_server("epmd").empty()) return;
    signal(SIGPIPE, SIG_IGN);
    names_ = new BrokerProcess({"epmd", "-port", "{port}", "-address", "127.0.0.1"});
    broker_ = new BrokerProcess(
        {"env", "HOME={dir}", "RUNNING_UNDER_SYSTEMD=1", "RABBITMQ_NODENAME=test{port}@localhost",
         "RABBITMQ_MNESIA_BASE={dir}/mnesia", "RABBITMQ_LOG_BASE={dir}", "RABBITMQ_LOGS=-", "RABBITMQ_NODE_PORT={port}",
         "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1", "RABBITMQ_DIST_PORT=" + std::to_string(free_port()),
         "ERL_EPMD_PORT=" + std::to_string(names_->port()), "RABBITMQ_ENABLED_PLUGINS_FILE={dir}/plugins",
         "RABBITMQ_CONF_ENV_FILE=/dev/null", "RABBITMQ_CONFIG_FILES={dir}/none", "RABBITMQ_PID_FILE={dir}/pid",
         "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-setcookie test +sbwt none", kRabbitServer});
  }
  static void TearDownTestSuite() {
    delete broker_;
    delete names_;
  }

  void SetUp() override {
    if (broker_ == nullptr) GTEST_SKIP() << "SKIPPED LOUDLY: rabbitmq-server is not installed";
    queue_ = testing::UnitTest::GetInstance()->current_test_info()->name();
    publisher_ = std::make_unique<RabbitPublisher>(broker_->port());
    publisher_->declare(queue_);
  }

  StreamSource source() const { return stream_source_of(StreamKind::rabbitmq, {broker_->address()}, {queue_}); }

  static std::unique_ptr<StreamConsumer> opened(const StreamSource& source) {
    auto consumer = make_rabbitmq_consumer(source, {});
    auto done = consumer->open();
    EXPECT_TRUE(done) << done.error().message;
    return consumer;
  }

  static std::string error_of_open(const StreamSource& source) {
    auto done = make_rabbitmq_consumer(source, {})->open();
    return done ? "" : done.error().message;
  }

  static inline BrokerProcess* names_ = nullptr;
  static inline BrokerProcess* broker_ = nullptr;
  std::string queue_;
  std::unique_ptr<RabbitPublisher> publisher_;
};

TEST_F(RabbitConsumerTest, GivesMessagesInOrderWithPropertiesAndHeaders) {
  auto consumer = opened(source());
  amqp_table_entry_t entries[3];
  entries[0].key = amqp_cstring_bytes("color");
  entries[0].value.kind = AMQP_FIELD_KIND_UTF8;
  entries[0].value.value.bytes = amqp_cstring_bytes("red");
  entries[1].key = amqp_cstring_bytes("shop");
  entries[1].value.kind = AMQP_FIELD_KIND_I32;
  entries[1].value.value.i32 = -7;
  entries[2].key = amqp_cstring_bytes("gift");
  entries[2].value.kind = AMQP_FIELD_KIND_BOOLEAN;
  entries[2].value.value.boolean = 1;
  amqp_basic_properties_t properties{};
  properties._flags =
      AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG;
  properties.headers = {3, entries};
  properties.message_id = amqp_cstring_bytes("o-1");
  properties.timestamp = 1'800'000'000;
  properties.content_type = amqp_cstring_bytes("application/json");
  publisher_->publish(queue_, "first", properties);
  publisher_->publish(queue_, "");
  auto batches = take_messages(*consumer, 2);
  ASSERT_THAT(values_of(batches), ElementsAre("first", ""));
  const StreamMessage& message = batches[0]->messages[0];
  EXPECT_EQ(message.place, queue_ + "/o-1");
  EXPECT_EQ(message.topic, queue_);
  EXPECT_EQ(message.sent_at, (Timestamp{1'800'000'000'000'000}));
  EXPECT_THAT(message.headers, ElementsAre(Pair("color", "red"), Pair("shop", "-7"), Pair("gift", "true"),
                                           Pair("content-type", "application/json"), Pair("message-id", "o-1"),
                                           Pair("routing-key", queue_), Pair("exchange", "")));
  EXPECT_EQ(batches.back()->messages.back().place, "");
}

TEST_F(RabbitConsumerTest, WhatWasNotAcknowledgedComesAgainAndNothingElse) {
  auto consumer = opened(source());
  publisher_->publish_all(queue_, numbered(0, 100));
  acknowledge_all(*consumer, take_messages(*consumer, 100));
  publisher_->publish_all(queue_, numbered(100, 200));
  EXPECT_EQ(values_of(take_messages(*consumer, 100)), numbered(100, 200));
  consumer.reset();
  consumer = opened(source());
  auto again = take_messages(*consumer, 100);
  EXPECT_EQ(values_of(again), numbered(100, 200));
  acknowledge_all(*consumer, again);
  consumer.reset();
  consumer = opened(source());
  EXPECT_EQ(*consumer->next_batch(300ms), nullptr);
}

TEST_F(RabbitConsumerTest, ABatchOutlivesItsConnection) {
  auto consumer = opened(source());
  publisher_->publish_all(queue_, numbered(0, 3));
  auto batches = take_messages(*consumer, 3);
  consumer.reset();
  EXPECT_EQ(values_of(batches), numbered(0, 3));
}

TEST_F(RabbitConsumerTest, PrefetchBoundsWhatIsOnItsWay) {
  StreamSource few = source();
  few.options = {{"prefetch", "10"}};
  auto consumer = opened(few);
  publisher_->publish_all(queue_, numbered(0, 25));
  auto first = take_messages(*consumer, 10);
  EXPECT_EQ(values_of(first), numbered(0, 10));
  EXPECT_EQ(*consumer->next_batch(200ms), nullptr);
  acknowledge_all(*consumer, first);
  EXPECT_EQ(values_of(take_messages(*consumer, 10)), numbered(10, 20));
}

TEST_F(RabbitConsumerTest, SeveralQueuesAreAcknowledgedTogether) {
  const std::string other = queue_ + "Other";
  publisher_->declare(other);
  StreamSource both = source();
  both.topics.push_back(other);
  auto consumer = opened(both);
  for (int at = 0; at < 50; ++at) {
    publisher_->publish(queue_, "a");
    publisher_->publish(other, "b");
  }
  acknowledge_all(*consumer, take_messages(*consumer, 100));
  consumer.reset();
  consumer = opened(both);
  EXPECT_EQ(*consumer->next_batch(300ms), nullptr);
}

TEST_F(RabbitConsumerTest, IdleKeepsTheConnectionAndFetchesAtMostOneBatch) {
  StreamSource impatient = source();
  impatient.options = {{"heartbeat", "2s"}, {"prefetch", "20000"}};
  auto consumer = opened(impatient);
  publisher_->publish_all(queue_, std::vector<std::string>(20'000, std::string(1'000, 'x')));
  for (int at = 0; at < 14; ++at) {
    auto idled = consumer->idle(500ms);
    ASSERT_TRUE(idled) << idled.error().message;
  }
  auto batch = consumer->next_batch(0ms);
  ASSERT_TRUE(batch && *batch);
  const size_t read_ahead = (*batch)->messages.size();
  EXPECT_LE(read_ahead, kStreamBatchMessagesMax);
  EXPECT_THAT(values_of(take_messages(*consumer, 20'000 - read_ahead)), SizeIs(20'000 - read_ahead));
}

TEST_F(RabbitConsumerTest, AQuietConnectionLives) {
  StreamSource impatient = source();
  impatient.options = {{"heartbeat", "2s"}};
  auto consumer = opened(impatient);
  for (int at = 0; at < 14; ++at) ASSERT_TRUE(consumer->next_batch(500ms));
  publisher_->publish(queue_, "still here");
  EXPECT_THAT(values_of(take_messages(*consumer, 1)), ElementsAre("still here"));
}

TEST_F(RabbitConsumerTest, LagIsWhatWaitsBehindThePrefetch) {
  StreamSource few = source();
  few.options = {{"prefetch", "10"}};
  publisher_->publish_all(queue_, numbered(0, 100));
  auto consumer = opened(few);
  EXPECT_THAT(values_of(take_messages(*consumer, 10)), SizeIs(10));
  EXPECT_THAT(consumer->lag(), IsEmpty());  // asks
  EXPECT_EQ(*consumer->next_batch(500ms), nullptr);
  auto lag = consumer->lag();
  ASSERT_THAT(lag, SizeIs(1));
  EXPECT_EQ(lag[0].stream, queue_);
  EXPECT_EQ(lag[0].messages, 90);
}

TEST_F(RabbitConsumerTest, AQueueThatIsDeletedIsNoticed) {
  auto consumer = opened(source());
  publisher_->remove(queue_);
  auto batch = consumer->next_batch(2s);
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::unavailable);
  EXPECT_THAT(batch.error().message, HasSubstr("a queue was deleted"));
}

TEST_F(RabbitConsumerTest, AMissingQueueIsNamedOrDeclared) {
  StreamSource missing = source();
  missing.topics = {"nowhere"};
  EXPECT_THAT(error_of_open(missing), HasSubstr("404 NOT_FOUND - no queue 'nowhere' in vhost '/'"));
  missing.options = {{"declare", "true"}};
  EXPECT_EQ(error_of_open(missing), "");
  publisher_->remove("nowhere");
}

TEST_F(RabbitConsumerTest, RefusalsAreToldWithoutThePassword) {
  StreamSource stranger = source();
  stranger.username = "ann";
  stranger.password = "hunter2";
  const std::string said = error_of_open(stranger);
  EXPECT_THAT(said, HasSubstr("ACCESS_REFUSED"));
  EXPECT_THAT(said, Not(HasSubstr("hunter2")));
  StreamSource elsewhere = source();
  elsewhere.options = {{"vhost", "moon"}};
  EXPECT_THAT(error_of_open(elsewhere), HasSubstr("vhost moon not found"));
  StreamSource nobody = source();
  nobody.servers = {"127.0.0.1:" + std::to_string(free_port())};
  EXPECT_THAT(error_of_open(nobody), HasSubstr(nobody.servers[0] + ": connecting"));
  nobody.servers.push_back(broker_->address());
  EXPECT_EQ(error_of_open(nobody), "");
}

TEST_F(RabbitConsumerTest, ZAfterAllABrokerThatDiesIsNoticedAndWhatItHeldComesAgain) {
  publisher_->publish_all(queue_, numbered(0, 10));
  publisher_->declare(queue_);  // its answer says that the broker has read what came before
  poll(nullptr, 0, 500);        // a message is written to the disk some time after that
  auto consumer = opened(source());
  EXPECT_EQ(values_of(take_messages(*consumer, 10)), numbered(0, 10));
  broker_->kill();
  auto batch = consumer->next_batch(1s);
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::unavailable);
  consumer.reset();
  broker_->start();
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  std::string error = "not tried";
  while (!error.empty() && std::chrono::steady_clock::now() < deadline) error = error_of_open(source());
  EXPECT_EQ(error, "");
  consumer = opened(source());
  EXPECT_EQ(values_of(take_messages(*consumer, 10)), numbered(0, 10));
}

TEST(RabbitCheck, NamesWhatCannotWork) {
  StreamSource source = stream_source_of(StreamKind::rabbitmq, {"rabbit:0"}, {std::string(256, 'q')});
  source.options = {{"prefetch", "70000"}, {"hearbeat", "5s"}, {"declare", "yes"}, {"vhost", ""}};
  auto wrong = check_rabbitmq(source);
  EXPECT_THAT(wrong, Contains(HasSubstr("\"rabbit:0\" is not host:port")));
  EXPECT_THAT(wrong, Contains(HasSubstr("prefetch")));
  EXPECT_THAT(wrong, Contains(HasSubstr("did you mean \"heartbeat\"")));
  EXPECT_THAT(wrong, Contains(HasSubstr("declare")));
  EXPECT_THAT(wrong, Contains(HasSubstr("vhost")));
  EXPECT_THAT(wrong, Contains(HasSubstr("longer than 255 bytes")));
  source = stream_source_of(StreamKind::rabbitmq, {"localhost:5672"}, {"orders"});
  source.options = {{"prefetch", "100"}, {"heartbeat", "60s"}, {"declare", "true"}, {"vhost", "/"}};
  EXPECT_THAT(check_rabbitmq(source), IsEmpty());
}

}  // namespace
}  // namespace tributary
