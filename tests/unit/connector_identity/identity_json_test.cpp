#include "connectors/identity/identity_json.h"

#include <gtest/gtest.h>

#include "connectors/identity/refusal_text.h"

namespace tributary {
namespace {

const Timestamp kThen = *parse_iso8601("2026-01-02T03:04:05Z");
const std::string kThenText = "2026-01-02T03:04:05.000Z";
const Identifier kA = Identifier::from_normalised({IdentifierFamily::user_id, ""}, "A");
const Identifier kB = Identifier::from_normalised({IdentifierFamily::external_id, "crm"}, "7:\"7");

CustomerId customer(uint8_t number) {
  CustomerId id;
  id.anchor.bytes[0] = number;
  return id;
}

LinkView evidence_link() { return {kA, kB, false, "e1", "m1", "shop", kThen, Trust::verified, {}}; }

LinkView decided_link() { return {kA, kB, true, "", "", "", {}, Trust::claimed, {kThen, "as-1", "Li", "same call"}}; }

RefusalView refusal_by(RefusalRule rule) { return {evidence_link(), rule, kA.kind(), 0, 0, 0, 0, {}}; }

const std::string kEnds = R"("link":["user_id:A","external_id/crm:7:\"7"])";
const std::string kEvidenceJson = "{" + kEnds + R"(,"evidence":"e1","message_id":"m1","at":")" + kThenText +
                                  R"(","source":"shop","trust":"verified"})";
const std::string kDecisionJson =
    R"("assertion":{"id":"as-1","author":"Li","reason":"same call","at":")" + kThenText + R"("})";

bool holds(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

TEST(ExplainJson, APathIsAListOfLinks) {
  ExplainView view;
  view.customer = view.customer_a = view.customer_b = customer(1);
  view.same_customer = true;
  view.path = {evidence_link(), decided_link()};
  std::string id = customer(1).text();
  EXPECT_EQ(explain_json(view, {kA, kB}),
            R"({"customer_id":")" + id + R"(","a":"user_id:A","b":"external_id/crm:7:\"7","customer_a":")" + id +
                R"(","customer_b":")" + id + R"(","same_customer":true,"path":[)" + kEvidenceJson + ",{" + kEnds + "," +
                kDecisionJson + R"(}],"refusal":null,"links":[],"refusals":[],"hubs":[],"reassigned":[]})");
}

TEST(ExplainJson, WithoutAPairItIsAboutTheWholeCustomer) {
  ExplainView view;
  view.customer = customer(1);
  view.links = {evidence_link()};
  EXPECT_EQ(explain_json(view, {}), R"({"customer_id":")" + customer(1).text() + R"(","links":[)" + kEvidenceJson +
                                        R"(],"refusals":[],"hubs":[],"reassigned":[]})");
}

TEST(ExplainJson, AChangeOfHandsSaysWhoseDecisionItWas) {
  ExplainView view;
  view.cuts = {{kA, kThen, decided_link().decision}};
  EXPECT_TRUE(holds(explain_json(view, {}),
                    R"("reassigned":[{"identifier":"user_id:A","from":")" + kThenText + "\"," + kDecisionJson + "}]"));
}

TEST(ExplainJson, WhereNothingStandsBetweenTheyWereNeverSeenTogether) {
  ExplainView view;
  EXPECT_TRUE(holds(explain_json(view, {kA, kB}), R"("reason":"never_seen_together")"));
  view.hubs = {{kB, HubReason::blocked, {}, 0, 0, {}}};
  EXPECT_FALSE(holds(explain_json(view, {kA, kB}), "never_seen_together"));
  EXPECT_TRUE(
      holds(explain_json(view, {kA, kB}), R"("hubs":[{"identifier":"external_id/crm:7:\"7","reason":"blocked"}])"));
}

TEST(ExplainJson, ARefusalSaysWhatWouldHaveToChange) {
  ExplainView view;
  RefusalView refusal = refusal_by(RefusalRule::limit);
  refusal.count_a = 1, refusal.count_b = 2, refusal.most = 2;
  view.refusal = refusal;
  std::string text = explain_json(view, {kA, kB});
  EXPECT_TRUE(holds(text, R"("refusal":{)" + kEnds + R"(,"rule":"limit","kind":"user_id","counts":[1,2],"most":2,)" +
                              R"("because":)" + kEvidenceJson + R"(,"text":"Together they would hold 3 of user_id)"))
      << text;
  EXPECT_FALSE(holds(text, "never_seen_together"));
}

TEST(RefusalText, IsASentenceForEachRule) {
  RefusalView refusal = refusal_by(RefusalRule::limit);
  refusal.most = 5, refusal.window_micros = 7 * kMicrosPerDay;
  refusal.decision.author = "Li";
  for (auto [rule, part] : {std::pair(RefusalRule::cannot_link, "Li decided"),
                            {RefusalRule::window, "within 7d"},
                            {RefusalRule::join_not_trusted, "trusted source"},
                            {RefusalRule::limit, "allow 5"}}) {
    refusal.rule = rule;
    std::string text = refusal_text(refusal);
    EXPECT_TRUE(holds(text, part)) << text;
    EXPECT_TRUE(text.ends_with("."));
  }
  refusal.rule = RefusalRule::cannot_link;
  refusal.decision.author.clear();
  EXPECT_TRUE(refusal_text(refusal).starts_with("Somebody decided"));
}

TEST(RefusalText, WindowsHaveTheirGreatestUnit) {
  EXPECT_EQ(window_text(kMicrosPerDay), "1d");
  EXPECT_EQ(window_text(36 * kMicrosPerHour), "36h");
  EXPECT_EQ(window_text(90 * kMicrosPerSecond), "90s");
  EXPECT_EQ(window_text(250'000), "250ms");
  EXPECT_EQ(window_text(1), "1us");
}

TEST(ExplainJson, RulesOfTheirKindHaveMembersOfTheirOwn) {
  ExplainView view;
  RefusalView window = refusal_by(RefusalRule::window);
  window.window_micros = kMicrosPerDay;
  RefusalView forbidden = refusal_by(RefusalRule::cannot_link);
  forbidden.decision = {kThen, "as-1", "Li", "same call"};
  view.refusals = {window, forbidden};
  std::string text = explain_json(view, {});
  EXPECT_TRUE(holds(text, R"("rule":"window","kind":"user_id","counts":[0,0],"most":0,"window":"1d",)")) << text;
  EXPECT_TRUE(holds(text, R"("rule":"cannot_link",)" + kDecisionJson)) << text;
}

ChangeView change(ChangeType type) {
  ChangeView view;
  view.lsn = 918273, view.index = 2, view.type = type, view.rules_version = 2, view.at = kThen;
  view.cause = {CauseKind::event, "m4", "shop", "", ""};
  return view;
}

std::string changes_of(const ChangeView& view) { return changes_json({{view}, "next", false}); }

TEST(ChangesJson, EachTypeNamesWhatItIsAbout) {
  std::string one = customer(1).text(), two = customer(2).text();
  ChangeView merged = change(ChangeType::merged);
  merged.into = {customer(1)}, merged.from = {customer(2)};
  EXPECT_EQ(changes_of(merged),
            R"({"changes":[{"seq":"918273:2","type":"merged","into":")" + one + R"(","from":[")" + two +
                R"("],"rules_version":2,"cause":{"kind":"event","message_id":"m4","source":"shop"},"at":")" +
                kThenText + R"("}],"next_cursor":"next","at_end":false})");
  ChangeView split = change(ChangeType::split);
  split.from = {customer(1)}, split.into = {customer(1), customer(2)};
  EXPECT_TRUE(holds(changes_of(split), R"("split","from":")" + one + R"(","into":[")" + one + R"(",")" + two + "\"]"));
  ChangeView renamed = change(ChangeType::renamed);
  renamed.from = {customer(1)}, renamed.into = {customer(2)};
  EXPECT_TRUE(holds(changes_of(renamed), R"("renamed","from":")" + one + R"(","to":")" + two + "\""));
  ChangeView hub = change(ChangeType::hub_detected);
  hub.hub = HubView{kA, HubReason::threshold, kB.kind(), 6, 5, {}};
  EXPECT_TRUE(holds(changes_of(hub), R"("hub":{"identifier":"user_id:A","reason":"threshold","met":"external_id/crm",)"
                                     R"("count":6,"threshold":5})"));
  EXPECT_TRUE(holds(changes_of(change(ChangeType::rules_activated)), R"("type":"rules_activated","rules_version":2)"));
}

