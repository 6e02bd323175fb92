// WeChat's and WeCom's own examples, and what must not pass for them.
#include "connectors/webhook/wechat.h"

#include "connectors/http/request_target.h"
#include "connectors/webhook/block_padding.h"
#include "connectors/webhook/digests.h"
#include "engine/base/keyed_hash.h"
#include "tests/unit/webhook_signature/vectors.h"

namespace tributary::testing {
namespace {

// Published by WeChat.
const std::string kToken = "AAAAA", kAesKey(43, 'A'), kAppId = "wxba5fad812f8e6fb9";
const std::string kE1 =
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVza"
    "zhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwK"
    "SqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=";
const std::string kM1 =
    R"({"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"})";
const std::string kE2 = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==";

// Published by WeCom.
const std::string kCorpToken = "QDG6eK", kCorpAesKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
                  kCorpId = "wx5823bf96d3bd56c7",
                  kCorpEcho =
                      "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==";

// Own values, which `@wecom/crypto` and `wechat-crypto` accept.
const std::string kOwnAesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const std::string kOwnMessage =
    R"(<xml><ToUserName><![CDATA[gh_tributary]]></ToUserName><FromUserName><![CDATA[oOpenId1]]></FromUserName><CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好]]></Content><MsgId>9223372036854775807</MsgId></xml>)";
const std::string kOwnSealed =
    "Q3stYC6hdFzMh9T8HCvyDIGLsyHCgVx+pkCc9alTDKgwu4Tf941CloQ3+SfioHlC7MeZxmeWMZCIca6+lj4o6CYY/KI9uXwDpg1h"
    "NtYh54TRa2vBbUFEV7vt130d1dTHJJsuu/CPW3Dm2AHpXkEc80aDdkWBsfRmcigyuECNnK+N8GO00WXqBnHdaU7v8IxkFVEihwed"
    "uQ3J23Kb4AlnGYtR0zfeMY6lPD79lBkWiLPwyEeHKNHaQHQhCSz0YKWjhEuKIU8Wjow0ivTPTj0Ig6/PAeLQRmpJAD+Grvsb8EE7"
    "nj0FPzX59Pgz3+3AFZLTcKtR4iKuhXzbfOAhrb9t7JkMo7bV3Efr6CyyqCG+ThdoZPQeDMfp3HjhHS94vFBsDChwkh8kmWmE8DYm"
    "t7+Eylv3jEmkScRHPPiRpj+gxrY=";

WebhookSettings wechat_settings(std::string token, std::string aes_key, std::string id) {
  WebhookSettings settings;
  settings.secrets = {std::move(token)};
  if (!aes_key.empty()) settings.values = {{"aes_key", std::move(aes_key)}};
  settings.values.emplace_back("app_id", id);
  settings.values.emplace_back("corp_id", std::move(id));
  return settings;
}

const SignatureRule& wechat() {
  static const SignatureRule rule = parse_rule("{special: wechat}");
  return rule;
}
const SignatureRule& wecom() {
  static const SignatureRule rule = parse_rule("{special: wecom}");
  return rule;
}

std::string json_envelope(const std::string& sealed) {
  return "{\"ToUserName\":\"gh\",\"Encrypt\":\"" + sealed + "\"}";
}
std::string xml_envelope(const std::string& sealed) {
  return "<xml><ToUserName><![CDATA[gh]]></ToUserName><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>";
}

const std::string kSecureTarget =
    "/w?signature=6c5c811b55cc85e0e1b54100749188c20beb3f5d&timestamp=1714112445&nonce=415670741&openid=o1&"
    "encrypt_type=aes&msg_signature=046e02f8204d34f8ba5fa3b1db94908f3df2e9b3";
constexpr int64_t kSecureTime = 1'714'112'445;

TEST(Wechat, TheAddressIsChecked) {
  const std::string target =
      "/w?signature=f464b24fc39322e44b38aa78f5edd27bd1441696&timestamp=1714036504&nonce=1514711492&"
      "echostr=4375120948345356249";
  auto request = request_to(target, "", "GET");
  for (const auto& settings : {wechat_settings(kToken, "", kAppId), wechat_settings(kToken, kAesKey, kAppId)}) {
    auto verification = verify_copy(wechat(), request, settings, at_second(1'714'036'504));
    ASSERT_FALSE(verification.fault.has_value());
    ASSERT_TRUE(verification.answer.has_value());
    EXPECT_EQ(verification.answer->body, "4375120948345356249");
    EXPECT_EQ(verification.answer->content_type, "text/plain");
  }
  auto settings = wechat_settings(kToken, "", kAppId);
  EXPECT_EQ(fault_of(wechat(), request, settings, at_second(1'714'036'504 + 301)), "too_old");
  EXPECT_EQ(fault_of(wechat(), request, settings, at_second(1'714'036'504 - 301)), "too_new");
  EXPECT_EQ(fault_of(wechat(), request, wechat_settings("AAAAB", "", kAppId), at_second(1'714'036'504)), "mismatch");
  EXPECT_EQ(fault_of(wechat(), request_to("/w", "", "GET"), settings, at_second(0)), "missing");
}

TEST(Wechat, PlainCallsAreWeakAndCountOnce) {
  const std::string target =
      "/w?signature=899cf89e464efb63f54ddac96b0a0a235f53aa78&timestamp=1714037059&nonce=486452656";
  auto verification =
      verify_copy(wechat(), request_to(target, kM1), wechat_settings(kToken, "", kAppId), at_second(1'714'037'059));
  ASSERT_FALSE(verification.fault.has_value());
  EXPECT_EQ(verification.trust, SignatureTrust::weak);
  EXPECT_EQ(verification.once_key, "899cf89e464efb63f54ddac96b0a0a235f53aa78");
  EXPECT_EQ(verification.once_seconds, 600);
  EXPECT_FALSE(verification.body.has_value());
  // A source with a key takes no plain call.
  EXPECT_EQ(
      fault_of(wechat(), request_to(target, kM1), wechat_settings(kToken, kAesKey, kAppId), at_second(1'714'037'059)),
      "missing");
}

TEST(Wechat, SecureCallsAreDecrypted) {
  auto settings = wechat_settings(kToken, kAesKey, kAppId);
  for (const std::string& body : {json_envelope(kE1), xml_envelope(kE1)}) {
    auto verification = verify_copy(wechat(), request_to(kSecureTarget, body), settings, at_second(kSecureTime));
    ASSERT_FALSE(verification.fault.has_value()) << body;
    EXPECT_EQ(verification.body, kM1);
    EXPECT_EQ(verification.trust, SignatureTrust::strong);
    EXPECT_GE(verification.body->capacity(), verification.body->size() + 64);
    EXPECT_FALSE(verification.once_key.has_value());
  }
}

TEST(Wechat, TheOldKeyIsTriedToo) {
  auto settings = wechat_settings(kToken, kOwnAesKey, kAppId);
  auto request = request_to(kSecureTarget, json_envelope(kE1));
  EXPECT_EQ(fault_of(wechat(), request, settings, at_second(kSecureTime)), "malformed");
  settings.values.emplace_back("aes_key_old", kAesKey);
  EXPECT_EQ(verify_copy(wechat(), request, settings, at_second(kSecureTime)).body, kM1);
}

TEST(Wechat, WhatIsNotSecure) {
  auto settings = wechat_settings(kToken, kAesKey, kAppId);
  auto fault = [&](const std::string& target, const std::string& body, const WebhookSettings& with, int64_t late = 0) {
    return fault_of(wechat(), request_to(target, body), with, at_second(kSecureTime + late));
  };
  EXPECT_EQ(fault(kSecureTarget, json_envelope(kE1), settings), "");
  EXPECT_EQ(fault(kSecureTarget, json_envelope(kE1), settings, 301), "too_old");
  EXPECT_EQ(fault(kSecureTarget, json_envelope(kE1), wechat_settings(kToken, kAesKey, "wx2")), "malformed");
  EXPECT_EQ(fault(kSecureTarget, json_envelope(kE1), wechat_settings("B", kAesKey, kAppId)), "mismatch");
  EXPECT_EQ(fault(kSecureTarget, "<!DOCTYPE x>" + xml_envelope(kE1), settings), "missing");
  EXPECT_EQ(fault(kSecureTarget, kM1, settings), "missing");
  EXPECT_EQ(fault(kSecureTarget, "", settings), "missing");
  // The three-part signature is right, and covers nothing.
  std::string wrong = kSecureTarget;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_EQ(fault(wrong, json_envelope(kE1), settings), "mismatch");
  EXPECT_EQ(fault(kSecureTarget.substr(0, kSecureTarget.find("&msg_signature")), json_envelope(kE1), settings),
            "missing");
  for (size_t at : {size_t{0}, kE1.size() / 2, kE1.size() - 2}) {
    std::string changed = kE1;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(fault(kSecureTarget, json_envelope(changed), settings), "mismatch");
  }
}

TEST(Wecom, TheAddressIsChecked) {
  auto settings = wechat_settings(kCorpToken, kCorpAesKey, kCorpId);
  const std::string before =
      "/w?msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780&echostr=";
  for (const std::string& echo : {encoded_component(kCorpEcho), kCorpEcho}) {  // the second: nobody escaped its `+`
    auto verification = verify_copy(wecom(), request_to(before + echo, "", "GET"), settings, at_second(1'409'659'589));
    ASSERT_FALSE(verification.fault.has_value()) << echo;
    ASSERT_TRUE(verification.answer.has_value());
    EXPECT_EQ(verification.answer->body, "1616140317555161061");
  }
}

TEST(Wecom, AMessageWithAFullBlockOfPadding) {
  auto settings = wechat_settings("tb-token", kOwnAesKey, "wx0000000000000001");
  auto request =
      request_to("/w?msg_signature=0fee0840640c2cc890dd3faba338b5f77912e0b4&timestamp=1700000000&nonce=nonce1",
                 xml_envelope(kOwnSealed));
  EXPECT_EQ(verify_copy(wecom(), request, settings, at_second(1'700'000'000)).body, kOwnMessage);
  request.query.emplace_back("encrypt_type", "aes");
  EXPECT_EQ(verify_copy(wechat(), request, settings, at_second(1'700'000'000)).body, kOwnMessage);
  auto key = *wechat_aes_key(kOwnAesKey);
  EXPECT_EQ(hex_text(key), "69b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3d0010831051");
  EXPECT_EQ(wechat_sealed(kOwnMessage, key, "wx0000000000000001", "0123456789abcdef"), kOwnSealed);
}

TEST(Wecom, NeverTakesAPlainCall) {
  auto settings = wechat_settings(kToken, "", kAppId);
  auto request =
      request_to("/w?signature=899cf89e464efb63f54ddac96b0a0a235f53aa78&timestamp=1714037059&nonce=486452656", kM1);
  EXPECT_EQ(fault_of(wecom(), request, settings, at_second(1'714'037'059)), "missing");
}

/// Any plaintext under the key, so that only its shape speaks against it.
std::string sealed_plain(const std::string& plain) {
  auto key = *wechat_aes_key(kAesKey);
  return base64(*aes_cbc_encrypted(key, key.substr(0, 16), plain));
}

std::string plain_with(uint32_t length, const std::string& rest) {
  std::string plain(16, 'r');
  for (int shift = 24; shift >= 0; shift -= 8) plain += static_cast<char>(length >> shift);
  return plain + rest;
}

TEST(Wechat, OnlyTheExactShapeOpens) {
  auto key = *wechat_aes_key(kAesKey);
  auto opened = [&](const std::string& sealed) { return wechat_opened(sealed, key, "id"); };
  auto padded = [](std::string plain) {
    add_block_padding(plain, 32);
    return plain;
  };
  EXPECT_EQ(opened(sealed_plain(padded(plain_with(3, "abcid")))), "abc");
  EXPECT_EQ(opened(sealed_plain(padded(plain_with(0, "id")))), "");
  for (uint32_t length : {2u, 4u, 6u, 0x7fffffffu, 0xffffffffu, 0x80000000u}) {
    EXPECT_EQ(opened(sealed_plain(padded(plain_with(length, "abcid")))), std::nullopt) << length;
  }
  std::string plain = padded(plain_with(3, "abcid"));  // 7 bytes of padding
  for (char last : {'\0', '\6', '\10', '\41', '\377'}) {
    plain.back() = last;
    EXPECT_EQ(opened(sealed_plain(plain)), std::nullopt) << int{last};
  }
  std::string unequal = padded(plain_with(3, "abcid"));
  unequal[unequal.size() - 3] = 1;
  EXPECT_EQ(opened(sealed_plain(unequal)), std::nullopt);
  EXPECT_EQ(opened(sealed_plain(std::string(64, '\x21'))), std::nullopt);  // 33
  EXPECT_EQ(opened(sealed_plain(std::string(32, '\x20'))), std::nullopt);  // nothing but padding
  EXPECT_EQ(opened(""), std::nullopt);
  EXPECT_EQ(opened("AAAA"), std::nullopt);
  EXPECT_EQ(opened("***"), std::nullopt);
  EXPECT_EQ(wechat_opened(sealed_plain(padded(plain_with(3, "abc"))), key, ""), "abc");
}

TEST(Wechat, AnAnswerIsEncrypted) {
  auto key = *wechat_aes_key(kAesKey);
  const std::string random = "707722b803182950", message = "{\"demo_resp\":\"good luck\"}";
  EXPECT_EQ(wechat_sealed(message, key, kAppId, random), kE2);
  WechatReply reply{message, kToken, kAesKey, kAppId, "415670741", at_second(1'713'424'427), WechatForm::json};
  EXPECT_EQ(wechat_encrypt_reply(reply, random).value(),
            "{\"Encrypt\":\"" + kE2 + "\",\"MsgSignature\":\"1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1\"," +
                "\"TimeStamp\":1713424427,\"Nonce\":\"415670741\"}");
  reply.form = WechatForm::xml;
  EXPECT_EQ(wechat_encrypt_reply(reply, random).value(),
            "<xml><Encrypt><![CDATA[" + kE2 + "]]></Encrypt>" +
                "<MsgSignature><![CDATA[1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1]]></MsgSignature>" +
                "<TimeStamp>1713424427</TimeStamp><Nonce><![CDATA[415670741]]></Nonce></xml>");
  reply.nonce = "]]>";
  EXPECT_FALSE(wechat_encrypt_reply(reply, random).has_value());
  reply.nonce = "1";
  reply.encoding_aes_key = "short";
  EXPECT_FALSE(wechat_encrypt_reply(reply, random).has_value());
}

}  // namespace
}  // namespace tributary::testing
