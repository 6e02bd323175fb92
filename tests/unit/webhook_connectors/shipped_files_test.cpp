// The platforms that are known without a file of one's own. What the files say is tested by the tests in them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "connectors/webhook/file_tests.h"
#include "tests/unit/ingest/parse_request.h"
#include "tests/unit/webhook_connectors/shipped_connector.h"

namespace tributary {
namespace {

constexpr std::string_view kSignatures = "signatures";  // rules, not a connector

std::vector<Connector> shipped_connectors() {
  std::vector<Connector> all;
  for (const ShippedFile& file : shipped_files()) {
    if (file.name == kSignatures) continue;
    auto connector = shipped_connector(file.name);
    if (!connector) continue;
    EXPECT_EQ(connector->name, file.name);
    all.push_back(std::move(*connector));
  }
  return all;
}

TEST(ShippedFiles, AreThePlatformsPromised) {
  std::vector<std::string> names;
  for (const Connector& connector : shipped_connectors()) names.push_back(connector.name);
  EXPECT_THAT(names, ::testing::IsSupersetOf({"cloudevents", "douyin",   "douyin-spi",  "generic",
                                              "github",      "hubspot",  "intercom",    "line",
                                              "mailchimp",   "mandrill", "meta",        "segment",
                                              "sendgrid",    "shopify",  "slack",       "standard-webhooks",
                                              "stripe",      "svix",     "tiktok-shop", "twilio",
                                              "wechat",      "wecom",    "woocommerce", "youzan",
                                              "zendesk"}));
}

TEST(ShippedFiles, PassTheirTestsWhichReachEveryRule) {
  for (const Connector& connector : shipped_connectors()) {
    SCOPED_TRACE(connector.name);
    FileTestReport report = run_file_tests(connector);
    EXPECT_THAT(report.failures, ::testing::IsEmpty());
    EXPECT_THAT(report.not_reached, ::testing::IsEmpty());
    EXPECT_GT(report.tests, 1u);
  }
}

/// Why the engine would not take an event, or an identifier of one.
std::vector<std::string> refusals(const Connector& connector, const ConnectorTest& test) {
  HttpRequest request;
  request.method = test.method;
  request.query = test.query;
  request.headers = test.headers;
  request.body.reserve(test.body.size() + kBodyPaddingBytes);
  request.body = test.body;
  WebhookSettings settings;
  settings.values = test.config;
  WebhookDelivery delivery{request, request.body, settings, "shop", *parse_iso8601("2026-01-02T03:04:05Z")};
  Mapper mapper(1 << 20);
  std::vector<std::string> found;
  if (!mapper.read(connector, delivery) || mapper.handshake(false) || mapper.handshake(true)) return found;
  MappedDelivery mapped = mapper.map();
  if (mapped.event_count == 0) return found;
  testing::Request as_batch;
  as_batch.trust = SourceTrust::server;
  as_batch.identifiers_listed = true;
  auto outcome = testing::parse_request(mapped.events, as_batch);
  if (outcome->refused) return {outcome->refused_code()};
  for (size_t i = 0; i < outcome->items.size(); ++i) {
    if (!outcome->is_event(i)) found.push_back(outcome->item_code(i));
    bool known = !outcome->is_event(i) || (outcome->event(i).flags & EventFlags::kUnknownChannel) == 0;
    if (!known) found.emplace_back("an unknown channel");
  }
  if (outcome->findings.identifiers_invalid + outcome->findings.identifiers_blocked > 0)
    found.push_back("an identifier is none: " + mapped.events);
  return found;
}

TEST(ShippedFiles, MakeEventsThatTheEngineTakes) {
  for (const Connector& connector : shipped_connectors()) {
    for (const ConnectorTest& test : connector.tests) {
      EXPECT_THAT(refusals(connector, test), ::testing::IsEmpty()) << connector.name << ": " << test.name;
    }
  }
}

// Elsewhere "webhook" would be all that a reader of the timeline sees.
TEST(ShippedFiles, NameWhatTheyDoNotMap) {
  for (const Connector& connector : shipped_connectors()) {
    EXPECT_TRUE(connector.unmapped.name.has_value()) << connector.name;
    EXPECT_TRUE(connector.message_id.has_value()) << connector.name;
    EXPECT_NE(find_channel(connector.channel), nullptr) << connector.name;
  }
}

// A signature rule that reads a setting which the file doesn't ask for could never be met.
TEST(ShippedFiles, AskForTheSettingsOfTheirSignature) {
  for (const Connector& connector : shipped_connectors()) {
    for (const std::string& name : connector.signature.config_names()) {
      auto known = std::find_if(connector.settings.begin(), connector.settings.end(),
                                [&](const auto& setting) { return setting.name == name && setting.required; });
      EXPECT_NE(known, connector.settings.end()) << connector.name << ": " << name;
    }
  }
}

}  // namespace
}  // namespace tributary
