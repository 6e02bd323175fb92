// Files with tracking plans: what each keyword of a schema means, and every mistake with the line an operator reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "engine/ingest/json_repair.h"
#include "engine/ingest/tracking_plan.h"
#include "tests/unit/config/support.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string source_with(const std::string& plan_file, const std::string& more = "") {
  return "sources:\n  - {id: a, workspace: w, write_keys: [abcdefgh], tracking_plan: '" + plan_file + "'" + more +
         "}\n";
}

/// The mistakes of a plan, without the name of its file.
std::vector<std::string> plan_mistakes(const std::string& plan) {
  TemporaryFile file(plan);
  std::vector<std::string> lines = mistakes_of(source_with(file.path()));
  for (std::string& line : lines) {
    if (line.starts_with(file.path() + ":")) line.erase(0, file.path().size() + 1);
  }
  return lines;
}

/// What is wrong with properties by a schema: `path: message`.
std::vector<std::string> faults(const std::string& schema, const std::string& properties) {
  TemporaryFile file("events: {E: {schema: " + schema + "}}");
  Config config = config_of(source_with(file.path()));
  JsonRepair repaired = repair_json(properties);  // as a request's body is
  JsonIndex index(1 << 20);
  EXPECT_EQ(index.build(repaired.provable, repaired.readable, 64), JsonProof::valid) << properties;
  std::vector<std::string> found;
  for (const SchemaFault& fault : check_schema(config.sources.at(0).tracking_plan->find("E")->schema, index.root())) {
    found.push_back(fault.path + ": " + fault.message);
  }
  return found;
}

/// Whether a value is as the schema of its property has it.
bool holds(const std::string& schema, const std::string& value) {
  return faults("{properties: {v: " + schema + "}}", R"({"v":)" + value + "}").empty();
}

struct KeywordCase {
  const char* schema;
  std::vector<std::string> good, bad;
};

