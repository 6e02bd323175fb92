#include "connectors/webhook/mapping.h"

#include "connectors/webhook/digests.h"
#include "tests/unit/webhook_mapping/mapping_fixture.h"

namespace tributary {
namespace {

constexpr const char* kShop = R"(
name: shop
version: 3
title: A shop
channel: website
verify: shopify
decode: {body: json}
message_id: {concat: [$header/X-Topic, ":", $header/X-Event-Id]}
identifiers:
  - {kind: marketplace_buyer/shopify, scope: $header/X-Shop-Domain, value: /customer/id}
  - {kind: email, value: {first_of: [/customer/email, /email]}, trust: claimed}
event:
  - when: {all: [{in: [$header/X-Topic, [orders/create, orders/paid]]}, {equals: [/financial_status, paid]}]}
    emit:
      name: Order Completed
      message_id: {concat: [/id, ":Order Completed"]}
      time: {timestamp: {of: /created_at, as: iso8601}}
      properties:
        order_id: /id
        total: {number: /total_price}
        currency: /currency
        products: {map: {over: /line_items, to: {product_id: /product_id, price: {number: /price}, quantity: /quantity}}}
  - when: {prefix: [$header/X-Topic, customers/]}
    emit: {type: identify, traits: {firstName: /first_name, lastName: /last_name}}
)";

constexpr const char* kOrder = R"({"id":820982911946154508,"financial_status":"paid","total_price":"403.00",
"currency":"USD","created_at":"2026-01-02T03:04:05+01:00","email":"guest@example.com",
"customer":{"id":207119551,"email":null},
"line_items":[{"product_id":1,"price":"199.00","quantity":1},{"product_id":null,"price":"1.50","quantity":2}]})";

TEST_F(MappingTest, MapsAnOrder) {
  load(kShop);
  Call call(kOrder);
  call.header("x-topic", "orders/paid").header("x-event-id", "e1").header("x-shop-domain", "t.myshopify.com");
  EXPECT_EQ(events_of(call),
            R"([{"type":"track","event":"Order Completed","messageId":"820982911946154508:Order Completed",)"
            R"("timestamp":"2026-01-02T02:04:05.000Z","channel":"website","context":{"webhook":{"connector":"shop"},)"
            R"("externalId":[{"type":"marketplace_buyer/shopify","scope":"shopify:t.myshopify.com","id":"207119551"},)"
            R"({"type":"email","id":"guest@example.com","claimed":true}]},)"
            R"("properties":{"order_id":820982911946154508,"total":403.00,"currency":"USD",)"
            R"("products":[{"product_id":1,"price":199.00,"quantity":1},{"price":1.50,"quantity":2}]}}])");
}

constexpr const char* kHead = "name: t\nversion: 1\ntitle: T\n";

/// `name` of each event, in order.
std::string names_in(const std::string& events) {
  std::string names;
  for (size_t at = events.find("\"event\":\""); at != std::string::npos; at = events.find("\"event\":\"", at + 9)) {
    names += (names.empty() ? "" : " ") + events.substr(at + 9, events.find('"', at + 9) - at - 9);
  }
  return names;
}

TEST_F(MappingTest, MapsACustomer) {
  load(kShop);
  Call call(R"({"id":1,"first_name":"Ann","last_name":null,"customer":{"id":0}})");
  call.header("x-topic", "customers/update").header("x-event-id", "e2").header("x-shop-domain", "t");
  EXPECT_EQ(events_of(call),
            R"([{"type":"identify","messageId":"customers/update:e2","timestamp":"2026-01-02T03:04:05.000Z",)"
            R"("channel":"website","context":{"webhook":{"connector":"shop"}},"traits":{"firstName":"Ann"}}])");
}

TEST_F(MappingTest, WhatTheParserTakes) {
  load(kShop);
  Call call(kOrder);
  call.header("x-topic", "orders/paid").header("x-event-id", "e1").header("x-shop-domain", "t.myshopify.com");
  MappedDelivery mapped = map(call);
  EventParser parser{IngestLimits{}};
  EXPECT_FALSE(parser.parse(mapped.events, BodyShape::batch));
  EXPECT_EQ(parser.item_count(), mapped.event_count);
}

