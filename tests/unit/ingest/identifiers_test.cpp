// Where identifiers are found, and how far they are trusted.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

std::unique_ptr<Outcome> from(SourceTrust trust, std::string_view item) {
  Request request;
  request.trust = trust;
  return parse_request(item, request);
}
std::unique_ptr<Outcome> from_server(std::string_view item) { return from(SourceTrust::server, item); }
std::unique_ptr<Outcome> from_browser(std::string_view item) { return from(SourceTrust::browser, item); }

TEST(Identifiers, AServerIsBelievedABrowserIsNot) {
  constexpr std::string_view kItem =
      R"({"type":"identify","userId":"u1","anonymousId":"a-123456","traits":{"email":"A@x.example","phone":"13800001234"}})";
  auto server = from_server(kItem);
  EXPECT_EQ(identifier(server->event(), "user_id"), "u1 verified");
  EXPECT_EQ(identifier(server->event(), "anonymous_id"), "a-123456 verified");
  EXPECT_EQ(identifier(server->event(), "email"), "a@x.example verified");
  EXPECT_EQ(identifier(server->event(), "phone"), "+8613800001234 verified");
  auto browser = from_browser(kItem);
  EXPECT_EQ(browser->event().identifiers.size(), 4u);
  for (const EventIdentifier& member : browser->event().identifiers) EXPECT_EQ(member.trust, Trust::claimed);
}

TEST(Identifiers, PropertiesAreAlwaysClaimed) {
  auto outcome = from_server(
      R"({"type":"track","event":"Shared","userId":"u1","properties":{"email":"friend@x.example","phone":13800001234}})");
  EXPECT_EQ(identifier(outcome->event(), "email"), "friend@x.example claimed");
  EXPECT_EQ(identifier(outcome->event(), "phone"), "+8613800001234 claimed");
  EXPECT_EQ(identifier(outcome->event(), "user_id"), "u1 verified");
}

TEST(Identifiers, LandLinesAreAlwaysClaimed) {
  auto outcome = from_server(R"({"type":"identify","userId":"u1","traits":{"phone":"0571-12345678"}})");
  EXPECT_EQ(identifier(outcome->event(), "phone"), "+8657112345678 claimed");
}

TEST(Identifiers, OneThatComesTwiceKeepsTheBetterTrust) {
  auto outcome = from_server(
      R"({"type":"track","event":"e","userId":"u1","properties":{"email":"ANN@x.example"},"context":{"traits":{"email":"ann@x.example"}}})");
  EXPECT_EQ(identifier(outcome->event(), "email"), "ann@x.example verified");
}

TEST(Identifiers, AreSortedByHashAndHashedWithTheIndexKey) {
  auto outcome = from_server(
      R"({"type":"identify","userId":"u1","anonymousId":"a-123456","traits":{"email":"a@x.example","phone":"13800001234"}})");
  const auto& members = outcome->event().identifiers;
  EXPECT_TRUE(std::is_sorted(members.begin(), members.end(), [](auto& a, auto& b) { return a.hash < b.hash; }));
  for (const EventIdentifier& member : members) EXPECT_EQ(member.hash, identifier_hash(test_key(), member.identifier));
}

TEST(Identifiers, DeviceIdsAndTokens) {
  auto outcome = from_server(
      R"({"type":"track","event":"e","userId":"u1","context":{"device":{"id":"9B1DEB4D-3B7D-4BAD-9BDD-2B0D7B3DCB6D",)"
      R"("advertisingId":"00000000-0000-0000-0000-000000000000","token":"Tok3n-AbC"}}})");
  EXPECT_EQ(identifier(outcome->event(), "device_id"), "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d verified");
  EXPECT_EQ(identifier(outcome->event(), "push_token"), "Tok3n-AbC verified");
  EXPECT_EQ(outcome->findings.identifiers_blocked, 1u);
}

