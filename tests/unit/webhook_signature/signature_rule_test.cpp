// Rules as people write them, and what is wrong with them.
#include "connectors/webhook/signature_rule.h"

#include "connectors/webhook/shipped_files.h"
#include "tests/unit/webhook_signature/vectors.h"

namespace tributary::testing {
namespace {

/// `line:column reason` of each mistake, a line each.
std::string mistakes_in(const std::string& yaml) {
  auto document = parse_document(yaml);
  if (!std::holds_alternative<DocumentNode>(document)) return "no YAML";
  std::vector<DocumentMistake> mistakes;
  auto rule = parse_signature_rule(std::get<DocumentNode>(document), mistakes);
  EXPECT_EQ(rule.has_value(), mistakes.empty());
  std::string text;
  for (const DocumentMistake& mistake : mistakes) {
    text += std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + " " + mistake.message + "\n";
  }
  return text;
}

std::string hmac_with(const std::string& members) {
  return "algorithm: hmac-sha256\nsignature: {header: S, encoding: hex}\n" + members;
}

TEST(SignatureRule, TheShippedNamesAreThere) {
  EXPECT_EQ(signature_rule_names().size(), 31u);
  EXPECT_NE(find_signature_rule("shopify"), nullptr);
  EXPECT_EQ(find_signature_rule("Shopify"), nullptr);
  EXPECT_EQ(find_signature_rule("shopify")->any_of[0].signature.headers,
            (std::vector<std::string>{"x-shopify-hmac-sha256", "shopify-hmac-sha256"}));
  EXPECT_EQ(find_signature_rule("youzan-classic")->trust, SignatureTrust::weak);
  EXPECT_EQ(find_signature_rule("youzan-classic")->signed_part, "/msg");
  EXPECT_EQ(find_signature_rule("mailgun")->extent, SignedExtent::nothing);
  EXPECT_EQ(find_signature_rule("stripe")->trust, SignatureTrust::strong);
  EXPECT_EQ(find_signature_rule("twitch")->any_of[0].tolerance_seconds, 600);
}

TEST(SignatureRule, ShippedFilesAreSortedByName) {
  auto files = shipped_files();
  EXPECT_TRUE(std::is_sorted(files.begin(), files.end(), [](auto& a, auto& b) { return a.name < b.name; }));
  auto found = std::find_if(files.begin(), files.end(), [](auto& file) { return file.name == "signatures"; });
  ASSERT_NE(found, files.end());
  EXPECT_TRUE(found->text.starts_with("# How platforms sign"));
}

TEST(SignatureRule, NamesAndNone) {
  EXPECT_TRUE(parse_rule("none").none);
  EXPECT_EQ(parse_rule("none").trust, SignatureTrust::weak);
  EXPECT_EQ(mistakes_in("shopfy"), "1:1 no signature rule is called \"shopfy\"; did you mean shopify?\n");
  EXPECT_EQ(mistakes_in("[github]"), "1:1 expected the name of a signature rule, a map, or none\n");
}

TEST(SignatureRule, UnknownAndDoubledKeys) {
  EXPECT_EQ(mistakes_in(hmac_with("template: \"{body}\"\ntimestmp: 1")),
            "4:1 unknown key \"timestmp\", did you mean \"timestamp\"?\n");
  EXPECT_EQ(mistakes_in(hmac_with("template: \"{body}\"\ntemplate: \"{body}\"")),
            "4:1 the key \"template\" stands twice\n");
  EXPECT_EQ(mistakes_in("algorithm: hmac-sha256\nsignature: {header: S, encoding: hex, xyz: 1}\ntemplate: \"{body}\""),
            "2:39 unknown key \"xyz\"; known: header, query, json, split, prefix, encoding\n");
}

TEST(SignatureRule, WhatMustBeThere) {
  EXPECT_EQ(mistakes_in("{}"),
            "1:1 missing key \"algorithm\"\n1:1 missing key \"signature\"\n1:1 missing key \"template\"\n");
  EXPECT_EQ(mistakes_in("algorithm: hmac-sha256\nsignature: {encoding: hex}\ntemplate: \"{body}\""),
            "2:12 needs exactly one of header, query and json\n");
  EXPECT_EQ(mistakes_in("algorithm: hmac-sha256\nsignature: {header: S}\ntemplate: \"{body}\""),
            "2:12 missing key \"encoding\"\n");
  EXPECT_EQ(mistakes_in(hmac_with("when: {header: A}\ntemplate: \"{body}\"")), "3:7 when needs header and equals\n");
  EXPECT_EQ(mistakes_in(hmac_with("template: \"{timestamp}{body}\"\ntimestamp: {header: T}")),
            "4:12 missing key \"unit\"\n");
}

TEST(SignatureRule, WordsAndNumbers) {
  EXPECT_EQ(mistakes_in("algorithm: hmac-sha3\nsignature: {header: S, encoding: hex}\ntemplate: \"{body}\""),
            "1:12 expected hmac-sha1 or hmac-sha256 or hmac-sha512 or sha1 or sha256 or md5 or ed25519 or "
            "ecdsa-p256-sha256 or token-equal, got \"hmac-sha3\", did you mean \"hmac-sha1\"?\n");
  EXPECT_EQ(mistakes_in(hmac_with("template: \"{body}\"\ntrust: full")), "4:8 expected strong or weak, got \"full\"\n");
  for (const std::string seconds : {"0", "-1", "90000", "5m", "1.5", "[1]"}) {
    std::string got = seconds == "[1]" ? "" : ", got \"" + seconds + "\"";
    EXPECT_EQ(mistakes_in(hmac_with(
                  "template: \"{timestamp}{body}\"\ntimestamp: {header: T, unit: s, tolerance: " + seconds + "}")),
              "4:44 seconds: expected a whole number from 1 to 86400" + got + "\n");
  }
  EXPECT_EQ(mistakes_in(hmac_with("template: \"{body}\"\nsigned_part: msg")),
            "4:14 not a JSON Pointer; one begins with /\n");
}

TEST(SignatureRule, RegularExpressions) {
  auto with = [](const std::string& regex) {
    return mistakes_in(
        hmac_with("template: \"{timestamp}{body}\"\ntimestamp: {header: T, unit: s, regex: '" + regex + "'}"));
  };
  EXPECT_EQ(with("t=(\\d+)"), "");
  EXPECT_EQ(with("t=\\d+"), "4:40 group 1 is the timestamp, and there is no group\n");
  EXPECT_EQ(with("t=("), "4:40 not a regular expression of RE2: missing ): t=(\n");
}

TEST(SignatureRule, Templates) {
  auto with = [](const std::string& pattern) { return mistakes_in(hmac_with("template: \"" + pattern + "\"")); };
  EXPECT_EQ(with("{body}{config:a}{json:/a}{header:A}{query:q}{method}{path}{url}"), "");
  EXPECT_EQ(with("{body}{text}"), "3:11 unknown variable {text}\n");
  EXPECT_EQ(with("{body"), "3:11 a brace without its other half\n");
  EXPECT_EQ(with("body}"), "3:11 a brace without its other half\n");
  EXPECT_EQ(with("{body}{config}"), "3:11 {config:...} needs a name behind its colon\n");
  EXPECT_EQ(with("{body}{method:GET}"), "3:11 {method} has nothing behind a colon\n");
  EXPECT_EQ(with("{body}{json:a}"), "3:11 {json:a} is not a JSON Pointer\n");
}

TEST(SignatureRule, WhatWouldBeNoSignature) {
  EXPECT_EQ(mistakes_in("algorithm: sha256\nsignature: {header: S, encoding: hex}\ntemplate: \"{body}\""),
            "3:11 without {secret} everybody can compute this hash\n");
  EXPECT_EQ(mistakes_in(hmac_with("template: \"{secret}{body}\"")), "3:11 {secret} is for plain hashes\n");
  EXPECT_EQ(mistakes_in(hmac_with("template: \"{url}\"")),
            "3:11 the template covers no {body}; signed_part must say what of it is authentic\n");
  EXPECT_EQ(mistakes_in(hmac_with("template: \"{url}\"\nsigned_part: none")), "");
  EXPECT_EQ(mistakes_in(hmac_with("template: \"{body}\"\ntimestamp: {header: T, unit: s}")),
            "3:11 the template covers no {timestamp}: an old call could be sent again under a new one\n");
  EXPECT_EQ(mistakes_in(hmac_with("template: \"{body}{timestamp}{id}\"")),
            "3:11 {timestamp} without a timestamp\n3:11 {id} without an id\n");
  EXPECT_EQ(mistakes_in("{algorithm: token-equal, signature: {header: S}, template: \"{body}\"}"),
            "1:60 token-equal compares the token and signs nothing: no template\n");
  EXPECT_EQ(mistakes_in("{algorithm: token-equal, signature: {header: S, encoding: hex}}"),
            "1:59 a token is compared as it stands\n");
  EXPECT_EQ(mistakes_in("algorithm: ed25519\nsignature: {header: S, encoding: hex}\ntemplate: \"{body}\""),
            "1:1 ed25519 needs a secret whose encoding is hex or base64\n");
  EXPECT_EQ(mistakes_in("algorithm: ecdsa-p256-sha256\nsignature: {header: S, encoding: hex}\ntemplate: \"{body}\""),
            "1:1 ecdsa-p256-sha256 and the secret's encoding spki-base64 go together\n");
}

TEST(SignatureRule, AlternativesAreOfOneStrength) {
  EXPECT_EQ(mistakes_in("any_of:\n  - {algorithm: token-equal, signature: {header: A}, trust: weak}"),
            "2:54 unknown key \"trust\"; known: algorithm, when, secret, signature, timestamp, id, query_exclude, "
            "template\n");
  EXPECT_EQ(mistakes_in("any_of: []"), "1:9 expected a list of rules\n");
  EXPECT_EQ(mistakes_in("any_of: [github]"), "1:10 expected a map\n");
}

TEST(SignatureRule, SpecialSchemes) {
  EXPECT_EQ(mistakes_in("{special: paypal}"), "1:11 expected wechat or wecom or twilio, got \"paypal\"\n");
  EXPECT_EQ(mistakes_in("{special: wechat, receive_id: wx1}"),
            "1:31 expected $config/NAME, or \"\" where the platform gives no id\n");
  EXPECT_EQ(mistakes_in("{special: twilio, tolerance: 5}"), "1:19 unknown key \"tolerance\"; known: special\n");
  EXPECT_EQ(parse_rule("{special: wechat, receive_id: $config/component, tolerance: 60}").receive_id, "component");
  EXPECT_EQ(parse_rule("{special: wechat}").receive_id, "app_id");
  EXPECT_TRUE(parse_rule("{special: twilio}").covers_url());
}

}  // namespace
}  // namespace tributary::testing
