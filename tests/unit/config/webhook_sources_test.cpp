// Sources of kind webhook: every mistake with the exact line an operator reads, and what a good one becomes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "connectors/webhook/connector.h"
#include "tests/unit/config/support.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Lines = std::vector<std::string>;

/// One source a; `more` are its further members.
std::string with(const std::string& more) {
  return "sources:\n  - {id: a, workspace: w, kind: webhook, " + more + "}\n";
}

struct WebhookCase {
  const char* name;
  std::string text;
  Lines expected;
};

class WebhookMistakes : public ::testing::TestWithParam<WebhookCase> {};

TEST_P(WebhookMistakes, AreNamedWithFileLineAndColumn) {
  EXPECT_EQ(mistakes_of(GetParam().text), GetParam().expected);
  for (const std::string& line : mistakes_of(GetParam().text)) EXPECT_THAT(line, Not(HasSubstr("s3cr3t")));
}

const std::string kLine = "connector: line, secrets: [s3cr3t], settings: ";
const std::string kMeta = "connector: meta, secrets: [s3cr3t], settings: ";

const WebhookCase kWebhookCases[] = {
    {"WriteKeys",
     with("connector: shopify, secrets: [s3cr3t], write_keys: [s3cr3t]"),
     {"t.yaml:2:93: sources[0].write_keys: a source of kind webhook does not have it"}},
    {"Trust",
     with("connector: shopify, secrets: [s3cr3t], trust: server"),
     {"t.yaml:2:88: sources[0].trust: a source of kind webhook does not have it"}},
    {"ConnectorOfAnSdk",
     "sources:\n  - {id: a, workspace: w, kind: sdk, write_keys: [abcdefgh], connector: shopify}\n",
     {"t.yaml:2:73: sources[0].connector: a source of kind sdk does not have it"}},
    {"SecretsWithoutAKind",
     "sources:\n  - {id: a, workspace: w, write_keys: [abcdefgh], secrets: [s3cr3t]}\n",
     {"t.yaml:2:60: sources[0].secrets: a source of kind sdk does not have it"}},
    {"NoConnector", with("secrets: [s3cr3t]"), {"t.yaml:2:5: sources[0]: \"connector\" is missing"}},
    {"UnknownConnector",
     with("connector: shopfy, secrets: [s3cr3t]"),
     {"t.yaml:2:53: sources[0].connector: there is no connector \"shopfy\", did you mean \"shopify\"?"}},
    {"ConnectorIsNoPath",
     with("connector: ../shopify, secrets: [s3cr3t]"),
     {"t.yaml:2:53: sources[0].connector: there is no connector \"../shopify\", did you mean \"shopify\"?"}},
    {"NoSecret", with("connector: shopify"), {"t.yaml:2:5: sources[0]: no secret"}},
    {"EmptySecret",
     with("connector: shopify, secrets: ['']"),
     {"t.yaml:2:5: sources[0]: no secret", "t.yaml:2:72: sources[0].secrets[0]: a secret must not be empty"}},
    {"SecretThatCantBeDecoded",
     with("connector: standard-webhooks, secrets: ['s3cr3t!']"),
     {"t.yaml:2:5: sources[0]: secret 1 is not base64"}},
    {"UnknownSetting",
     with(kLine + "{provder: s3cr3t, provider: 1}"),
     {"t.yaml:2:88: sources[0].settings: connector line has no setting \"provder\", did you mean \"provider\"?"}},
    {"MissingSetting",
     with("connector: line, secrets: [s3cr3t]"),
     {"t.yaml:2:5: sources[0].settings: connector line needs \"provider\": id of the provider: user ids are unique in "
      "it, not in the channel"}},
    {"EmptySetting",
     with(kLine + "{provider: ''}"),
     {"t.yaml:2:88: sources[0].settings: connector line needs \"provider\": id of the provider: user ids are unique in "
      "it, not in the channel"}},
    {"NullSetting",
     with(kLine + "{provider: null}"),
     {"t.yaml:2:88: sources[0].settings: \"provider\": expected one value",
      "t.yaml:2:88: sources[0].settings: connector line needs \"provider\": id of the provider: user ids are unique in "
      "it, not in the channel"}},
    {"ListOfASetting",
     with(kLine + "{provider: [s3cr3t]}"),
     {"t.yaml:2:88: sources[0].settings: \"provider\": expected one value",
      "t.yaml:2:88: sources[0].settings: connector line needs \"provider\": id of the provider: user ids are unique in "
      "it, not in the channel"}},
    {"SettingTwice", with(kLine + "{provider: 1, provider: 2}"), {"t.yaml:2:102: the key \"provider\" stands twice"}},
    {"SettingsAreNoMap",
     with(kLine + "[s3cr3t]"),
     {"t.yaml:2:88: sources[0].settings: expected a map",
      "t.yaml:2:88: sources[0].settings: connector line needs \"provider\": id of the provider: user ids are unique in "
      "it, not in the channel"}},
    {"FileOfASettingIsMissing",
     with(kMeta + "{verify_token_file: /nonexistent/token}"),
     {"t.yaml:2:88: sources[0].settings: verify_token_file: reading /nonexistent/token: No such file or directory",
      "t.yaml:2:88: sources[0].settings: connector meta needs \"verify_token\": the token that was typed in when the "
      "callback address was registered"}},
    {"FileOfAnUnknownSetting",
     with(kLine + "{provider: 1, token_file: /nonexistent/token}"),
     {"t.yaml:2:88: sources[0].settings: token_file: reading /nonexistent/token: No such file or directory"}},
    {"SettingThatIsNoKey",
     with("connector: wechat, secrets: [s3cr3t], settings: {app_id: wx1, aes_key: s3cr3t}"),
     {"t.yaml:2:5: sources[0]: settings.aes_key is not an EncodingAESKey of 43 characters"}},
    {"GuessablePath",
     with("connector: generic"),
     {"t.yaml:2:5: sources[0].path: connector generic verifies nothing, so the path is the only secret: give one of at "
      "least 16 characters"}},
    {"ShortPath",
     with("connector: generic, path: fifteen-letters"),
     {"t.yaml:2:68: sources[0].path: connector generic verifies nothing, so the path is the only secret: give one of "
      "at least 16 characters"}},
    {"PathWithASlash",
     with("connector: shopify, secrets: [s3cr3t], path: a/b"),
     {"t.yaml:2:87: sources[0].path: expected 1 to 64 of A-Z a-z 0-9 _ . -"}},
    {"PathThatClientsTakeOut",
     with("connector: shopify, secrets: [s3cr3t], path: .."),
     {"t.yaml:2:87: sources[0].path: expected 1 to 64 of A-Z a-z 0-9 _ . -"}},
    {"TwoOfOnePath",
     with("connector: shopify, secrets: [s3cr3t]") +
         "  - {id: b, workspace: w, kind: webhook, connector: stripe, secrets: [s3cr3t], path: a}\n",
     {"t.yaml:3:86: sources[1].path: \"a\" is already the path of sources[0]"}},
    {"NoPublicUrl",
     with("connector: hubspot, secrets: [s3cr3t]"),
     {"t.yaml:2:5: sources[0]: public_url is missing: the signature covers the address that the platform calls"}},
    {"PublicUrlIsNone",
     with("connector: hubspot, secrets: [s3cr3t], public_url: cdp.example.com"),
     {"t.yaml:2:5: sources[0]: public_url is missing: the signature covers the address that the platform calls",
      "t.yaml:2:93: sources[0].public_url: expected http:// or https:// and a host, got \"cdp.example.com\""}},
};

