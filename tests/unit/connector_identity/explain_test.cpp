// Explanations over the routes: who may ask, how identifiers are written, what is refused.
#include "connectors/identity/explain_handlers.h"
#include "tests/unit/connector_identity/identity_api.h"

namespace tributary::fixtures {
namespace {

class Explain : public IdentityApi {
 protected:
  std::string path(const std::string& query = "") { return "/v1/profiles/" + customer(1).text() + "/explain" + query; }
  /// The pair that the engine was asked for.
  std::pair<Identifier, Identifier> asked() {
    const ExplainQuery last = engine.explained.empty() ? ExplainQuery{} : engine.explained.back();
    EXPECT_TRUE(last.a && last.b);
    return {last.a.value_or(identifier("user_id", "?")), last.b.value_or(identifier("user_id", "?"))};
  }
};

TEST_F(Explain, TheWholeCustomer) {
  HttpResponse answer = get(path());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json_of(answer).at("customer_id").as_string(), customer(1).text());
  EXPECT_FALSE(engine.explained.at(0).a);
}

TEST_F(Explain, IdentifiersAreNormalisedLikeInLookUps) {
  EXPECT_EQ(get(path("?a=User-Id:A&b=email:%20ANN%2bx@Example.com")).status, 200);
  EXPECT_EQ(asked(), std::pair(identifier("user_id", "A"), identifier("email", "ann+x@example.com")));
  HttpResponse answer = get(path("?a=external_id%2Fcrm:7%3A7&b=phone:138%201234%205678"));
  EXPECT_EQ(refusal_of(answer), "none");
  EXPECT_EQ(asked(), std::pair(identifier("external_id/crm", "7:7"), identifier("phone", "+8613812345678")))
      << "of the second default country";
  EXPECT_EQ(json_of(answer).at("a").as_string(), "external_id/crm:7:7");
}

TEST_F(Explain, APlusThatWasNotEncodedIsUnderstood) {
  EXPECT_EQ(refusal_of(get(path("?a=phone:+8613812345678&b=email:ann+x@example.com"))), "none");
  EXPECT_EQ(asked(), std::pair(identifier("phone", "+8613812345678"), identifier("email", "ann+x@example.com")));
}

TEST_F(Explain, WhatIsWrongIsTold) {
  for (const auto& [query, refusal] : std::vector<std::pair<std::string, std::string>>{
           {"?a=user_id:A", "400 invalid_parameter: a and b stand together or not at all"},
           {"?b=user_id:A", "400 invalid_parameter: a and b stand together or not at all"},
           {"?a=A&b=user_id:A", "400 invalid_parameter: a is not kind:value"},
           {"?a=user_id:A&b=:B", "400 invalid_parameter: b does not begin with a well-formed kind of identifier"},
           {"?a=user_id:A&b=email:x", "400 invalid_parameter: b: value cannot be of this kind: email_invalid"},
           {"?a=user_id:A&b=user_id:C", "404 not_found: b is not known: no event has named it"},
           {"?a=user_id:null&b=user_id:A",
            "404 identifier_blocked: a is a place-holder value and identifies nobody"}}) {
    EXPECT_EQ(refusal_of(get(path(query))), refusal) << query;
  }
  EXPECT_EQ(get("/v1/profiles/nonsense/explain").status, 404);
  EXPECT_TRUE(engine.explained.empty());
}

TEST_F(Explain, AnalystsMayAskAndWriteKeysMayNot) {
  EXPECT_EQ(get(path(), "sk_admin").status, 200);
  EXPECT_EQ(get(path(), "wk_web").status, 403);
  EXPECT_EQ(get(path(), "").status, 401);
  EXPECT_EQ(get(path(), "sk_other").status, 401);
}

TEST(AddressIdentifier, TheFirstColonEndsTheKind) {
  auto parsed = address_identifier("wechat_openid:app:o:1");
  ASSERT_TRUE(std::holds_alternative<LookupQuery>(parsed));
  EXPECT_EQ(std::get<LookupQuery>(parsed).value, "app:o:1");
  parsed = address_identifier("user_id:a b");
  EXPECT_EQ(std::get<LookupQuery>(parsed).value, "a b");
}

}  // namespace
}  // namespace tributary::fixtures