TEST(ChangesJson, ADecisionIsACauseWithAnAuthor) {
  ChangeView view = change(ChangeType::rules_activated);
  view.cause = {CauseKind::rules, "r-1", "", "Li", "why"};
  EXPECT_TRUE(holds(changes_of(view), R"("cause":{"kind":"rules","id":"r-1","author":"Li","reason":"why"})"));
  view.cause.kind = CauseKind::assertion;
  EXPECT_TRUE(holds(changes_of(view), R"("kind":"assertion")"));
}

TEST(RulesJson, TheFirstVersionHasNoAuthor) {
  RulesView view{1, default_rules(), {}, true};
  EXPECT_EQ(rules_view_json(view),
            R"({"version":1,"applying":true,"author":"","reason":"","id":"","at":null,"rules":)" +
                rules_json(default_rules()) + "}");
  view.decision = {kThen, "r-1", "Li", "why"};
  EXPECT_TRUE(holds(rules_view_json(view), R"("author":"Li","reason":"why","id":"r-1","at":")" + kThenText));
}

TEST(PreviewJson, CountsAndSamplesWithoutCause) {
  PreviewView view;
  view.rules_version = 3, view.customers_before = 4, view.customers_after = 2, view.merged = 2;
  view.refusals_after = {{RefusalRule::cannot_link, 1}, {RefusalRule::limit, 7}};
  ChangeView merged = change(ChangeType::merged);
  merged.into = {customer(1)}, merged.from = {customer(2)};
  view.samples = {merged};
  EXPECT_EQ(preview_json(view),
            R"({"rules_version":3,"customers":{"before":4,"after":2},"merged":2,"split":0,"renamed":0,)"
            R"("hubs":{"before":0,"after":0},"refusals":{"before":{},"after":{"cannot_link":1,"limit":7}},)"
            R"("samples":[{"type":"merged","into":")" +
                customer(1).text() + R"(","from":[")" + customer(2).text() + R"("]}]})");
}

TEST(AssertionJson, NamesACustomerPerIdentifier) {
  EXPECT_EQ(
      assertion_json({kThen, "as-1", "Li", "why"}, {customer(1), std::nullopt}),
      R"({"assertion_id":"as-1","at":")" + kThenText + R"(","customers":[")" + customer(1).text() + R"(",null]})");
}

TEST(MistakesJson, AreAList) {
  EXPECT_EQ(mistakes_json({{3, 15, "no \xff"}}), "[{\"line\":3,\"column\":15,\"reason\":\"no \xef\xbf\xbd\"}]");
}

}  // namespace
}  // namespace tributary
