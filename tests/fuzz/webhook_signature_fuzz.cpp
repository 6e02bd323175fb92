// Foreign bytes up to the verifier: a target, headers and a body under every rule, with secrets that nobody knows. No
// call is genuine, whatever it says. XML becomes valid JSON or nothing; what AES unwraps is part of what was wrapped.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/http/request_target.h"
#include "connectors/webhook/digests.h"
#include "connectors/webhook/lark.h"
#include "connectors/webhook/signature_rules.h"
#include "connectors/webhook/signed_json.h"
#include "connectors/webhook/verifier.h"
#include "connectors/webhook/wechat.h"
#include "connectors/webhook/xml_document.h"
#include "engine/base/keyed_hash.h"
#include "engine/engine.h"

namespace {

using namespace tributary;

void require(bool condition) {
  if (!condition) std::abort();
}

std::vector<SignatureRule> all_rules() {
  std::vector<SignatureRule> rules;
  for (const std::string& name : signature_rule_names()) rules.push_back(*find_signature_rule(name));
  for (SpecialScheme special : {SpecialScheme::wechat, SpecialScheme::wecom, SpecialScheme::twilio}) {
    SignatureRule rule;
    rule.special = special;
    rule.receive_id = "app_id";
    rules.push_back(rule);
  }
  return rules;
}

/// Without `aes_key` WeChat's plain mode is tried.
WebhookSettings unknown_secrets(bool encrypted) {
  WebhookSettings settings;
  settings.public_url = "https://cdp.example.com";
  std::string secret = random_bytes(32);
  settings.secrets = {hex_text(secret), "whsec_" + base64(secret), "whpk_" + base64(secret)};
  settings.values = {{"app_id", "wx1"}, {"app_key", "k"}, {"client_id", "c"}};
  if (encrypted) settings.values.emplace_back("aes_key", base64(secret).substr(0, 43));
  return settings;
}

std::string_view line_of(std::string_view& rest) {
  std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  return line;
}

/// `METHOD target`, lines of `name: value`, an empty line, the body.
HttpRequest request_of(std::string_view bytes) {
  HttpRequest request;
  std::string_view first = line_of(bytes);
  request.method = first.substr(0, first.find(' '));
  request.target = first.substr(std::min(first.size(), request.method.size() + 1));
  if (parse_target(request.target, request)) request.query.clear();
  for (std::string_view line = line_of(bytes); !line.empty(); line = line_of(bytes)) {
    size_t colon = line.find(": ");
    if (colon != line.npos) request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  request.body.reserve(bytes.size() + kBodyPaddingBytes);
  request.body.assign(bytes);
  return request;
}

void verify_nothing(std::string_view bytes) {
  static const std::vector<SignatureRule> rules = all_rules();
  static const WebhookSettings plain = unknown_secrets(false), encrypted = unknown_secrets(true);
  HttpRequest request = request_of(bytes);
  for (const SignatureRule& rule : rules) {
    for (Timestamp now : {Timestamp{0}, Timestamp{1'700'000'000'000'000}}) {
      require(verify(rule, request, plain, now).fault.has_value());
    }
    if (rule.special != SpecialScheme::none) require(verify(rule, request, encrypted, {}).fault.has_value());
  }
}

void decode_xml(std::string_view bytes) {
  auto json = xml_to_json(bytes);
  if (json) require(SignedJson(*json).is_one_value());
}

void unwrap(std::string_view bytes) {
  const std::string key(32, 'k');
  wechat_opened(bytes, key, "id");
  std::string whole(bytes.substr(0, bytes.size() / 16 * 16));
  auto sealed = aes_cbc_encrypted(key, key.substr(0, 16), whole);
  auto message = wechat_opened(base64(*sealed), key, "id");
  if (message) require(whole.find(*message + "id") == 20);
  std::string lark = lark_encrypted(bytes, "secret", "0123456789abcdef");
  lark.reserve(lark.size() + kBodyPaddingBytes);
  SignedJson body(lark);
  require(lark_decrypted(body, "secret") == bytes);
}

void read_rule(std::string_view bytes) {
  auto document = parse_document(bytes);
  if (!std::holds_alternative<DocumentNode>(document)) return;
  std::vector<DocumentMistake> mistakes;
  auto rule = parse_signature_rule(std::get<DocumentNode>(document), mistakes);
  require(rule.has_value() == mistakes.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  verify_nothing(bytes);
  decode_xml(bytes);
  unwrap(bytes);
  read_rule(bytes);
  return 0;
}
