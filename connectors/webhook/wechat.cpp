#include "connectors/webhook/wechat.h"

#include <algorithm>
#include <cctype>

#include "connectors/webhook/block_padding.h"
#include "connectors/webhook/digests.h"
#include "connectors/webhook/signed_json.h"
#include "connectors/webhook/xml_document.h"
#include "engine/base/json_out.h"
#include "engine/base/keyed_hash.h"
#include "engine/base/text.h"
#include "engine/engine.h"

namespace tributary {
namespace {

constexpr size_t kEncodingAesKeyCharacters = 43, kWechatBlockBytes = 32, kIvBytes = 16, kLengthBytes = 4;

/// A `+` that nobody escaped became a space on the way, and base64 has none.
std::string base64_parameter(const HttpRequest& request, std::string_view name) {
  std::string text(request.parameter(name));
  std::replace(text.begin(), text.end(), ' ', '+');
  return text;
}

/// The member of the envelope. Everything beside it is not signed.
std::optional<std::string> encrypted_member(std::string_view body) {
  if (!trim(body, kJsonSpace).starts_with('<')) return SignedJson(body).text_at("/Encrypt");
  auto json = xml_to_json(body);
  if (!json) return std::nullopt;
  return SignedJson(*json).text_at("/Encrypt");
}

/// Finds the token under which `parameter` is the signature of timestamp, nonce and `encrypted`; then looks at the
/// time.
Verification match_token(const SignatureRule& rule, const HttpRequest& request, const WebhookSettings& settings,
                         std::string_view parameter, const std::string* encrypted, Timestamp now) {
  std::string_view timestamp = request.parameter("timestamp"), nonce = request.parameter("nonce");
  if (request.parameter(parameter).empty() || timestamp.empty() || nonce.empty()) {
    return Verification::refused(SignatureFault::missing);
  }
  auto signature = hex_bytes(request.parameter(parameter));
  if (!signature) return Verification::refused(SignatureFault::malformed);
  Verification verification = Verification::refused(SignatureFault::mismatch);
  for (size_t i = 0; i < settings.secrets.size(); ++i) {
    std::vector<std::string_view> texts{settings.secrets[i], timestamp, nonce};
    if (encrypted != nullptr) texts.push_back(*encrypted);
    if (settings.secrets[i].empty() || !equal_in_constant_time(*signature, wechat_digest(texts))) continue;
    auto signed_at = parse_signed_time(timestamp, TimestampUnit::seconds);
    if (!signed_at) return Verification::refused(SignatureFault::malformed);
    verification.secret = i;
    verification.judge_time(*signed_at, now, rule.tolerance_seconds);
    return verification;
  }
  return verification;
}

std::string_view configured(const WebhookSettings& settings, std::string_view name) {
  const std::string* value = name.empty() ? nullptr : settings.find(name);
  return value == nullptr ? std::string_view{} : *value;
}

/// With the new key, then with the old one.
std::optional<std::string> open_message(const SignatureRule& rule, const WebhookSettings& settings,
                                        std::string_view sealed) {
  std::string_view receive_id = configured(settings, rule.receive_id);
  if (receive_id.empty() && !rule.receive_id.empty()) return std::nullopt;
  for (std::string_view name : {kWechatAesKey, kWechatOldAesKey}) {
    auto key = wechat_aes_key(configured(settings, name));
    auto message = key ? wechat_opened(sealed, *key, receive_id) : std::nullopt;
    if (message) return message;
  }
  return std::nullopt;
}

Verification answer_with(Verification verification, std::string text) {
  WebhookAnswer answer;
  answer.content_type = "text/plain";
  answer.body = std::move(text);
  verification.answer = std::move(answer);
  return verification;
}

Verification check_address(const SignatureRule& rule, const HttpRequest& request, const WebhookSettings& settings,
                           Timestamp now) {
  std::string echo = base64_parameter(request, "echostr");
  if (echo.empty()) return Verification::refused(SignatureFault::missing);
  if (rule.special == SpecialScheme::wechat) {
    Verification verification = match_token(rule, request, settings, "signature", nullptr, now);
    if (verification.fault) return verification;
    return answer_with(std::move(verification), std::string(request.parameter("echostr")));
  }
  Verification verification = match_token(rule, request, settings, "msg_signature", &echo, now);
  if (verification.fault) return verification;
  auto message = open_message(rule, settings, echo);
  if (!message) return Verification::refused(SignatureFault::malformed);
  return answer_with(std::move(verification), std::move(*message));
}

Verification check_plain(const SignatureRule& rule, const HttpRequest& request, const WebhookSettings& settings,
                         Timestamp now) {
  Verification verification = match_token(rule, request, settings, "signature", nullptr, now);
  if (verification.fault) return verification;
  verification.trust = SignatureTrust::weak;
  // The digest, because one concatenation is the same for several pairs of timestamp and nonce.
  verification.once_key = hex_text(hex_bytes(request.parameter("signature")).value_or(""));
  verification.once_seconds = 2 * rule.tolerance_seconds;
  return verification;
}

Verification check_encrypted(const SignatureRule& rule, const HttpRequest& request, const WebhookSettings& settings,
                             Timestamp now) {
  auto encrypted = encrypted_member(request.body);
  if (!encrypted || encrypted->empty()) return Verification::refused(SignatureFault::missing);
  Verification verification = match_token(rule, request, settings, "msg_signature", &*encrypted, now);
  if (verification.fault) return verification;
  verification.body = open_message(rule, settings, *encrypted);
  if (!verification.body) return Verification::refused(SignatureFault::malformed);
  verification.trust = rule.trust;
  return verification;
}

}  // namespace

Verification verify_wechat(const SignatureRule& rule, const HttpRequest& request, const WebhookSettings& settings,
                           Timestamp now) {
  if (request.method == "GET") return check_address(rule, request, settings, now);
  bool plain = rule.special == SpecialScheme::wechat && settings.find(kWechatAesKey) == nullptr;
  return plain ? check_plain(rule, request, settings, now) : check_encrypted(rule, request, settings, now);
}

void check_wechat_settings(const SignatureRule& rule, const WebhookSettings& settings,
                           std::vector<std::string>& faults) {
  for (std::string_view name : {kWechatAesKey, kWechatOldAesKey}) {
    const std::string* key = settings.find(name);
    if (key == nullptr || wechat_aes_key(*key)) continue;
    faults.push_back("settings." + std::string(name) + " is not an EncodingAESKey of 43 characters");
  }
  bool encrypted = rule.special == SpecialScheme::wechat && settings.find(kWechatAesKey) != nullptr;
  if (encrypted && !rule.receive_id.empty() && configured(settings, rule.receive_id).empty()) {
    faults.push_back("settings." + rule.receive_id + " is missing");
  }
}

std::optional<std::string> wechat_aes_key(std::string_view encoding_aes_key) {
  if (encoding_aes_key.size() != kEncodingAesKeyCharacters || encoding_aes_key.find('=') != encoding_aes_key.npos) {
    return std::nullopt;
  }
  return parse_base64(encoding_aes_key);
}

std::string wechat_digest(std::vector<std::string_view> texts) {
  std::sort(texts.begin(), texts.end());
  std::string joined;
  for (std::string_view text : texts) joined += text;
  return plain_digest(HashKind::sha1, joined);
}

std::string wechat_sealed(std::string_view message, std::string_view aes_key, std::string_view receive_id,
                          std::string_view random) {
  std::string plain(random);
  for (int shift = 24; shift >= 0; shift -= 8) plain += static_cast<char>(message.size() >> shift);
  plain.append(message).append(receive_id);
  add_block_padding(plain, kWechatBlockBytes);
  return base64(aes_cbc_encrypted(aes_key, aes_key.substr(0, kIvBytes), plain).value_or(""));
}

std::optional<std::string> wechat_opened(std::string_view sealed, std::string_view aes_key,
                                         std::string_view receive_id) {
  auto cipher = parse_base64(sealed);
  if (!cipher) return std::nullopt;
  auto plain = aes_cbc_decrypted(aes_key, aes_key.substr(0, kIvBytes), *cipher);
  constexpr size_t kHeadBytes = kWechatRandomBytes + kLengthBytes;
  if (!plain || !remove_block_padding(*plain, kWechatBlockBytes) || plain->size() < kHeadBytes) return std::nullopt;
  size_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i)
    length = length << 8 | static_cast<uint8_t>((*plain)[kWechatRandomBytes + i]);
  if (length > plain->size() - kHeadBytes) return std::nullopt;
  if (std::string_view(*plain).substr(kHeadBytes + length) != receive_id) return std::nullopt;
  std::string message;
  message.reserve(length + kBodyPaddingBytes);
  message.assign(*plain, kHeadBytes, length);
  return message;
}

