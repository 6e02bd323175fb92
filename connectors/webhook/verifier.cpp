#include "connectors/webhook/verifier.h"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "connectors/webhook/digests.h"
#include "connectors/webhook/lark.h"
#include "connectors/webhook/signed_json.h"
#include "connectors/webhook/twilio.h"
#include "connectors/webhook/wechat.h"
#include "engine/base/keyed_hash.h"
#include "engine/base/text.h"

namespace tributary {
namespace {

/// More in one value are an attempt to make us compute.
constexpr size_t kCandidatesMax = 16;
constexpr int64_t kOnceSeconds = 86'400;

std::string part_text(const RequestPart& part, const HttpRequest& request, SignedJson& json) {
  for (const std::string& name : part.headers) {
    if (!request.header(name).empty()) return std::string(request.header(name));
  }
  if (!part.query.empty()) return std::string(request.parameter(part.query));
  return part.json.empty() ? std::string{} : json.text_at(part.json).value_or("");
}

std::vector<std::string_view> split_signatures(std::string_view text, const SignatureScheme& scheme) {
  std::vector<std::string_view> found;
  while (!text.empty() && found.size() < kCandidatesMax) {
    size_t cut = scheme.signature_split.empty() ? text.npos : text.find(scheme.signature_split);
    std::string_view entry = trim(text.substr(0, cut));
    text.remove_prefix(cut == text.npos ? text.size() : cut + scheme.signature_split.size());
    if (!entry.starts_with(scheme.signature_prefix)) continue;
    entry.remove_prefix(scheme.signature_prefix.size());
    if (!entry.empty()) found.push_back(entry);
  }
  return found;
}

std::vector<std::string> decode_signatures(const std::vector<std::string_view>& texts, const SignatureScheme& scheme) {
  std::vector<std::string> decoded;
  for (std::string_view text : texts) {
    std::optional<std::string> bytes;
    if (scheme.algorithm == SignatureAlgorithm::token_equal) {
      bytes = text;
    } else {
      bytes = scheme.signature_encoding == SignatureEncoding::hex ? hex_bytes(text) : canonical_base64_bytes(text);
    }
    if (bytes && !bytes->empty()) decoded.push_back(std::move(*bytes));
  }
  return decoded;
}

HashKind hash_kind(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::md5:
      return HashKind::md5;
    case SignatureAlgorithm::hmac_sha1:
    case SignatureAlgorithm::sha1:
      return HashKind::sha1;
    case SignatureAlgorithm::hmac_sha512:
      return HashKind::sha512;
    default:
      return HashKind::sha256;
  }
}

bool is_signature(const SignatureScheme& scheme, std::string_view key, std::string_view text,
                  const std::string& signature) {
  switch (scheme.algorithm) {
    case SignatureAlgorithm::token_equal:
      return equal_in_constant_time(signature, key);
    case SignatureAlgorithm::ed25519:
      return ed25519_verifies(key, text, signature);
    case SignatureAlgorithm::ecdsa_p256_sha256:
      return p256_verifies(key, text, signature);
    default:
      return equal_in_constant_time(signature, shared_key_signature(scheme, key, text));
  }
}

/// One scheme on one request.
class SchemeCheck {
 public:
  SchemeCheck(const SignatureRule& rule, const SignatureScheme& scheme, const TemplateInputs& inputs)
      : rule_(rule), scheme_(scheme), inputs_(inputs) {}

  Verification run(Timestamp now) const {
    std::string found = part_text(scheme_.signature, inputs_.request, inputs_.json);
    auto texts = split_signatures(found, scheme_);
    if (texts.empty()) return Verification::refused(SignatureFault::missing);
    auto signatures = decode_signatures(texts, scheme_);
    if (signatures.empty()) return Verification::refused(SignatureFault::malformed);
    Verification verification = match(signatures);
    if (verification.fault || !scheme_.timestamp.given()) return verification;
    auto signed_at = parse_signed_time(inputs_.timestamp, scheme_.timestamp_unit);
    if (!signed_at) return Verification::refused(SignatureFault::malformed);
    verification.judge_time(*signed_at, now, scheme_.tolerance_seconds);
    return verification;
  }

