// Every function of connector files, over documents.
#include <gmock/gmock.h>

#include <string>

#include "connectors/webhook/digests.h"
#include "connectors/webhook/mapping_functions.h"
#include "engine/base/keyed_hash.h"
#include "tests/unit/webhook_mapping/mapping_fixture.h"

namespace tributary {
namespace {

using FunctionTest = MappingTest;

TEST_F(FunctionTest, PointersFollowRfc6901) {
  EXPECT_EQ(made("/a/b/0", R"({"a":{"b":[7,8]}})"), "7");
  EXPECT_EQ(made("/a/b/01", R"({"a":{"b":[7,8]}})"), "none") << "no leading zeros";
  EXPECT_EQ(made("/a/b/2", R"({"a":{"b":[7,8]}})"), "none");
  EXPECT_EQ(made("/a/b/-", R"({"a":{"b":[7,8]}})"), "none");
  EXPECT_EQ(made("/m~1n/~0", R"({"m/n":{"~":1}})"), "1");
  EXPECT_EQ(made("/", R"({"":2})"), "2");
  EXPECT_EQ(made("\"\"", R"({"a":1})"), R"({"a":1})");
  EXPECT_EQ(made("/\xe4\xbd\xa0", R"({"\u4f60":3})"), "3") << "a key that is spelled with an escape";
  EXPECT_EQ(made("/a", R"({"a":1,"b":2,"a":3})"), "3") << "the last of a key";
  EXPECT_EQ(made("/a/0/b", R"({"a":"text"})"), "none");
}

TEST_F(FunctionTest, MissingIsLeftOutAndNullInsideACopyStays) {
  EXPECT_EQ(made("/a", R"({"a":null})"), "none");
  EXPECT_EQ(made("/a", R"({})"), "none");
  EXPECT_EQ(made("/a", R"({"a":{"b":null, "c":[null]}})"), R"({"b":null, "c":[null]})");
  EXPECT_EQ(made("/a", R"({"a":""})"), R"("")");
}

TEST_F(FunctionTest, CopiesKeepEveryDigitAndEveryByte) {
  for (const char* value :
       {"9007199254740993", "123456789012345678901234567890123456789012345678901234567890", "-0", "12.50", "1e400",
        "0.10000000000000000000000000000000000000000000001", "1E+2", R"("\u00e9\ud83d\ude00\/")", "[1,  2]"}) {
    EXPECT_EQ(made("/a", "{\"a\": " + std::string(value) + " }"), value);
  }
}

TEST_F(FunctionTest, PartsOfTheRequest) {
  load_rule(
      "{name: E, properties: {h: $header/X-Shop, q: $query/a.b, c: $config/app, s: $source, t: $received_at, b: $body, "
      "r: $root/x, n: $header/X-None, m: $query/none}}",
      "settings: [{name: app}]");
  Call call(R"({"x":1})");
  call.header("x-shop", "caf\xe9").query("a.b", "1").config("app", "wx1");
  std::string events = events_of(call);
  EXPECT_NE(events.find("\"properties\":{\"h\":\"caf\xef\xbf\xbd\",\"q\":\"1\",\"c\":\"wx1\",\"s\":\"shop\","
                        "\"t\":\"2026-01-02T03:04:05.000Z\",\"b\":\"{\\\"x\\\":1}\",\"r\":1}"),
            std::string::npos)
      << events;
}

TEST_F(FunctionTest, ConstantsAreJson) {
  EXPECT_EQ(made("CNY", "{}"), R"("CNY")");
  EXPECT_EQ(made("12.50", "{}"), "12.50");
  EXPECT_EQ(made("'12.50'", "{}"), R"("12.50")");
  EXPECT_EQ(made("true", "{}"), "true");
  EXPECT_EQ(made("007", "{}"), R"("007")") << "no JSON number";
  EXPECT_EQ(made("{const: /x}", "{}"), R"("/x")");
  EXPECT_EQ(made("{const: $x}", "{}"), R"("$x")");
  EXPECT_EQ(made("{const: [a, 1, {b: true}]}", "{}"), R"(["a",1,{"b":true}])");
}

TEST_F(FunctionTest, FirstOfSkipsNullAndBlank) {
  std::string value = "{first_of: [/a, /b, /c, fallback]}";
  EXPECT_EQ(made(value, R"({"a":null,"b":" \n","c":0})"), "0");
  EXPECT_EQ(made(value, R"({"a":false,"c":0})"), "false");
  EXPECT_EQ(made(value, R"({"b":[]})"), "[]");
  EXPECT_EQ(made(value, R"({"b":"\u4f60"})"), R"("\u4f60")");
  EXPECT_EQ(made(value, "{}"), R"("fallback")");
  EXPECT_EQ(made("{first_of: [/a, /b]}", R"({"a":""})"), "none");
}

TEST_F(FunctionTest, ConcatIsMissingWhenAReferenceIs) {
  EXPECT_EQ(made("{concat: [/id, ':', /b]}", R"({"id":9007199254740993,"b":"x\"y"})"), R"("9007199254740993:x\"y")");
  EXPECT_EQ(made("{concat: [/id, ':', /b]}", R"({"id":1})"), "none");
  EXPECT_EQ(made("{concat: [/id, ':', /b]}", R"({"id":1,"b":null})"), "none");
  EXPECT_EQ(made("{concat: [/id, ':', /b]}", R"({"id":1,"b":""})"), "none");
  EXPECT_EQ(made("{concat: [/id, ':', /b]}", R"({"id":1,"b":{}})"), "none");
  EXPECT_EQ(made("{concat: [/id, {first_of: [/b, c]}]}", R"({"id":true})"), R"("truec")");
}

TEST_F(FunctionTest, TextIsAText) {
  EXPECT_EQ(made("{text: /a}", R"({"a":12.50})"), R"("12.50")");
  EXPECT_EQ(made("{text: /a}", R"({"a":true})"), R"("true")");
  EXPECT_EQ(made("{text: /a}", R"({"a":"x"})"), R"("x")");
  EXPECT_EQ(made("{text: /a}", R"({"a":[1]})"), "none");
}

TEST_F(FunctionTest, NumbersAreExactOrRefused) {
  EXPECT_EQ(made("{number: /a}", R"({"a":"12.50"})"), "12.50");
  EXPECT_EQ(made("{number: /a}", R"({"a":" +0012.50 "})"), "12.50");
  EXPECT_EQ(made("{number: /a}", R"({"a":1.5e3})"), "1.5e3") << "a number is copied";
  EXPECT_EQ(made("{number: /a}", R"({"a":""})"), "none");
  EXPECT_EQ(made("{number: /a}", R"({"a":null})"), "none");
  EXPECT_EQ(made("{number: {of: /a}}", R"({"a":"3"})"), "3");
  EXPECT_EQ(made("{number: {first_of: [/b, /a]}}", R"({"a":"3"})"), "3");
  EXPECT_EQ(made("{number: /a/0}", R"({"a":["1,234"]})"), "fault at /a/0: /a/0: expected a decimal, got \"1,234\"\n");
  for (const char* bad : {"\"12 USD\"", "true", "[1]", "\"1e5\"", "\"--1\"", "\"\\u0661\""}) {
    EXPECT_TRUE(made("{number: /a}", "{\"a\":" + std::string(bad) + "}").starts_with("fault at /a: ")) << bad;
  }
}

TEST_F(FunctionTest, MinorUnitsBecomeUnits) {
  std::string value = "{number: {of: /a, minor_units_of: /c}}";
  EXPECT_EQ(made(value, R"({"a":1250,"c":"usd"})"), "12.50");
  EXPECT_EQ(made(value, R"({"a":1250,"c":"JPY"})"), "1250");
  EXPECT_EQ(made(value, R"({"a":"1250","c":"KWD"})"), "1.250");
  EXPECT_EQ(made(value, R"({"a":-5,"c":"EUR"})"), "-0.05");
  EXPECT_EQ(made(value, R"({"a":5,"c":"CLF"})"), "0.0005");
  EXPECT_EQ(made(value, R"({"a":123456789012345678901234567890,"c":"CNY"})"), "1234567890123456789012345678.90");
  EXPECT_EQ(made("{number: {of: /a, minor_units_of: CNY}}", R"({"a":1})"), "0.01");
  EXPECT_EQ(made(value, R"({"c":"USD"})"), "none");
  EXPECT_EQ(made(value, R"({"a":1,"c":"BTC"})"), "fault at /c: /c: expected an ISO 4217 currency, got \"BTC\"\n");
  EXPECT_EQ(made(value, R"({"a":1})"), "fault at : /c: expected an ISO 4217 currency, got \"\"\n");
  EXPECT_EQ(made(value, R"({"a":1e2,"c":"USD"})"), "fault at /a: /a: expected a decimal, got \"1e2\"\n");
}

TEST_F(FunctionTest, SumsAreExact) {
  std::string value = "{sum: {over: /t, of: /a}}";
  EXPECT_EQ(made(value, R"({"t":[{"a":"0.1"},{"a":0.2},{"a":"0.70"}]})"), "1.00");
  EXPECT_EQ(made(value, R"({"t":[{"a":"-5"},{},{"a":null},{"a":""}]})"), "-5");
  EXPECT_EQ(made(value, R"({"t":{"a":"1.5"}})"), "1.5") << "a single object stands for an array of one";
  EXPECT_EQ(made(value, R"({"t":[]})"), "none");
  EXPECT_EQ(made(value, "{}"), "none");
  EXPECT_EQ(made(value, R"({"t":[{"a":"1"},{"a":"x"}]})"),
            "fault at /t/1/a: /a: expected a decimal to add, got \"x\"\n");
  std::string minor = "{sum: {over: /t, of: {number: {of: /a, minor_units_of: /c}}}}";
  EXPECT_EQ(made(minor, R"({"t":[{"a":10,"c":"USD"},{"a":1,"c":"KWD"}]})"), "0.101");
}

TEST_F(FunctionTest, TimestampsBecomeInstants) {
  auto at = [&](const std::string& how, const std::string& a) {
    return made("{timestamp: {of: /a" + how + "}}", "{\"a\":" + a + "}");
  };
  EXPECT_EQ(at(", as: iso8601", R"("2026-01-02T03:04:05-05:00")"), R"("2026-01-02T08:04:05.000Z")");
  EXPECT_EQ(at(", as: iso8601, zone: '+08:00'", R"("2026-11-01 10:00:00")"), R"("2026-11-01T02:00:00.000Z")");
  EXPECT_EQ(at(", as: iso8601, zone: '+08:00'", R"("2026-11-01T10:00:00Z")"), R"("2026-11-01T10:00:00.000Z")");
  EXPECT_EQ(at(", as: s", "1767323045"), R"("2026-01-02T03:04:05.000Z")");
  EXPECT_EQ(at(", as: s", R"("1767323045.5")"), R"("2026-01-02T03:04:05.500Z")");
  EXPECT_EQ(at(", as: ms", "1767323045123"), R"("2026-01-02T03:04:05.123Z")");
  EXPECT_EQ(at("", "1767323045"), R"("2026-01-02T03:04:05.000Z")");
  EXPECT_EQ(at("", "1767323045123"), R"("2026-01-02T03:04:05.123Z")");
  EXPECT_EQ(at("", "1767323045123456"), R"("2026-01-02T03:04:05.123456Z")");
  EXPECT_EQ(at("", R"("2026-01-02")"), R"("2026-01-02T00:00:00.000Z")");
  EXPECT_EQ(at(", as: s", "-1"), R"("1969-12-31T23:59:59.000Z")");
  EXPECT_EQ(at("", "null"), "none");
  for (const char* bad : {"1767323045123456789", "\"tomorrow\"", "true", "\"2026-02-30\"", "1e9"}) {
    EXPECT_TRUE(at("", bad).starts_with("fault at /a: /a: expected a point in time")) << bad;
  }
  EXPECT_TRUE(at(", as: s", "99999999999999999999").starts_with("fault")) << "beyond the year 9999";
  EXPECT_TRUE(at(", as: iso8601", "1767323045").starts_with("fault"));
}

TEST_F(FunctionTest, MapMakesObjectsOfElements) {
  std::string value = "{map: {over: /l, to: {id: /id, price: {number: /p}, shop: $root/shop}}}";
  EXPECT_EQ(made(value, R"({"shop":"s","l":[{"id":1,"p":"2.50"},{"id":null},3]})"),
            R"([{"id":1,"price":2.50,"shop":"s"},{"shop":"s"},{"shop":"s"}])");
  EXPECT_EQ(made("{map: {over: /l, to: {id: /id}}}", R"({"l":[{"x":1},{"id":2}]})"), R"([{"id":2}])");
  EXPECT_EQ(made("{map: {over: /l, to: {id: /id}}}", R"({"l":{"id":2}})"), R"([{"id":2}])");
  EXPECT_EQ(made("{map: {over: /l, to: {id: /id}}}", R"({"l":[]})"), "[]");
  EXPECT_EQ(made("{map: {over: /l, to: {id: /id}}}", R"({"l":"x"})"), "none");
  EXPECT_EQ(made("{map: {over: /l, to: {m: {map: {over: /m, to: {n: /n}}}}}}", R"({"l":[{"m":[{"n":1},{"n":2}]}]})"),
            R"([{"m":[{"n":1},{"n":2}]}])");
}

TEST_F(FunctionTest, FindTakesOfTheFirstMatch) {
  std::string value = "{find: {in: /n, where: /name, equals: [anonymousId, rudderAnonymousId], take: /value}}";
  EXPECT_EQ(made(value, R"({"n":[{"name":"gift","value":1},{"name":"rudderAnonymousId","value":"a"},)"
                        R"({"name":"anonymousId","value":"b"}]})"),
            R"("a")");
  EXPECT_EQ(made(value, R"({"n":[]})"), "none");
  EXPECT_EQ(made(value, R"({"n":{"name":"anonymousId","value":"b"}})"), R"("b")");
  EXPECT_EQ(
      made("{find: {in: /n, where: /id, equals: /wanted, take: \"\"}}", R"({"wanted":"2","n":[{"id":1},{"id":2}]})"),
      R"({"id":2})")
      << "compared in the element around";
}

TEST_F(FunctionTest, AtAPlaceThatASettingSays) {
  load_rule("{name: E, properties: {p: {at: $config/place}}}", "settings: [{name: place}]");
  auto at = [&](const char* place, const char* json) { return events_of(Call(json).config("place", place)); };
  EXPECT_THAT(at("/c/0/id", R"({"c":[{"id":9007199254740993}]})"),
              ::testing::HasSubstr(R"("properties":{"p":9007199254740993})"));
  EXPECT_THAT(at("/a~1b~0c", R"({"a/b~c":{"d":1.50}})"), ::testing::HasSubstr(R"("properties":{"p":{"d":1.50}})"));
  EXPECT_THAT(at("/", R"({"":1})"), ::testing::HasSubstr(R"("properties":{"p":1})"));
  for (const char* nowhere : {"", "/b", "/a/b", "/a/0"}) {
    EXPECT_THAT(at(nowhere, R"({"a":1})"), ::testing::Not(::testing::HasSubstr("properties"))) << nowhere;
  }
  EXPECT_EQ(at("a", R"({"a":1})"),
            "fault at : $config/place: expected a JSON Pointer such as /customer/id, got \"a\"\n");
}

TEST_F(FunctionTest, ObjectsWithoutMembersAreMissing) {
  EXPECT_EQ(made("{object: {a: /a, b: {object: {c: /c}}}}", R"({"c":1})"), R"({"b":{"c":1}})");
  EXPECT_EQ(made("{object: {a: /a, b: {object: {c: /c}}}}", "{}"), "none");
}

TEST_F(FunctionTest, LookUpTables) {
  std::string value = "{lookup: {of: /s, in: {'1': one, two: 2, three: /other}, else: rest}}";
  EXPECT_EQ(made(value, R"({"s":1})"), R"("one")");
  EXPECT_EQ(made(value, R"({"s":"two"})"), "2");
  EXPECT_EQ(made(value, R"({"s":"three","other":true})"), "true");
  EXPECT_EQ(made(value, R"({"s":"four"})"), R"("rest")");
  EXPECT_EQ(made(value, "{}"), R"("rest")");
  EXPECT_EQ(made("{lookup: {of: /s, in: {a: b}}}", R"({"s":"c"})"), "none");
}

TEST_F(FunctionTest, Prefixes) {
  EXPECT_EQ(made("{strip_prefix: {of: /a, prefix: 'whatsapp:'}}", R"({"a":"whatsapp:+49"})"), R"("+49")");
  EXPECT_EQ(made("{strip_prefix: {of: /a, prefix: 'whatsapp:'}}", R"({"a":"+49"})"), R"("+49")");
  EXPECT_EQ(made("{add_prefix: {of: /a, prefix: '+'}}", R"({"a":4915112345678})"), R"("+4915112345678")");
  EXPECT_EQ(made("{add_prefix: {of: /a, prefix: '+'}}", R"({"a":"+49"})"), R"("+49")") << "not twice";
  EXPECT_EQ(made("{add_prefix: {of: /a, prefix: '+'}}", R"({"a":""})"), "none");
}

TEST_F(FunctionTest, Digests) {
  std::string joined(
      "a\0\0"
      "12.50\0",
      9);
  EXPECT_EQ(made("{sha256: [/a, /b, /c]}", R"({"a":"a","c":12.50})"), "\"" + hex_text(sha256(joined)) + "\"");
  EXPECT_EQ(made("{hmac_sha256: {key: $config/k, of: /t}}", R"({"t":"x"})", "settings: [{name: k}]"), "none");
  load_rule("{name: E, properties: {p: {hmac_sha256: {key: $config/k, of: /payload/plainToken}}}}",
            "settings: [{name: k}]");
  Call call(R"({"payload":{"plainToken":"abc"}})");
  call.config("k", "zoom-secret");
  // The answer of Zoom's address check.
  EXPECT_NE(events_of(call).find("9e38bc7a007c989daf8610e01e67d52da982079f4dda02e38df5ea1623034f24"),
            std::string::npos);
}

TEST(SameNumber, ComparesByValue) {
  for (auto [a, b] : {std::pair("1", "1.0"),
                      {"1", "10e-1"},
                      {"100", "1E+2"},
                      {"0", "-0.00"},
                      {"0.5", "5e-1"},
                      {"12345678901234567890.0", "12345678901234567890"},
                      {"0e999999", "0"}}) {
    EXPECT_TRUE(same_number(a, b)) << a << " " << b;
  }
  for (auto [a, b] : {std::pair("1", "-1"),
                      {"1", "10"},
                      {"9007199254740993", "9007199254740992"},
                      {"1", "1e1"},
                      {"1e99999999999999999999", "1"}}) {
    EXPECT_FALSE(same_number(a, b)) << a << " " << b;
  }
}

}  // namespace
}  // namespace tributary
