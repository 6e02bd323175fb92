// Decisions about identifiers and evidence, from the body to the record that the engine gets.
#include "tests/unit/connector_identity/identity_api.h"

namespace tributary::fixtures {
namespace {

const std::string kPath = "/v1/identity/assertions";

class Decisions : public IdentityApi {
 protected:
  std::string pair(const std::string& a, const std::string& b, const std::string& more = R"(,"reason":"why")") {
    return R"({"type":"must_link","a":{"kind":"user_id","value":")" + a + R"("},"b":{"kind":"user_id","value":")" + b +
           "\"}" + more + "}";
  }
};

TEST_F(Decisions, APairIsRecordedWithWhoWhenAndWhy) {
  Timestamp before = system_clock().now();
  HttpResponse answer = post(kPath, pair(" A ", "B"));
  ASSERT_EQ(refusal_of(answer), "none");
  const Assertion& made = engine.assertions.at(0);
  EXPECT_EQ(made.subject, AssertionSubject::pair);
  EXPECT_EQ(made.pair, PairState::must);
  ASSERT_EQ(made.identifiers.size(), 2u);
  EXPECT_EQ(made.identifiers[0].identifier, identifier("user_id", "A"));
  EXPECT_EQ(made.identifiers[0].hash, identifier_hash(engine.index_key({}), identifier("user_id", "A")));
  EXPECT_EQ(made.decision.author, "admin");
  EXPECT_EQ(made.decision.reason, "why");
  EXPECT_EQ(made.decision.id.size(), 36u);
  EXPECT_GE(made.decision.at, before);
  boost::json::object body = json_of(answer);
  EXPECT_EQ(body.at("assertion_id").as_string(), made.decision.id);
  EXPECT_EQ(body.at("at").as_string(), format_iso8601(made.decision.at));
  EXPECT_EQ(body.at("customers").as_array().at(0).as_string(), customer(1).text());
  EXPECT_EQ(body.at("customers").as_array().at(1).as_string(), customer(2).text());
}

TEST_F(Decisions, IdAndAuthorMayBeGiven) {
  post(kPath, pair("A", "B", R"(,"reason":"why","id":"as-17","author":"Li \u00e9")"));
  EXPECT_EQ(engine.assertions.at(0).decision.id, "as-17");
  EXPECT_EQ(engine.assertions.at(0).decision.author, "Li \u00e9");
}

TEST_F(Decisions, IdentifiersMustBeKnownAndTwo) {
  EXPECT_EQ(refusal_of(post(kPath, pair("A", "C"))), "404 not_found: b is not known: no event has named it");
  EXPECT_EQ(refusal_of(post(kPath, pair("null", "A"))),
            "404 identifier_blocked: a is a place-holder value and identifies nobody");
  EXPECT_EQ(refusal_of(post(kPath, pair("A", " A"))), "400 invalid_parameter: b is the same identifier as the other");
  EXPECT_EQ(refusal_of(post(kPath, pair("A", "B", ""))),
            "400 invalid_parameter: reason is missing: say why, in up to 1000 bytes");
  EXPECT_TRUE(engine.assertions.empty());
}

TEST_F(Decisions, OnlyAdminsDecide) {
  EXPECT_EQ(post(kPath, pair("A", "B"), "sk_analyst").status, 403);
  EXPECT_EQ(post(kPath, pair("A", "B"), "wk_web").status, 403);
  EXPECT_EQ(post(kPath, pair("A", "B"), "").status, 401);
  EXPECT_TRUE(engine.assertions.empty());
}

TEST_F(Decisions, WhatTheEngineRefusesIsTold) {
  engine.outcome = {RejectionCode::disk_full, {}};
  EXPECT_EQ(post(kPath, pair("A", "B")).status, 503);
  engine.outcome = {std::nullopt, {ItemOutcome::rejected}};
  EXPECT_EQ(refusal_of(post(kPath, pair("A", "B"))), "404 not_found: an identifier was erased");
  EXPECT_EQ(metrics.refused(RejectionCode::disk_full).value(), 1);
}

TEST_F(Decisions, HandsAreNotChangedInTheFutureNorWithoutTheRecords) {
  std::string named = R"({"type":"reassign","identifier":{"kind":"user_id","value":"A"},"reason":"sold","from":")";
  EXPECT_EQ(refusal_of(post(kPath, named + "2999-01-01T00:00:00Z\"}")), "400 invalid_parameter: from is in the future");
  EXPECT_TRUE(engine.assertions.empty());
  EXPECT_EQ(refusal_of(post(kPath, named + "2023-01-01T00:00:00Z\"}")), "none");
  EXPECT_EQ(engine.assertions.at(0).subject, AssertionSubject::cut);
  engine.outcome = {std::nullopt, {ItemOutcome::rejected}};
  EXPECT_EQ(
      refusal_of(post(kPath, named + "2023-01-01T00:00:00Z\"}")),
      "409 conflict: the log does not hold all events of this identifier any more, or they were erased: they cannot be "
      "divided");
}

TEST_F(Decisions, EvidenceAndHubsNameOneIdentifier) {
  Hash128 evidence;
  evidence.bytes[0] = 5;
  EXPECT_EQ(post(kPath, R"({"type":"retract","evidence":")" + base32(evidence) +
                            R"(","identifier":{"kind":"email","value":"Ann+x@example.com"},"reason":"test traffic"})")
                .status,
            200);
  EXPECT_EQ(engine.assertions.at(0).evidence, evidence);
  EXPECT_EQ(engine.assertions.at(0).evidence_state, EvidenceState::retracted);
  EXPECT_EQ(engine.assertions.at(0).identifiers.size(), 1u);
  EXPECT_EQ(
      post(kPath, R"({"type":"share","identifier":{"kind":"phone","value":"13812345678"},"reason":"a shop"})").status,
      200);
  EXPECT_EQ(engine.assertions.at(1).hub, HubState::always);
  EXPECT_EQ(engine.assertions.at(1).identifiers.at(0).identifier, identifier("phone", "+8613812345678"));
}

}  // namespace
}  // namespace tributary::fixtures
