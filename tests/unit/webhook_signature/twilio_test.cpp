// The spellings of an address, and which body is covered.
#include "connectors/webhook/twilio.h"

#include "connectors/webhook/digests.h"
#include "engine/base/keyed_hash.h"
#include "tests/unit/webhook_signature/vectors.h"

namespace tributary::testing {
namespace {

using Urls = std::vector<std::string>;

TEST(Twilio, SpellingsOfAnAddress) {
  EXPECT_EQ(twilio_urls("https://a.example/x?b=1"), (Urls{"https://a.example/x?b=1", "https://a.example:443/x?b=1"}));
  EXPECT_EQ(twilio_urls("http://a.example/"), (Urls{"http://a.example/", "http://a.example:80/"}));
  EXPECT_EQ(twilio_urls("https://a.example:8443/x"), (Urls{"https://a.example/x", "https://a.example:8443/x"}));
  EXPECT_EQ(twilio_urls("https://[::1]/x"), (Urls{"https://[::1]/x", "https://[::1]:443/x"}));
  Urls escaped = twilio_urls("https://a.example/a|b?c='d'&e=f+g");
  EXPECT_EQ(escaped, (Urls{"https://a.example/a|b?c='d'&e=f+g", "https://a.example:443/a|b?c='d'&e=f+g",
                           "https://a.example/a|b?c=%27d%27&e=f+g", "https://a.example:443/a|b?c=%27d%27&e=f+g",
                           "https://a.example/a|b?c='d'&e=f%20g", "https://a.example:443/a|b?c='d'&e=f%20g"}));
}

std::string fault_with(const std::string& signed_text, HttpRequest request) {
  add_header(request, "X-Twilio-Signature", base64(hmac_digest(HashKind::sha1, "token", signed_text)));
  return fault_of(parse_rule("{special: twilio}"), request, settings_with({"token"}), {});
}

TEST(Twilio, NoBodyGoesUncovered) {
  const std::string url = "https://cdp.example.com/t";
  EXPECT_EQ(fault_with(url, request_to("/t", "", "GET")), "");
  EXPECT_EQ(fault_with(url, request_to("/t", "{\"a\":1}")), "mismatch");
  EXPECT_EQ(fault_with(url, request_to("/t", "A=1")), "mismatch");
  std::string hash = hex_text(plain_digest(HashKind::sha256, "{\"a\":1}"));
  EXPECT_EQ(fault_with(url + "?bodySHA256=" + hash, request_to("/t?bodySHA256=" + hash, "{\"a\":1}")), "");
  EXPECT_EQ(fault_with(url + "?bodySHA256=" + hash, request_to("/t?bodySHA256=" + hash, "{\"a\":2}")), "mismatch");
  EXPECT_EQ(fault_with(url + "?bodySHA256=", request_to("/t?bodySHA256=", "{\"a\":1}")), "mismatch");
}

TEST(Twilio, AnAddressThatProxiesRewrote) {
  EXPECT_EQ(fault_with("https://cdp.example.com:443/t?c=%27d%27", request_to("/t?c='d'", "")), "");
  EXPECT_EQ(fault_with("https://cdp.example.com/t?c=e%20f", request_to("/t?c=e+f", "")), "");
  EXPECT_EQ(fault_with("http://cdp.example.com/t", request_to("/t", "")), "mismatch");
}

}  // namespace
}  // namespace tributary::testing