INSTANTIATE_TEST_SUITE_P(Cases, WebhookMistakes, ::testing::ValuesIn(kWebhookCases),
                         [](const auto& tested) { return std::string(tested.param.name); });

const WebhookSource& only_source(const Config& config) {
  EXPECT_EQ(config.webhook_sources.size(), 1u);
  return config.webhook_sources.at(0);
}

std::string provider_of(const std::string& written) {
  Config config = config_of(with(kLine + "{provider: " + written + "}"));
  const std::string* value = only_source(config).settings.find("provider");
  return value != nullptr ? *value : "missing";
}

TEST(WebhookSources, SettingsAreTextsAsTheyWereWritten) {
  EXPECT_EQ(provider_of("p1"), "p1");
  EXPECT_EQ(provider_of("007"), "007");
  EXPECT_EQ(provider_of("true"), "true");
  EXPECT_EQ(provider_of("1656789012"), "1656789012");
  EXPECT_EQ(provider_of("123456789012345678901234567890"), "123456789012345678901234567890");
  EXPECT_EQ(provider_of("1.10"), "1.10");
  EXPECT_EQ(provider_of("12e4"), "12e4");
  EXPECT_EQ(provider_of("1e999"), "1e999");
  EXPECT_EQ(provider_of("'a \"b\" \\ 茶'"), "a \"b\" \\ 茶");
}

