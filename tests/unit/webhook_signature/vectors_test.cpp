// Signed calls, most of them published or accepted by the platform's own package, and what must not pass for them.
#include "tests/unit/webhook_signature/vectors.h"

#include <boost/algorithm/string/case_conv.hpp>
#include <set>

#include "connectors/webhook/digests.h"

namespace tributary::testing {
namespace {

class Vectors : public ::testing::TestWithParam<SignedCall> {
 protected:
  std::string fault(const SignedCall& call) const { return fault_of(rule_, call.request, call.settings, call.now); }

  /// What stands where the rule looks for signatures, each entry of a list changed by `change`.
  template <class Change>
  SignedCall with_signatures(Change change) const {
    SignedCall call = GetParam();
    std::string& value = signature_text(call);
    std::string split = is_special() ? "" : rule_.any_of[0].signature_split, out;
    for (std::string_view rest = value; !rest.empty();) {
      size_t cut = split.empty() ? rest.npos : rest.find(split);
      std::string entry(rest.substr(0, cut));
      size_t prefix = prefix_of(entry);
      if (prefix != entry.npos) entry = entry.substr(0, prefix) + change(entry.substr(prefix));
      out += (out.empty() ? "" : split) + entry;
      rest.remove_prefix(cut == rest.npos ? rest.size() : cut + split.size());
    }
    value = out;
    return call;
  }

  size_t prefix_of(const std::string& entry) const {
    if (is_special()) return 0;
    for (const SignatureScheme& scheme : rule_.any_of) {
      if (entry.starts_with(scheme.signature_prefix)) return scheme.signature_prefix.size();
    }
    return entry.npos;
  }

  std::string& signature_text(SignedCall& call) const {
    static std::string none;
    auto names = is_special() ? std::vector<std::string>{"x-twilio-signature"} : rule_.any_of[0].signature.headers;
    for (auto& [name, value] : call.request.headers) {
      if (std::count(names.begin(), names.end(), name) > 0) return value;
    }
    EXPECT_TRUE(names.empty());
    return none;
  }

  bool is_special() const { return rule_.special != SpecialScheme::none; }
  bool in_header() const { return is_special() || !rule_.any_of[0].signature.headers.empty(); }
  bool is_base64() const { return is_special() || rule_.any_of[0].signature_encoding == SignatureEncoding::base64; }

