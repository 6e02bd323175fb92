#include "connectors/webhook/signer.h"

#include <re2/re2.h>

#include <algorithm>

#include "connectors/http/request_target.h"
#include "connectors/webhook/digests.h"
#include "connectors/webhook/json_pointer.h"
#include "connectors/webhook/lark.h"
#include "connectors/webhook/signed_json.h"
#include "connectors/webhook/twilio.h"
#include "connectors/webhook/wechat.h"
#include "engine/base/json_members.h"
#include "engine/base/json_out.h"
#include "engine/base/keyed_hash.h"
#include "engine/base/text.h"
#include "engine/engine.h"

namespace tributary {
namespace {

constexpr std::string_view kPrivateKeyPrefix = "whsk_";
constexpr size_t kNonceBytes = 8;

Error cannot_sign(std::string_view why) { return Error(ErrorCode::invalid, "signing: " + std::string(why)); }

std::string fresh_word() { return hex_text(random_bytes(kNonceBytes)); }

void set_header(HttpRequest& request, const std::string& name, std::string value) {
  for (auto& [known, old] : request.headers) {
    if (known != name) continue;
    old = std::move(value);
    return;
  }
  request.headers.emplace_back(name, std::move(value));
}

/// In the decoded parameters and in the target.
void set_parameter(HttpRequest& request, const std::string& name, const std::string& value) {
  std::erase_if(request.query, [&](const auto& parameter) { return parameter.first == name; });
  request.query.emplace_back(name, value);
  std::string target = request.target.substr(0, request.target.find('?'));
  char before = '?';
  for (const auto& [key, text] : request.query) {
    target += before + encoded_component(key) + "=" + encoded_component(text);
    before = '&';
  }
  request.target = std::move(target);
}

/// The object with one member set, every other byte of a value as it was; nothing when it is no object.
std::optional<std::string> with_member(std::string_view object, const std::vector<std::string>& names, size_t depth,
                                       std::string_view value) {
  std::vector<RawMember> members;
  if (!split_object(object, members)) return std::nullopt;
  std::string out = "{";
  std::string_view old = "{}";
  for (const auto& [name, text] : members) {
    if (name == names[depth]) {
      old = text;
    } else {
      out.append("\"").append(name).append("\":").append(text).append(",");
    }
  }
  append_json_string(out, names[depth]);
  out += ':';
  if (depth + 1 == names.size()) {
    append_json_string(out, value);
  } else {
    auto inner = with_member(old, names, depth + 1, value);
    if (!inner) return std::nullopt;
    out += *inner;
  }
  return out + "}";
}

void set_body(HttpRequest& request, std::string body) {
  request.body = std::move(body);
  request.body.reserve(request.body.size() + kBodyPaddingBytes);
}

Result<void> set_member(HttpRequest& request, const std::string& pointer, std::string_view value) {
  auto names = pointer_names(pointer);
  std::string_view body = trim(request.body, kJsonSpace);
  auto changed = names && !names->empty() ? with_member(body.empty() ? "{}" : body, *names, 0, value) : std::nullopt;
  if (!changed) return cannot_sign("the body is no JSON object, and the signature is a member of it");
  set_body(request, std::move(*changed));
  return {};
}

Result<void> set_part(HttpRequest& request, const RequestPart& part, const std::string& value) {
  if (!part.json.empty()) return set_member(request, part.json, value);
  if (!part.query.empty()) {
    set_parameter(request, part.query, value);
  } else {
    set_header(request, part.headers.front(), value);
  }
  return {};
}

std::string part_value(const RequestPart& part, const HttpRequest& request) {
  if (!part.headers.empty()) return std::string(request.header(part.headers.front()));
  return SignedJson(request.body).text_at(part.json).value_or("");
}

std::string time_text(Timestamp now, TimestampUnit unit) {
  switch (unit) {
    case TimestampUnit::seconds:
      return std::to_string(now.micros / kMicrosPerSecond);
    case TimestampUnit::milliseconds:
      return std::to_string(now.micros / (kMicrosPerSecond / 1000));
    case TimestampUnit::iso8601:
      return format_iso8601(now);
  }
  return {};
}

/// The key of one scheme in the first secret; for public-key schemes the private key.
std::optional<std::string> signing_key(const SignatureRule& rule, const SignatureScheme& scheme,
                                       std::string_view secret) {
  bool private_prefix = secret.starts_with(kPrivateKeyPrefix);
  if (private_prefix != (scheme.algorithm == SignatureAlgorithm::ed25519 && private_prefix)) return std::nullopt;
  if (private_prefix) secret.remove_prefix(kPrivateKeyPrefix.size());
  return secret_bytes(rule, scheme, secret);
}

Result<std::string> signature_bytes(const SignatureScheme& scheme, std::string_view key, std::string_view text) {
  if (scheme.algorithm == SignatureAlgorithm::ed25519) return ed25519_signature(key, text);
  if (scheme.algorithm == SignatureAlgorithm::ecdsa_p256_sha256) return p256_signature(key, text);
  return shared_key_signature(scheme, key, text);
}

/// Signs one request under one scheme.
class SchemeSigner {
 public:
  SchemeSigner(const SignatureRule& rule, const SignatureScheme& scheme, HttpRequest& request,
               const WebhookSettings& settings)
      : rule_(rule), scheme_(scheme), request_(request), settings_(settings) {}