 private:
  Verification match(const std::vector<std::string>& signatures) const {
    const auto& secrets = inputs_.settings.secrets;
    for (size_t i = 0; i < secrets.size(); ++i) {
      auto key = secret_bytes(rule_, scheme_, secrets[i]);
      if (!key) continue;
      auto text = render_template(scheme_.pattern, inputs_, *key);
      if (!text) return Verification::refused(SignatureFault::missing);
      for (const std::string& signature : signatures) {
        if (!is_signature(scheme_, *key, *text, signature)) continue;
        Verification verification;
        verification.secret = i;
        return verification;
      }
    }
    return Verification::refused(SignatureFault::mismatch);
  }

  const SignatureRule& rule_;
  const SignatureScheme& scheme_;
  const TemplateInputs& inputs_;
};

std::string timestamp_text(const SignatureScheme& scheme, const HttpRequest& request, SignedJson& json) {
  std::string text = part_text(scheme.timestamp, request, json);
  if (scheme.timestamp_expression == nullptr) return text;
  std::string found;
  if (!re2::RE2::PartialMatch(text, *scheme.timestamp_expression, &found)) return {};
  return found;
}

/// What a genuine call still has to pass, and what its rule says of it.
void finish(const SignatureRule& rule, const SignatureScheme& scheme, const TemplateInputs& inputs,
            Verification& verification) {
  verification.trust = rule.trust;
  if (scheme.needs_json_body() && !inputs.request.body.empty() && !inputs.json.is_one_value()) {
    verification.fault = SignatureFault::malformed;
    return;
  }
  if (rule.once) {
    verification.once_key = render_template(*rule.once, inputs, {});
    verification.once_seconds = kOnceSeconds;
    if (!verification.once_key) verification.fault = SignatureFault::missing;
  }
  if (rule.decrypt == BodyCipher::lark) {
    verification.body = lark_decrypted(inputs.json, inputs.settings.secrets[verification.secret]);
    if (!verification.body) verification.fault = SignatureFault::malformed;
  }
}

Verification verify_scheme(const SignatureRule& rule, const SignatureScheme& scheme, const HttpRequest& request,
                           const WebhookSettings& settings, Timestamp now) {
  if (!scheme.when.header.empty() && request.header(scheme.when.header) != scheme.when.equals) {
    return Verification::refused(SignatureFault::missing);
  }
  SignedJson json(request.body);
  std::string timestamp = timestamp_text(scheme, request, json);
  std::string id = part_text(scheme.id, request, json);
  TemplateInputs inputs{request, settings, json, scheme.query_exclude, timestamp, id};
  Verification verification = SchemeCheck(rule, scheme, inputs).run(now);
  if (!verification.fault) finish(rule, scheme, inputs, verification);
  return verification;
}

/// Of several alternatives the one that came furthest tells the reason.
int progress(SignatureFault fault) {
  switch (fault) {
    case SignatureFault::missing:
      return 0;
    case SignatureFault::malformed:
      return 1;
    case SignatureFault::mismatch:
      return 2;
    case SignatureFault::too_old:
    case SignatureFault::too_new:
      return 3;
  }
  return 0;
}

bool is_usable_key(const SignatureScheme& scheme, std::string_view key) {
  if (scheme.algorithm == SignatureAlgorithm::ed25519) return is_ed25519_key(key);
  if (scheme.algorithm == SignatureAlgorithm::ecdsa_p256_sha256) return is_p256_key(key);
  return true;
}

std::string_view encoding_text(SecretEncoding encoding) {
  switch (encoding) {
    case SecretEncoding::base64:
      return "base64";
    case SecretEncoding::hex:
      return "hex";
    case SecretEncoding::spki_base64:
      return "a P-256 public key in base64";
    case SecretEncoding::raw:
      return "a text";
  }
  return "";
}

void check_secret(const SignatureRule& rule, const std::string& secret, size_t number,
                  std::vector<std::string>& faults) {
  std::string place = "secret " + std::to_string(number);
  if (secret.empty()) {
    faults.push_back(place + " is empty");
    return;
  }
  if (rule.any_of.empty()) return;
  for (const SignatureScheme& scheme : rule.any_of) {
    auto key = secret_bytes(rule, scheme, secret);
    if (key && is_usable_key(scheme, *key)) return;
  }
  const SignatureScheme& first = rule.any_of.front();
  std::string fault = place + " is not ";
  fault += first.algorithm == SignatureAlgorithm::ed25519 ? "an Ed25519 public key in " : "";
  faults.push_back(fault + std::string(encoding_text(first.secret_encoding)));
}

}  // namespace

