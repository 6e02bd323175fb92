#include "engine/domain/record.h"

#include <gtest/gtest.h>

#include "engine/base/bytes.h"

namespace tributary {
namespace {

const KeyedHash kKey(std::string(32, 'k'));

Event sample_event() {
  Event event;
  event.source = "web";
  event.message_id = "m-1";
  event.type = EventType::track;
  event.name = "Order Completed";
  event.channel = "store";
  event.touchpoint = "store:hz-01";
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
  EXPECT_EQ(view.channel, "store");
  EXPECT_EQ(view.touchpoint, "store:hz-01");
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

OrderSaid sample_order() {
  OrderSaid order;
  order.act = OrderAct::refunded;
  order.order = order_hash(kKey, "shop", "A-1");
  order.order_namespace = "shop";
  order.order_id = "A-1";
  order.refund_id = "r-1";
  order.refund_amount = "30.00";
  order.values = {{OrderField::currency, "CNY"}, {OrderField::lines, R"([{"sku":"s"}])"}};
  return order;
}

TEST(Record, OrderReadsBack) {
  Event event = sample_event();
  event.order = sample_order();
  std::string payload;
  encode_event(event, kKey, payload);
  EXPECT_EQ(payload.front(), 3) << "version";
  EventView view;
  ASSERT_TRUE(decode_event(payload, view));
  ASSERT_TRUE(view.order);
  EXPECT_EQ(view.order->act, OrderAct::refunded);
  EXPECT_EQ(view.order->order, order_hash(kKey, "shop", "A-1"));
  EXPECT_EQ(view.order->order_namespace, "shop");
  EXPECT_EQ(view.order->order_id, "A-1");
  EXPECT_EQ(view.order->refund_id, "r-1");
  EXPECT_EQ(view.order->refund_amount, "30.00");
  ASSERT_EQ(view.order->values.size(), 2u);
  EXPECT_EQ(view.order->values[0].field, OrderField::currency);
  EXPECT_EQ(view.order->values[0].text, "CNY");
  EXPECT_EQ(view.order->values[1].field, OrderField::lines);
  EXPECT_EQ(view.order->values[1].text, R"([{"sku":"s"}])");
  EXPECT_EQ(view.json, event.json);
}

std::vector<FactSaid> sample_facts() {
  FactSaid talk{FactKind::interaction, 2, Trust::verified, {}, "HD1", {{1, "phone"}, {7, ""}}};
  talk.subject = fact_subject(kKey, talk.kind, talk.subject_text);
  return {talk, {FactKind::interaction, 1, Trust::claimed, {}, "", {}}};
}

TEST(Record, FactsReadBack) {
  Event event = sample_event();
  event.facts = sample_facts();
  std::string payload, without;
  encode_event(event, kKey, payload);
  encode_event(sample_event(), kKey, without);
  EventView view;
  ASSERT_TRUE(decode_event(payload, view));
  ASSERT_EQ(view.facts.size(), 2u);
  const RecordFact& talk = view.facts[0];
  EXPECT_EQ(talk.kind, FactKind::interaction);
  EXPECT_EQ(talk.act, 2);
  EXPECT_EQ(talk.trust, Trust::verified);
  EXPECT_EQ(talk.subject, fact_subject(kKey, FactKind::interaction, "HD1"));
  EXPECT_EQ(talk.subject_text, "HD1");
  ASSERT_EQ(talk.values.size(), 2u);
  EXPECT_EQ(talk.values[0].field, 1);
  EXPECT_EQ(talk.values[0].text, "phone");
  EXPECT_EQ(talk.values[1].text, "");
  EXPECT_EQ(view.facts[1].trust, Trust::claimed);
  EXPECT_EQ(view.json, event.json);
  ASSERT_TRUE(decode_event(without, view));
  EXPECT_TRUE(view.facts.empty());
}

/// As the program before wrote it: an empty touchpoint and an empty list of facts are the only differences.
TEST(Record, Version2HasNeitherTouchpointNorFacts) {
  Event with = sample_event();
  with.touchpoint = "";
  with.order = sample_order();
  with.json = "";
  std::string older;
  encode_event(with, kKey, older);
  ASSERT_EQ(older.back(), 0) << "no facts";
  older.pop_back();
  std::string channel = "\x05store";
  channel += '\0';  // an empty touchpoint
  size_t at = older.find(channel);
  ASSERT_NE(at, std::string::npos);
  older.erase(at + channel.size() - 1, 1);
  older.front() = 2;
  older += "{}";
  EventView view;
  std::string newer;
  Event before = sample_event();
  before.facts = sample_facts();
  encode_event(before, kKey, newer);
  ASSERT_TRUE(decode_event(newer, view));
  ASSERT_TRUE(decode_event(older, view));
  EXPECT_EQ(view.channel, "store");
  EXPECT_EQ(view.touchpoint, "") << "of the record before";
  EXPECT_TRUE(view.facts.empty());
  ASSERT_EQ(view.identifiers.size(), 1u);
  ASSERT_TRUE(view.order);
  EXPECT_EQ(view.order->order_id, "A-1");
  EXPECT_EQ(view.json, "{}");
}

TEST(Record, OrderOfAnEarlierRecordIsForgotten) {
  Event with = sample_event(), without = sample_event();
  with.order = sample_order();
  std::string first, second;
  encode_event(with, kKey, first);
  encode_event(without, kKey, second);
  EventView view;
  ASSERT_TRUE(decode_event(first, view));
  ASSERT_TRUE(decode_event(second, view));
  EXPECT_FALSE(view.order);
  EXPECT_EQ(view.json, without.json);
}

/// An event of nothing but ids, as version 1 had it.
std::string payload_of_version_1() {
  std::string payload;
  ByteWriter out(payload);
  out.u8(1);
  out.u8(static_cast<uint8_t>(EventType::track));
  out.u8(EventFlags::kBadTimestamp);
  out.i64(5);
  out.raw(message_hash(kKey, "web", "m-1").view());
  out.raw(Hash128{}.view());
  for (const char* text : {"web", "m-1", "Order Completed", "mobile"}) out.text(text);
  out.varint(1);
  out.u8(static_cast<uint8_t>(IdentifierFamily::user_id));
  out.u8(static_cast<uint8_t>(Trust::verified));
  out.raw(Hash128{}.view());
  out.text("");
  out.text("u-1");
  out.varint(1);
  out.u8(static_cast<uint8_t>(TraitOperation::set));
  out.text("plan");
  out.text("1");
  return payload;
}

TEST(Record, Version1HasNoOrder) {
  Event with = sample_event();
  with.order = sample_order();
  std::string newer, older = payload_of_version_1() + R"({"event":"Order Completed"})";
  encode_event(with, kKey, newer);
  EventView view;
  ASSERT_TRUE(decode_event(newer, view));
  ASSERT_TRUE(decode_event(older, view));
  EXPECT_FALSE(view.order);
  EXPECT_EQ(view.message_hash, message_hash(kKey, "web", "m-1"));
  EXPECT_EQ(view.flags, EventFlags::kBadTimestamp);
  EXPECT_EQ(view.occurred_at.micros, 5);
  EXPECT_EQ(view.name, "Order Completed");
  EXPECT_EQ(view.channel, "mobile");
  EXPECT_EQ(view.touchpoint, "");
  ASSERT_EQ(view.identifiers.size(), 1u);
  EXPECT_EQ(view.identifiers[0].value, "u-1");
  ASSERT_EQ(view.traits.size(), 1u);
  EXPECT_EQ(view.traits[0].key, "plan");
  EXPECT_EQ(view.json, R"({"event":"Order Completed"})");
}

TEST(Record, EveryCutOfVersion1AndOfOrderAndFactsIsRefused) {
  Event with = sample_event();
  with.order = sample_order();
  with.facts = sample_facts();
  with.json = "";
  std::string newer, older = payload_of_version_1();
  encode_event(with, kKey, newer);
  for (const std::string& payload : {newer, older}) {
    EventView view;
    ASSERT_TRUE(decode_event(payload, view));
    for (size_t length = 0; length < payload.size(); ++length) {
      auto cut = decode_event(payload.substr(0, length), view);
      ASSERT_FALSE(cut) << length;
      EXPECT_EQ(cut.error().code, ErrorCode::corrupt) << length;
    }
  }
}

TEST(Record, OtherVersionsAreCorrupt) {
  std::string payload = payload_of_version_1();
  for (char version : {'\0', '\4', '\xff'}) {
    payload[0] = version;
    EventView view;
    EXPECT_FALSE(decode_event(payload, view)) << static_cast<int>(version);
  }
}

TEST(Record, RejectedItemsKeepVersion1) {
  std::string payload;
  encode_rejected(Rejected{}, kKey, payload);
  EXPECT_EQ(payload.front(), 1);
}

TEST(OrderHash, NamespaceAndIdDoNotRunIntoEachOther) {
  EXPECT_EQ(order_hash(kKey, "shop", "1"), order_hash(kKey, "shop", "1"));
  EXPECT_NE(order_hash(kKey, "shop", "1"), order_hash(kKey, "shop1", ""));
  EXPECT_NE(order_hash(kKey, "shop", "12"), order_hash(kKey, "shop1", "2"));
  EXPECT_NE(order_hash(kKey, "web", "1"), message_hash(kKey, "web", "1"));
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
