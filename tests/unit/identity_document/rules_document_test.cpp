#include "connectors/identity/rules_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> mistakes_in(std::string_view text) {
  std::vector<std::string> lines;
  auto parsed = parse_rules(text);
  auto mistakes = std::get_if<std::vector<DocumentMistake>>(&parsed);
  if (mistakes == nullptr) return lines;
  for (const DocumentMistake& mistake : *mistakes) {
    lines.push_back(std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + ": " + mistake.message);
  }
  return lines;
}

Rules rules_of(std::string_view text) {
  EXPECT_THAT(mistakes_in(text), ElementsAre()) << text;
  auto parsed = parse_rules(text);
  auto rules = std::get_if<Rules>(&parsed);
  return rules ? *rules : Rules{};
}

IdentifierKind kind(std::string_view name) { return *parse_rule_kind(name); }

TEST(RulesDocument, WhatIsNotSaidKeepsItsDefault) {
  for (const char* text :
       {"{}", "kinds:\nhubs:\nblocked:\n", "kinds: {email: }\nhubs: {phone: {}}\nblocked: {\"*\": {exact: []}}"}) {
    EXPECT_EQ(rules_of(text), default_rules()) << text;
  }
  Rules expected = default_rules();
  expected.kinds[kind("email")].limit = 3;
  EXPECT_EQ(rules_of("kinds: {email: {limits: [{count: 3}]}}"), expected);
}

TEST(RulesDocument, EveryPartIsRead) {
  Rules rules = rules_of(R"(
claims: guarded
kinds:
  user_id: {priority: 11, class: weak, limits: [{count: 1}, {count: 5, window: 7d}, {count: 9, window: 12h}], owner: newest}
  email: {limits: []}
hubs:
  device_id: {user_id: 10, email: off}
blocked:
  "*": {exact: [qa-user, "null"], regex: [^loadtest-]}
  phone: {exact: ["+8613712345678"]}
  external_id: {regex: ['^tmp\d+$']}
)");
  Rules expected = default_rules();
  expected.claims = ClaimsPolicy::guarded;
  expected.kinds[kind("user_id")] = {
      11, true, 1, {{5, 7 * kMicrosPerDay}, {9, 12 * kMicrosPerHour}}, OwnerPolicy::newest};
  expected.kinds[kind("email")].limit = 0;
  expected.hubs[kind("device_id")][kind("user_id")] = 10;
  expected.hubs[kind("device_id")].erase(kind("email"));
  expected.blocked = {{"qa-user", "null"}, {"^loadtest-"}};
  expected.blocked_of_kind[kind("phone")].exact = {"+8613712345678"};
  expected.blocked_of_kind[kind("external_id")].patterns = {"^tmp\\d+$"};
  EXPECT_EQ(rules, expected);
}

TEST(RulesDocument, ARecordOfTheDocumentationIsRead) {
  Rules rules = rules_of(
      R"({"claims":"fill","kinds":{"user_id":{"priority":10,"class":"strong","limits":[{"count":1}],"owner":"oldest"},)"
      "\n\t"
      R"("anonymous_id":{"priority":96,"class":"weak","limits":[{"count":1000},{"count":20,"window":"7d"}]}},)"
      R"("hubs":{"device_id":{"user_id":1,"email":2},"email":{"user_id":5}},)"
      R"("blocked":{"*":{"exact":["qa-user","\ud83d\ude00\/\u00e9"],"regex":["^loadtest-"]}}})");
  EXPECT_EQ(rules.kinds[kind("anonymous_id")].windows, (std::vector<WindowLimit>{{20, 7 * kMicrosPerDay}}));
  EXPECT_EQ(rules.blocked.exact, (std::set<std::string>{"qa-user", "\xf0\x9f\x98\x80/\xc3\xa9"}));
  EXPECT_EQ(rules.hubs, default_rules().hubs);
}

TEST(RulesDocument, AFamilyMeansItsPlatformsThatAreNotListed) {
  Rules rules = rules_of(
      "kinds: {external_id/crm: {limits: []}, external_id: {priority: 40}, shopify_customer_id: {owner: newest}}\n"
      "hubs: {social_id: {user_id: 9}, phone: {external_id/crm: 7}}");
  EXPECT_EQ(rules.kinds[kind("external_id")], (KindRule{40, false, 5, {}, OwnerPolicy::oldest}));
  EXPECT_EQ(rules.kinds[kind("external_id/crm")], (KindRule{40, false, 0, {}, OwnerPolicy::oldest}));
  EXPECT_EQ(rules.kinds[kind("external_id/stripe")], default_rules().kinds[kind("external_id/stripe")]);
  EXPECT_EQ(rules.kinds[kind("marketplace_buyer/shopify")], (KindRule{40, false, 5, {}, OwnerPolicy::newest}));
  EXPECT_EQ(rules.hubs[kind("social_id")][kind("user_id")], 9u);
  EXPECT_EQ(rules.hubs[kind("phone")][kind("external_id/crm")], 7u);
  EXPECT_EQ(rules.hubs[kind("phone")][kind("external_id")], 20u);
}

