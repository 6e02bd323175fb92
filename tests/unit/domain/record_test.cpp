#include "engine/domain/record.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

const KeyedHash kKey(std::string(32, 'k'));

Event sample_event() {
  Event event;
  event.source = "web";
  event.message_id = "m-1";
  event.type = EventType::track;
  event.name = "Order Completed";
  event.channel = "web";
  event.occurred_at = Timestamp{-7};
  event.flags = EventFlags::kFutureClamped;
  auto email = Identifier::from_normalised({IdentifierFamily::email, {}}, "ann@example.com");
  event.identifiers.push_back({email, identifier_hash(kKey, email), Trust::verified});
  event.traits.push_back({"plan", "\"free\"", TraitOperation::set});
  event.json = R"({"n":12345678901234567890123})";
  return event;
}

TEST(Record, EventReadsBack) {
  std::string payload;
  encode_event(sample_event(), kKey, payload);
  EventView view;
  ASSERT_TRUE(decode_event(payload, view));
  EXPECT_EQ(view.source, "web");
  EXPECT_EQ(view.message_id, "m-1");
  EXPECT_EQ(view.message_hash, message_hash(kKey, "web", "m-1"));
  EXPECT_EQ(view.name, "Order Completed");
  EXPECT_EQ(view.occurred_at.micros, -7);
  ASSERT_EQ(view.identifiers.size(), 1u);
  EXPECT_EQ(view.identifiers[0].value, "ann@example.com");
  EXPECT_EQ(view.identifiers[0].trust, Trust::verified);
  ASSERT_EQ(view.traits.size(), 1u);
  EXPECT_EQ(view.traits[0].value_json, "\"free\"");
  EXPECT_EQ(view.json, R"({"n":12345678901234567890123})");
  EXPECT_NE(view.evidence, Hash128{});
}

TEST(Record, TrustIsPartOfTheEvidence) {
  Event event = sample_event();
  std::string verified, claimed;
  encode_event(event, kKey, verified);
  event.identifiers[0].trust = Trust::claimed;
  encode_event(event, kKey, claimed);
  EventView a, b;
  ASSERT_TRUE(decode_event(verified, a));
  ASSERT_TRUE(decode_event(claimed, b));
  EXPECT_NE(a.evidence, b.evidence);
}

TEST(Record, EveryCutIsRefused) {
  std::string payload;
  Event event = sample_event();
  event.json = "";
  encode_event(event, kKey, payload);
  EventView view;
  for (size_t length = 0; length < payload.size(); ++length) {
    EXPECT_FALSE(decode_event(payload.substr(0, length), view)) << length;
  }
}

TEST(Record, RejectedReadsBackAndKeepsAtMostItsLimit) {
  std::string raw(kRejectedRawMax + 10, 'x');
  Rejected rejected;
  rejected.source = "web";
  rejected.code = RejectionCode::missing_id;
  rejected.message = "why";
  rejected.path = "/batch/3";
  rejected.raw = raw;
  std::string payload;
  encode_rejected(rejected, kKey, payload);
  auto view = decode_rejected(payload);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->code, RejectionCode::missing_id);
  EXPECT_EQ(view->path, "/batch/3");
  EXPECT_EQ(view->raw.size(), kRejectedRawMax);
  EXPECT_EQ(view->message_hash, Hash128{});
}

}  // namespace
}  // namespace tributary