Result<std::string> wechat_encrypt_reply(const WechatReply& reply, std::string_view random) {
  auto key = wechat_aes_key(reply.encoding_aes_key);
  if (!key) return Error(ErrorCode::invalid, "aes_key is not an EncodingAESKey of 43 characters");
  auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'; };
  if (!std::all_of(reply.nonce.begin(), reply.nonce.end(), is_word)) {
    return Error(ErrorCode::invalid, "the nonce of the request is no word");
  }
  std::string sealed = wechat_sealed(reply.message, *key, reply.receive_id, random);
  std::string timestamp = std::to_string(reply.now.micros / kMicrosPerSecond);
  std::string signature = hex_text(wechat_digest({reply.token, timestamp, reply.nonce, sealed}));
  std::string out;
  if (reply.form == WechatForm::json) {
    JsonOut json(out);
    json.begin_object().key("Encrypt").string(sealed).key("MsgSignature").string(signature);
    json.key("TimeStamp").raw(timestamp).key("Nonce").string(reply.nonce).end_object();
    return out;
  }
  auto element = [&](std::string_view name, std::string_view text) {
    out.append("<").append(name).append("><![CDATA[").append(text).append("]]></").append(name).append(">");
  };
  out = "<xml>";
  element("Encrypt", sealed);
  element("MsgSignature", signature);
  out += "<TimeStamp>" + timestamp + "</TimeStamp>";
  element("Nonce", reply.nonce);
  out += "</xml>";
  return out;
}

}  // namespace tributary
