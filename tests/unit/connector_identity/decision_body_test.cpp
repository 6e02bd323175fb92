#include "connectors/identity/decision_body.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

const std::string kA = R"("a":{"kind":"user_id","value":"A"})";
const std::string kB = R"("b":{"kind":"email","value":7})";
const std::string kOne = R"("identifier":{"kind":"device_id","value":"d"})";
const std::string kWhy = R"("reason":"why")";

std::string body(const std::string& type, const std::string& members) {
  return R"({"type":")" + type + "\"," + members + "}";
}

AssertionDraft draft(const std::string& text) {
  auto parsed = assertion_body(text);
  auto* fault = std::get_if<ParameterFault>(&parsed);
  EXPECT_EQ(fault, nullptr) << (fault == nullptr ? "" : fault->message);
  return fault == nullptr ? std::get<AssertionDraft>(parsed) : AssertionDraft{};
}

template <class Value>
std::string fault(const Parsed<Value>& parsed) {
  const auto* found = std::get_if<ParameterFault>(&parsed);
  return found == nullptr ? "" : found->message;
}

TEST(AssertionBody, PairsNameTwo) {
  for (auto [type, state] :
       {std::pair("must_link", PairState::must), {"cannot_link", PairState::cannot}, {"unlink", PairState::none}}) {
    AssertionDraft found = draft(body(type, kA + "," + kB + "," + kWhy));
    EXPECT_EQ(found.assertion.subject, AssertionSubject::pair);
    EXPECT_EQ(found.assertion.pair, state) << type;
    ASSERT_EQ(found.named.size(), 2u);
    EXPECT_EQ(found.named[0].member, "a");
    EXPECT_EQ(found.named[1].member, "b");
    EXPECT_EQ(found.named[1].lookup.value, "7");
  }
}

TEST(AssertionBody, HubsNameOne) {
  for (auto [type, state] :
       {std::pair("share", HubState::always), {"release", HubState::never}, {"auto", HubState::automatic}}) {
    AssertionDraft found = draft(body(type, kOne + "," + kWhy));
    EXPECT_EQ(found.assertion.subject, AssertionSubject::hub);
    EXPECT_EQ(found.assertion.hub, state) << type;
    ASSERT_EQ(found.named.size(), 1u);
    EXPECT_EQ(found.named[0].member, "identifier");
  }
}

TEST(AssertionBody, AChangeOfHandsHasATime) {
  AssertionDraft found = draft(body("reassign", kOne + R"(,"from":"1970-01-01T00:00:02Z",)" + kWhy));
  EXPECT_EQ(found.assertion.subject, AssertionSubject::cut);
  EXPECT_EQ(found.assertion.cut_at, Timestamp{2'000'000});
  EXPECT_EQ(found.named.size(), 1u);
  EXPECT_NE(fault(assertion_body(body("reassign", kOne + "," + kWhy))).find("from"), std::string::npos);
  EXPECT_NE(fault(assertion_body(body("reassign", kOne + R"(,"from":"soon",)" + kWhy))).find("from"),
            std::string::npos);
  std::string listed = body("reassign", kOne + R"(,"from":"1970-01-01T00:00:02Z")");
  EXPECT_NE(fault(preview_body(R"({"assertions":[)" + listed + "]}")).find("assertions/0"), std::string::npos);
}

TEST(AssertionBody, EvidenceIsNamedByItsId) {
  Hash128 evidence;
  evidence.bytes[3] = 9;
  std::string id = R"("evidence":")" + base32(evidence) + "\"";
  for (auto [type, state] : {std::pair("retract", EvidenceState::retracted), {"restore", EvidenceState::live}}) {
    AssertionDraft found = draft(body(type, id + "," + kOne + "," + kWhy));
    EXPECT_EQ(found.assertion.subject, AssertionSubject::evidence);
    EXPECT_EQ(found.assertion.evidence_state, state);
    EXPECT_EQ(found.assertion.evidence, evidence);
    EXPECT_EQ(found.named.size(), 1u);
  }
  EXPECT_NE(fault(assertion_body(body("retract", kOne + "," + kWhy))).find("evidence"), std::string::npos);
}

TEST(AssertionBody, WhoAndWhyAreRead) {
  Decision decision =
      draft(body("share", kOne + R"(,"reason":" two\nlines","author":"Li","id":"as-1.A_:")")).assertion.decision;
  EXPECT_EQ(decision.reason, " two\nlines");
  EXPECT_EQ(decision.author, "Li");
  EXPECT_EQ(decision.id, "as-1.A_:");
  EXPECT_EQ(draft(body("share", kOne + "," + kWhy)).assertion.decision.id, "");
}

TEST(AssertionBody, FaultsNameTheMember) {
  std::string reason(1001, 'x'), author(201, 'x'), id(65, 'x');
  for (const auto& [text, member] : std::vector<std::pair<std::string, std::string>>{
           {"", "body"},
           {"[]", "body"},
           {body("merge", kA + "," + kB + "," + kWhy), "type"},
           {"{" + kA + "," + kB + "," + kWhy + "}", "type"},
           {body("must_link", kB + "," + kWhy), "a"},
           {body("must_link", kA + R"(,"b":"user_id:B",)" + kWhy), "b"},
           {body("must_link", kA + R"(,"b":{"kind":"!","value":"B"},)" + kWhy), "b: kind"},
           {body("share", kA + "," + kWhy), "identifier"},
           {body("share", kOne), "reason"},
           {body("share", kOne + R"(,"reason":" ")"), "reason"},
           {body("share", kOne + R"(,"reason":7)"), "reason"},
           {body("share", kOne + R"(,"reason":")" + reason + "\""), "reason"},
           {body("share", kOne + "," + kWhy + R"(,"author":")" + author + "\""), "author"},
           {body("share", kOne + "," + kWhy + R"(,"id":")" + id + "\""), "id"},
           {body("share", kOne + "," + kWhy + R"(,"id":"no blanks")"), "id"},
           {body("share", kOne + "," + kWhy + R"(,"id":"")"), "id"},
           {body("retract", kOne + R"(,"evidence":"as-1",)" + kWhy), "evidence"}}) {
    EXPECT_EQ(fault(assertion_body(text)).rfind(member, 0), 0u) << text << " -> " << fault(assertion_body(text));
  }
}

