// What is signed here is genuine there.
#include "connectors/webhook/signer.h"

#include "tests/unit/webhook_signature/vectors.h"

namespace tributary::testing {
namespace {

constexpr const char* kSeedHex = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
constexpr const char* kPublicHex = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
constexpr const char* kP256Private =
    "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCDJr6nYRbp1FmtcIVdnsdaTTlDD2zbomxJ7imIrEg9nIQ==";
constexpr const char* kP256Public =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/"
    "4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==";
constexpr Timestamp kNow{1'700'000'000'123'000};

/// Settings of the sender, and of us.
struct KeyPair {
  WebhookSettings sender, receiver;
};

KeyPair keys_for(const std::string& rule) {
  WebhookSettings settings = settings_with({"a secret"});
  settings.values.insert(
      settings.values.end(),
      {{"app_id", "wx1"}, {"corp_id", "ww1"}, {"aes_key", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"}});
  KeyPair keys{settings, settings};
  auto set = [&](std::string sender, std::string receiver) {
    keys.sender.secrets = {std::move(sender)};
    keys.receiver.secrets = {std::move(receiver)};
  };
  if (rule == "standard-webhooks" || rule == "svix") set("whsec_c2VjcmV0", "whsec_c2VjcmV0");
  if (rule == "discord") set(kSeedHex, kPublicHex);
  if (rule == "sendgrid") set(kP256Private, kP256Public);
  return keys;
}

class Signed : public ::testing::TestWithParam<std::string> {
 protected:
  SignatureRule rule_ = all_rules().at(GetParam());
  KeyPair keys_ = keys_for(GetParam());

  std::string fault(const HttpRequest& request, Timestamp now = kNow) const {
    return fault_of(rule_, request, keys_.receiver, now);
  }
};

TEST_P(Signed, IsGenuine) {
  for (const char* body :
       {"{\"total\":12.50,\"id\":9007199254740993}", "{}", "{\"signature\":{\"kept\":1},\"msg\":\"%7B\"}"}) {
    HttpRequest request = request_to("/v1/webhooks/x?a=1&b=%2F%20", body);
    auto done = sign(rule_, request, keys_.sender, kNow);
    ASSERT_TRUE(done.has_value()) << done.error().message;
    EXPECT_EQ(fault(request), "") << body;
    auto reread = request_to(request.target, request.body);
    EXPECT_EQ(reread.query, request.query);
    if (rule_.any_of.empty() || !rule_.any_of[0].signature.json.empty()) continue;
    if (rule_.any_of[0].algorithm == SignatureAlgorithm::token_equal) continue;
    request.body.back() = ']';
    EXPECT_NE(fault(request), "") << body;
  }
}

TEST_P(Signed, ACheckOfTheAddressToo) {
  if (rule_.special != SpecialScheme::wechat && rule_.special != SpecialScheme::wecom) return;
  HttpRequest request = request_to("/v1/webhooks/x?echostr=e1", "", "GET");
  ASSERT_TRUE(sign(rule_, request, keys_.sender, kNow).has_value());
  auto verification = verify_copy(rule_, request, keys_.receiver, kNow);
  ASSERT_TRUE(verification.answer.has_value());
  EXPECT_EQ(verification.answer->body, "e1");
}

std::vector<std::string> rule_names() {
  std::vector<std::string> names;
  for (const auto& [name, rule] : all_rules()) names.push_back(name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, Signed, ::testing::ValuesIn(rule_names()),
                         [](const auto& named) { return test_name(named.param); });

TEST(Signer, MakesTheSignaturesOfTheVectors) {
  size_t compared = 0;
  for (const SignedCall& call : signed_calls()) {
    const SignatureRule rule = all_rules().at(call.rule);
    bool shared_key = !rule.any_of.empty() && (rule.any_of[0].is_hmac() || rule.any_of[0].is_plain_hash());
    bool own_time = call.id == "twitch-1" || call.id == "zendesk-1" || call.id == "zendesk-2-empty-body";
    if (!shared_key || own_time || rule.decrypt != BodyCipher::none || call.id.find("rotation") != std::string::npos ||
        call.id == "standard-webhooks-3-ed25519" || rule.any_of[0].signature.headers.empty()) {
      continue;
    }
    HttpRequest request = call.request;
    std::string header = rule.any_of[0].signature.headers[0];
    std::string wanted(call.request.header(header));
    std::erase_if(request.headers, [&](const auto& given) { return given.first == header; });
    ASSERT_TRUE(sign(rule, request, call.settings, call.now).has_value()) << call.id;
    ASSERT_FALSE(request.header(header).empty()) << call.id;
    EXPECT_TRUE(wanted.starts_with(request.header(header))) << call.id << ": " << wanted;
    ++compared;
  }
  EXPECT_GT(compared, 20u);
}

TEST(Signer, StandardWebhooksSignsWithAPrivateKey) {
  HttpRequest request = request_to("/", "{}");
  const SignatureRule& rule = *find_signature_rule("standard-webhooks");
  ASSERT_TRUE(
      sign(rule, request, settings_with({"whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="}), kNow).has_value());
  EXPECT_TRUE(request.header("webhook-signature").starts_with("v1a,"));
  auto receiver = settings_with({"whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="});
  EXPECT_EQ(fault_of(rule, request, receiver, kNow), "");
}

TEST(Signer, KeepsEveryByteOfABodyThatItSignsInside) {
  HttpRequest request = request_to("/", R"({"event-data":{"n":12.50,"id":9007199254740993,"s":"\u4f60"}})");
  ASSERT_TRUE(sign(*find_signature_rule("mailgun"), request, settings_with({"s"}), kNow).has_value());
  EXPECT_TRUE(request.body.starts_with(R"({"event-data":{"n":12.50,"id":9007199254740993,"s":"\u4f60"},"signature":{)"))
      << request.body;
}

TEST(Signer, SaysWhyItCant) {
  auto fault = [](const std::string& rule, std::string body, const WebhookSettings& settings) {
    HttpRequest request = request_to("/", std::move(body));
    auto done = sign(parse_rule(rule), request, settings, kNow);
    return done ? "" : done.error().message;
  };
  EXPECT_EQ(fault("github", "{}", {}), "signing: no secret");
  EXPECT_EQ(fault("svix", "{}", settings_with({"whsec_*"})), "signing: the secret can't be decoded as the rule says");
  EXPECT_EQ(fault("mailgun", "[]", settings_with({"s"})),
            "signing: the body is no JSON object, and the signature is a member of it");
  EXPECT_EQ(fault("douyin", "a=1", settings_with({"s"})), "signing: only a body of JSON is safe under this signature");
  EXPECT_EQ(fault("sendgrid", "[]", settings_with({kP256Public})), "not a P-256 private key (PKCS#8)");
  EXPECT_EQ(fault("{special: wecom}", "<xml/>", settings_with({"s"})),
            "signing: settings.aes_key is not an EncodingAESKey of 43 characters");
  EXPECT_EQ(fault("none", "", {}), "");
}

}  // namespace
}  // namespace tributary::testing