TEST(TrackingPlans, KeywordsMeanWhatDraft7Says) {
  const KeywordCase kCases[] = {
      {"true", {"1", "null"}, {}},
      {"false", {}, {"1", "null", "{}"}},
      {"{type: string}", {"\"\"", "\"3\""}, {"3", "null", "[]", "true"}},
      {"{type: number}", {"3", "-1.5e3", "1e999"}, {"\"3\"", "null"}},
      {"{type: integer}", {"3", "3.0", "3e2", "98765432109876543210", "-0"}, {"3.5", "1e-1", "\"3\""}},
      {"{type: boolean}", {"true", "false"}, {"0", "\"true\""}},
      {"{type: 'null'}", {"null"}, {"0", "\"\"", "false"}},
      {"{type: [object, array]}", {"{}", "[]"}, {"1"}},
      {"{enum: [a, '1', 2, true, null]}", {"\"a\"", "\"1\"", "2", "2.0", "true", "null"}, {"1", "\"2\"", "false"}},
      {"{const: 19.9}", {"19.9", "19.90", "1.99e1"}, {"19.91", "\"19.9\""}},
      {"{minimum: 0, maximum: 10}", {"0", "10", "\"x\""}, {"-0.1", "10.1", "1e999"}},
      {"{exclusiveMinimum: 0, exclusiveMaximum: 10}", {"0.1", "9.9"}, {"0", "10"}},
      {"{multipleOf: 0.01}", {"19.99", "0", "1234567.89", "4.35"}, {"19.991", "0.005"}},
      {"{minLength: 2, maxLength: 3}",
       {"\"ab\"", "\"数据湖\"", "\"\\u6570\\u636e\"", "7"},
       {"\"a\"", "\"数\"", "\"abcd\""}},
      {"{pattern: '^[A-Z]{3}$'}", {"\"CNY\"", "7"}, {"\"cny\"", "\"CNYX\""}},
      {"{pattern: 'b'}", {"\"abc\""}, {"\"ac\""}},
      {"{format: date-time}",
       {"\"2026-11-21T10:00:00Z\"", "\"2026-11-21t10:00:00.123+08:00\""},
       {"\"2026-11-21\"", "\"2026-11-21T10:00:00\"", "\"2026-11-21T10:00:00.1234567\"", "\"2026-13-21T10:00:00Z\"",
        "\"\""}},
      {"{format: date}", {"\"2028-02-29\""}, {"\"2026-02-29\"", "\"2026-2-9\"", "\"2026-11-21T10:00:00Z\""}},
      {"{format: email}", {"\"ann@example.com\""}, {"\"ann\"", "\"@\""}},
      {"{format: uri}", {"\"https://a.example/x\"", "\"weixin://dl\""}, {"\"a.example\"", "\"https://a b\"", "\":x\""}},
      {"{format: uuid}",
       {"\"0190b6a5-7a3c-7000-8000-0123456789AB\""},
       {"\"0190b6a57a3c700080000123456789ab\"", "\"0190b6a5-7a3c-7000-8000-0123456789ag\""}},
      {"{minItems: 1, maxItems: 2, items: {type: string}}", {"[\"a\"]", "{}"}, {"[]", "[\"a\",\"b\",\"c\"]", "[1]"}},
      {"{required: [a], properties: {a: {type: string}}}", {"{\"a\":\"x\"}", "7"}, {"{}", "{\"a\":1}", "{\"a\":null}"}},
      {"{additionalProperties: false, properties: {a: true}}", {"{}", "{\"a\":1}"}, {"{\"b\":1}", "{\"a\":1,\"b\":1}"}},
      {"{additionalProperties: {type: number}}", {"{\"b\":1}"}, {"{\"b\":\"1\"}"}},
      {"{minProperties: 1, maxProperties: 2}", {"{\"a\":1}"}, {"{}", "{\"a\":1,\"b\":1,\"c\":1}"}},
      {"{allOf: [{type: number}, {minimum: 3}]}", {"3"}, {"2", "\"x\""}},
      {"{anyOf: [{type: number}, {const: none}]}", {"3", "\"none\""}, {"\"x\""}},
      {"{oneOf: [{multipleOf: 2}, {multipleOf: 3}]}", {"2", "3"}, {"6", "5"}},
      {"{not: {type: string}}", {"3"}, {"\"x\""}},
      {"{if: {properties: {k: {const: nps}}}, then: {required: [score]}, else: {required: [answers]}}",
       {"{\"k\":\"nps\",\"score\":1}", "{\"k\":\"q\",\"answers\":1}"},
       {"{\"k\":\"nps\"}", "{\"k\":\"q\",\"score\":1}"}},
      {"{$schema: x, $id: x, $comment: x, title: x, description: x, default: 1, examples: [1]}", {"1"}, {}},
  };
  for (const KeywordCase& row : kCases) {
    for (const std::string& value : row.good) EXPECT_TRUE(holds(row.schema, value)) << row.schema << " " << value;
    for (const std::string& value : row.bad) EXPECT_FALSE(holds(row.schema, value)) << row.schema << " " << value;
  }
}

TEST(TrackingPlans, FaultsAreNamedByPlace) {
  const std::string schema =
      "{required: [x], properties: {a: {type: number}, list: {items: {properties: {'b/~': {minimum: 3}}}}}, "
      "additionalProperties: false}";
  EXPECT_THAT(
      faults(schema, R"({"a":"1","list":[{},{"b/~":2.5}],"more":1})"),
      ElementsAre(": must have x", "/a: must be number", "/list/1/b~1~0: must be at least 3", "/more: is not planned"));
  EXPECT_THAT(faults(schema, R"({"x":1})"), ElementsAre("/x: is not planned"));
  EXPECT_THAT(faults("{properties: {a: {type: [string, integer]}}}", R"({"a":1.5})"),
              ElementsAre("/a: must be string or integer"));
  EXPECT_THAT(faults("{properties: {l: {items: {type: number}}}}", R"({"l":["a","b","c"]})"),
              ElementsAre("/l/0: must be number"))
      << "the first of each property";
}

