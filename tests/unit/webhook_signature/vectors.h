// The signed calls of tests/golden/webhooks/vectors.json, and requests made of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "connectors/webhook/signature_rules.h"
#include "connectors/webhook/verifier.h"

namespace tributary::testing {

constexpr std::string_view kPublicUrl = "https://cdp.example.com";

struct SignedCall {
  std::string id;
  std::string rule;  // name of signatures.yaml, or of a special scheme
  HttpRequest request;
  WebhookSettings settings;
  Timestamp now;
};

inline Timestamp at_second(int64_t seconds) { return {seconds * kMicrosPerSecond}; }

HttpRequest request_to(std::string target, std::string body, std::string method = "POST");
void add_header(HttpRequest& request, std::string name, std::string value);

SignatureRule parse_rule(const std::string& yaml);

/// All rules: the shipped ones and the special schemes.
std::map<std::string, SignatureRule> all_rules();

WebhookSettings settings_with(std::vector<std::string> secrets);

std::vector<SignedCall> signed_calls();

/// verify() of a copy of the request whose body is followed by 64 readable bytes: a plain copy has none.
Verification verify_copy(const SignatureRule& rule, HttpRequest request, const WebhookSettings& settings,
                         Timestamp now);

/// "" for a call that is genuine.
std::string fault_of(const SignatureRule& rule, const HttpRequest& request, const WebhookSettings& settings,
                     Timestamp now);

/// A name of a parameterized test.
std::string test_name(std::string id);

}  // namespace tributary::testing