TEST(RulesBody, RulesKeepTheirPlace) {
  std::string text = "{\"based_on\": 3,\n \"reason\":\"{\\\"rules\\\":1}\",\n\n  \"rules\" : {\"claims\":\n\"fill\"} }";
  auto parsed = rules_body(text);
  ASSERT_EQ(fault(parsed), "");
  const auto& found = std::get<RulesDraft>(parsed);
  EXPECT_EQ(found.based_on, 3u);
  EXPECT_EQ(found.rules.text, "{\"claims\":\n\"fill\"}");
  EXPECT_EQ(found.rules.line, 4u);
  EXPECT_EQ(found.rules.column, 13u);
  parsed = rules_body(R"({"rules":{},"based_on":1,"reason":"r"})");
  EXPECT_EQ(std::get<RulesDraft>(parsed).rules.line, 1u);
  EXPECT_EQ(std::get<RulesDraft>(parsed).rules.column, 10u);
}

TEST(RulesBody, FaultsNameTheMember) {
  for (const auto& [text, member] : std::vector<std::pair<std::string, std::string>>{
           {"null", "body"},
           {R"({"rules":{},"reason":"r"})", "based_on"},
           {R"({"based_on":-1,"rules":{},"reason":"r"})", "based_on"},
           {R"({"based_on":4294967296,"rules":{},"reason":"r"})", "based_on"},
           {R"({"based_on":"1","rules":{},"reason":"r"})", "based_on"},
           {R"({"based_on":1,"reason":"r"})", "rules"},
           {R"({"based_on":1,"rules":"claims: fill","reason":"r"})", "rules"},
           {R"({"based_on":1,"rules":{},"rules":{},"reason":"r"})", "rules"},
           {R"({"based_on":1,"rules":{}})", "reason"}}) {
    EXPECT_EQ(fault(rules_body(text)).rfind(member, 0), 0u) << text << " -> " << fault(rules_body(text));
  }
}

TEST(PreviewBody, AssertionsNeedNoReasonAndKnowTheirPlace) {
  auto parsed = preview_body(R"({"samples":0,"assertions":[{"type":"share",)" + kOne + R"(},{"type":"unlink",)" + kA +
                             "," + kB + "}]}");
  ASSERT_EQ(fault(parsed), "");
  const auto& found = std::get<PreviewDraft>(parsed);
  EXPECT_FALSE(found.rules);
  EXPECT_EQ(found.samples, 0u);
  ASSERT_EQ(found.assertions.size(), 2u);
  EXPECT_EQ(found.assertions[1].named[1].member, "assertions/1/b");
}

TEST(PreviewBody, FaultsNameTheMember) {
  std::string many = R"({"assertions":[0)";
  for (int i = 0; i < 100; ++i) many += ",0";
  for (const auto& [text, member] :
       std::vector<std::pair<std::string, std::string>>{{"7", "body"},
                                                        {"{}", "body"},
                                                        {R"({"assertions":[]})", "body"},
                                                        {R"({"assertions":{}})", "assertions"},
                                                        {many + "]}", "assertions"},
                                                        {R"({"assertions":[7]})", "assertions/0"},
                                                        {R"({"assertions":[{"type":"x"}]})", "assertions/0: type"},
                                                        {R"({"rules":{},"samples":201})", "samples"},
                                                        {R"({"rules":{},"samples":-1})", "samples"},
                                                        {R"({"rules":{},"samples":1.5})", "samples"},
                                                        {R"({"rules":[]})", "rules"}}) {
    EXPECT_EQ(fault(preview_body(text)).rfind(member, 0), 0u) << text << " -> " << fault(preview_body(text));
  }
}

TEST(ErasureBody, NamesOneCustomer) {
  auto parsed = erasure_body("{" + kOne + R"(,"id":"er-1","dry_run":true})");
  ASSERT_EQ(fault(parsed), "");
  const auto& found = std::get<ErasureDraft>(parsed);
  EXPECT_EQ(found.named->lookup.value, "d");
  EXPECT_EQ(found.decision.id, "er-1");
  EXPECT_TRUE(found.dry_run);
  std::string id(26, 'a');
  EXPECT_TRUE(std::get<ErasureDraft>(erasure_body(R"({"customer_id":")" + id + "\"," + kWhy + "}")).customer);
}

TEST(ErasureBody, FaultsAreNamed) {
  EXPECT_NE(fault(erasure_body("{" + kWhy + "}")).find("exactly one"), std::string::npos);
  EXPECT_NE(fault(erasure_body("{" + kOne + "}")).find("reason"), std::string::npos);
  EXPECT_NE(fault(erasure_body("{" + kOne + R"(,"dry_run":1})")).find("dry_run"), std::string::npos);
  EXPECT_NE(fault(erasure_body(R"({"customer_id":"ann",)" + kWhy + "}")).find("customer_id"), std::string::npos);
  std::string then = R"("identifier":{"kind":"phone","value":"+8613900139000","at":"2021-01-01T00:00:00Z"})";
  EXPECT_NE(fault(erasure_body("{" + then + "," + kWhy + "}")).find("at belongs to look-ups"), std::string::npos);
}

}  // namespace
}  // namespace tributary
