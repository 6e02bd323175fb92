#include "tests/unit/webhook_signature/vectors.h"

#include <boost/algorithm/string/case_conv.hpp>
#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "connectors/http/request_target.h"

namespace tributary::testing {

HttpRequest request_to(std::string target, std::string body, std::string method) {
  HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  EXPECT_FALSE(parse_target(request.target, request).has_value());
  request.body = std::move(body);
  request.body.reserve(request.body.size() + 64);
  return request;
}

void add_header(HttpRequest& request, std::string name, std::string value) {
  boost::algorithm::to_lower(name);
  request.headers.emplace_back(std::move(name), std::move(value));
}

SignatureRule parse_rule(const std::string& yaml) {
  auto document = parse_document(yaml);
  EXPECT_TRUE(std::holds_alternative<DocumentNode>(document)) << yaml;
  std::vector<DocumentMistake> mistakes;
  auto rule = parse_signature_rule(std::get<DocumentNode>(document), mistakes);
  EXPECT_TRUE(rule.has_value()) << yaml << (mistakes.empty() ? "" : mistakes[0].message);
  return rule.value_or(SignatureRule{});
}

std::map<std::string, SignatureRule> all_rules() {
  std::map<std::string, SignatureRule> rules;
  for (const std::string& name : signature_rule_names()) rules[name] = *find_signature_rule(name);
  for (const std::string name : {"wechat", "wecom", "twilio"}) rules[name] = parse_rule("{special: " + name + "}");
  return rules;
}

static std::string rule_of_vector(const std::string& id) {
  static const std::map<std::string, std::string> kOthers = {{"hubspot-v3-1", "hubspot"},
                                                             {"hubspot-v3-2-decoded-url", "hubspot"},
                                                             {"youzan-1-classic", "youzan-classic"},
                                                             {"youzan-2-event-sign", "youzan"}};
  if (auto other = kOthers.find(id); other != kOthers.end()) return other->second;
  std::string best = id.starts_with("twilio") ? "twilio" : "";
  for (const std::string& name : signature_rule_names()) {
    if (id.starts_with(name) && name.size() > best.size()) best = name;
  }
  return best;
}

/// The timestamp in the signed text; 1700000000 for texts without one.
static Timestamp time_of_vector(const std::string& signed_text) {
  if (size_t at = signed_text.find("2026-01-02T"); at != std::string::npos) {
    return *parse_iso8601(signed_text.substr(at, 19) + "Z");
  }
  for (size_t at = 0; at + 10 <= signed_text.size(); ++at) {
    std::string digits = signed_text.substr(at, 10);
    if (digits[0] == '1' && digits.find_first_not_of("0123456789") == std::string::npos) {
      return at_second(std::stoll(digits));
    }
  }
  return at_second(1'700'000'000);
}

WebhookSettings settings_with(std::vector<std::string> secrets) {
  WebhookSettings settings;
  settings.public_url = kPublicUrl;
  settings.secrets = std::move(secrets);
  settings.values = {{"client_id", "yz-client"}, {"app_key", "tts-app-key"}};
  return settings;
}

static SignedCall call_of(const boost::json::object& vector) {
  auto text = [&](std::string_view name) {
    const auto* member = vector.if_contains(name);
    return member == nullptr ? std::string{} : std::string(member->as_string());
  };
  SignedCall call;
  call.id = text("id");
  call.rule = rule_of_vector(call.id);
  std::string url = text("url"), body = text("body");
  size_t path = url.empty() ? 0 : url.find('/', 8);
  if (const auto* form = vector.if_contains("form")) {
    for (const auto& [name, value] : form->as_object()) {
      body += (body.empty() ? "" : "&") + encoded_component(name) + "=" + encoded_component(value.as_string());
    }
  }
  call.request = request_to(url.empty() ? "/v1/webhooks/x" : url.substr(path), body);
  for (const auto& [name, value] : vector.at("headers").as_object()) {
    add_header(call.request, name, std::string(value.as_string()));
  }
  const auto& secret = vector.at("secret");
  std::vector<std::string> secrets;
  if (secret.is_string()) secrets.emplace_back(secret.as_string());
  if (secret.is_array()) {
    for (const auto& item : secret.as_array()) secrets.emplace_back(item.as_string());
  }
  call.settings = settings_with(secrets);
  if (!url.empty()) call.settings.public_url = url.substr(0, path);
  call.now = time_of_vector(text("signed"));
  return call;
}

std::vector<SignedCall> signed_calls() {
  std::ifstream file(std::string(TRIBUTARY_TEST_DATA) + "/golden/webhooks/vectors.json");
  std::stringstream text;
  text << file.rdbuf();
  std::vector<SignedCall> calls;
  auto vectors = boost::json::parse(text.str());
  for (const auto& vector : vectors.as_array()) calls.push_back(call_of(vector.as_object()));
  return calls;
}

Verification verify_copy(const SignatureRule& rule, HttpRequest request, const WebhookSettings& settings,
                         Timestamp now) {
  request.body.reserve(request.body.size() + 64);
  return verify(rule, request, settings, now);
}

std::string fault_of(const SignatureRule& rule, const HttpRequest& request, const WebhookSettings& settings,
                     Timestamp now) {
  auto verification = verify_copy(rule, request, settings, now);
  return verification.fault ? std::string(signature_fault_name(*verification.fault)) : "";
}

std::string test_name(std::string id) {
  std::replace(id.begin(), id.end(), '-', '_');
  return id;
}

}  // namespace tributary::testing
