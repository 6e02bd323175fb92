// Every rule of the language: what is taken, and what is told of what is not, with line and column.
#include "connectors/webhook/connector_file.h"

#include "tests/unit/webhook_mapping/mapping_fixture.h"

namespace tributary {
namespace {

constexpr const char* kGood = "name: t\nversion: 1\ntitle: T\nverify: none\nevent: [{emit: {name: E}}]\n";

/// Mistakes of a file that is good but for `more`, which begins at line 6.
std::string mistakes_with(const std::string& more) { return mistakes_of(kGood + more); }

/// Mistakes of one event rule, without their places.
std::string mistake_of_rule(const std::string& rule) {
  std::string all =
      mistakes_of("name: t\nversion: 1\ntitle: T\nverify: none\nsettings: [{name: token}]\nevent:\n  - " + rule + "\n");
  std::string out;
  for (size_t at = 0; at < all.size();) {
    size_t end = all.find('\n', at);
    size_t text = all.find(": ", at) + 2;
    out += all.substr(text, end - text) + "\n";
    at = end + 1;
  }
  return out;
}

std::string mistake_of_value(const std::string& value) {
  return mistake_of_rule("{emit: {name: E, properties: {p: " + value + "}}}");
}

std::string mistake_of_condition(const std::string& condition) {
  return mistake_of_rule("{when: " + condition + ", emit: {name: E}}");
}

TEST(ConnectorFile, ReadsEveryMember) {
  auto parsed = parse_connector(R"(
name: my-shop
version: 4000000000
title: My shop
channel: website
settings: [{name: token, required: true, secret: true, help: what for}, {name: app}]
verify: none
handshake: [{method: GET, when: {exists: $query/x}, signed: true, answer: {status: 202, content_type: a/b, body: /x}}]
decode: {body: form, nested: [{at: /m~1n, as: [urldecode, json]}]}
each: [/a/*/b/*, /c]
message_id: /id
time: /t
ignore: [{exists: /test}]
identifiers: [{kind: email, value: /e, trust: claimed}, {kind: marketplace_buyer/shopify, scope: s, value: /i, when: {exists: /i}}]
event:
  - when: {exists: /a}
    continue: true
    emit: {type: track, name: N, time: /t, message_id: /m, properties: {a: $outer/a}, traits: {b: /b}, context: {c: /c}, channel: email, identifiers: [{kind: phone, value: /p}]}
  - emit: {type: identify}
unmapped: {name: U, time: /t}
answer: {body: success}
tests: [{name: n, request: {method: PUT, query: {a: 1}, headers: {X-A: b}, body: text}, config: {token: x}, expect: {events: []}}]
)");
  ASSERT_TRUE(std::holds_alternative<Connector>(parsed));
  Connector& connector = std::get<Connector>(parsed);
  EXPECT_EQ(connector.name, "my-shop");
  EXPECT_EQ(connector.version, 4'000'000'000u);
  EXPECT_EQ(connector.title, "My shop");
  EXPECT_EQ(connector.channel, "website");
  ASSERT_EQ(connector.settings.size(), 2u);
  EXPECT_TRUE(connector.settings[0].required && connector.settings[0].secret);
  EXPECT_FALSE(connector.settings[1].required || connector.settings[1].secret);
  EXPECT_TRUE(connector.signature.none);
  ASSERT_EQ(connector.handshakes.size(), 1u);
  EXPECT_TRUE(connector.handshakes[0].is_signed);
  EXPECT_EQ(connector.handshakes[0].answer.status, 202);
  EXPECT_EQ(connector.decode.body, BodyForm::form);
  EXPECT_EQ(connector.decode.nested[0].at, std::vector<std::string>{"m/n"});
  ASSERT_EQ(connector.each.size(), 2u);
  EXPECT_TRUE(connector.each[0].steps[1].every);
  ASSERT_EQ(connector.identifiers.size(), 2u);
  EXPECT_TRUE(connector.identifiers[0].claimed);
  ASSERT_EQ(connector.events.size(), 2u);
  EXPECT_TRUE(connector.events[0].continues);
  EXPECT_EQ(connector.events[0].line, 16u);
  EXPECT_EQ(connector.events[0].identifiers.size(), 1u);
  EXPECT_EQ(connector.events[1].type, EmitType::identify);
  ASSERT_EQ(connector.tests.size(), 1u);
  EXPECT_EQ(connector.tests[0].headers[0].first, "x-a");
}

TEST(ConnectorFile, TellsEveryMistakeInTheOrderOfTheFile) {
  EXPECT_EQ(mistakes_of("name: T\nversion: 0\nevnt: []\nchannel: [a]\nverify: none\n"),
            "1:1: `title` is missing\n"
            "1:1: `event` is missing\n"
            "1:7: name: expected a small letter, then up to 39 of a-z, 0-9 and -, got \"T\"\n"
            "2:10: version: expected a whole number from 1 to 4294967295, got \"0\"\n"
            "3:1: unknown key \"evnt\", did you mean \"event\"?\n"
            "4:10: channel: expected a text\n");
  EXPECT_EQ(mistakes_of("- a\n"), "1:1: expected a map with name, version, title, verify, event\n");
  EXPECT_EQ(mistakes_of("a: [\n"), "2:1: not valid YAML: end of sequence flow not found\n");
  EXPECT_EQ(mistakes_with("name: t\n"), "6:1: the key \"name\" stands twice\n");
  EXPECT_EQ(mistakes_of("name: t\nversion: 1\ntitle: T\nverify: shopfy\nevent: [{emit: {name: E}}]\n").substr(0, 5),
            "4:9: ");
}

TEST(ConnectorFile, Settings) {
  EXPECT_EQ(mistakes_with("settings: [{name: a}, {name: a}]\n"), "6:23: settings: \"a\" stands twice\n");
  EXPECT_EQ(mistakes_with("settings: [{require: true}]\n"),
            "6:12: settings: `name` is missing\n"
            "6:13: settings: unknown key \"require\", did you mean \"required\"?\n");
  EXPECT_EQ(mistakes_with("settings: [{name: a, secret: yes}]\n"),
            "6:30: settings: secret: expected true or false, got \"yes\"\n");
  EXPECT_EQ(mistakes_with("message_id: $config/tokn\nsettings: [{name: token}]\n"),
            "6:13: message_id: $config: expected token, got \"tokn\", did you mean \"token\"?\n");
  EXPECT_EQ(mistakes_with("message_id: $config/a\n"), "6:13: message_id: $config/a is not among `settings`\n");
}

TEST(ConnectorFile, Handshakes) {
  EXPECT_EQ(mistakes_with("handshake: [{method: get, answer: {}}]\n"),
            "6:22: handshake: method: expected GET or HEAD or POST or PUT or OPTIONS, got \"get\"\n");
  EXPECT_EQ(mistakes_with("handshake: [{method: GET}]\n"), "6:13: handshake: `answer` is missing\n");
  EXPECT_EQ(mistakes_with("handshake: [{answer: {status: 99}}]\n"),
            "6:13: handshake: a rule without `method` and `when` would answer every call\n"
            "6:31: handshake: answer: status: expected a whole number from 200 to 599, got \"99\"\n");
  EXPECT_EQ(mistakes_with("answer: {bdy: x}\n"), "6:10: answer: unknown key \"bdy\", did you mean \"body\"?\n");
}

TEST(ConnectorFile, Decoding) {
  EXPECT_EQ(mistakes_with("decode: {body: jsn}\n"),
            "6:16: decode: body: expected auto or json or form or xml, got \"jsn\", did you mean \"json\"?\n");
  EXPECT_EQ(mistakes_with("decode: {nested: [{at: msg, as: [json]}]}\n"),
            "6:24: decode: nested: at: a JSON Pointer begins with /, got \"msg\"\n");
  EXPECT_EQ(mistakes_with("decode: {nested: [{at: /m, as: [json, base64]}]}\n"),
            "6:39: decode: nested: as: json can only be the last step\n");
  EXPECT_EQ(mistakes_with("decode: {nested: [{as: [hex]}, {at: /m}]}\n"),
            "6:19: decode: nested: `at` is missing\n"
            "6:25: decode: nested: as: expected urldecode or json or base64, got \"hex\"\n"
            "6:32: decode: nested: `as` is missing\n");
  EXPECT_EQ(mistakes_with("each: a/*\n"), "6:7: each: a JSON Pointer begins with /, got \"a/*\"\n");
  EXPECT_EQ(mistakes_with("each: []\n"), "6:7: each: expected at least one pattern\n");
}

TEST(ConnectorFile, Identifiers) {
  EXPECT_EQ(mistakes_with("identifiers: [{kind: emial, value: /e}]\n"),
            "6:22: identifiers: kind: unknown kind \"emial\", did you mean \"email\"?\n");
  EXPECT_EQ(mistakes_with("identifiers: [{kind: social_id, value: /e}]\n"),
            "6:22: identifiers: kind: expected a platform, as in social_id/name\n");
  EXPECT_EQ(mistakes_with("identifiers: [{vale: /e, trust: strong}]\n"),
            "6:15: identifiers: `kind` is missing\n"
            "6:15: identifiers: `value` is missing\n"
            "6:16: identifiers: unknown key \"vale\", did you mean \"value\"?\n"
            "6:33: identifiers: trust: expected verified or claimed, got \"strong\"\n");
}

TEST(ConnectorFile, EventRules) {
  EXPECT_EQ(mistake_of_rule("{when: {exists: /a}}"), "event: `emit` is missing\n");
  EXPECT_EQ(mistake_of_rule("{emit: {}}"), "emit: a track needs a `name`\n");
  EXPECT_EQ(mistake_of_rule("{emit: {type: identify, name: E}}"), "emit: name: only a track has a name\n");
  EXPECT_EQ(mistake_of_rule("{emit: {type: group}}").substr(0, 48), "emit: type: expected track or identify or merge ");
  EXPECT_EQ(mistake_of_rule("{continue: true, emit: {name: E}}"),
            "event: a rule with `continue` needs a message_id of its own: two events of one id are one\n");
  EXPECT_EQ(mistake_of_rule("{emit: {name: E}}\n  - {emit: {name: F}}"),
            "event: never reached: the rule of line 7 takes everything\n");
  EXPECT_EQ(mistake_of_rule("{emit: {name: E, context: {webhook: /a}}}"),
            "emit: context: webhook is written by the mapping itself; see `identifiers`\n");
  EXPECT_EQ(mistake_of_rule("{emit: {name: E, propertis: {}}}"),
            "emit: unknown key \"propertis\", did you mean \"properties\"?\n");
  EXPECT_EQ(mistakes_of("name: t\nversion: 1\ntitle: T\nverify: none\nevent: []\n"),
            "5:8: event: expected at least one rule\n");
}

TEST(ConnectorFile, References) {
  EXPECT_EQ(mistake_of_value("/a~2"),
            "emit: properties: p: in a JSON Pointer ~ is written ~0 and / inside a name ~1, got \"/a~2\"\n");
  EXPECT_EQ(mistake_of_value("$heder/X"),
            "emit: properties: p: expected $root or $outer or $header or $query or $config or $body or $received_at or "
            "$source, got \"$heder\", did you mean \"$header\"?\n");
  EXPECT_EQ(mistake_of_value("$header"), "emit: properties: p: expected a name as in $header/name\n");
  EXPECT_EQ(mistake_of_value("$outer/a"), "emit: properties: p: $outer needs an `each` with two `*`\n");
  EXPECT_NE(mistake_of_value("$body/a"), "");
  EXPECT_EQ(mistake_of_value("[/a]"),
            "emit: properties: p: expected a reference, a plain value or a map with one function\n");
  EXPECT_EQ(mistake_of_value("{a: /a, b: /b}"),
            "emit: properties: p: expected a reference, a plain value or a map with one function; members are written "
            "{object: {...}}\n");
}

TEST(ConnectorFile, Functions) {
  EXPECT_NE(mistake_of_value("{frist_of: [/a]}").find("did you mean \"first_of\"?"), std::string::npos);
  EXPECT_EQ(mistake_of_value("{concat: []}"), "emit: properties: p: concat: expected at least one value\n");
  EXPECT_EQ(mistake_of_value("{concat: /a}"), "emit: properties: p: concat: expected a list\n");
  EXPECT_EQ(mistake_of_value("{number: {of: /a, minor: /c}}"),
            "emit: properties: p: number: unknown key \"minor\"; known: of, minor_units_of\n");
  EXPECT_EQ(mistake_of_value("{sum: {over: /a}}"), "emit: properties: p: sum: `of` is missing\n");
  EXPECT_EQ(mistake_of_value("{sum: {over: x, of: /a}}"),
            "emit: properties: p: sum: over: expected a place in the document\n");
  EXPECT_EQ(mistake_of_value("{timestamp: {of: /a, as: min}}"),
            "emit: properties: p: timestamp: as: expected iso8601 or s or ms or auto, got \"min\"\n");
  EXPECT_EQ(mistake_of_value("{timestamp: {of: /a, zone: Asia/Shanghai}}"),
            "emit: properties: p: timestamp: zone must be UTC or an offset like +08:00, got \"Asia/Shanghai\"\n");
  EXPECT_EQ(mistake_of_value("{map: {over: $header/a, to: {b: /b}}}"),
            "emit: properties: p: map: over: expected a place in the document\n");
  EXPECT_EQ(mistake_of_value("{find: {in: /a, where: /b, equals: c}}"),
            "emit: properties: p: find: `take` is missing\n");
  EXPECT_EQ(mistake_of_value("{lookup: {of: /a, in: [b]}}"), "emit: properties: p: lookup: expected a map\n");
  EXPECT_EQ(mistake_of_value("{strip_prefix: {of: /a}}"), "emit: properties: p: strip_prefix: `prefix` is missing\n");
  EXPECT_EQ(mistake_of_value("{hmac_sha256: {key: $config/token}}"),
            "emit: properties: p: hmac_sha256: `of` is missing\n");
  EXPECT_EQ(mistake_of_value("{const: }"), "emit: properties: p: const: a value is missing; quote the word null\n");
}

TEST(ConnectorFile, Conditions) {
  EXPECT_EQ(mistake_of_condition("/a"), "event: when: expected a map with one condition\n");
  EXPECT_NE(mistake_of_condition("{equal: [/a, b]}").find("did you mean \"equals\"?"), std::string::npos);
  EXPECT_EQ(mistake_of_condition("{equals: [/a]}"), "event: when: equals: expected a list of two\n");
  EXPECT_EQ(mistake_of_condition("{in: [/a, b]}"), "event: when: in: expected a list\n");
  EXPECT_EQ(mistake_of_condition("{matches: [/a, '(']}"), "event: when: matches: \"(\": missing ): (\n");
  EXPECT_EQ(mistake_of_condition("{empty: $body}"), "event: when: empty: expected a place in the document\n");
  EXPECT_EQ(mistake_of_condition("{same_secret: [$query/t, hunter2]}"),
            "event: when: same_secret: expected $config/name: a secret stands in no file\n");
  EXPECT_EQ(mistake_of_condition("{all: []}"), "event: when: all: expected at least one condition\n");
  EXPECT_EQ(mistake_of_condition("{not: {not: {exists: /a}}}"), "");
}

TEST(ConnectorFile, Tests) {
  EXPECT_EQ(mistakes_with("tests: [{name: a, request: {bdy: 1}, expect: {event: []}}]\n"),
            "6:29: tests: request: unknown key \"bdy\", did you mean \"body\"?\n"
            "6:47: tests: expect: unknown key \"event\", did you mean \"events\"?\n");
  EXPECT_EQ(mistakes_with("tests: [{name: a}]\n"),
            "6:9: tests: `request` is missing\n"
            "6:9: tests: `expect` is missing\n");
  EXPECT_EQ(mistakes_with("tests: [{name: a, request: {}, expect: {events: [{nam: E, identifiers: [{knd: x}]}]}}]\n"),
            "6:51: tests: expect: events: unknown key \"nam\", did you mean \"name\"?\n"
            "6:74: tests: expect: identifiers: unknown key \"knd\", did you mean \"kind\"?\n");
}

TEST(ConnectorFile, SameValuesAreWrittenOnce) {
  EXPECT_EQ(mistakes_of("name: t\nversion: 1\ntitle: T\nverify: none\nevent:\n"
                        "  - {when: {exists: /a}, emit: {name: A, properties: &p {x: /x}}}\n"
                        "  - {emit: {name: B, properties: *p}}\n"),
            "");
}

}  // namespace
}  // namespace tributary