  SignatureRule rule_ = all_rules().at(GetParam().rule);
};

TEST_P(Vectors, IsGenuine) {
  const SignedCall& call = GetParam();
  EXPECT_TRUE(check_settings(rule_, call.settings).empty());
  auto verification = verify_copy(rule_, call.request, call.settings, call.now);
  ASSERT_EQ(fault(call), "");
  EXPECT_EQ(verification.secret, call.id == "standard-webhooks-2-rotation" ? 1u : 0u);
  EXPECT_EQ(verification.skew_micros.has_value(), !is_special() && rule_.any_of[0].timestamp.given());
  EXPECT_FALSE(verification.answer.has_value());
  EXPECT_EQ(verification.trust, rule_.trust);
}

TEST_P(Vectors, IsNothingToOtherRules) {
  const SignedCall& call = GetParam();
  static const std::set<std::pair<std::string, std::string>> kSame = {
      {"github", "meta"}, {"meta", "github"}, {"youzan", "youzan-classic"}};
  for (const auto& [name, rule] : all_rules()) {
    if (name == call.rule || kSame.contains({call.rule, name})) continue;
    EXPECT_NE(fault_of(rule, call.request, call.settings, call.now), "") << name;
  }
}

TEST_P(Vectors, CoversEveryByteOfTheBody) {
  for (const char* more : {"x", " ", "\n"}) {
    SignedCall call = GetParam();
    call.request.body += more;
    if (rule_.extent == SignedExtent::whole) {
      EXPECT_NE(fault(call), "") << '"' << more << '"';
    }
  }
  SignedCall respelled = GetParam();
  size_t brace = respelled.request.body.find_first_of("{[=");
  if (brace == std::string::npos || rule_.extent != SignedExtent::whole) return;
  respelled.request.body.insert(brace + 1, " ");
  EXPECT_NE(fault(respelled), "");
}

TEST_P(Vectors, CoversEveryDigitOfTheSignature) {
  if (!in_header()) return;
  size_t digits = 0;
  with_signatures([&](std::string signature) {
    digits = std::max(digits, signature.size());
    return signature;
  });
  ASSERT_GT(digits, 20u);
  for (size_t at = 0; at < digits; ++at) {
    SignedCall call = with_signatures([&](std::string signature) {
      if (at < signature.size())
        signature[at] = signature[at] == 'A' || signature[at] == '0' ? '1' : is_base64() ? 'A' : '0';
      return signature;
    });
    EXPECT_NE(fault(call), "") << at;
  }
}

TEST_P(Vectors, NeedsASignature) {
  if (!in_header()) return;
  SignedCall empty = GetParam();
  signature_text(empty).clear();
  EXPECT_EQ(fault(empty), "missing");
  SignedCall absent = GetParam();
  absent.request.headers.clear();
  EXPECT_EQ(fault(absent), "missing");
  EXPECT_NE(fault(with_signatures([](const std::string&) { return std::string{}; })), "");
}

TEST_P(Vectors, TakesBothCasesOfHexAndOneSpellingOfBase64) {
  if (!in_header()) return;
  SignedCall upper = with_signatures([](std::string signature) {
    boost::algorithm::to_upper(signature);
    return signature;
  });
  if (is_base64()) {
    EXPECT_NE(fault(upper), "");
  } else {
    EXPECT_EQ(fault(upper), "");
    return;
  }
  bool padded = false;
  SignedCall bare = with_signatures([&](std::string signature) {
    padded = padded || signature.ends_with('=');
    return signature.substr(0, signature.find('='));
  });
  if (padded) {
    EXPECT_NE(fault(bare), "");
  }
}

TEST_P(Vectors, IsGenuineWithinTheTolerance) {
  if (is_special() || !rule_.any_of[0].timestamp.given()) return;
  int64_t tolerance = rule_.any_of[0].tolerance_seconds * kMicrosPerSecond;
  auto at = [&](int64_t skew) {
    SignedCall call = GetParam();
    if (call.id == "twitch-1") call.now.micros += 123'456;
    call.now.micros += skew;
    return fault(call);
  };
  EXPECT_EQ(at(tolerance), "");
  EXPECT_EQ(at(-tolerance), "");
  EXPECT_EQ(at(tolerance + kMicrosPerSecond), "too_old");
  EXPECT_EQ(at(-tolerance - kMicrosPerSecond), "too_new");
}

TEST_P(Vectors, NeedsTheSecret) {
  SignedCall call = GetParam();
  std::string other = call.settings.secrets.back();
  other[other.size() / 2] = other[other.size() / 2] == 'a' ? 'b' : 'a';
  std::vector<std::string> right = call.settings.secrets;
  call.settings.secrets = {other};
  EXPECT_NE(fault(call), "");
  call.settings.secrets = {""};
  EXPECT_NE(fault(call), "");
  call.settings.secrets.clear();
  EXPECT_NE(fault(call), "");
  call.settings.secrets = {other, right.back()};
  auto verification = verify_copy(rule_, call.request, call.settings, call.now);
  EXPECT_FALSE(verification.fault.has_value());
  EXPECT_EQ(verification.secret, 1u);
}

INSTANTIATE_TEST_SUITE_P(All, Vectors, ::testing::ValuesIn(signed_calls()),
                         [](const auto& named) { return test_name(named.param.id); });

SignedCall vector_of(const std::string& id) {
  for (SignedCall& call : signed_calls()) {
    if (call.id == id) return std::move(call);
  }
  ADD_FAILURE() << "no vector " << id;
  return {};
}

TEST(Verifier, LarkIsDecrypted) {
  SignedCall call = vector_of("lark-1-handshake");
  auto verification = verify_copy(*find_signature_rule("lark"), call.request, call.settings, call.now);
  ASSERT_TRUE(verification.body.has_value());
  EXPECT_NE(verification.body->find(R"("challenge")"), std::string::npos) << *verification.body;
  EXPECT_NE(verification.body->find("ch-1"), std::string::npos);
  EXPECT_GE(verification.body->capacity(), verification.body->size() + 64);
}

TEST(Verifier, AMailgunTokenCountsForOneBody) {
  SignedCall call = vector_of("mailgun-1");
  const SignatureRule& rule = *find_signature_rule("mailgun");
  auto verification = verify_copy(rule, call.request, call.settings, call.now);
  EXPECT_EQ(verification.once_key, "tok50");
  EXPECT_EQ(verification.once_seconds, 86'400);
  EXPECT_EQ(verification.trust, SignatureTrust::weak);
  EXPECT_FALSE(rule.covers_url());
}

TEST(Verifier, NobodyGoesOnWithAHashThatWasSeen) {
  // Signed by someone who has the secret, so only the shape of the body speaks against it.
  const SignatureRule& rule = *find_signature_rule("douyin");
  auto settings = settings_with({"s"});
  for (auto [body, fault] : {std::pair<std::string, std::string>{"{\"a\":1}", ""},
                             {" [1] \r\n", ""},
                             {"", ""},
                             {"{\"a\":1}{}", "malformed"},
                             {std::string("{\"a\":1}\x80\0\0", 10), "malformed"},
                             {"\xEF\xBB\xBF{}", "malformed"},
                             {"a=1", "malformed"}}) {
    auto request = request_to("/", body);
    add_header(request, "x-douyin-signature", hex_text(plain_digest(HashKind::sha1, "s" + body)));
    EXPECT_EQ(fault_of(rule, request, settings, at_second(0)), fault) << body;
  }
  for (const char* open : {"douyin", "douyin-spi", "hubspot-v1", "hubspot-v2", "lark"}) {
    EXPECT_TRUE(find_signature_rule(open)->any_of[0].needs_json_body()) << open;
  }
  for (const char* closed : {"youzan", "youzan-classic", "github"}) {
    EXPECT_FALSE(find_signature_rule(closed)->any_of[0].needs_json_body()) << closed;
  }
}

TEST(Verifier, AConditionIsNoWayAround) {
  SignedCall call = vector_of("hubspot-v1");
  for (auto& [name, value] : call.request.headers) {
    if (name == "x-hubspot-signature-version") value = "v2";
  }
  EXPECT_EQ(fault_of(*find_signature_rule("hubspot-v1"), call.request, call.settings, call.now), "missing");
}

TEST(Verifier, TimesOutsideOfTime) {
  const SignatureRule& rule = *find_signature_rule("slack");
  auto settings = settings_with({"s"});
  for (const char* time :
       {"", "-1", "1e9", "9223372036854775807", "99999999999999999999", " 1700000000", "1700000000x"}) {
    auto request = request_to("/", "{}");
    add_header(request, "x-slack-request-timestamp", time);
    std::string text = "v0:" + std::string(time) + ":{}";
    add_header(request, "x-slack-signature", "v0=" + hex_text(hmac_digest(HashKind::sha256, "s", text)));
    std::string fault = fault_of(rule, request, settings, at_second(1'700'000'000));
    EXPECT_EQ(fault, *time == '\0' ? "missing" : "malformed") << time;
  }
}

TEST(Verifier, TheSkewIsReceivedMinusSigned) {
  SignedCall call = vector_of("stripe-1");
  call.now.micros += 7;
  auto rule = find_signature_rule("stripe");
  EXPECT_EQ(verify_copy(*rule, call.request, call.settings, call.now).skew_micros, 7);
  call.now.micros += kMicrosPerHour;
  auto late = verify_copy(*rule, call.request, call.settings, call.now);
  EXPECT_EQ(late.fault, SignatureFault::too_old);
  EXPECT_EQ(late.skew_micros, kMicrosPerHour + 7);
}

TEST(Verifier, TokensAreCompared) {
  auto settings = settings_with({"new", "old"});
  auto request = request_to("/?secret=old", "{}");
  EXPECT_EQ(fault_of(*find_signature_rule("mailchimp"), request, settings, {}), "");
  add_header(request, "X-Gitlab-Token", "old");
  EXPECT_EQ(verify_copy(*find_signature_rule("gitlab"), request, settings, {}).secret, 1u);
  settings.secrets = {"new", "ol"};
  EXPECT_EQ(fault_of(*find_signature_rule("gitlab"), request, settings, {}), "mismatch");
  auto rule = parse_rule(R"({any_of: [{algorithm: token-equal, signature: {header: Authorization, prefix: "Bearer "}},
                                      {algorithm: token-equal, signature: {query: access_token}}]})");
  auto bearer = request_to("/", "{}");
  add_header(bearer, "Authorization", "Bearer new");
  EXPECT_EQ(fault_of(rule, bearer, settings, {}), "");
  EXPECT_EQ(fault_of(rule, request_to("/?access_token=ol", "{}"), settings, {}), "");
  EXPECT_EQ(fault_of(rule, request_to("/?access_token=", "{}"), settings, {}), "missing");
}

TEST(Verifier, NoneLetsEverybodyInAndTrustsNobody) {
  auto verification = verify_copy(parse_rule("none"), request_to("/", ""), {}, {});
  EXPECT_FALSE(verification.fault.has_value());
  EXPECT_EQ(verification.trust, SignatureTrust::weak);
}

TEST(Verifier, ManySignaturesAreNotAllTried) {
  SignedCall call = vector_of("svix-1");
  for (auto& [name, value] : call.request.headers) {
    if (name != "svix-signature") continue;
    std::string others;
    for (int i = 0; i < 16; ++i) others += "v1,AAAA ";
    value = others + value;
  }
  EXPECT_EQ(fault_of(*find_signature_rule("svix"), call.request, call.settings, call.now), "mismatch");
}

}  // namespace
}  // namespace tributary::testing