TEST_F(MappingTest, AnUnmappedElementIsKeptWhole) {
  load(kShop);
  Call call("{\"x\": 9007199254740993}");
  call.header("x-topic", "shop/update").header("x-event-id", "e2");
  MappedDelivery mapped = map(call);
  EXPECT_EQ(mapped.unmapped, 1u);
  EXPECT_EQ(mapped.event_count, 1u);
  EXPECT_NE(mapped.events.find(R"("event":"Webhook Received","messageId":"shop/update:e2")"), std::string::npos);
  EXPECT_NE(mapped.events.find(R"("properties":{"x": 9007199254740993}})"), std::string::npos) << mapped.events;
  load(std::string(kHead) +
       "verify: none\nunmapped: {name: {concat: ['t ', /type]}, time: {timestamp: {of: /at, as: "
       "s}}}\nevent: [{when: {exists: /never}, emit: {name: N}}]\n");
  EXPECT_NE(events_of(Call(R"({"type":"x","at":1767323045})")).find(R"("event":"t x","messageId":"sha256:)"),
            std::string::npos);
  EXPECT_NE(events_of(Call(R"([1,"a"])")).find(R"("properties":{"value":[1,"a"]}})"), std::string::npos);
}

TEST_F(MappingTest, TheMessageIdIsAHashOfTheElementWhenThereIsNone) {
  load_rule("{name: E}", "each: /*\nmessage_id: /id");
  std::string events = events_of(Call(R"([{"id":"","x":1},{"x":1},{"id":7},{"id":null,"x": 1}])"));
  EXPECT_NE(events.find(R"("messageId":"sha256:)" + hex_text(sha256(R"({"id":"","x":1})")) + '"'), std::string::npos);
  EXPECT_NE(events.find(R"("messageId":"sha256:)" + hex_text(sha256(R"({"x":1})")) + '"'), std::string::npos);
  EXPECT_NE(events.find(R"("messageId":"7")"), std::string::npos);
}

TEST_F(MappingTest, EachWalksEveryPattern) {
  load_rule("{name: {concat: [/n]}, properties: {o: $outer/id, r: $root/id}}",
            "each: [/entry/*/messaging/*, /entry/*/changes/*/value/messages/*, /single]");
  std::string events = events_of(
      Call(R"({"id":"root","entry":[{"id":"e1","messaging":[{"n":"a"},{"n":"b"}]},)"
           R"({"id":"e2","changes":[{"id":"c1","value":{"messages":[{"n":"c"}]}},{"id":"c2"}]}],"single":{"n":"d"}})"));
  EXPECT_EQ(names_in(events), "a b c d");
  EXPECT_NE(events.find(R"("properties":{"o":"e1","r":"root"})"), std::string::npos);
  EXPECT_NE(events.find(R"("properties":{"o":"c1","r":"root"})"), std::string::npos) << "the element around";
  EXPECT_NE(events.find(R"("properties":{"r":"root"})"), std::string::npos) << "no element around";
}

TEST_F(MappingTest, WhenNoPatternFindsAnythingTheDocumentIsUnmappedOrIgnored) {
  load_rule("{name: E}", "each: /events/*\nidentifiers: [{kind: user_id, value: /id}]\nignore: [{empty: /events}]");
  MappedDelivery ping = map(Call(R"({"events":[]})"));
  EXPECT_EQ(ping.ignored, 1u);
  EXPECT_EQ(ping.events, "");
  MappedDelivery other = map(Call(R"({"id":"delivery","x":1})"));
  EXPECT_EQ(other.unmapped, 1u);
  EXPECT_EQ(other.events.find("externalId"), std::string::npos) << "the document's id is no element's";
}

TEST_F(MappingTest, RulesThatContinueAddEvents) {
  load(std::string(kHead) +
       "verify: none\nevent:\n"
       "  - {when: {exists: /a}, continue: true, emit: {name: A, message_id: {concat: [/id, ':a']}}}\n"
       "  - {when: {exists: /b}, continue: true, emit: {name: B, message_id: {concat: [/id, ':b']}}}\n"
       "  - {when: {exists: /c}, emit: {name: C}}\n"
       "  - {emit: {name: D}}\n");
  EXPECT_EQ(names_in(events_of(Call(R"({"id":1,"a":1,"b":1,"c":1})"))), "A B C");
  EXPECT_EQ(names_in(events_of(Call(R"({"id":1,"b":1})"))), "B D");
  EXPECT_EQ(mapper_.rules_reached(), (std::vector<bool>{false, true, false, true}));
}

TEST_F(MappingTest, ARuleIsReachedThoughItFailsForAnotherElement) {
  load(std::string(kHead) + "verify: none\neach: /l/*\nevent:\n  - {emit: {name: A, properties: {n: {number: /n}}}}\n");
  for (const char* body : {R"({"l":[{"n":1},{"n":"x"}]})", R"({"l":[{"n":"x"},{"n":1}]})"}) {
    EXPECT_EQ(map(Call(body)).faults.size(), 1u);
    EXPECT_EQ(mapper_.rules_reached(), std::vector<bool>{true}) << body;
  }
}

TEST_F(MappingTest, AFaultTakesTheWholeElementAndOnlyThat) {
  load(std::string(kHead) +
       "verify: none\neach: /l/*\nevent:\n"
       "  - {when: {exists: /a}, continue: true, emit: {name: A, message_id: a}}\n"
       "  - {emit: {name: B, properties: {n: {number: /n}}}}\n");
  MappedDelivery mapped = map(Call(R"({"l":[{"n":"1"},{"a":1,"n":"1,234"},{"n":"2"}]})"));
  EXPECT_EQ(names_in(mapped.events), "B B");
  EXPECT_EQ(mapped.event_count, 2u);
  ASSERT_EQ(mapped.faults.size(), 1u);
  EXPECT_EQ(mapped.faults[0].path, "/l/1/n");
  EXPECT_EQ(mapped.faults[0].message, "/n: expected a decimal, got \"1,234\"");
  EXPECT_EQ(mapped.faults[0].element, R"({"a":1,"n":"1,234"})");
}

TEST_F(MappingTest, TimeAndNameMustBeWhatTheyAre) {
  load_rule("{name: /n, time: /t}");
  EXPECT_EQ(events_of(Call(R"({"n":"E","t":1767323045})")),
            "fault at : time: expected an ISO 8601 text or `timestamp`, got \"1767323045\"\n");
  EXPECT_EQ(events_of(Call(R"({"t":"2026-01-02"})")), "fault at : the name of the event is missing\n");
  EXPECT_NE(events_of(Call(R"({"n":"E","t":"2026-01-02"})")).find(R"("timestamp":"2026-01-02")"), std::string::npos);
}

TEST_F(MappingTest, ChannelAndContextOfAnEvent) {
  load_rule("{name: E, channel: /via, context: {ip: /ip, page: {object: {url: /url}}}}", "channel: social");
  EXPECT_NE(events_of(Call(R"({"via":"email","ip":"203.0.113.9"})"))
                .find(R"("channel":"email","context":{"ip":"203.0.113.9","webhook":{"connector":"t"}})"),
            std::string::npos);
  EXPECT_NE(events_of(Call("{}")).find(R"("channel":"social","context":{"webhook":{"connector":"t"}})"),
            std::string::npos);
  Call of_a_store("{}"), by_mail(R"({"via":"email"})");
  of_a_store.settings.channel = by_mail.settings.channel = "store";
  EXPECT_NE(events_of(of_a_store).find(R"("channel":"store")"), std::string::npos) << "the source's, not the file's";
  EXPECT_NE(events_of(by_mail).find(R"("channel":"email")"), std::string::npos);
}

TEST_F(MappingTest, PropertiesCanBeACopiedObject) {
  load_rule("{name: E, properties: {first_of: [/properties, /data]}, traits: /traits}");
  EXPECT_EQ(properties_of(R"({"data":{"a":1e2}})"), R"({"a":1e2})");
  EXPECT_EQ(properties_of(R"({"properties":"text"})"), "none") << "not an object";
}

// -- identifiers ------------------------------------------------------------------------------------------------------

class IdentifierTest : public MappingTest {
 protected:
  /// userId and externalId of the only event.
  std::string identity(const std::string& identifiers, const std::string& json, const std::string& verify = "shopify",
                       const std::string& emit = "{name: E}") {
    load(std::string(kHead) + "verify: " + verify + "\nidentifiers: " + identifiers + "\nevent: [{emit: " + emit +
         "}]\n");
    std::string events = events_of(Call(json));
    std::string found;
    size_t user = events.find("\"userId\":");
    if (user != std::string::npos) found = events.substr(user + 9, events.find(",\"context\"") - user - 9) + " ";
    size_t ids = events.find("\"externalId\":");
    if (ids == std::string::npos) return found + (events.starts_with("fault") ? events : "none");
    return found + events.substr(ids + 13, events.rfind("]}}") - ids - 12);
  }
};

TEST_F(IdentifierTest, NobodyIsNoIdentifier) {
  for (const char* nobody : {"0", "\"0\"", "\"\"", "null", "\" \"", "true", "{}", "[]"}) {
    EXPECT_EQ(identity("[{kind: user_id, value: /id}]", "{\"id\":" + std::string(nobody) + "}"), "none") << nobody;
  }
  EXPECT_EQ(identity("[{kind: user_id, value: /id}]", "{}"), "none");
}

TEST_F(IdentifierTest, KeepsEveryDigit) {
  EXPECT_EQ(
      identity("[{kind: user_id, value: /id}]", R"({"id":92233720368547758079223372036854775807})"),
      R"("92233720368547758079223372036854775807" [{"type":"user_id","id":"92233720368547758079223372036854775807"}])");
}

TEST_F(IdentifierTest, OnlyAVerifiedUserIdIsTheUser) {
  EXPECT_EQ(identity("[{kind: user_id, value: /id, trust: claimed}]", R"({"id":"u"})"),
            R"([{"type":"user_id","id":"u","claimed":true}])");
  EXPECT_EQ(
      identity("[{kind: user_id, value: /id, trust: claimed}, {kind: user_id, value: /v}]", R"({"id":"u","v":"u"})"),
      R"("u" [{"type":"user_id","id":"u"}])")
      << "the higher trust counts";
}

TEST_F(IdentifierTest, ScopesAndAliases) {
  EXPECT_EQ(identity("[{kind: stripe_customer_id, scope: /account, value: /id}]", R"({"id":"cus_1","account":"a"})"),
            R"([{"type":"external_id/stripe","scope":"a","id":"cus_1"}])");
  EXPECT_EQ(identity("[{kind: external_id/stripe, scope: /account, value: /id}]", R"({"id":"cus_1"})"), "none");
}

TEST_F(IdentifierTest, AnArrayGivesOnePerElement) {
  EXPECT_EQ(identity("[{kind: email, value: /to}]", R"({"to":["a@b.c",null,"d@e.f",{"x":1},"a@b.c"]})"),
            R"([{"type":"email","id":"a@b.c"},{"type":"email","id":"d@e.f"}])");
  std::string many = R"({"to":["0)";
  for (int i = 0; i < 30; ++i) many += "\",\"a" + std::to_string(i) + "@b.c";
  EXPECT_EQ(identity("[{kind: email, value: /to}]", many + "\"]}"), "fault at : more than 20 identifiers\n");
}

TEST_F(IdentifierTest, ConditionsAndTheEventsOwn) {
  EXPECT_EQ(identity("[{kind: email, value: /email, when: {equals: [/state, enabled]}}]", R"({"email":"a@b.c"})"),
            "none");
  EXPECT_EQ(identity("[{kind: email, value: /email}]", R"({"email":"a@b.c","p":"+49151"})", "shopify",
                     "{name: E, identifiers: [{kind: phone, value: /p, trust: claimed}]}"),
            R"([{"type":"email","id":"a@b.c"},{"type":"phone","id":"+49151","claimed":true}])");
}

TEST_F(IdentifierTest, AWeakSignatureMakesClaims) {
  EXPECT_EQ(identity("[{kind: user_id, value: /id}]", R"({"id":"u"})", "none"),
            R"([{"type":"user_id","id":"u","claimed":true}])");
  std::string rule = "{algorithm: md5, template: '{body}{secret}', signature: {json: /sign, encoding: hex}, ";
  EXPECT_EQ(identity("[{kind: user_id, value: /id}]", R"({"id":"u"})", rule + "trust: weak}"),
            R"([{"type":"user_id","id":"u","claimed":true}])");
  EXPECT_EQ(
      identity("[{kind: user_id, value: /id}]", R"({"id":"u"})",
               "{algorithm: hmac-sha256, template: '{timestamp}', timestamp: {json: /t, unit: s}, signature: {json: "
               "/sign, encoding: hex}, signed_part: none}"),
      R"([{"type":"user_id","id":"u","claimed":true}])");
}

TEST_F(IdentifierTest, ASignatureOverAPartMakesClaims) {
  EXPECT_EQ(identity("[{kind: user_id, value: /msg/id}]", R"({"msg":{"id":"in"}})",
                     "{algorithm: hmac-sha256, template: '{json:/msg}', signature: {json: /sign, encoding: hex}, "
                     "signed_part: /msg}"),
            R"([{"type":"user_id","id":"in","claimed":true}])");
}

TEST_F(IdentifierTest, AMergeNeedsTwo) {
  load(std::string(kHead) +
       "verify: hubspot\nevent:\n  - emit: {type: merge, message_id: m, identifiers: [{kind: external_id/hubspot, "
       "scope: /portal, value: /from}, {kind: external_id/hubspot, scope: /portal, value: /into}]}\n");
  EXPECT_EQ(events_of(Call(R"({"portal":5,"from":[11],"into":12})")),
            R"([{"type":"merge","messageId":"m","timestamp":"2026-01-02T03:04:05.000Z","mergeProperties":)"
            R"([{"type":"external_id/hubspot","scope":"5","value":"11"},)"
            R"({"type":"external_id/hubspot","scope":"5","value":"12"}],"context":{"webhook":{"connector":"t"}}}])");
  EXPECT_EQ(events_of(Call(R"({"portal":5,"from":[11,13],"into":12})")),
            "fault at : a merge needs exactly two identifiers, found 3\n");
  EXPECT_EQ(events_of(Call(R"({"portal":5,"from":12,"into":12})")),
            "fault at : a merge needs exactly two identifiers, found 1\n");
}

TEST_F(MappingTest, PrivacyRequestsAreEvents) {
  load_rule("{type: privacy_erase}");
  EXPECT_EQ(names_in(events_of(Call("{}"))), "Customer Erasure Requested");
  load_rule("{type: privacy_access}");
  EXPECT_EQ(names_in(events_of(Call("{}"))), "Customer Data Requested");
  load_rule("{type: privacy_erase, name: Shop Erasure Requested}");
  EXPECT_EQ(names_in(events_of(Call("{}"))), "Shop Erasure Requested");
}

// -- answers ----------------------------------------------------------------------------------------------------------

TEST_F(MappingTest, HandshakesInOrder) {
  load(std::string(kHead) +
       "verify: slack\nsettings: [{name: token}]\nhandshake:\n"
       "  - {method: GET, when: {same_secret: [$query/t, $config/token]}, answer: {body: $query/challenge}}\n"
       "  - {method: GET, answer: {status: 403, body: no}}\n"
       "  - {when: {equals: [/type, url_verification]}, signed: true, answer: {body: {object: {challenge: "
       "/challenge}}}}\n"
       "event: [{emit: {name: E}}]\n");
  EXPECT_TRUE(may_handshake(connector_, "GET", false));
  EXPECT_FALSE(may_handshake(connector_, "POST", false));
  EXPECT_TRUE(may_handshake(connector_, "POST", true));

  Call get;
  get.method("GET").query("t", "s").query("challenge", "<b>1</b>").config("token", "s");
  ASSERT_TRUE(mapper_.read(connector_, get.delivery()));
  auto answer = mapper_.handshake(false);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "<b>1</b>");
  EXPECT_EQ(answer->content_type, "text/plain; charset=utf-8");

  Call wrong;
  wrong.method("GET").query("t", "x").config("token", "s");
  ASSERT_TRUE(mapper_.read(connector_, wrong.delivery()));
  EXPECT_EQ(mapper_.handshake(false)->status, 403);

  Call post(R"({"type":"url_verification","challenge":12345678901234567890123})");
  ASSERT_TRUE(mapper_.read(connector_, post.delivery()));
  EXPECT_FALSE(mapper_.handshake(false));
  answer = mapper_.handshake(true);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, R"({"challenge":12345678901234567890123})");
  EXPECT_EQ(answer->content_type, "application/json");
}

