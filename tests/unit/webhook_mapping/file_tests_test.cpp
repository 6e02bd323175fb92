// Tests inside a file: green when they should be, and red with a reason when not.
#include "connectors/webhook/file_tests.h"

#include <gmock/gmock.h>

#include "tests/unit/webhook_mapping/mapping_fixture.h"

namespace tributary {
namespace {

constexpr const char* kFile = R"(name: t
version: 1
title: T
verify: shopify
settings: [{name: app}]
handshake: [{method: GET, answer: {body: $query/c}}]
message_id: /id
identifiers: [{kind: external_id/crm, scope: $config/app, value: /who}, {kind: email, value: /mail, trust: claimed}]
event:
  - {when: {exists: /total}, emit: {name: Paid, properties: {total: {number: /total}, lines: /lines}}}
  - {when: {exists: /who}, emit: {type: identify, traits: {name: /name}}}
answer: {body: {object: {ok: true}}}
)";

std::vector<std::string> failures_of(const std::string& test, const std::string& request = "") {
  std::string text = std::string(kFile) +
                     "tests:\n  - name: it\n    request: {body: {id: 9007199254740993, total: \"12.50\", "
                     "who: \"7\", mail: a@b.c, lines: [{n: 1}, {n: 2}]}}\n    config: {app: x}\n    expect: " +
                     test + "\n";
  if (!request.empty()) {
    text = std::string(kFile) + "tests:\n  - name: it\n    request: " + request + "\n    expect: " + test + "\n";
  }
  EXPECT_EQ(mistakes_of(text), "");
  return run_file_tests(std::get<Connector>(parse_connector(text))).failures;
}

TEST(FileTests, PassWhenWhatIsListedIsThere) {
  EXPECT_THAT(failures_of("{answer: {status: 200, body: {ok: true}}, events: [{type: track, name: Paid, message_id: "
                          "9007199254740993, time: 2026-01-02T04:04:05+01:00, properties: {total: 12.50}, identifiers: "
                          "[{kind: email, value: a@b.c, trust: claimed}, {kind: external_id/crm, value: 'x:7'}]}]}"),
              testing::IsEmpty());
  EXPECT_THAT(failures_of("{events: [{identifiers: [{kind: external_id/crm, scope: x, value: 7}, {kind: email, value: "
                          "a@b.c}], properties: {lines: [{n: 1}, {n: 2}]}}]}"),
              testing::IsEmpty());
  EXPECT_THAT(failures_of("{answer: {body: '5'}, events: []}", "{method: GET, query: {c: 5}}"), testing::IsEmpty());
}

TEST(FileTests, FailWithAReason) {
  using testing::ElementsAre;
  using testing::HasSubstr;
  EXPECT_THAT(failures_of("{events: []}"), ElementsAre(HasSubstr("line 14: it: expected 0 events, got 1: [{\"type\"")));
  EXPECT_THAT(failures_of("{events: [{properties: {total: 12.5}}]}"),
              ElementsAre("line 14: it: event 1: properties: total: expected 12.5, got 12.50"));
  EXPECT_THAT(failures_of("{events: [{properties: {total: '12.50'}}]}"),
              ElementsAre("line 14: it: event 1: properties: total: expected \"12.50\", got 12.50"));
  EXPECT_THAT(failures_of("{events: [{properties: {lines: [{n: 1}]}}]}"),
              ElementsAre("line 14: it: event 1: properties: lines: expected [{\"n\":1}], got [{\"n\":1},{\"n\":2}]"));
  EXPECT_THAT(failures_of("{events: [{traits: {a: 1}}]}"),
              ElementsAre("line 14: it: event 1: traits: a: expected 1, got nothing"));
  EXPECT_THAT(failures_of("{events: [{name: Placed, time: 2026-01-02}]}"),
              ElementsAre("line 14: it: event 1: name: expected \"Placed\", got \"Paid\"",
                          "line 14: it: event 1: time: expected \"2026-01-02\", got \"2026-01-02T03:04:05.000Z\""));
  EXPECT_THAT(
      failures_of("{events: [{identifiers: [{kind: email, value: a@b.c, trust: verified}]}]}"),
      ElementsAre("line 14: it: event 1: no identifier {\"kind\":\"email\",\"value\":\"a@b.c\",\"trust\":\"verified\"}",
                  "line 14: it: event 1: another identifier: external_id/crm x:7 verified",
                  "line 14: it: event 1: another identifier: email a@b.c claimed"));
  EXPECT_THAT(failures_of("{answer: {status: 201, body: no}}"),
              ElementsAre("line 14: it: answer status: expected \"201\", got \"200\"",
                          "line 14: it: answer body: expected \"no\", got \"{\"ok\":true}\""));
  EXPECT_THAT(failures_of("{events: []}", "{body: {id: 1, total: '1,2'}}"),
              ElementsAre("line 14: it: not mapped: /total: /total: expected a decimal, got \"1,2\""));
  EXPECT_THAT(failures_of("{events: []}", "{headers: {content-type: application/json}, body: x}"),
              ElementsAre("line 14: it: not decoded: no JSON: fault at byte 0"));
}

TEST(FileTests, TellRulesThatNoTestReaches) {
  std::string text = std::string(kFile) + "tests: [{name: it, request: {body: {total: 1}}, expect: {}}]\n";
  FileTestReport report = run_file_tests(std::get<Connector>(parse_connector(text)));
  EXPECT_EQ(report.tests, 1u);
  EXPECT_THAT(report.not_reached, testing::ElementsAre("the event rule of line 11"));
}

}  // namespace
}  // namespace tributary