TEST(WebhookSources, ASettingMayLieInAFile) {
  TemporaryFile file("from-a-file\n");
  Config config = config_of(with(kMeta + "{verify_token_file: " + file.path() + "}"));
  EXPECT_EQ(*only_source(config).settings.find("verify_token"), "from-a-file");
}

TEST(WebhookSources, WhatAFileOfASettingMustHold) {
  TemporaryFile two("s3cr3t\nother\n"), none(" \n\n");
  EXPECT_THAT(mistakes_of(with(kMeta + "{verify_token_file: " + two.path() + "}")),
              ElementsAre(HasSubstr("verify_token_file: reading " + two.path() + ": expected one line"),
                          HasSubstr("connector meta needs \"verify_token\"")));
  EXPECT_THAT(mistakes_of(with(kMeta + "{verify_token_file: " + none.path() + "}")),
              ElementsAre(HasSubstr("the file holds no secret"), HasSubstr("connector meta needs")));
  EXPECT_THAT(mistakes_of(with(kMeta + "{verify_token: x, verify_token_file: " + two.path() + "}")).size(), 1u);
}

TEST(WebhookSources, SecretsInTheOrderTheyAreWritten) {
  Config config = config_of(with("connector: shopify, secrets: [new, old]"));
  EXPECT_THAT(only_source(config).settings.secrets, ElementsAre("new", "old"));
  TemporaryFile file("new\nold\n");
  config = config_of(with("connector: shopify, secrets_file: " + file.path()));
  EXPECT_THAT(only_source(config).settings.secrets, ElementsAre("new", "old"));
}

TEST(WebhookSources, ThePathIsTheIdUnlessOneIsGiven) {
  EXPECT_EQ(only_source(config_of(with("connector: shopify, secrets: [s]"))).path, "a");
  EXPECT_EQ(only_source(config_of(with("connector: shopify, secrets: [s], path: shop-1"))).path, "shop-1");
}

TEST(WebhookSources, ThePublicUrlIsTheServersUnlessTheSourceHasOne) {
  std::string server = "server: {public_url: 'https://all.example.com'}\n";
  EXPECT_EQ(only_source(config_of(server + with("connector: hubspot, secrets: [s]"))).settings.public_url,
            "https://all.example.com");
  std::string own = "connector: hubspot, secrets: [s], public_url: 'https://one.example.com'";
  EXPECT_EQ(only_source(config_of(server + with(own))).settings.public_url, "https://one.example.com");
}

TEST(WebhookSources, AreBelievedAsFarAsTheirConnectorGoes) {
  Config signed_one = config_of(with("connector: shopify, secrets: [s]"));
  EXPECT_EQ(only_source(signed_one).source.trust, SourceTrust::server);
  Config weak = config_of(with("connector: generic, path: 0123456789abcdef"));
  EXPECT_EQ(only_source(weak).source.trust, SourceTrust::browser);
}

TEST(WebhookSources, ADisabledOneIsStillChecked) {
  EXPECT_FALSE(only_source(config_of(with("connector: shopify, secrets: [s], enabled: false"))).source.enabled);
  EXPECT_EQ(mistakes_of(with("connector: shopfy, secrets: [s], enabled: false")).size(), 1u);
}

TEST(WebhookSources, MistakesOfAConnectorFileAreNamedThere) {
  auto temp = std::make_unique<model::TempDirectory>();
  std::string directory = temp->path();
  std::ofstream(directory + "/kiosk.yaml")
      << "name: kiosk\nverion: 1\ntitle: T\nverify: none\nevent: [{emit: {name: E}}]\n";
  std::string own = "webhooks: {connectors: " + directory + "}\n";
  EXPECT_THAT(mistakes_of(own + with("connector: kiosk, path: 0123456789abcdef")),
              ElementsAre(directory + "/kiosk.yaml:1:1: `version` is missing",
                          directory + "/kiosk.yaml:2:1: unknown key \"verion\", did you mean \"version\"?"));
  temp.reset();
  EXPECT_THAT(mistakes_of(own + with("connector: shopify, secrets: [s]")),
              ElementsAre("t.yaml:1:24: webhooks.connectors: there is no folder " + directory));
}

TEST(WebhookSources, SampleAndSchemaShowThem) {
  std::string sample = config_sample(), schema = config_schema();
  for (const char* key : {"connector", "secrets", "path", "public_url", "settings"}) {
    EXPECT_THAT(sample, HasSubstr("#    " + std::string(key) + ": ")) << key;
    EXPECT_THAT(schema, HasSubstr("\"" + std::string(key) + "\"")) << key;
  }
  EXPECT_THAT(schema, HasSubstr("\"webhook\""));
}

}  // namespace
}  // namespace tributary
