// How a platform proves that a call is its own: `verify` of a connector file, as values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/document/document_tree.h"
#include "connectors/webhook/signature_template.h"

namespace re2 {
class RE2;
}

namespace tributary {

enum class SignatureAlgorithm : uint8_t {
  hmac_sha1,
  hmac_sha256,
  hmac_sha512,
  sha1,  // these three: of a text that holds the secret
  sha256,
  md5,
  ed25519,
  ecdsa_p256_sha256,
  token_equal,  // the secret itself
};
enum class SecretEncoding : uint8_t { raw, base64, hex, spki_base64 };
enum class SignatureEncoding : uint8_t { hex, base64 };
enum class TimestampUnit : uint8_t { seconds, milliseconds, iso8601 };
enum class SpecialScheme : uint8_t { none, wechat, wecom, twilio };
enum class BodyCipher : uint8_t { none, lark };

/// What a source may claim: identifiers of a weak one attach and create, but never merge.
enum class SignatureTrust : uint8_t { weak, strong };

/// What of the body a signature covers.
enum class SignedExtent : uint8_t { whole, member, nothing };

constexpr int64_t kToleranceSecondsDefault = 300;

/// Where a text stands in a request: exactly one of the three is given.
struct RequestPart {
  std::vector<std::string> headers;  // lower-case; the first that is there
  std::string query;
  std::string json;  // JSON Pointer
  bool given() const { return !headers.empty() || !query.empty() || !json.empty(); }
};

/// `when`: the scheme counts only then.
struct SchemeCondition {
  std::string header;  // lower-case; empty: always
  std::string equals;
};

/// One way to sign.
struct SignatureScheme {
  SignatureAlgorithm algorithm = SignatureAlgorithm::hmac_sha256;
  SchemeCondition when;

  std::string secret_strip;
  SecretEncoding secret_encoding = SecretEncoding::raw;

  RequestPart signature;
  std::string signature_split;
  std::string signature_prefix;
  SignatureEncoding signature_encoding = SignatureEncoding::hex;

  RequestPart timestamp;
  std::string timestamp_pattern;                         // `regex` as written
  std::shared_ptr<const re2::RE2> timestamp_expression;  // the same; group 1 is the timestamp
  TimestampUnit timestamp_unit = TimestampUnit::seconds;
  int64_t tolerance_seconds = kToleranceSecondsDefault;

  RequestPart id;
  std::vector<std::string> query_exclude;
  SignatureTemplate pattern;

  bool is_hmac() const;
  bool is_plain_hash() const;
  /// A plain hash of secret and body with nothing secret behind it goes on to be computed by anyone who has seen one.
  /// The bytes that must stand between can't follow a complete JSON value, so only such bodies, or none, are taken.
  bool needs_json_body() const;
};

/// `verify` of a connector. Immutable; copies are cheap enough for a configuration.
struct SignatureRule {
  bool none = false;  // written out: everybody may call
  SpecialScheme special = SpecialScheme::none;
  std::vector<SignatureScheme> any_of;  // of one strength; empty for `none` and special ones
  SignatureTrust trust = SignatureTrust::strong;
  SignedExtent extent = SignedExtent::whole;
  std::string signed_part;  // JSON Pointer when extent is member
  BodyCipher decrypt = BodyCipher::none;
  std::optional<SignatureTemplate> once;  // a text that no second body may come with, such as Mailgun's token

  // Of WeChat and WeCom: names of settings.
  std::string receive_id;  // $config/NAME without its front; empty: the id is empty
  int64_t tolerance_seconds = kToleranceSecondsDefault;

  /// True when the signature covers the address: a source needs a public_url then.
  bool covers_url() const;
  /// Names of settings that the rule can't do without, each once, sorted.
  std::vector<std::string> config_names() const;
};

/// Settings of WeChat and WeCom that every rule of theirs reads. The second is the key before a change of keys.
constexpr std::string_view kWechatAesKey = "aes_key";
constexpr std::string_view kWechatOldAesKey = "aes_key_old";

/// `verify:` of a connector file: a name of signatures.yaml, a map, or `none`. Every mistake is appended; what is
/// returned had none.
std::optional<SignatureRule> parse_signature_rule(const DocumentNode& node, std::vector<DocumentMistake>& mistakes);

/// Only the map.
std::optional<SignatureRule> parse_signature_map(const DocumentNode& map, std::vector<DocumentMistake>& mistakes);

}  // namespace tributary