TEST(Identifiers, SegmentExternalIdsNeedAllFourMembersAndTheUsersCollection) {
  auto outcome = from_server(R"({"type":"track","event":"e","userId":"u1","context":{"externalIds":[
    {"id":"c1","type":"CRM-id","collection":"users","encoding":"none"},
    {"id":"c2","type":"crm_id","collection":"accounts","encoding":"none"},
    {"id":"c3","type":"crm_id","collection":"users"},
    {"id":"c4","type":"no/such name!","collection":"users","encoding":"none"},
    {"id":"g1","type":"group_id","collection":"users","encoding":"none"},
    {"id":"Bob@x.example","type":"email","collection":"users","encoding":"none"},
    {"id":"AAAABBBB-1111-2222-3333-444455556666","type":"ios.idfa","collection":"users","encoding":"none"},
    {"id":"77","type":"shopify_customer_id","scope":"shopify:Shop.example","collection":"users","encoding":"none"},
    {"id":"78","type":"shopify_customer_id","collection":"users","encoding":"none"},
    7, null]}})");
  const Event& event = outcome->event();
  EXPECT_EQ(identifier(event, "external_id/crm_id"), "c1 verified");
  EXPECT_EQ(identifier(event, "email"), "bob@x.example verified");
  EXPECT_EQ(identifier(event, "device_id"), "aaaabbbb-1111-2222-3333-444455556666 verified");
  EXPECT_EQ(identifier(event, "marketplace_buyer/shopify"), "shopify:shop.example:77 verified");
  EXPECT_EQ(event.identifiers.size(), 5u);
  EXPECT_EQ(outcome->findings.identifiers_invalid, 1u) << "the one without its scope";
}

TEST(Identifiers, RudderStackExternalIds) {
  auto outcome = from_server(
      R"({"type":"track","event":"e","userId":"u1","context":{"externalId":[{"type":"brazeExternalId","id":"b7"}]}})");
  EXPECT_EQ(identifier(outcome->event(), "external_id/brazeexternalid"), "b7 verified");
}

TEST(Identifiers, AnEntryMayBeClaimedBySomebodyWhoIsBelieved) {
  constexpr std::string_view kItem = R"({"type":"track","event":"e","userId":"u1","context":{"externalId":[
    {"type":"email","id":"a@x.example","claimed":true},{"type":"phone","id":"+8613800001234","claimed":false}]}})";
  EXPECT_EQ(identifier(from_server(kItem)->event(), "email"), "a@x.example claimed");
  EXPECT_EQ(identifier(from_server(kItem)->event(), "phone"), "+8613800001234 verified");
  EXPECT_EQ(identifier(from_browser(kItem)->event(), "phone"), "+8613800001234 claimed");
}

TEST(Identifiers, WhereTheyAreListedOtherMembersAreData) {
  Request request;
  request.trust = SourceTrust::server;
  request.identifiers_listed = true;
  auto outcome = parse_request(R"({"type":"identify","anonymousId":"a-123456","traits":{"email":"shop@x.example"},
    "context":{"traits":{"phone":"+8613800001234"},"device":{"id":"d-123456"},
    "externalId":[{"type":"user_id","id":"u1"}]},"properties":{"email":"b@x.example"}})",
                               request);
  EXPECT_EQ(outcome->event().identifiers.size(), 1u);
  EXPECT_EQ(identifier(outcome->event(), "user_id"), "u1 verified");
  EXPECT_EQ(outcome->event().traits.size(), 2u) << "traits stay traits";
  EXPECT_TRUE(parse_request(R"({"type":"track","event":"e"})", request)->event().identifiers.empty());
}

TEST(Identifiers, AServerMayNameACustomerByExternalIdsAlone) {
  auto item = [](std::string_view lists) {
    return R"({"type":"track","event":"e","properties":{"email":"b@x.example"},"context":{)" + std::string(lists) +
           "}}";
  };
  std::string good =
      item(R"("externalIds":[{"type":"customer_no","id":"CX2023100001","collection":"users","encoding":"none"}])");
  EXPECT_EQ(identifier(from_server(good)->event(), "customer_no"), "CX2023100001 verified");
  EXPECT_EQ(from_browser(good)->item_code(), "missing_id");
  EXPECT_EQ(from_server(item(R"("externalId":[])"))->item_code(), "missing_id");
  std::string bad = R"({"type":"track","event":"e","context":{"externalId":[{"type":"phone","id":"12"}]}})";
  EXPECT_EQ(from_server(bad)->item_code(), "missing_id");
}

