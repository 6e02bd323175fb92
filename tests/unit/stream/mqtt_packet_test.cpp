#include "connectors/stream/mqtt_packet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>

namespace tributary {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using namespace std::string_view_literals;

constexpr size_t kMost = 1 << 20;

MqttFrame frame_of(std::string_view bytes) {
  auto frame = first_mqtt_frame(bytes, kMost);
  EXPECT_TRUE(frame && *frame);
  return frame && *frame ? **frame : MqttFrame{};
}

constexpr auto kPublish =
    "\x3b\x1f"
    "\x00\x03"
    "a/b"
    "\x01\x02"
    "\x10"
    "\x03\x00\x02js"
    "\x26\x00\x02id\x00\x04"
    "7788"
    "{\"x\":1}"sv;

TEST(MqttPacket, PublishIsReadWithItsProperties) {
  auto publish = read_mqtt_publish(frame_of(kPublish));
  ASSERT_TRUE(publish) << publish.error().message;
  EXPECT_EQ(publish->topic, "a/b");
  EXPECT_EQ(publish->qos, 1);
  EXPECT_TRUE(publish->retained);
  EXPECT_TRUE(publish->duplicate);
  EXPECT_EQ(publish->packet_id, 0x0102);
  EXPECT_EQ(publish->content_type, "js");
  EXPECT_THAT(publish->user_properties, ElementsAre(Pair("id", "7788")));
  EXPECT_EQ(publish->payload, "{\"x\":1}");
}

TEST(MqttPacket, ConnectIsWrittenByteForByte) {
  MqttConnect connect{.client_id = "c",
                      .username = "u",
                      .password = "p",
                      .keep_alive_seconds = 20,
                      .session_expiry_seconds = 604'800,
                      .receive_maximum = 10,
                      .packet_bytes_max = 65'536};
  EXPECT_EQ(mqtt_connect_packet(connect),
            "\x10\x21\x00\x04MQTT\x05\xc0\x00\x14\x0d\x11\x00\x09\x3a\x80\x21\x00\x0a\x27\x00\x01\x00\x00"
            "\x00\x01"
            "c\x00\x01u\x00\x01p"sv);
}

TEST(MqttPacket, SubscribeAndAnswersAreWrittenByteForByte) {
  EXPECT_EQ(mqtt_subscribe_packet(1, {"a/#", "b"}, 1),
            "\x82\x0d\x00\x01\x00\x00\x03"
            "a/#\x11\x00\x01"
            "b\x11"sv);
  std::string out;
  append_mqtt_answer(out, MqttPacketType::puback, 0x1234);
  append_mqtt_answer(out, MqttPacketType::pubrec, 1);
  EXPECT_EQ(out, "\x40\x02\x12\x34\x50\x02\x00\x01"sv);
}

TEST(MqttPacket, EveryBeginningOfAPacketAsksForMore) {
  for (size_t bytes = 0; bytes < kPublish.size(); ++bytes) {
    auto frame = first_mqtt_frame(kPublish.substr(0, bytes), kMost);
    ASSERT_TRUE(frame);
    EXPECT_FALSE(*frame) << bytes;
  }
}

TEST(MqttPacket, TooLongAPacketAndAnEndlessLengthAreErrors) {
  EXPECT_FALSE(first_mqtt_frame("\x30\xff\xff\xff\x7f"sv, kMost));
  EXPECT_FALSE(first_mqtt_frame("\x30\xff\xff\xff\xff\x01"sv, kMost));
}

TEST(MqttPacket, ABodyThatEndsTooEarlyIsAnErrorAtEveryByte) {
  // The last seven bytes are payload, of which any number is good.
  MqttFrame frame = frame_of(kPublish);
  for (size_t bytes = 0; bytes + 7 < frame.body.size(); ++bytes) {
    MqttFrame cut = frame;
    cut.body = frame.body.substr(0, bytes);
    EXPECT_FALSE(read_mqtt_publish(cut)) << bytes;
  }
}

TEST(MqttPacket, RefusalsAreToldInWords) {
  auto old = read_mqtt_connack(frame_of("\x20\x02\x00\x01"sv));
  ASSERT_TRUE(old);
  EXPECT_THAT(old->reason_text, HasSubstr("no MQTT 5"));
  auto refused = read_mqtt_connack(frame_of("\x20\x0a\x00\x86\x07\x1f\x00\x04sure"sv));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason_text, "bad user name or password: sure");
  auto gone = read_mqtt_disconnect(frame_of("\xe0\x01\x8e"sv));
  ASSERT_TRUE(gone);
  EXPECT_THAT(gone->reason_text, HasSubstr("taken over"));
}

TEST(MqttPacket, ConnackTellsTheSessionAndTheBrokersWishes) {
  auto read = read_mqtt_connack(frame_of("\x20\x0b\x01\x00\x08\x13\x00\x05\x11\x00\x00\x00\x3c"sv));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->session_present);
  EXPECT_EQ(read->keep_alive_seconds, 5);
  EXPECT_EQ(read->session_expiry_seconds, 60u);
}

TEST(MqttPacket, FiltersAreCheckedLevelByLevel) {
  for (auto good : {"a", "/", "+", "#", "a/+/b", "a/#", "$share/g/a/#", "+/+", "a//b"})
    EXPECT_EQ(mqtt_filter_fault(good), "") << good;
  for (auto bad : {"", "a+", "a/b#", "#/a", "a/#/b", "$share/g", "$share//a", "$share/+/a", "$share/g/"})
    EXPECT_NE(mqtt_filter_fault(bad), "") << bad;
}

// An allocation of its own for each packet lets the address sanitizer see one byte too many.
void read_as_anything(std::string_view bytes) {
  std::unique_ptr<char[]> exact(new char[bytes.size()]);
  if (!bytes.empty()) std::memcpy(exact.get(), bytes.data(), bytes.size());
  auto frame = first_mqtt_frame({exact.get(), bytes.size()}, kMost);
  if (!frame || !*frame) return;
  const char* end = exact.get() + bytes.size();
  ASSERT_LE((*frame)->body.data() + (*frame)->body.size(), end);
  (void)read_mqtt_connack(**frame);
  (void)read_mqtt_suback(**frame);
  (void)read_mqtt_disconnect(**frame);
  (void)read_mqtt_packet_id(**frame);
  if (auto publish = read_mqtt_publish(**frame)) {
    ASSERT_LE(publish->topic.size() + publish->payload.size(), (*frame)->body.size());
    for (const auto& [name, value] : publish->user_properties) ASSERT_LE(value.data() + value.size(), end);
  }
}

TEST(MqttPacket, RandomAndDamagedPacketsAreReadWithinTheirBounds) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200'000; ++round) {
    std::string bytes(round % 2 == 0 ? std::string(kPublish) : std::string(random() % 64, '\0'));
    const size_t changes = round % 2 == 0 ? 1 + random() % 4 : bytes.size();
    for (size_t at = 0; at < changes && !bytes.empty(); ++at)
      bytes[round % 2 == 0 ? random() % bytes.size() : at] = static_cast<char>(random());
    // Mostly a length that fits, or little is ever read.
    if (bytes.size() > 1 && random() % 4 != 0) bytes[1] = static_cast<char>(bytes.size() - 2);
    read_as_anything(bytes);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace tributary
