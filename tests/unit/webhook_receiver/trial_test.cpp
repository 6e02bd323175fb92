// What becomes of a call, as `tributary webhook test` tells it.
#include "connectors/webhook/trial.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "connectors/webhook/connector_file.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

namespace json = boost::json;

constexpr const char* kKiosk = R"(
name: kiosk
version: 1
title: Kiosk
verify: {algorithm: hmac-sha256, signature: {header: X-Kiosk, encoding: hex}, template: "{body}"}
handshake:
  - {method: GET, answer: {status: 200, body: hello}}
  - {method: POST, signed: true, when: {exists: /challenge}, answer: {status: 200, body: /challenge}}
message_id: /id
identifiers: [{kind: email, value: /email}]
event: [{emit: {name: E, properties: {total: {number: /total}, deep: /deep}}}]
answer: {status: 202, body: taken}
)";

class TryCall : public testing::Test {
 protected:
  void SetUp() override {
    source_.source.id = "kiosk";
    source_.source.trust = SourceTrust::server;
    source_.connector = std::make_shared<const Connector>(std::get<Connector>(parse_connector(kKiosk)));
    source_.settings.secrets = {"s3cr3t"};
  }

  static HttpRequest request(std::string_view body, const char* method = "POST") {
    HttpRequest made;
    made.method = method;
    made.target = "/v1/webhooks/kiosk";
    made.body.reserve(body.size() + kBodyPaddingBytes);
    made.body = body;
    return made;
  }

  Trial tried(HttpRequest request, TrialOptions options = {.sign = true}) {
    auto trial = try_call(source_, std::move(request), options, *parse_iso8601("2026-01-02T03:04:05Z"));
    EXPECT_TRUE(trial) << (trial ? "" : trial.error().message);
    return trial ? std::move(*trial) : Trial{"{}", false};
  }

  static std::string at(const Trial& trial, std::string_view pointer) {
    boost::system::error_code error;
    json::value document = json::parse(trial.json, error);
    EXPECT_FALSE(error) << trial.json;
    const json::value* found = document.find_pointer(pointer, error);
    return found != nullptr ? json::serialize(*found) : std::string("none");
  }

  WebhookSource source_;
};

TEST_F(TryCall, SignsVerifiesAndMaps) {
  Trial trial = tried(request(R"({"id":"1","email":"ann@example.com","total":12.50})"));
  EXPECT_TRUE(trial.good);
  EXPECT_EQ(at(trial, "/verification/genuine"), "true");
  EXPECT_EQ(at(trial, "/verification/identifiers_at_most"), R"("verified")");
  EXPECT_NE(at(trial, "/request/headers/x-kiosk"), "none");
  EXPECT_EQ(at(trial, "/events/0/identifiers/0"), R"({"kind":"email","value":"ann@example.com","trust":"verified"})");
  EXPECT_EQ(at(trial, "/events/0/event/event"), R"("E")");
  EXPECT_EQ(at(trial, "/answer"), R"({"status":202,"content_type":"text/plain; charset=utf-8","body":"taken"})");
  EXPECT_EQ(trial.json.find("s3cr3t"), std::string::npos);
}

TEST_F(TryCall, TellsWhyItIsNotGenuineAndStillMaps) {
  Trial trial = tried(request(R"({"id":"1"})"), {});
  EXPECT_FALSE(trial.good);
  EXPECT_EQ(at(trial, "/verification"), R"({"genuine":false,"fault":"missing"})");
  EXPECT_EQ(at(trial, "/events/0/event/messageId"), R"("1")");
}

TEST_F(TryCall, WithoutASecretNothingIsVerified) {
  Trial trial = tried(request(R"({"id":"1"})"), {.skip_signature = true});
  EXPECT_TRUE(trial.good);
  EXPECT_EQ(at(trial, "/verification"), "none");
}

TEST_F(TryCall, Handshakes) {
  Trial open = tried(request("", "GET"), {});
  EXPECT_TRUE(open.good);
  EXPECT_EQ(at(open, "/handshake/body"), R"("hello")");
  EXPECT_EQ(at(open, "/events"), "none");
  Trial closed = tried(request(R"({"challenge":"c"})"));
  EXPECT_EQ(at(closed, "/handshake/body"), R"("c")");
  EXPECT_EQ(at(closed, "/events"), "none");
}

TEST_F(TryCall, FaultsNameTheirPlace) {
  Trial trial = tried(request(R"({"id":"1","total":"much"})"));
  EXPECT_FALSE(trial.good);
  EXPECT_EQ(at(trial, "/faults/0/path"), R"("/total")");
  EXPECT_EQ(at(trial, "/events"), "[]");
}

TEST_F(TryCall, TellsWhyTheEventsAreNotTaken) {
  std::string deep = std::string(1023, '[') + std::string(1023, ']');  // the event around it is one too many
  Trial trial = tried(request(R"({"id":"1","total":1,"deep":)" + deep + "}"));
  EXPECT_FALSE(trial.good);
  EXPECT_EQ(at(trial, "/events_refused"), R"("invalid json: nested too deeply")");
  EXPECT_EQ(at(trial, "/events"), "[]");
}

TEST_F(TryCall, TakesNoLongerBodyThanTheServer) {
  Trial trial = tried(request(R"({"id":")" + std::string(1 << 20, 'x') + R"("})"));
  EXPECT_FALSE(trial.good);
  EXPECT_EQ(at(trial, "/unreadable"), R"("a body of more than 1048576 bytes")");
}

TEST_F(TryCall, TakesMoreWhereTheServerDoes) {
  Trial trial =
      tried(request(R"({"id":")" + std::string(1 << 20, 'x') + R"("})"), {.sign = true, .body_bytes_max = 2 << 20});
  EXPECT_EQ(at(trial, "/unreadable"), "none");
  EXPECT_EQ(at(trial, "/events/0/rejected"), R"("event_too_large")");
}

TEST_F(TryCall, WhatIsNoTextIsStillJson) {
  HttpRequest call = request("{\"id\": \xff\xfe");
  call.headers.emplace_back("content-type", "application/json");
  call.headers.emplace_back("x-note", "\xe8");
  Trial trial = tried(std::move(call));
  EXPECT_FALSE(trial.good);
  EXPECT_TRUE(is_utf8(trial.json)) << trial.json;
  EXPECT_NE(at(trial, "/unreadable"), "none");
}

TEST_F(TryCall, CantSignWithoutASecret) {
  source_.settings.secrets.clear();
  EXPECT_FALSE(try_call(source_, request("{}"), {.sign = true}, Timestamp{0}));
}

}  // namespace
}  // namespace tributary
