#include "connectors/identity/rules_document.h"
#include "tests/unit/connector_identity/identity_api.h"

namespace tributary::fixtures {
namespace {

const std::string kPath = "/v1/identity/rules";
const std::string kGuarded = R"({"based_on":1,"reason":"strangers","rules":{"claims":"guarded"})";

class RuleChanges : public IdentityApi {};

TEST_F(RuleChanges, TheActiveOnesAreShown) {
  engine.rules_view.applying = true;
  boost::json::object body = json_of(get(kPath));
  EXPECT_EQ(body.at("version").as_int64(), 1);
  EXPECT_TRUE(body.at("applying").as_bool());
  EXPECT_TRUE(body.at("at").is_null());
  EXPECT_TRUE(body.at("rules").is_object());
}

TEST_F(RuleChanges, AWholeSetIsRecorded) {
  engine.rules_view.version = 2;
  HttpResponse answer = put(kPath, kGuarded + R"(,"author":"Li"})");
  ASSERT_EQ(refusal_of(answer), "none");
  EXPECT_EQ(json_of(answer).at("version").as_int64(), 2);
  const RuleSetChange& made = engine.rule_changes.at(0);
  EXPECT_EQ(made.based_on, 1u);
  EXPECT_EQ(made.decision.author, "Li");
  EXPECT_EQ(made.decision.reason, "strangers");
  auto expected = parse_rules(R"({"claims":"guarded"})");
  EXPECT_EQ(made.rules, encode_rules(std::get<Rules>(expected)));
  EXPECT_EQ(std::get<Rules>(expected).claims, ClaimsPolicy::guarded);
}

TEST_F(RuleChanges, AnotherActiveVersionIsAConflict) {
  engine.outcome = {std::nullopt, {ItemOutcome::rejected}};
  engine.rules_view.version = 5;
  engine.rules_view.decision.id = "r-4";
  EXPECT_EQ(refusal_of(put(kPath, kGuarded + "}")), "409 conflict: based_on is not the active version, which is 5");
  EXPECT_EQ(refusal_of(put(kPath, kGuarded + R"(,"id":"r-3"})")).substr(0, 3), "409");
  EXPECT_EQ(refusal_of(put(kPath, kGuarded + R"(,"id":"r-4"})")), "none") << "a retry of what was done";
}

TEST_F(RuleChanges, EveryMistakeIsToldWithItsPlaceInTheBody) {
  HttpResponse answer =
      put(kPath, "{\"based_on\":1,\"reason\":\"r\",\n\"rules\":{\n\"claims\":\"no!\",\n  \"kinds\":\"no!\"}}");
  EXPECT_EQ(refusal_of(answer), "422 invalid_rules: the rules have mistakes");
  boost::json::array mistakes = json_of(answer).at("mistakes").as_array();
  ASSERT_EQ(mistakes.size(), 2u) << answer.body;
  EXPECT_EQ(mistakes[0].at("line").as_int64(), 3);
  EXPECT_LE(mistakes[0].at("column").as_int64(), 16);
  EXPECT_EQ(mistakes[1].at("line").as_int64(), 4);
  EXPECT_FALSE(mistakes[0].at("reason").as_string().empty());
  EXPECT_TRUE(engine.rule_changes.empty());
}

TEST_F(RuleChanges, TheColumnOfAMistakeCountsFromTheBeginningOfTheBody) {
  HttpResponse answer = put(kPath, R"({"based_on":1,"reason":"r","rules":{"claims":"no!"}})");
  boost::json::array mistakes = json_of(answer).at("mistakes").as_array();
  EXPECT_EQ(mistakes.at(0).at("line").as_int64(), 1);
  EXPECT_GT(mistakes.at(0).at("column").as_int64(), 35);
}

TEST_F(RuleChanges, OnlyAdminsChangeThem) {
  EXPECT_EQ(put(kPath, kGuarded + "}", "sk_analyst").status, 403);
  EXPECT_EQ(put(kPath, kGuarded + "}", "wk_web").status, 403);
  EXPECT_EQ(get(kPath, "wk_web").status, 403);
  EXPECT_EQ(put(kPath, "{}").status, 400);
  EXPECT_TRUE(engine.rule_changes.empty());
}

TEST_F(RuleChanges, WhatTheEngineRefusesIsTold) {
  engine.outcome = {RejectionCode::shutting_down, {}};
  EXPECT_EQ(put(kPath, kGuarded + "}").status, 503);
}

}  // namespace
}  // namespace tributary::fixtures