std::string_view signature_fault_name(SignatureFault fault) {
  switch (fault) {
    case SignatureFault::missing:
      return "missing";
    case SignatureFault::mismatch:
      return "mismatch";
    case SignatureFault::too_old:
      return "too_old";
    case SignatureFault::too_new:
      return "too_new";
    case SignatureFault::malformed:
      return "malformed";
  }
  return "";
}

Verification verify(const SignatureRule& rule, const HttpRequest& request, const WebhookSettings& settings,
                    Timestamp now) {
  if (rule.none) {
    Verification anybody;
    anybody.trust = SignatureTrust::weak;
    return anybody;
  }
  if (rule.special == SpecialScheme::twilio) return verify_twilio(request, settings);
  if (rule.special != SpecialScheme::none) return verify_wechat(rule, request, settings, now);
  Verification furthest = Verification::refused(SignatureFault::missing);
  for (const SignatureScheme& scheme : rule.any_of) {
    Verification verification = verify_scheme(rule, scheme, request, settings, now);
    if (!verification.fault) return verification;
    if (progress(*verification.fault) > progress(*furthest.fault)) furthest = std::move(verification);
  }
  return furthest;
}

std::vector<std::string> check_settings(const SignatureRule& rule, const WebhookSettings& settings) {
  std::vector<std::string> faults;
  if (rule.none) return faults;
  if (settings.secrets.empty()) faults.push_back("no secret");
  for (size_t i = 0; i < settings.secrets.size(); ++i) check_secret(rule, settings.secrets[i], i + 1, faults);
  if (rule.covers_url()) {
    bool absolute = settings.public_url.starts_with("https://") || settings.public_url.starts_with("http://");
    if (settings.public_url.empty()) {
      faults.push_back("public_url is missing: the signature covers the address that the platform calls");
    } else if (!absolute) {
      faults.push_back("public_url does not begin with https:// or http://");
    }
  }
  for (const std::string& name : rule.config_names()) {
    const std::string* value = settings.find(name);
    if (value == nullptr || value->empty()) faults.push_back("settings." + name + " is missing");
  }
  if (rule.special == SpecialScheme::wechat || rule.special == SpecialScheme::wecom) {
    check_wechat_settings(rule, settings, faults);
  }
  return faults;
}

std::optional<std::string> secret_bytes(const SignatureRule& rule, const SignatureScheme& scheme,
                                        std::string_view secret) {
  if (!scheme.secret_strip.empty() && secret.starts_with(scheme.secret_strip)) {
    secret.remove_prefix(scheme.secret_strip.size());
  } else {
    for (const SignatureScheme& other : rule.any_of) {
      if (!other.secret_strip.empty() && secret.starts_with(other.secret_strip)) return std::nullopt;
    }
  }
  std::optional<std::string> bytes;
  switch (scheme.secret_encoding) {
    case SecretEncoding::raw:
      bytes = secret;
      break;
    case SecretEncoding::hex:
      bytes = hex_bytes(secret);
      break;
    case SecretEncoding::base64:
    case SecretEncoding::spki_base64:
      if (secret.find_first_of("-_") == secret.npos) bytes = parse_base64(secret);
      break;
  }
  if (bytes && bytes->empty()) return std::nullopt;
  return bytes;
}

std::string shared_key_signature(const SignatureScheme& scheme, std::string_view key, std::string_view text) {
  HashKind kind = hash_kind(scheme.algorithm);
  return scheme.is_hmac() ? hmac_digest(kind, key, text) : plain_digest(kind, text);
}

Verification Verification::refused(SignatureFault fault) {
  Verification verification;
  verification.fault = fault;
  return verification;
}

void Verification::judge_time(Timestamp signed_at, Timestamp now, int64_t tolerance_seconds) {
  skew_micros = now.micros - signed_at.micros;
  fault.reset();
  if (*skew_micros > tolerance_seconds * kMicrosPerSecond) fault = SignatureFault::too_old;
  if (*skew_micros < -tolerance_seconds * kMicrosPerSecond) fault = SignatureFault::too_new;
}

std::optional<Timestamp> parse_signed_time(std::string_view text, TimestampUnit unit) {
  if (unit == TimestampUnit::iso8601) return parse_iso8601(text);
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  int64_t micros = unit == TimestampUnit::seconds ? kMicrosPerSecond : kMicrosPerSecond / 1000;
  constexpr int64_t kMicrosMax = std::numeric_limits<int64_t>::max() / 4;
  bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || number < 0 || number > kMicrosMax / micros) return std::nullopt;
  return Timestamp{number * micros};
}

}  // namespace tributary
