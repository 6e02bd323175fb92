// What a source must give to its signature rule.
#include "tests/unit/webhook_signature/vectors.h"

namespace tributary::testing {
namespace {

using ::testing::Test;
using Faults = std::vector<std::string>;

Faults faults_of(const std::string& rule, const WebhookSettings& settings) {
  return check_settings(parse_rule(rule), settings);
}

TEST(CheckSettings, SecretsAreThereAndCanBeDecoded) {
  EXPECT_EQ(faults_of("github", {}), Faults{"no secret"});
  EXPECT_EQ(faults_of("github", settings_with({"a", ""})), Faults{"secret 2 is empty"});
  EXPECT_EQ(faults_of("github", settings_with({"a", "b"})), Faults{});
  EXPECT_EQ(faults_of("svix", settings_with({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})), Faults{});
  EXPECT_EQ(faults_of("svix", settings_with({"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})), Faults{});
  EXPECT_EQ(faults_of("svix", settings_with({"whsec_"})), Faults{"secret 1 is not base64"});
  EXPECT_EQ(faults_of("svix", settings_with({"whsec_not base64"})), Faults{"secret 1 is not base64"});
  EXPECT_EQ(faults_of("none", {}), Faults{});
}

TEST(CheckSettings, PublicKeysAreKeys) {
  const std::string key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
  EXPECT_EQ(faults_of("standard-webhooks", settings_with({"whpk_" + key})), Faults{});
  EXPECT_EQ(faults_of("standard-webhooks", settings_with({"whpk_AAAA"})), Faults{"secret 1 is not base64"});
  EXPECT_EQ(faults_of("discord", settings_with({"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"})),
            Faults{});
  EXPECT_EQ(faults_of("discord", settings_with({"d75a"})), Faults{"secret 1 is not an Ed25519 public key in hex"});
  EXPECT_EQ(faults_of("discord", settings_with({"key"})), Faults{"secret 1 is not an Ed25519 public key in hex"});
  const std::string p384 =
      "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE73ws3ydLR8YXngeRgp1KHlEzssefaT0l+q8rYmxcgUVRefbj9LXtGARdogHJf/BpFX7zdVpg7VbNs1KX"
      "P6/yjE1cwlTVh8+duAeQXs09Qz7Clgzf/kVLDQu5DH+VvtbS";
  EXPECT_EQ(faults_of("sendgrid", settings_with({p384})), Faults{"secret 1 is not a P-256 public key in base64"});
  EXPECT_EQ(faults_of("sendgrid", settings_with({"MFkw"})), Faults{"secret 1 is not a P-256 public key in base64"});
}

TEST(CheckSettings, AnAddressThatIsSignedIsConfigured) {
  WebhookSettings settings = settings_with({"s"});
  for (const char* rule : {"hubspot", "hubspot-v2", "mandrill", "{special: twilio}"}) {
    settings.public_url = "";
    EXPECT_EQ(faults_of(rule, settings),
              Faults{"public_url is missing: the signature covers the address that the platform calls"})
        << rule;
    settings.public_url = "cdp.example.com";
    EXPECT_EQ(faults_of(rule, settings), Faults{"public_url does not begin with https:// or http://"}) << rule;
    settings.public_url = kPublicUrl;
    EXPECT_EQ(faults_of(rule, settings), Faults{}) << rule;
  }
  settings.public_url = "";
  for (const char* rule : {"hubspot-v1", "github", "slack"}) EXPECT_EQ(faults_of(rule, settings), Faults{}) << rule;
}

TEST(CheckSettings, ValuesThatARuleReadsAreThere) {
  WebhookSettings settings = settings_with({"s"});
  settings.values = {{"client_id", ""}};
  EXPECT_EQ(faults_of("youzan", settings), Faults{"settings.client_id is missing"});
  EXPECT_EQ(faults_of("tiktok-shop", settings), Faults{"settings.app_key is missing"});
  EXPECT_EQ(parse_rule("youzan").config_names(), std::vector<std::string>{"client_id"});
}

TEST(CheckSettings, WechatKeysAndIds) {
  const std::string key(43, 'A');
  WebhookSettings settings = settings_with({"token"});
  const std::string wechat = "{special: wechat}", wecom = "{special: wecom}";
  EXPECT_EQ(faults_of(wechat, settings), Faults{});
  EXPECT_EQ(faults_of(wecom, settings), (Faults{"settings.aes_key is missing", "settings.corp_id is missing"}));
  settings.values = {{"aes_key", key}};
  EXPECT_EQ(faults_of(wechat, settings), Faults{"settings.app_id is missing"});
  EXPECT_EQ(faults_of(wecom, settings), Faults{"settings.corp_id is missing"});
  EXPECT_EQ(faults_of("{special: wecom, receive_id: \"\"}", settings), Faults{});
  EXPECT_EQ(faults_of("{special: wechat, receive_id: $config/component}", settings),
            Faults{"settings.component is missing"});
  settings.values = {{"aes_key", "short"}, {"app_id", "wx1"}, {"aes_key_old", key + "="}};
  EXPECT_EQ(faults_of(wechat, settings), (Faults{"settings.aes_key is not an EncodingAESKey of 43 characters",
                                                 "settings.aes_key_old is not an EncodingAESKey of 43 characters"}));
}

}  // namespace
}  // namespace tributary::testing