TEST(Identifiers, GroupIdIsNoneAndGroupTraitsDescribeTheGroup) {
  auto outcome = from_server(
      R"({"type":"group","userId":"u1","groupId":"g1","traits":{"email":"office@x.example","phone":"13800001234"}})");
  EXPECT_EQ(outcome->event().identifiers.size(), 1u);
  EXPECT_TRUE(outcome->event().traits.empty());
}

TEST(Identifiers, PreviousIdIsACookieOnlyWhenItLooksLikeOne) {
  auto alias = [](std::string_view members) {
    return from_server(R"({"type":"alias","userId":"u1",)" + std::string(members) + "}");
  };
  EXPECT_EQ(
      identifier(alias(R"("previousId":"old-account")")->event(), "user_id").find("old-account") != std::string::npos,
      true);
  EXPECT_EQ(identifier(alias(R"("previousId":"a-123456","anonymousId":"a-123456")")->event(), "anonymous_id"),
            "a-123456 verified");
  EXPECT_EQ(identifier(alias(R"("previousId":"9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d")")->event(), "anonymous_id"),
            "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d verified");
  EXPECT_EQ(identifier(alias(R"("previousId":"u1")")->event(), "user_id"), "u1 verified");
  EXPECT_EQ(alias(R"("previousId":null)")->event().identifiers.size(), 1u);
}

TEST(Identifiers, MergeNamesTwoWithAServerKey) {
  auto outcome = from_server(
      R"({"type":"merge","mergeProperties":[{"type":"user_id","value":"u1"},{"type":"email","value":"A@x.example"}]})");
  EXPECT_EQ(outcome->event().type, EventType::merge);
  EXPECT_EQ(identifier(outcome->event(), "user_id"), "u1 verified");
  EXPECT_EQ(identifier(outcome->event(), "email"), "a@x.example verified");
  for (std::string_view bad :
       {R"({"type":"merge"})", R"({"type":"merge","mergeProperties":[{"type":"email","value":"a@x.example"}]})",
        R"({"type":"merge","mergeProperties":[{"type":"email","value":"a@x.example"},{"type":"email"}]})"}) {
    EXPECT_EQ(from_server(bad)->item_code(), "invalid_field") << bad;
  }
}

TEST(Identifiers, BlockedAndInvalidValuesStayOnTheEventAndAreCounted) {
  constexpr std::string_view kItem =
      R"({"type":"identify","userId":"null","anonymousId":"undefined","traits":{"email":"none","phone":"12"},"context":{"device":{"id":"0000"}}})";
  auto outcome = from_server(kItem);
  EXPECT_TRUE(outcome->event().identifiers.empty());
  EXPECT_EQ(outcome->event().json, kItem);
  EXPECT_EQ(outcome->findings.identifiers_blocked, 4u);
  EXPECT_EQ(outcome->findings.identifiers_invalid, 1u);
}

TEST(Identifiers, NumbersIdentifyOtherTypesDoNot) {
  auto outcome = from_server(
      R"({"type":"identify","userId":42,"traits":{"email":["a@x.example"],"phone":true},"context":{"device":{"id":{"a":1}}}})");
  EXPECT_EQ(identifier(outcome->event(), "user_id"), "42 verified");
  EXPECT_EQ(outcome->event().identifiers.size(), 1u);
}

TEST(Identifiers, SharedAnonymousIdIsDataBesideAUserId) {
  Request request = single(EventType::identify, SourceTrust::server);
  request.shared_anonymous_id = true;
  constexpr std::string_view kTraits =
      R"("context":{"traits":{"email":"other@x.example"}},"traits":{"email":"own@x.example"})";
  auto known = parse_request(
      R"({"userId":"u3","anonymousId":"0d42188d-1658-4297-b455-d84e8a2278a3",)" + std::string(kTraits) + "}", request);
  EXPECT_EQ(identifier(known->event(), "anonymous_id"), "");
  EXPECT_EQ(identifier(known->event(), "email"), "own@x.example verified");
  EXPECT_EQ(trait(known->event(), "email"), R"("own@x.example")");
  auto unknown = parse_request(R"({"anonymousId":"0d42188d-1658-4297-b455-d84e8a2278a3"})", request);
  EXPECT_EQ(identifier(unknown->event(), "anonymous_id"), "0d42188d-1658-4297-b455-d84e8a2278a3 verified");
}

