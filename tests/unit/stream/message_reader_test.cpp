// Messages to events: as SDKs send them, and by a mapping.
#include "connectors/stream/message_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/webhook/connector_library.h"
#include "tests/unit/stream/stream_source_of.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const KeyedHash kKey(std::string(32, 'k'));
const Timestamp kNow{1'767'323'045'000'000};

class MessageReaderTest : public ::testing::Test {
 protected:
  MessageReaderTest() : source_(stream_source_of(StreamKind::kafka, {"127.0.0.1:9092"}, {"orders"})) {
    source_.source.workspace = WorkspaceId{7};
    source_.source.trust = SourceTrust::server;
  }

  void map_by(const std::string& connector) {
    auto loaded = load_connector(connector, "");
    ASSERT_TRUE(std::holds_alternative<std::shared_ptr<const Connector>>(loaded));
    source_.mapping = std::get<std::shared_ptr<const Connector>>(loaded);
  }

  void add(std::string_view value, std::string place,
           std::vector<std::pair<std::string_view, std::string_view>> headers = {}) {
    StreamMessage& message = batch_.messages.emplace_back();
    message.value = value;
    message.place = std::move(place);
    message.topic = "orders";
    message.key = "k1";
    message.headers = std::move(headers);
  }

  std::vector<ParsedItem>& read() {
    MessageReader reader(source_, kKey, IngestLimits{});
    reader.read(batch_, kNow, read_);
    return read_.ingest.items;
  }

  const Event& event(size_t i) { return std::get<Event>(read_.ingest.items.at(i)); }
  const Rejected& rejected(size_t i) { return std::get<Rejected>(read_.ingest.items.at(i)); }

  StreamSource source_;
  StreamBatch batch_;
  ReadMessages read_;
};

TEST_F(MessageReaderTest, AnEventWithoutAnIdIsNamedByItsPlace) {
  add(R"({"type":"track","event":"A","userId":"u"})", "orders/3/41");
  add(R"({"type":"track","event":"B","userId":"u","messageId":"own"})", "orders/3/42");
  add(R"([{"type":"track","event":"C","userId":"u"},{"type":"track","event":"D","userId":"u"}])", "orders/3/43");
  ASSERT_EQ(read().size(), 4u);
  std::vector<std::string> ids;
  for (size_t i = 0; i < 4; ++i) {
    ids.push_back(event(i).message_id);
    EXPECT_EQ(event(i).flags & EventFlags::kGeneratedMessageId, 0);
    EXPECT_EQ(event(i).workspace, WorkspaceId{7});
  }
  EXPECT_THAT(ids, ElementsAre("orders/3/41", "own", "orders/3/43", "orders/3/43#1"));
}

TEST_F(MessageReaderTest, WithoutAPlaceTheIdIsMadeAndSaysSo) {
  add(R"({"type":"track","event":"A","userId":"u"})", "");
  ASSERT_EQ(read().size(), 1u);
  EXPECT_FALSE(event(0).message_id.empty());
  EXPECT_NE(event(0).flags & EventFlags::kGeneratedMessageId, 0);
}

TEST_F(MessageReaderTest, AMessageThatIsNoEventIsKeptWithItsPlace) {
  add("not json", "orders/0/1");
  add(R"({"type":"track","userId":"u"})", "orders/0/2");
  add("", "orders/0/3");
  ASSERT_EQ(read().size(), 3u);
  EXPECT_EQ(rejected(0).code, RejectionCode::not_mapped);
  EXPECT_EQ(rejected(0).raw, "not json");
  EXPECT_THAT(rejected(0).message, HasSubstr("(at orders/0/1)"));
  EXPECT_EQ(rejected(0).message_id, "orders/0/1");
  EXPECT_EQ(rejected(1).code, RejectionCode::missing_event);
  EXPECT_EQ(rejected(1).message_id, "orders/0/2");
  EXPECT_EQ(rejected(2).message_id, "orders/0/3");
}

TEST_F(MessageReaderTest, PositionsGoBesideTheEventsEvenWithoutAny) {
  batch_.positions.push_back({"orders/3", 44});
  EXPECT_TRUE(read().empty());
  ASSERT_EQ(read_.ingest.positions.size(), 1u);
  EXPECT_EQ(read_.ingest.positions[0].source, "feed");
  EXPECT_EQ(read_.ingest.positions[0].stream, "orders/3");
  EXPECT_EQ(read_.ingest.positions[0].next, 44u);
  EXPECT_EQ(read_.ingest.workspace, WorkspaceId{7});
}

TEST_F(MessageReaderTest, CloudEventsCarryTheirAttributesInHeaders) {
  map_by("cloudevents");
  add(R"({"total":"129.90"})", "orders/3/41",
      {{"ce_specversion", "1.0"}, {"ce_id", "e-1"}, {"ce_source", "/shop"}, {"ce_type", "com.shop.order"}});
  ASSERT_EQ(read().size(), 1u);
  EXPECT_EQ(event(0).name, "com.shop.order");
  EXPECT_THAT(event(0).message_id, HasSubstr("e-1"));
  EXPECT_THAT(std::string(event(0).json), HasSubstr(R"("129.90")"));
}

TEST_F(MessageReaderTest, WhatAMappingCanNotReadIsKeptWithItsPlace) {
  map_by("cloudevents");
  add("{broken", "orders/3/41");
  ASSERT_EQ(read().size(), 1u);
  EXPECT_THAT(rejected(0).message, HasSubstr("(at orders/3/41)"));
  EXPECT_EQ(rejected(0).raw, "{broken");
}

}  // namespace
}  // namespace tributary