  Result<void> run(const std::string& key, Timestamp now) {
    if (rule_.decrypt == BodyCipher::lark) {
      set_body(request_, lark_encrypted(request_.body, settings_.secrets.front(), random_bytes(16)));
    }
    if (!scheme_.when.header.empty()) set_header(request_, scheme_.when.header, scheme_.when.equals);
    if (scheme_.algorithm == SignatureAlgorithm::token_equal) {
      return set_part(request_, scheme_.signature, scheme_.signature_prefix + key);
    }
    TRIBUTARY_TRY(add_covered_parts(now));
    SignedJson json(request_.body);
    TemplateInputs inputs{request_, settings_, json, scheme_.query_exclude, timestamp_, id_};
    auto text = render_template(scheme_.pattern, inputs, key);
    if (!text) return cannot_sign("a header, parameter, member or setting that the signature covers is missing");
    if (scheme_.needs_json_body() && !request_.body.empty() && !json.is_one_value()) {
      return cannot_sign("only a body of JSON is safe under this signature");
    }
    auto bytes = signature_bytes(scheme_, key, *text);
    if (!bytes) return bytes.error();
    bool hex = scheme_.signature_encoding == SignatureEncoding::hex;
    return add_signature(scheme_.signature_prefix + (hex ? hex_text(*bytes) : base64(*bytes)));
  }

 private:
  /// Timestamp, id, and what else the template names and the request has not.
  Result<void> add_covered_parts(Timestamp now) {
    if (scheme_.timestamp.given()) {
      timestamp_ = time_text(now, scheme_.timestamp_unit);
      if (scheme_.timestamp_expression == nullptr) TRIBUTARY_TRY(set_part(request_, scheme_.timestamp, timestamp_));
    }
    if (scheme_.id.given()) {
      id_ = part_value(scheme_.id, request_);
      if (id_.empty()) id_ = "msg_" + fresh_word();
      TRIBUTARY_TRY(set_part(request_, scheme_.id, id_));
    }
    for (const TemplatePart& part : scheme_.pattern.parts) {
      if (part.variable == TemplateVariable::header && !request_.has_header(part.text)) {
        set_header(request_, part.text, fresh_word());
      }
      if (part.variable == TemplateVariable::json && !SignedJson(request_.body).text_at(part.text)) {
        TRIBUTARY_TRY(set_member(request_, part.text, fresh_word()));
      }
    }
    return {};
  }

  /// A timestamp that a regular expression finds stands in front of the signature, in one header: `t=1,v1=2`.
  Result<void> add_signature(const std::string& signature) {
    if (scheme_.timestamp_expression == nullptr) return set_part(request_, scheme_.signature, signature);
    static const re2::RE2 kNamedDigits(R"(\(\?:\^\|.\)(\w+=)\(\\d\+\))");
    std::string name;
    if (!re2::RE2::FullMatch(scheme_.timestamp_pattern, kNamedDigits, &name)) {
      return cannot_sign("the rule's regex is not of the form (?:^|,)t=(\\d+)");
    }
    return set_part(request_, scheme_.signature, name + timestamp_ + scheme_.signature_split + signature);
  }

