#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdio>
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

#define NEEDS_MOSQUITTO()              \
  TRIBUTARY_NEEDS_SERVER("mosquitto"); \
  TRIBUTARY_NEEDS_SERVER("mosquitto_pub")

// Lines of mosquitto.conf behind the usual ones; {dir} and {port} are replaced, the listener is there.
class Mosquitto {
 public:
  explicit Mosquitto(const std::string& lines = "allow_anonymous true")
      : process_({"sh", "-c",
                  "printf '%s\\n' 'user root' 'persistence true' 'persistence_location {dir}/' "
                  "'max_queued_messages 0' 'max_inflight_messages 0' 'listener {port} 127.0.0.1' " +
                      quoted(lines) + " >{dir}/mosquitto.conf; exec " + find_server("mosquitto") +
                      " -c {dir}/mosquitto.conf"}) {
    signal(SIGPIPE, SIG_IGN);
  }

  /// Every text at QoS 1, in order, by one connection.
  void publish(const std::string& topic, const std::vector<std::string>& texts, const std::string& more = "-q 1") {
    std::string command = find_server("mosquitto_pub") + " -V 5 -h localhost -p " + std::to_string(port()) + " -t '" +
                          topic + "' -l " + more;
    FILE* pipe = popen(command.c_str(), "w");
    for (const std::string& text : texts) std::fprintf(pipe, "%s\n", text.c_str());
    ASSERT_EQ(pclose(pipe), 0) << command;
  }

  StreamSource source(std::vector<std::string> topics) {
    return stream_source_of(StreamKind::mqtt, {process_.address()}, std::move(topics));
  }
  int port() const { return process_.port(); }
  BrokerProcess& process() { return process_; }

 private:
  static std::string quoted(const std::string& lines) {
    std::string arguments;
    for (size_t begin = 0; begin <= lines.size();) {
      size_t end = std::min(lines.find('\n', begin), lines.size());
      arguments += "'" + lines.substr(begin, end - begin) + "' ";
      begin = end + 1;
    }
    return arguments;
  }

  BrokerProcess process_;
};

std::unique_ptr<StreamConsumer> opened(const StreamSource& source) {
  auto consumer = make_mqtt_consumer(source, {});
  auto done = consumer->open();
  EXPECT_TRUE(done) << done.error().message;
  return consumer;
}

std::string error_of_open(const StreamSource& source) {
  auto done = make_mqtt_consumer(source, {})->open();
  return done ? "" : done.error().message;
}

TEST(MqttConsumer, GivesMessagesInOrderWithTopicAndProperties) {
  NEEDS_MOSQUITTO();
  Mosquitto broker;
  auto consumer = opened(broker.source({"shop/+/orders", "other"}));
  broker.publish("shop/7/orders", {"first", "second"},
                 "-q 1 -D publish user-property message-id 42 -D publish user-property color red "
                 "-D publish content-type application/json");
  auto batches = take_messages(*consumer, 2);
  ASSERT_THAT(values_of(batches), ElementsAre("first", "second"));
  const StreamMessage& message = batches[0]->messages[0];
  EXPECT_EQ(message.topic, "shop/7/orders");
  EXPECT_EQ(message.place, "shop/7/orders/42");
  EXPECT_THAT(message.headers,
              ElementsAre(Pair("message-id", "42"), Pair("color", "red"), Pair("content-type", "application/json")));
  EXPECT_THAT(batches[0]->positions, IsEmpty());
  broker.publish("other", {"no id"});
  auto without = take_messages(*consumer, 1);
  ASSERT_THAT(values_of(without), ElementsAre("no id"));
  EXPECT_EQ(without[0]->messages[0].place, "");
}