TEST(Identifiers, TwentyAreTheLimit) {
  auto with = [](int count) {
    std::string item = R"({"type":"page","userId":"u","context":{"externalId":[)";
    for (int i = 1; i < count; ++i)
      item += (i > 1 ? "," : "") + (R"({"type":"crm","id":"c)" + std::to_string(i) + "\"}");
    return from_server(item + "]}}");
  };
  EXPECT_EQ(with(19)->event().identifiers.size(), 19u);
  EXPECT_EQ(with(20)->event().identifiers.size(), 20u);
  EXPECT_EQ(with(21)->item_code(), "invalid_field");
}

TEST(Identifiers, OnesThatLostACharacterAreLeftOut) {
  auto outcome = from_server(
      R"({"type":"identify","userId":"u","traits":{"email":"a\ud800@x.example","phone":"+44 20 7946 0958"},)"
      R"("context":{"externalId":[{"type":"crm","id":"c\udbff1"},{"type":"crm","id":"c2"}],"device":{"id":"d\udc00"}}})");
  EXPECT_EQ(outcome->event().identifiers.size(), 3u);
  EXPECT_EQ(identifier(outcome->event(), "email"), "");
  EXPECT_EQ(identifier(outcome->event(), "external_id/crm"), "c2 verified");
  EXPECT_EQ(identifier(outcome->event(), "device_id"), "");
  EXPECT_EQ(outcome->findings.identifiers_invalid, 3u);
  EXPECT_NE(outcome->event().flags & EventFlags::kReplacedSurrogate, 0);
}

TEST(Identifiers, AReplacementCharacterThatWasSentIsOneLikeAnyOther) {
  EXPECT_EQ(identifier(from_server(R"({"type":"page","userId":"\ufffdx"})")->event(), "user_id"),
            "\xef\xbf\xbdx verified");
}

TEST(Identifiers, ControlCharactersAndWhiteSpaceAreRemoved) {
  EXPECT_EQ(identifier(from_browser(R"({"type":"page","userId":" \u00a0u\u00071\u0085 "})")->event(), "user_id"),
            "u1 claimed");
}

TEST(Traits, BothPlacesAreMergedAndTraitsWin) {
  auto outcome = from_server(
      R"({"type":"identify","userId":"u1","context":{"traits":{"a":1,"b":"ctx","z":null}},"traits":{"b":"own","n":9007199254740993,"o": { "x" : [ 1 , "a b" ] },"b":"last"}})");
  const Event& event = outcome->event();
  ASSERT_EQ(event.traits.size(), 5u);
  EXPECT_TRUE(std::is_sorted(event.traits.begin(), event.traits.end(), [](auto& x, auto& y) { return x.key < y.key; }));
  EXPECT_EQ(trait(event, "a"), "1");
  EXPECT_EQ(trait(event, "b"), R"("last")");
  EXPECT_EQ(trait(event, "n"), "9007199254740993");
  EXPECT_EQ(trait(event, "o"), R"({"x":[1,"a b"]})");
  EXPECT_EQ(trait(event, "z"), "null");
}

TEST(Traits, OnlyAnIdentifySetsThem) {
  EXPECT_TRUE(from_server(R"({"type":"track","event":"e","userId":"u1","context":{"traits":{"a":1}},"traits":{"b":1}})")
                  ->event()
                  .traits.empty());
}

TEST(Traits, KeysAreDecodedAndValuesKeepTheirEscapes) {
  auto outcome = from_server(R"({"type":"identify","userId":"u1","traits":{"caf\u00e9":"\u00e9\"\\ x"}})");
  EXPECT_EQ(trait(outcome->event(), "café"), R"("\u00e9\"\\ x")");
}

}  // namespace
}  // namespace tributary::testing