TEST(RulesDocument, InheritTakesAwayWhatIsListed) {
  Rules rules = rules_of("kinds: {stripe_customer_id: inherit}\nhubs: {phone: {external_id/stripe: inherit}}");
  EXPECT_FALSE(rules.kinds.contains(kind("external_id/stripe")));
  EXPECT_FALSE(rules.hubs[kind("phone")].contains(kind("external_id/stripe")));
  EXPECT_THAT(
      mistakes_in("hubs: {phone: {email: inherit}}"),
      ElementsAre("1:23: hubs of phone: email: expected a whole number from 1 to 4294967295 or off, got \"inherit\""));
}

TEST(RulesDocument, OffThatWouldNotBeOffIsAMistake) {
  EXPECT_THAT(mistakes_in("hubs: {phone: {external_id/stripe: off}}"),
              ElementsAre("1:36: hubs of phone: external_id/stripe: off would leave the threshold of hubs of phone: "
                          "external_id; write inherit for that, or a large number"));
  EXPECT_THAT(mistakes_in("hubs: {social_id/line: {user_id: off}}"),
              ElementsAre(HasSubstr("hubs of social_id: user_id;")));
  Rules rules = rules_of("hubs: {phone: {external_id/stripe: off, external_id: off}}");
  EXPECT_FALSE(rules.hubs[kind("phone")].contains(kind("external_id")));
}

struct Case {
  const char* name;
  const char* text;
  std::vector<std::string> expected;
};

class RulesDocumentMistakes : public ::testing::TestWithParam<Case> {};

TEST_P(RulesDocumentMistakes, AreNamedWithLineAndColumn) {
  EXPECT_EQ(mistakes_in(GetParam().text), GetParam().expected);
}