TEST(MqttConsumer, WhatWasNotAcknowledgedComesAgainAndNothingElse) {
  NEEDS_MOSQUITTO();
  Mosquitto broker;
  {
    auto consumer = opened(broker.source({"t"}));
    broker.publish("t", numbered(0, 100));
    acknowledge_all(*consumer, take_messages(*consumer, 100));
    broker.publish("t", numbered(100, 200));
    EXPECT_EQ(values_of(take_messages(*consumer, 100)), numbered(100, 200));
  }
  broker.publish("t", numbered(200, 300));  // while nobody is there
  auto consumer = opened(broker.source({"t"}));
  auto batches = take_messages(*consumer, 200);
  EXPECT_EQ(values_of(batches), numbered(100, 300));
  acknowledge_all(*consumer, batches);
  consumer.reset();  // waits until the broker has read the acknowledgements
  consumer = opened(broker.source({"t"}));
  EXPECT_THAT(values_of(take_messages(*consumer, 1)), IsEmpty());
}

TEST(MqttConsumer, QosTwoIsAcknowledgedByHandToo) {
  NEEDS_MOSQUITTO();
  Mosquitto broker;
  StreamSource source = broker.source({"t"});
  source.options = {{"qos", "2"}};
  {
    auto consumer = opened(source);
    broker.publish("t", numbered(0, 20), "-q 2");
    auto batches = take_messages(*consumer, 20);
    EXPECT_EQ(values_of(batches), numbered(0, 20));
  }
  auto consumer = opened(source);
  auto batches = take_messages(*consumer, 20);
  EXPECT_EQ(values_of(batches), numbered(0, 20));
  acknowledge_all(*consumer, batches);
  EXPECT_EQ(*consumer->next_batch(300ms), nullptr);  // answers PUBREL
  consumer.reset();
  consumer = opened(source);
  EXPECT_EQ(*consumer->next_batch(300ms), nullptr);
}

TEST(MqttConsumer, TheBrokerIsToldReceiveMaximum) {
  NEEDS_MOSQUITTO();
  Mosquitto broker;
  StreamSource source = broker.source({"t"});
  source.options = {{"receive_maximum", "10"}};
  auto consumer = opened(source);
  broker.publish("t", numbered(0, 25));
  auto first = take_messages(*consumer, 10);
  EXPECT_EQ(values_of(first), numbered(0, 10));
  EXPECT_EQ(*consumer->next_batch(200ms), nullptr);
  acknowledge_all(*consumer, first);
  // From the first acknowledgement on mosquitto 2.0.11 sends more than it may: who reads has a bound of his own.
  EXPECT_EQ(values_of(take_messages(*consumer, 15)), numbered(10, 25));
}

