// What track events say about talks with a customer. None of it refuses an event.
#include "engine/domain/interaction.h"

#include <gtest/gtest.h>

#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

constexpr uint8_t kWrong = EventFlags::kPropertyWrong, kLacking = EventFlags::kPropertyMissing;
constexpr const char* kWhole =
    R"("mode":"拜访","subject":"rollout","summary":"wants two","feedback":"Needs-more-info","logged_by":"li",)";
constexpr const char* kNext = R"("next_action":{"what":"quote","who":"li","due":"2026-12-01"})";

std::unique_ptr<Outcome> told(const std::string& event, const std::string& properties, Request request = {}) {
  request.shape = BodyShape::single;
  request.route_type = EventType::track;
  auto outcome = parse_request(
      R"({"userId":"u","messageId":"m","event":")" + event + R"(","properties":{)" + properties + "}}", request);
  EXPECT_TRUE(outcome->is_event()) << outcome->item_code();
  return outcome;
}

std::string value(const Event& event, InteractionField field) {
  if (event.facts.size() != 1) return std::to_string(event.facts.size()) + " facts";
  for (const FactSaid::Value& said : event.facts[0].values) {
    if (said.field == static_cast<uint8_t>(field)) return said.text;
  }
  return "(absent)";
}

TEST(InteractionReader, ReadsAWholeRecord) {
  auto outcome = told("interaction_logged", std::string(kWhole) + kNext + R"(,"interaction_no":"HDCX20261001001",
                      "sentiment":"positive","ticket_id":7)");
  const Event& event = outcome->event();
  ASSERT_EQ(event.facts.size(), 1u);
  EXPECT_EQ(event.flags, 0);
  const FactSaid& fact = event.facts[0];
  EXPECT_EQ(fact.kind, FactKind::interaction);
  EXPECT_EQ(fact.act, static_cast<uint8_t>(InteractionAct::logged));
  EXPECT_EQ(fact.subject_text, "HDCX20261001001");
  EXPECT_EQ(value(event, InteractionField::mode), "visit");
  EXPECT_EQ(value(event, InteractionField::feedback), "needs_more_info");
  EXPECT_EQ(value(event, InteractionField::next_due), "2026-12-01T00:00:00.000Z");
  EXPECT_EQ(value(event, InteractionField::sentiment), "1");
  EXPECT_EQ(value(event, InteractionField::ticket_id), "7");
  EXPECT_TRUE(std::is_sorted(fact.values.begin(), fact.values.end(),
                             [](const auto& a, const auto& b) { return a.field < b.field; }));
}

TEST(InteractionReader, ATalkHasTheChannelOfItsEvent) {
  Request request;
  request.shape = BodyShape::single;
  request.route_type = EventType::track;
  auto outcome = parse_request(R"({"userId":"u","messageId":"m","event":"Call Completed","channel":"电话",)"
                               R"("properties":{"direction":"inbound","duration_ms":5}})",
                               request);
  EXPECT_EQ(value(outcome->event(), InteractionField::channel), "call_center");
  EXPECT_EQ(value(outcome->event(), InteractionField::duration_ms), "5");
  EXPECT_EQ(value(told("Call Completed", R"("direction":"inbound")")->event(), InteractionField::channel), "(absent)");
}

TEST(InteractionReader, WithoutANumberTheEventNamesIt) {
  auto outcome = told("Interaction Logged", std::string(kWhole) + kNext);
  EXPECT_EQ(outcome->event().facts.at(0).subject_text, outcome->event().source + " m");
}

TEST(InteractionReader, AWholeSentenceMayStandForTheNextAction) {
  auto outcome = told("Interaction Logged", std::string(kWhole) + R"("next_action":"后续跟进")");
  EXPECT_EQ(value(outcome->event(), InteractionField::next_action), "后续跟进");
  EXPECT_EQ(value(outcome->event(), InteractionField::next_due), "(absent)");
  auto none = told("Interaction Logged", std::string(kWhole) + R"("next_action":{"none":true})");
  EXPECT_EQ(value(none->event(), InteractionField::next_action), kNoNextAction);
}

TEST(InteractionReader, LackingWhatItNeedsItSaysNothing) {
  for (const char* properties :
       {"", R"("mode":"visit")", R"("mode":"拜访","subject":"s","summary":"无","feedback":"not_now","logged_by":"li")",
        R"("mode":"fax","subject":"s","summary":"t","feedback":"not_now","logged_by":"li","next_action":"a")"}) {
    auto outcome = told("Interaction Logged", properties);
    EXPECT_TRUE(outcome->event().facts.empty()) << properties;
    EXPECT_NE(outcome->event().flags & kLacking, 0) << properties;
  }
}

TEST(InteractionReader, WhatCannotBeReadIsLeftOut) {
  auto outcome =
      told("Interaction Logged", std::string(kWhole) + R"("next_action":{"what":"quote","due":"soon"},"sentiment":2)");
  EXPECT_EQ(outcome->event().flags, kWrong);
  EXPECT_EQ(value(outcome->event(), InteractionField::next_due), "(absent)");
  EXPECT_EQ(value(outcome->event(), InteractionField::sentiment), "(absent)");
}

TEST(InteractionReader, CallsAndMessages) {
  auto call = told("Call Completed", R"("direction":"Inbound","duration_ms":5,"sentiment":-0.5)");
  EXPECT_EQ(value(call->event(), InteractionField::direction), "inbound");
  EXPECT_EQ(value(call->event(), InteractionField::sentiment), "-0.5");
  EXPECT_EQ(told("Call Completed", R"("direction":"sideways")")->event().facts.size(), 0u);
  auto sent = told("Social Message Sent", R"("account":"a","text":"hello")");
  EXPECT_EQ(sent->event().facts.at(0).act, static_cast<uint8_t>(InteractionAct::message_sent));
  EXPECT_EQ(value(sent->event(), InteractionField::direction), "outbound");
  auto received = told("Social Message Received", R"("account":"a","text_ref":"blob:1")");
  EXPECT_EQ(value(received->event(), InteractionField::summary), "blob:1");
}

TEST(InteractionReader, TrustIsThatOfTheSource) {
  Request request;
  request.trust = SourceTrust::server;
  auto server = told("Call Completed", R"("direction":"inbound")", request);
  EXPECT_EQ(server->event().facts.at(0).trust, Trust::verified);
  request.trust = SourceTrust::browser;
  auto browser = told("Call Completed", R"("direction":"inbound")", request);
  EXPECT_EQ(browser->event().facts.at(0).trust, Trust::claimed);
}

}  // namespace
}  // namespace tributary::testing