const Case kCases[] = {
    {"NotAMap", "[1]", {"1:1: expected a map with claims, kinds, hubs, blocked"}},
    {"UnknownSection", "kind: {}", {"1:1: unknown key \"kind\", did you mean \"kinds\"?"}},
    {"UnknownField",
     "kinds:\n  email: {priorty: 3}\n",
     {"2:11: kind email: unknown key \"priorty\", did you mean \"priority\"?"}},
    {"UnknownKind", "kinds: {emial: {}}", {"1:9: kinds: unknown kind \"emial\", did you mean \"email\"?"}},
    {"UnknownKindOfAnExternalId",
     "hubs: {email: {loyalty_system: 3}}",
     {"1:16: hubs of email: unknown kind \"loyalty_system\"; a type of external id is written "
      "external_id/loyalty_system"}},
    {"PlatformOfNoFamily", "kinds: {email/work: {}}", {"1:9: kinds: unknown kind \"email/work\""}},
    {"KindTwice",
     "kinds:\n  shopify_customer_id: {}\n  marketplace_buyer/shopify: {}\n",
     {"3:3: kinds: kind marketplace_buyer/shopify stands twice, as \"shopify_customer_id\" and "
      "\"marketplace_buyer/shopify\""}},
    {"KeyTwice", "claims: fill\nclaims: strict", {"2:1: the key \"claims\" stands twice"}},
    {"BlockedKindTwice",
     "blocked: {user_id: {}, User-ID: {}}",
     {"1:24: blocked: kind user_id stands twice, as \"user_id\" and \"User-ID\""}},
    {"Claims",
     "claims: gaurded",
     {"1:9: claims: expected fill or guarded or strict, got \"gaurded\", did you mean \"guarded\"?"}},
    {"ClaimsMissing", "claims:", {"1:1: claims: expected fill or guarded or strict"}},
    {"Priority",
     "kinds: {email: {priority: 0}, phone: {priority: 70000}, uscc: {priority: high}}",
     {"1:27: kind email: priority: expected a whole number from 1 to 65535, got \"0\"",
      "1:49: kind phone: priority: expected a whole number from 1 to 65535, got \"70000\"",
      "1:74: kind uscc: priority: expected a whole number from 1 to 65535, got \"high\""}},
    {"ClassAndOwner",
     "kinds: {email: {class: medium, owner: [oldest]}}",
     {"1:24: kind email: class: expected strong or weak, got \"medium\"",
      "1:39: kind email: owner: expected oldest or newest"}},
    {"LimitsAreAList",
     "kinds: {email: {limits: 5}}",
     {"1:25: kind email: limits: expected a list such as [{count: 5}]; [] is no limit"}},
    {"LimitIsAMap",
     "kinds: {email: {limits: [5]}}",
     {"1:26: kind email: limits: expected a limit such as {count: 5} or {count: 5, window: 7d}"}},
    {"LimitWithoutCount",
     "kinds: {email: {limits: [{window: 7d}]}}",
     {"1:26: kind email: limits: a limit needs a count"}},
    {"LimitOfNothing",
     "kinds: {email: {limits: [{count: 0}]}}",
     {"1:34: kind email: limits: count: expected a whole number from 1 to 4294967295; limits: [] is no limit, got "
      "\"0\""}},
    {"Window",
     "kinds: {email: {limits: [{count: 1, window: 0}, {count: 1, window: weekly}]}}",
     {"1:45: kind email: limits: window: expected a duration such as 12h or 7d, got \"0\"",
      "1:68: kind email: limits: window: expected a duration such as 12h or 7d, got \"weekly\""}},
    {"SecondLimit",
     "kinds: {email: {limits: [{count: 1}, {count: 2}]}}",
     {"1:38: kind email: limits: a second limit without a window"}},
    {"ThresholdOfItself",
     "hubs: {email: {email: 3}}",
     {"1:23: hubs of email: identifiers of one kind have no threshold among themselves; the limit does that"}},
    {"Threshold",
     "hubs: {email: {phone: 0}}",
     {"1:23: hubs of email: phone: expected a whole number from 1 to 4294967295 or off, got \"0\""}},
    {"Pattern",
     "blocked:\n  phone: {regex: [ok, \"(\"]}\n  \"*\": {regexp: []}\n",
     {"2:23: blocked values of phone: regex: \"(\": missing ): (",
      "3:9: blocked values of every kind: unknown key \"regexp\", did you mean \"regex\"?"}},
    {"BlockedNull",
     "blocked: {\"*\": {exact: [null]}}",
     {"1:25: blocked values of every kind: exact: a value is missing; quote the word null"}},
    {"PatternsTooLargeTogether",
     "blocked: {\"*\": {regex: ['a\\pL{100}', 'b\\pL{100}', 'c\\pL{100}', 'd\\pL{100}', 'e\\pL{100}']}}",
     {"1:77: blocked values: the patterns are too large together"}},
};

INSTANTIATE_TEST_SUITE_P(All, RulesDocumentMistakes, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(RulesDocument, AllMistakesAreToldAtOnceInTheirOrder) {
  EXPECT_THAT(mistakes_in("blocked: {phone: {regex: ['[']}}\nhubs: {x y z: {}}\nclaims: maybe\nkinds: {email: 3}\n"),
              ElementsAre(HasSubstr("1:27: blocked values of phone"), HasSubstr("2:8: hubs: unknown kind"),
                          HasSubstr("3:9: claims"), HasSubstr("4:16: kind email: expected a map")));
}

TEST(RulesDocument, RulesAboutWholeCustomersCannotBeWritten) {
  const std::string why =
      " cannot be written: the parts of an accepted customer must be acceptable too, and a rule that asks for "
      "something "
      "accepts the whole and not its parts";
  EXPECT_THAT(
      mistakes_in("kinds: {email: {at_least: 1, limits: [{min: 2, count: 3}]}}\nhubs: {email: {same-domain: 1}}\n"
                  "require: [user_id]\nblocked: {email: {minimum: 3}}\n"),
      ElementsAre("1:17: kind email: \"at_least\"" + why, "1:40: kind email: limits: \"min\"" + why,
                  "2:16: hubs of email: \"same-domain\"" + why, "3:1: \"require\"" + why,
                  "4:19: blocked values of email: \"minimum\"" + why));
}

TEST(RulesDocument, AHostileNumberOfMistakesIsCut) {
  std::string text = "kinds:\n";
  for (int i = 0; i < 50'000; ++i) text += "  emial" + std::to_string(i) + ": {}\n";
  std::vector<std::string> mistakes = mistakes_in(text);
  EXPECT_EQ(mistakes.size(), 1000u);
  EXPECT_THAT(mistakes.back(), HasSubstr("1001:3: more than 1,000 mistakes"));
}

}  // namespace
}  // namespace tributary