TEST(MqttConsumer, StaysConnectedWhileIdleAndFetchesAtMostOneBatch) {
  NEEDS_MOSQUITTO();
  Mosquitto broker;
  StreamSource source = broker.source({"t"});
  source.options = {{"keep_alive", "2s"}, {"receive_maximum", "65535"}};
  auto consumer = opened(source);
  const std::string large(1'000, 'x');
  broker.publish("t", std::vector<std::string>(20'000, large));
  for (int at = 0; at < 8; ++at) {
    const auto start = std::chrono::steady_clock::now();
    auto idled = consumer->idle(500ms);
    ASSERT_TRUE(idled) << idled.error().message;
    EXPECT_GE(std::chrono::steady_clock::now() - start, 490ms);
  }
  auto batch = consumer->next_batch(0ms);
  ASSERT_TRUE(batch && *batch);
  EXPECT_LE((*batch)->messages.size(), kStreamBatchMessagesMax);
  EXPECT_EQ(values_of(take_messages(*consumer, 20'000 - (*batch)->messages.size())).size() + (*batch)->messages.size(),
            20'000u);
}

TEST(MqttConsumer, QuietConnectionsLive) {
  NEEDS_MOSQUITTO();
  Mosquitto broker;
  StreamSource source = broker.source({"t"});
  source.options = {{"keep_alive", "2s"}};
  auto consumer = opened(source);
  for (int at = 0; at < 8; ++at) ASSERT_TRUE(consumer->next_batch(500ms));
  broker.publish("t", {"still here"});
  EXPECT_THAT(values_of(take_messages(*consumer, 1)), ElementsAre("still here"));
}

TEST(MqttConsumer, ABrokerThatFallsSilentIsNoticed) {
  NEEDS_MOSQUITTO();
  Mosquitto broker;
  StreamSource source = broker.source({"t"});
  source.options = {{"keep_alive", "2s"}};
  auto consumer = opened(source);
  broker.process().pause(true);
  const auto start = std::chrono::steady_clock::now();
  std::string said;
  while (said.empty() && std::chrono::steady_clock::now() - start < 10s) {
    auto batch = consumer->next_batch(100ms);
    if (!batch) said = batch.error().message;
  }
  broker.process().pause(false);
  EXPECT_THAT(said, HasSubstr("PINGREQ"));
}

TEST(MqttConsumer, ABrokerThatDiesIsNoticedReadingAndIdle) {
  NEEDS_MOSQUITTO();
  Mosquitto broker;
  auto reading = opened(broker.source({"t"}));
  StreamSource other = broker.source({"t"});
  other.group = "other";
  auto idle = opened(other);
  broker.process().kill();
  auto batch = reading->next_batch(1s);
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::unavailable);
  auto idled = idle->idle(1s);
  ASSERT_FALSE(idled);
  EXPECT_EQ(idled.error().code, ErrorCode::unavailable);
}

TEST(MqttConsumer, ASessionThatTheBrokerLostIsSubscribedAgain) {
  NEEDS_MOSQUITTO();
  Mosquitto broker;
  (void)opened(broker.source({"t"}));
  broker.process().kill();
  std::remove((broker.process().directory() + "/mosquitto.db").c_str());
  broker.process().start();
  testing::internal::CaptureStderr();
  auto consumer = opened(broker.source({"t"}));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("had no session"));
  broker.publish("t", {"new"});
  EXPECT_THAT(values_of(take_messages(*consumer, 1)), ElementsAre("new"));
  consumer.reset();
  testing::internal::CaptureStderr();
  consumer = opened(broker.source({"t"}));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(MqttConsumer, TwoSharersTakeEachMessageOnce) {
  NEEDS_MOSQUITTO();
  Mosquitto broker;
  StreamSource one = broker.source({"$share/shop/t"}), two = one;
  two.group = "two";
  auto first = opened(one), second = opened(two);
  broker.publish("t", numbered(0, 50));
  size_t taken = 0;
  for (int at = 0; at < 10; ++at) {
    for (auto* consumer : {first.get(), second.get()}) {
      auto batch = consumer->next_batch(100ms);
      if (batch && *batch) taken += (*batch)->messages.size();
    }
  }
  EXPECT_EQ(taken, 50u);
}

TEST(MqttConsumer, TheSecondClientOfAGroupTakesItsPlace) {
  NEEDS_MOSQUITTO();
  Mosquitto broker;
  auto first = opened(broker.source({"t"}));
  auto second = opened(broker.source({"t"}));
  auto batch = first->next_batch(1s);
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::unavailable);  // mosquitto says no reason
}

TEST(MqttConsumer, ARefusedPasswordIsToldWithoutIt) {
  NEEDS_MOSQUITTO();
  Mosquitto broker("allow_anonymous false\npassword_file /dev/null");
  StreamSource source = broker.source({"t"});
  source.username = "ann";
  source.password = "hunter2";
  std::string said = error_of_open(source);
  EXPECT_THAT(said, HasSubstr("not authorized"));
  EXPECT_THAT(said, Not(HasSubstr("hunter2")));
}

TEST(MqttConsumer, ThePasswordIsSent) {
  NEEDS_MOSQUITTO();
  TRIBUTARY_NEEDS_SERVER("mosquitto_passwd");
  const std::string file = testing::TempDir() + "mqtt_passwords_" + std::to_string(getpid());
  ASSERT_EQ(std::system(("umask 077; mosquitto_passwd -c -b " + file + " ann hunter2").c_str()), 0);
  Mosquitto broker("allow_anonymous false\npassword_file " + file);
  StreamSource source = broker.source({"t"});
  source.username = "ann";
  source.password = "hunter2";
  auto consumer = opened(source);
  broker.publish("t", {"in"}, "-q 1 -u ann -P hunter2");
  EXPECT_THAT(values_of(take_messages(*consumer, 1)), ElementsAre("in"));
  std::remove(file.c_str());
}

TEST(MqttConsumer, ARefusedTopicIsNamed) {
  NEEDS_MOSQUITTO();
  Mosquitto broker("allow_anonymous true\nmax_qos 0");
  EXPECT_THAT(error_of_open(broker.source({"t"})), HasSubstr("topic \"t\" only QoS 0"));
}

TEST(MqttConsumer, NobodyThereIsToldByNameAndTheNextServerIsTried) {
  NEEDS_MOSQUITTO();
  Mosquitto broker;
  StreamSource source = broker.source({"t"});
  const std::string nobody = "127.0.0.1:" + std::to_string(free_port());
  source.servers = {nobody};
  EXPECT_THAT(error_of_open(source), HasSubstr(nobody + ": connecting: Connection refused"));
  source.servers = {nobody, broker.process().address()};
  EXPECT_EQ(error_of_open(source), "");
}

TEST(MqttConsumer, TlsVerifiesTheBroker) {
  NEEDS_MOSQUITTO();
  TRIBUTARY_NEEDS_SERVER("openssl");
  char pattern[] = "/tmp/tributary-mqtt-tls-XXXXXX";
  const std::string directory = mkdtemp(pattern);
  ASSERT_EQ(std::system(("cd " + directory +
                         " && openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj "
                         "/CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null")
                            .c_str()),
            0);
  Mosquitto broker("allow_anonymous true\ncertfile " + directory + "/cert.pem\nkeyfile " + directory + "/key.pem");
  StreamSource source = broker.source({"t"});
  source.tls.enabled = true;
  EXPECT_THAT(error_of_open(source), HasSubstr("verifying the broker's certificate: self-signed certificate"));
  source.tls.ca_file = directory + "/cert.pem";
  auto consumer = opened(source);
  const std::string large(100'000, 'y');
  broker.publish("t", std::vector<std::string>(50, large), "-q 1 --cafile " + source.tls.ca_file);
  auto batches = take_messages(*consumer, 50);
  EXPECT_EQ(values_of(batches), std::vector<std::string>(50, large));
  acknowledge_all(*consumer, batches);
  std::system(("rm -r " + directory).c_str());
}

TEST(MqttCheck, NamesWhatCannotWork) {
  StreamSource source = stream_source_of(StreamKind::mqtt, {"broker"}, {"a/#/b"});
  source.group.clear();
  source.options = {{"qos", "0"}, {"receive_maximun", "5"}, {"keep_alive", "100ms"}};
  auto wrong = check_mqtt(source);
  EXPECT_THAT(wrong, Contains(HasSubstr("\"broker\" is not host:port")));
  EXPECT_THAT(wrong, Contains(HasSubstr("group")));
  EXPECT_THAT(wrong, Contains(HasSubstr("qos")));
  EXPECT_THAT(wrong, Contains(HasSubstr("did you mean \"receive_maximum\"")));
  EXPECT_THAT(wrong, Contains(HasSubstr("keep_alive")));
  EXPECT_THAT(wrong, Contains(HasSubstr("a/#/b")));
  source = stream_source_of(StreamKind::mqtt, {"[::1]:1883"}, {"$share/g/a/+"});
  source.options = {{"qos", "2"}, {"session_expiry_interval", "30d"}, {"keep_alive", "60s"}};
  EXPECT_THAT(check_mqtt(source), IsEmpty());
}

}  // namespace
}  // namespace tributary