TEST_F(MappingTest, AnswersOfSuccess) {
  load_rule("{name: E}");
  Call empty("{}");
  map(empty);
  EXPECT_EQ(mapper_.success_answer(2, 1, 0).body, R"({"success":true,"accepted":2,"duplicate":1,"rejected":0})");
  load_rule("{name: E}", "answer: {status: 202, content_type: text/xml, body: /reply}");
  Call reply(R"({"reply":"ok"})");
  map(reply);
  EXPECT_EQ(mapper_.success_answer(1, 0, 0).body, "ok");
  EXPECT_EQ(mapper_.success_answer(1, 0, 0).status, 202);
  EXPECT_EQ(mapper_.success_answer(1, 0, 0).content_type, "text/xml");
  Call broken("{");
  EXPECT_EQ(read_error(broken), "no JSON: fault at byte 1");
  EXPECT_EQ(mapper_.success_answer(0, 0, 1).status, 202) << "a body that is none is answered like the others";
}

// -- limits -----------------------------------------------------------------------------------------------------------

TEST_F(MappingTest, ElementsOfADeliveryAreBounded) {
  load_rule("{name: E}", "each: /*");
  std::string body = "[0";
  for (int i = 0; i < 10'005; ++i) body += ",1";
  MappedDelivery mapped = map(Call(body + "]"));
  EXPECT_EQ(mapped.event_count, kMappedEventsMax);
  ASSERT_EQ(mapped.faults.size(), 1u);
  EXPECT_EQ(mapped.faults[0].message, "more than 10,000 events in one delivery");
  EXPECT_EQ(mapped.faults[0].path, "");
}

TEST_F(MappingTest, OutputIsBounded) {
  load_rule("{name: E, properties: {all: {map: {over: /l, to: {all: $root/big}}}}}",
            "answer: {body: {object: {ok: true}}}");
  std::string body = "{\"big\":\"" + std::string(100'000, 'x') + "\",\"l\":[{}";
  for (int i = 0; i < 100'000; ++i) body += ",{}";
  Call call(body + "]}");
  MappedDelivery mapped = map(call);
  EXPECT_EQ(mapper_.success_answer(0, 0, 1).body, R"({"ok":true})");
  EXPECT_EQ(mapped.event_count, 0u);
  ASSERT_EQ(mapped.faults.size(), 1u);
  EXPECT_EQ(mapped.faults[0].message, "the events would take more than 4194304 bytes");
  EXPECT_EQ(properties_of(R"({"big":1,"l":[{}]})"), R"({"all":[{"all":1}]})") << "the next delivery is not affected";
}

TEST_F(MappingTest, WorkIsBounded) {
  load_rule("{name: E, properties: {p: {find: {in: $root/*, where: /x, equals: y, take: /z}}}}", "each: /*");
  load_rule("{name: E, properties: {p: {find: {in: $root, where: /x, equals: y, take: /z}}}}", "each: /*");
  std::string body = "[0";
  for (int i = 0; i < 9'000; ++i) body += ",{\"x\":1}";
  MappedDelivery mapped = map(Call(body + "]"));
  ASSERT_EQ(mapped.faults.size(), 1u);
  EXPECT_EQ(mapped.faults[0].message, "mapping this delivery takes too many steps");
  EXPECT_LT(mapped.event_count, 9'000u);
}

/// One text that every element asks for costs as often as it is read.
TEST_F(MappingTest, WorkOnLongTextsIsBounded) {
  const std::string escaped = "\\u00e9", many = "[" + [] {
    std::string elements = "0";
    for (int i = 0; i < 9'000; ++i) elements += ",1";
    return elements;
  }() + "]";
  std::string text;
  while (text.size() < 500'000) text += escaped;
  for (const char* when : {"{equals: [$root/t, x]}", "{matches: [$root/t, 'x$']}", "{equals: [{sha256: [$root/t]}, x]}",
                           "{equals: [$body, x]}", "{exists: {object: {t: $root/t}}}"}) {
    load("name: t\nversion: 1\ntitle: T\nverify: none\neach: /l/*\nevent:\n  - {when: " + std::string(when) +
         ", emit: {name: E}}\n");
    MappedDelivery mapped = map(Call("{\"t\":\"" + text + "\",\"l\":" + many + "}"));
    ASSERT_EQ(mapped.faults.size(), 1u) << when;
    EXPECT_EQ(mapped.faults[0].message, "mapping this delivery takes too many steps") << when;
    EXPECT_LT(mapped.event_count, 2'000u) << when;
  }
}

TEST_F(MappingTest, ADeliveryThatIsTooMuchWorkIsAnsweredLikeEveryOther) {
  load_rule("{name: E, properties: {p: {find: {in: $root, where: /x, equals: y, take: /z}}}}",
            "each: /*\nanswer: {status: 200, body: {object: {code: 0}}}");
  std::string body = "[0";
  for (int i = 0; i < 9'000; ++i) body += ",{\"x\":1}";
  ASSERT_EQ(map(Call(body + "]")).faults.size(), 1u);
  EXPECT_EQ(mapper_.success_answer(0, 0, 0).body, R"({"code":0})");
}

}  // namespace
}  // namespace tributary
