// Identifiers in places that a source names itself.
#include <gtest/gtest.h>

#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

const IdentifierKind kCard{IdentifierFamily::member_card, ""};
const IdentifierKind kCrm{IdentifierFamily::external_id, "crm"};
const IdentifierKind kEmail{IdentifierFamily::email, ""};

std::unique_ptr<Outcome> parse(std::string_view item, std::vector<IdentifierPath> paths,
                               SourceTrust trust = SourceTrust::server) {
  Request request;
  request.trust = trust;
  request.identifiers = std::move(paths);
  return parse_request(item, request);
}

const IdentifierPath kCardPath{kCard, {"traits", "loyalty", "card"}, "plus", Trust::verified};
const IdentifierPath kCrmPath{kCrm, {"properties", "crmId"}, "", Trust::claimed};

/// Every identifier of an event, `kind value trust` a line, in the order of the kinds' names.
std::string all_identifiers(const Event& event) {
  std::vector<std::string> lines;
  for (const EventIdentifier& member : event.identifiers) {
    lines.push_back(kind_name(member.identifier.kind()) + " " + member.identifier.value() +
                    (member.trust == Trust::verified ? " verified" : " claimed") + "\n");
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line;
  return all;
}

TEST(IdentifierPaths, AreReadBesideTheUsualPlaces) {
  std::vector<IdentifierPath> paths = {
      kCardPath, kCrmPath, {kEmail, {"context", "billing", "mail"}, "", Trust::verified}};
  auto outcome = parse(
      R"({"type":"identify","userId":"u1","traits":{"email":"a@x.example","loyalty":{"card":" 47-11 ","level":3}},)"
      R"("properties":{"crmId":815,"sub":{"crmId":"other"}},"context":{"billing":{"mail":"B\u0069ll@x.example"}}})",
      paths);
  EXPECT_EQ(all_identifiers(outcome->event()),
            "email a@x.example verified\n"
            "email bill@x.example verified\n"
            "external_id/crm 815 claimed\n"
            "member_card plus:4711 verified\n"
            "user_id u1 verified\n");
}

TEST(IdentifierPaths, AreTrustedNoMoreThanTheirSource) {
  constexpr std::string_view kItem = R"({"type":"track","event":"e","userId":"u1","properties":{"crmId":"c1"}})";
  IdentifierPath verified = kCrmPath;
  verified.trust = Trust::verified;
  EXPECT_EQ(identifier(parse(kItem, {kCrmPath})->event(), "external_id/crm"), "c1 claimed");
  EXPECT_EQ(identifier(parse(kItem, {verified})->event(), "external_id/crm"), "c1 verified");
  EXPECT_EQ(identifier(parse(kItem, {verified}, SourceTrust::browser)->event(), "external_id/crm"), "c1 claimed");
}

TEST(IdentifierPaths, TraitsAreThoseOfItemAndContextButNotOfAGroup) {
  auto both = parse(
      R"({"type":"identify","userId":"u1","traits":{"loyalty":{"card":"1111222"}},"context":{"traits":{"loyalty":{"card":"3333444"}}}})",
      {kCardPath});
  EXPECT_EQ(all_identifiers(both->event()),
            "member_card plus:1111222 verified\nmember_card plus:3333444 verified\nuser_id u1 verified\n");
  auto group =
      parse(R"({"type":"group","groupId":"g","userId":"u1","traits":{"loyalty":{"card":"1111222"}}})", {kCardPath});
  EXPECT_EQ(all_identifiers(group->event()), "user_id u1 verified\n");
}

TEST(IdentifierPaths, TraitsOfASharedContextAreData) {
  Request request = single(EventType::track, SourceTrust::server);
  request.shared_anonymous_id = true;
  request.identifiers = {kCardPath, {kCard, {"context", "traits", "loyalty", "card"}, "plus", Trust::verified}};
  auto outcome =
      parse_request(R"({"event":"e","userId":"u1","context":{"traits":{"loyalty":{"card":"1111222"}}}})", request);
  EXPECT_EQ(all_identifiers(outcome->event()), "user_id u1 verified\n");
}

TEST(IdentifierPaths, WhatIsNoTextOrNumberIsLeftOut) {
  for (std::string_view loyalty : {R"({"card":null})", R"({"card":""})", R"({"card":true})", R"({"card":["1111222"]})",
                                   R"({"card":{"card":"1111222"}})", R"("card")", R"([{"card":"1111222"}])", R"({})"}) {
    auto outcome =
        parse(R"({"type":"identify","userId":"u1","traits":{"loyalty":)" + std::string(loyalty) + "}}", {kCardPath});
    EXPECT_EQ(all_identifiers(outcome->event()), "user_id u1 verified\n") << loyalty;
    EXPECT_EQ(outcome->findings.identifiers_invalid + outcome->findings.identifiers_blocked, 0u) << loyalty;
  }
}

TEST(IdentifierPaths, ValuesAreJudgedLikeAnyOther) {
  auto card = [](std::string_view value) {
    return parse(R"({"type":"identify","userId":"u1","traits":{"loyalty":{"card":")" + std::string(value) + "\"}}}",
                 {kCardPath});
  };
  EXPECT_EQ(identifier(card("plus:1111222")->event(), "member_card"), "plus:1111222 verified")
      << "its scope stands there";
  EXPECT_EQ(identifier(card("other:1111222")->event(), "member_card"), "plus:other:1111222 verified");
  for (std::string_view blocked : {"null", " N/A ", "0000", "****1234"}) {
    auto outcome = card(blocked);
    EXPECT_EQ(identifier(outcome->event(), "member_card"), "") << blocked;
    EXPECT_EQ(outcome->findings.identifiers_blocked, 1u) << blocked;
  }
  IdentifierPath no_scope = kCardPath;
  no_scope.scope.clear();
  EXPECT_EQ(parse(R"({"type":"identify","userId":"u1","traits":{"loyalty":{"card":"1111222"}}})", {no_scope})
                ->findings.identifiers_invalid,
            1u);
}

TEST(IdentifierPaths, AScopeHidesNoBlockedValue) {
  auto outcome = parse(R"({"type":"track","event":"e","userId":"u1","context":{"externalId":[)"
                       R"({"type":"shopify_customer_id","id":"undefined","scope":"shopify:a.example"},)"
                       R"({"type":"shopify_customer_id","id":"77","scope":"shopify:a.example"}]}})",
                       {});
  EXPECT_EQ(identifier(outcome->event(), "marketplace_buyer/shopify"), "shopify:a.example:77 verified");
  EXPECT_EQ(outcome->findings.identifiers_blocked, 1u);
}

TEST(IdentifierPaths, TheLastOfDoubledMembersCounts) {
  auto outcome =
      parse(R"({"type":"track","event":"e","userId":"u1","properties":{"crmId":"c1","crmId":"c2"}})", {kCrmPath});
  EXPECT_EQ(identifier(outcome->event(), "external_id/crm"), "c2 claimed");
}

}  // namespace
}  // namespace tributary::testing
