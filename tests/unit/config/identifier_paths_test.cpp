// Places of identifiers that a source names itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/support.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::string with(const std::string& trust, const std::string& identifiers) {
  return "sources:\n- id: a\n  workspace: w\n  write_keys: [k]\n  trust: " + trust + "\n  identifiers:\n" + identifiers;
}

/// `member_card plus: traits/loyalty/card verified`
std::vector<std::string> places(const std::string& text) {
  std::vector<std::string> lines;
  Config config = config_of(text);
  for (const IdentifierPath& place : config.sources[0].identifiers) {
    std::string line = kind_name(place.kind) + " " + place.scope + ":";
    for (const std::string& name : place.names) line += (name == place.names.front() ? " " : "/") + name;
    lines.push_back(line + (place.trust == Trust::verified ? " verified" : " claimed"));
  }
  return lines;
}

TEST(ConfigIdentifierPaths, AreReadWithTheirTrust) {
  const std::string list =
      "  - {kind: member_card, path: traits.loyalty.card, scope: plus}\n"
      "  - {kind: external_id/crm, path: properties.crmId}\n"
      "  - {kind: shopify_customer_id, path: context.shop.id, scope: 'shopify:shop.example', trust: claimed}\n";
  EXPECT_THAT(
      places(with("server", list + "  - {kind: email, path: properties.owner.email, trust: verified}\n")),
      ElementsAre("member_card plus: traits/loyalty/card verified", "external_id/crm : properties/crmId claimed",
                  "marketplace_buyer/shopify shopify:shop.example: context/shop/id claimed",
                  "email : properties/owner/email verified"));
  EXPECT_THAT(places(with("browser", list)),
              ElementsAre("member_card plus: traits/loyalty/card claimed", "external_id/crm : properties/crmId claimed",
                          "marketplace_buyer/shopify shopify:shop.example: context/shop/id claimed"));
  EXPECT_THAT(places(with("server", "")), SizeIs(0));
}

TEST(ConfigIdentifierPaths, MistakesOfKinds) {
  EXPECT_THAT(
      mistakes_of(with("server",
                       "  - {kind: emial, path: traits.a}\n"
                       "  - {kind: loyalty_number, path: traits.a}\n"
                       "  - {kind: external_id, path: traits.a}\n"
                       "  - {path: traits.a}\n"
                       "  - {kind: email, path: traits.a, scop: b}\n")),
      ElementsAre(
          "t.yaml:7:12: sources[0].identifiers[0].kind: unknown kind \"emial\", did you mean \"email\"?",
          "t.yaml:8:12: sources[0].identifiers[1].kind: unknown kind \"loyalty_number\"; a type of external id is "
          "written external_id/loyalty_number",
          "t.yaml:9:12: sources[0].identifiers[2].kind: which platform? For example external_id/crm",
          "t.yaml:10:5: sources[0].identifiers[3]: \"kind\" is missing",
          "t.yaml:11:35: unknown key \"scop\", did you mean \"scope\"?"));
}

TEST(ConfigIdentifierPaths, MistakesOfScopes) {
  EXPECT_THAT(
      mistakes_of(with("server",
                       "  - {kind: member_card, path: traits.a}\n"
                       "  - {kind: social_id/line, path: traits.a, scope: provider}\n"
                       "  - {kind: email, path: traits.a, scope: shop}\n"
                       "  - {kind: external_id/crm, path: traits.a, scope: shop}\n")),
      ElementsAre("t.yaml:7:12: sources[0].identifiers[0]: the numbers of member_card count within a programme, app "
                  "or shop; `scope` is missing",
                  "t.yaml:8:51: sources[0].identifiers[1].scope: the scope of social_id/line begins with line: and "
                  "names an account",
                  "t.yaml:9:42: sources[0].identifiers[2].scope: email has no scope"));
}

TEST(ConfigIdentifierPaths, MistakesOfPathsAndTrust) {
  const std::string expected =
      ": expected names joined by dots below traits, properties or context, such as traits.loyalty.card";
  EXPECT_THAT(
      mistakes_of(with("browser",
                       "  - {kind: email, path: traits}\n"
                       "  - {kind: email, path: traits..a}\n"
                       "  - {kind: email, path: integrations.a}\n"
                       "  - {kind: email, path: traits.a, trust: verified}\n"
                       "  - {kind: email, path: traits.a, trust: full}\n"
                       "  - {kind: email, path: traits" +
                           std::string(40, '.') +
                           "}\n"
                           "  - {kind: email, path: traits." +
                           std::string(300, 'a') + "}\n")),
      ElementsAre("t.yaml:7:25: sources[0].identifiers[0].path" + expected,
                  "t.yaml:8:25: sources[0].identifiers[1].path" + expected,
                  "t.yaml:9:25: sources[0].identifiers[2].path" + expected,
                  "t.yaml:10:42: sources[0].identifiers[3].trust: what a source with trust browser says is claimed, "
                  "because its key is public",
                  "t.yaml:11:42: sources[0].identifiers[4].trust: expected claimed or verified, got \"full\"",
                  "t.yaml:12:25: sources[0].identifiers[5].path" + expected,
                  "t.yaml:13:25: sources[0].identifiers[6].path: longer than 256 bytes or 16 names"));
  std::string nine;
  for (int i = 0; i < 9; ++i) nine += "  - {kind: email, path: traits.a" + std::to_string(i) + "}\n";
  EXPECT_THAT(mistakes_of(with("browser", nine)), ElementsAre("t.yaml:6:3: sources[0].identifiers: at most 8 places"));
}

}  // namespace
}  // namespace tributary