  const SignatureRule& rule_;
  const SignatureScheme& scheme_;
  HttpRequest& request_;
  const WebhookSettings& settings_;
  std::string timestamp_, id_;
};

// -- WeChat and WeCom -------------------------------------------------------------------------------------------------

/// Puts the signature of the sorted texts into the query, and what it covers.
void sign_parameters(HttpRequest& request, const std::string& parameter, std::string_view token, Timestamp now,
                     const std::string* encrypted) {
  std::string timestamp = time_text(now, TimestampUnit::seconds);
  std::string nonce(request.parameter("nonce"));
  if (nonce.empty()) nonce = fresh_word();
  std::vector<std::string_view> texts{token, timestamp, nonce};
  if (encrypted != nullptr) texts.push_back(*encrypted);
  set_parameter(request, "timestamp", timestamp);
  set_parameter(request, "nonce", nonce);
  set_parameter(request, parameter, hex_text(wechat_digest(texts)));
}

Result<void> sign_wechat(const SignatureRule& rule, HttpRequest& request, const WebhookSettings& settings,
                         Timestamp now) {
  const std::string& token = settings.secrets.front();
  bool wecom = rule.special == SpecialScheme::wecom, check = request.method == "GET";
  std::string echo(request.parameter("echostr"));
  if (check && echo.empty()) echo = fresh_word();
  if (!wecom && (check || settings.find(kWechatAesKey) == nullptr)) {
    if (check) set_parameter(request, "echostr", echo);
    sign_parameters(request, "signature", token, now, nullptr);
    return {};
  }
  const std::string* encoded_key = settings.find(kWechatAesKey);
  auto key = wechat_aes_key(encoded_key == nullptr ? "" : *encoded_key);
  const std::string* receive_id = rule.receive_id.empty() ? nullptr : settings.find(rule.receive_id);
  if (!key) return cannot_sign("settings.aes_key is not an EncodingAESKey of 43 characters");
  std::string sealed = wechat_sealed(check ? echo : request.body, *key, receive_id == nullptr ? "" : *receive_id,
                                     random_bytes(kWechatRandomBytes));
  if (check) {
    set_parameter(request, "echostr", sealed);
  } else {
    bool xml = trim(request.body, kJsonSpace).starts_with('<');
    set_body(request,
             xml ? "<xml><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>" : "{\"Encrypt\":\"" + sealed + "\"}");
    if (!wecom) set_parameter(request, "encrypt_type", "aes");
  }
  sign_parameters(request, "msg_signature", token, now, &sealed);
  return {};
}

Result<void> sign_twilio(HttpRequest& request, const WebhookSettings& settings) {
  if (trim(request.body, kJsonSpace).starts_with('{')) {
    set_parameter(request, std::string(kTwilioBodyHash), hex_text(plain_digest(HashKind::sha256, request.body)));
  }
  set_header(request, std::string(kTwilioHeader), twilio_signature(request, settings, settings.secrets.front()));
  return {};
}

}  // namespace

Result<void> sign(const SignatureRule& rule, HttpRequest& request, const WebhookSettings& settings, Timestamp now) {
  if (rule.none) return {};
  if (settings.secrets.empty() || settings.secrets.front().empty()) return cannot_sign("no secret");
  set_body(request, std::move(request.body));
  if (rule.special == SpecialScheme::twilio) return sign_twilio(request, settings);
  if (rule.special != SpecialScheme::none) return sign_wechat(rule, request, settings, now);
  for (const SignatureScheme& scheme : rule.any_of) {
    auto key = signing_key(rule, scheme, settings.secrets.front());
    if (key) return SchemeSigner(rule, scheme, request, settings).run(*key, now);
  }
  return cannot_sign("the secret can't be decoded as the rule says");
}

}  // namespace tributary