// By a backtracking matcher this takes longer than anybody waits.
TEST(TrackingPlans, PatternsAreMatchedInLinearTime) {
  EXPECT_FALSE(holds("{pattern: '^(a+)+$'}", "\"" + std::string(100'000, 'a') + "!\""));
}

TEST(TrackingPlans, PatternsAreBoundedTogether) {
  auto plan = [](const std::string& pattern, int times) {
    std::string text = "events:\n  E:\n    schema:\n      properties:\n";
    for (int i = 0; i < times; ++i) {
      text += "        p" + std::to_string(i) + ": {pattern: '" + pattern + std::to_string(i) + "'}\n";
    }
    return text;
  };
  const std::string kTogether =
      "the patterns up to here are too large together: more than 500000 instructions; those behind are not read";
  auto started = std::chrono::steady_clock::now();
  EXPECT_THAT(plan_mistakes(plan("(.{0,999})x(.{0,999})", 400)), ElementsAre("32:24: " + kTogether));
  EXPECT_THAT(
      plan_mistakes(plan("\\pL{1,1000}", 400)),
      ElementsAre("5:23: not a regular expression of RE2: pattern too large - compile failed",
                  "6:23: not a regular expression of RE2: pattern too large - compile failed",
                  "7:23: not a regular expression of RE2: pattern too large - compile failed", "7:23: " + kTogether));
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(60)) << "all of them take minutes here";
  EXPECT_THAT(plan_mistakes(plan("^[A-Z]{2}[0-9]{4}-", 2000)), IsEmpty());
  std::string same = plan("", 0);
  for (int i = 0; i < 400; ++i) same += "        p" + std::to_string(i) + ": {pattern: '(.{0,999})x(.{0,999})'}\n";
  EXPECT_THAT(plan_mistakes(same), IsEmpty()) << "one is compiled once";
}

struct MistakeCase {
  std::string plan;
  std::vector<std::string> expected;
};

TEST(TrackingPlans, MistakesAreNamedWithFileLineAndColumn) {
  const std::string kSchema = "events:\n  E:\n    schema:\n      ";
  const MistakeCase kCases[] = {
      {"", {"1:1: nothing but blanks; {} stands for a document that is empty"}},
      {"[]", {"1:1: expected a map"}},
      {"on_violation: pass", {"1:1: \"events\" is missing"}},
      {"events: {}\nunplaned: pass", {"2:1: unknown key \"unplaned\", did you mean \"unplanned\"?"}},
      {"events: {}\nunplanned: strip", {"2:12: expected one of: pass, quarantine"}},
      {"events: {}\non_violation: drop", {"2:15: expected one of: pass, strip, quarantine"}},
      {"events:\n  E: {shema: {}}", {"2:7: unknown key \"shema\", did you mean \"schema\"?"}},
      {"events:\n  Order Completed: {}\n  下单完成: {}", {"3:3: \"Order Completed\" stands twice, in two spellings"}},
      {"events:\n  E: {}\n  E: {}", {"3:3: the key \"E\" stands twice"}},
      {kSchema + "pattern: '['", {"4:16: not a regular expression of RE2: missing ]: ["}},
      {kSchema + "pattern: 'a(?=b)'", {"4:16: not a regular expression of RE2: invalid perl operator: (?="}},
      {kSchema + "type: text", {"4:13: expected one of: object, array, string, number, integer, boolean, null"}},
      {kSchema + "type: string", {"4:7: properties are an object, so the type of their schema is object"}},
      {kSchema + "$ref: '#/definitions/x'",
       {"4:7: the keyword $ref is not supported; in YAML an anchor and an alias repeat a schema"}},
      {kSchema + "uniqueItems: true", {"4:7: the keyword uniqueItems is not supported"}},
      {kSchema + "requird: [a]", {"4:7: unknown key \"requird\", did you mean \"required\"?"}},
      {kSchema + "required: a", {"4:17: expected a list of at least one"}},
      {kSchema + "properties: {a: {format: ipv4}}", {"4:32: expected one of: date-time, date, email, uri, uuid"}},
      {kSchema + "properties: {a: {minLength: -1}}", {"4:35: expected a whole number from 0"}},
      {kSchema + "properties: {a: {maximum: '3'}}", {"4:33: expected a number"}},
      {kSchema + "properties: {a: {multipleOf: 0}}", {"4:36: expected a number above 0"}},
      {kSchema + "properties: {a: {enum: []}}", {"4:30: expected a list of at least one"}},
      {kSchema + "properties: {a: {const: [1]}}", {"4:31: expected a text, a number, true, false or null"}},
      {kSchema + "properties: {a: {items: [{}]}}", {"4:31: expected a map"}},
      {kSchema + "then: {}", {"4:7: then and else need if beside them"}},
  };
  for (const MistakeCase& row : kCases) EXPECT_EQ(plan_mistakes(row.plan), row.expected) << row.plan;
  EXPECT_THAT(
      mistakes_of(source_with("/nowhere/plan.yaml")),
      ElementsAre("t.yaml:2:66: sources[0].tracking_plan: reading /nowhere/plan.yaml: No such file or directory"));
}

TEST(TrackingPlans, SourcesShareAFileAndItsMistakesAreToldOnce) {
  TemporaryFile bad("events: 7");
  std::string two = source_with(bad.path());
  two += "  - {id: b, workspace: w, write_keys: [bcdefghi], tracking_plan: '" + bad.path() + "'}\n";
  EXPECT_EQ(mistakes_of(two).size(), 1u);
  TemporaryFile good(
      "{\"events\": {\"order_completed\": {\"on_violation\": \"strip\"}}, \"unplanned\": \"quarantine\"}");
  Config config = config_of(source_with(good.path()));
  const TrackingPlan& plan = *config.sources.at(0).tracking_plan;
  ASSERT_NE(plan.find("Order Completed"), nullptr) << "as the catalogue spells it";
  EXPECT_EQ(plan.find("Order Completed")->on_violation, PlanAct::strip);
  EXPECT_TRUE(plan.quarantines_unplanned());
  EXPECT_EQ(config_of("sources:\n  - {id: a, workspace: w, write_keys: [abcdefgh]}\n").sources.at(0).tracking_plan,
            nullptr);
}

TEST(TrackingPlans, TheExampleIsAPlan) {
  std::string file = std::string(TRIBUTARY_TEST_DATA) + "/../config/plans/example.yaml";
  EXPECT_THAT(mistakes_of(source_with(file)), IsEmpty());
  Config config = config_of(source_with(file));
  const TrackingPlan& plan = *config.sources.at(0).tracking_plan;
  EXPECT_EQ(plan.find("Order Completed")->on_violation, PlanAct::quarantine);
  EXPECT_EQ(plan.find("Signed Up")->on_violation, PlanAct::strip);
}

TEST(SourceChannels, AreCodesOfTheList) {
  auto channel = [](const std::string& word) {
    return "sources:\n  - {id: a, workspace: w, write_keys: [abcdefgh], channel: " + word + "}\n";
  };
  EXPECT_EQ(config_of(channel("mini_program")).sources.at(0).channel, "mini_program");
  EXPECT_THAT(mistakes_of(channel("stor")),
              ElementsAre("t.yaml:2:60: sources[0].channel: unknown channel \"stor\", did you mean \"store\"?"));
  Config webhook = config_of(
      "sources:\n  - {id: a, workspace: w, kind: webhook, connector: generic, channel: store, "
      "path: not-to-be-guessed-1}\n");
  EXPECT_EQ(webhook.webhook_sources.at(0).settings.channel, "store");
}

}  // namespace
}  // namespace tributary
