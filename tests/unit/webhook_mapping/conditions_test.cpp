// Every condition of connector files.
#include "tests/unit/webhook_mapping/mapping_fixture.h"

namespace tributary {
namespace {

class ConditionTest : public MappingTest {
 protected:
  bool holds(const std::string& condition, const Call& call) {
    load("name: t\nversion: 1\ntitle: T\nverify: none\nsettings: [{name: s}]\nignore: [" + condition +
         "]\nevent: [{emit: {name: E}}]\n");
    return map(call).ignored == 1;
  }
  bool holds(const std::string& condition, const std::string& json) { return holds(condition, Call(json)); }
};

TEST_F(ConditionTest, EqualsComparesTextsExactlyAndNumbersByValue) {
  EXPECT_TRUE(holds("{equals: [/a, paid]}", R"({"a":"paid"})"));
  EXPECT_FALSE(holds("{equals: [/a, paid]}", R"({"a":"Paid"})"));
  EXPECT_FALSE(holds("{equals: [/a, paid]}", R"({"a":"paid "})"));
  EXPECT_TRUE(holds("{equals: [/a, 1]}", R"({"a":1.0})"));
  EXPECT_TRUE(holds("{equals: [/a, 1]}", R"({"a":"1"})")) << "a number equals the text of the same digits";
  EXPECT_FALSE(holds("{equals: [/a, 1]}", R"({"a":"1.0"})"));
  EXPECT_TRUE(holds("{equals: [/a, 9007199254740993]}", R"({"a":9007199254740993})"));
  EXPECT_FALSE(holds("{equals: [/a, 9007199254740993]}", R"({"a":9007199254740992})"));
  EXPECT_TRUE(holds("{equals: [/a, true]}", R"({"a":true})"));
  EXPECT_TRUE(holds("{equals: [/a, /b]}", R"({"a":"x","b":"\u0078"})"));
  EXPECT_FALSE(holds("{equals: [/a, /b]}", "{}")) << "nothing equals what is not there";
  EXPECT_TRUE(holds("{equals: [/a, {const: /b}]}", R"({"a":"/b"})"));
}

TEST_F(ConditionTest, InPrefixMatches) {
  EXPECT_TRUE(holds("{in: [/a, [x, y]]}", R"({"a":"y"})"));
  EXPECT_FALSE(holds("{in: [/a, [x, y]]}", R"({"a":"z"})"));
  EXPECT_FALSE(holds("{in: [/a, [x, y]]}", "{}"));
  EXPECT_TRUE(holds("{prefix: [/a, contact.]}", R"({"a":"contact.creation"})"));
  EXPECT_FALSE(holds("{prefix: [/a, contact.]}", R"({"a":"contact"})"));
  EXPECT_FALSE(holds("{prefix: [/a, contact.]}", "{}"));
  EXPECT_TRUE(holds("{matches: [/a, '^[0-9]{6,15}$']}", R"({"a":4915112345678})"));
  EXPECT_FALSE(holds("{matches: [/a, '^[0-9]{6,15}$']}", R"({"a":"49x"})"));
  EXPECT_TRUE(holds("{matches: [/a, b]}", R"({"a":"abc"})")) << "anywhere unless anchored";
  EXPECT_FALSE(holds("{matches: [/a, '']}", "{}"));
}

TEST_F(ConditionTest, ExistsAndEmpty) {
  EXPECT_TRUE(holds("{exists: /a}", R"({"a":false})"));
  EXPECT_TRUE(holds("{exists: /a}", R"({"a":""})"));
  EXPECT_FALSE(holds("{exists: /a}", R"({"a":null})"));
  EXPECT_FALSE(holds("{exists: /a}", "{}"));
  EXPECT_TRUE(holds("{empty: /a}", R"({"a":[]})"));
  EXPECT_TRUE(holds("{empty: /a}", R"({"a":{}})"));
  EXPECT_TRUE(holds("{empty: \"\"}", "{}"));
  EXPECT_FALSE(holds("{empty: /a}", R"({"a":[0]})"));
  EXPECT_FALSE(holds("{empty: /a}", R"({"a":""})"));
  EXPECT_FALSE(holds("{empty: /a}", "{}"));
}

TEST_F(ConditionTest, SameSecretNeedsASecret) {
  Call call("{}");
  call.query("t", "abc").config("s", "abc");
  EXPECT_TRUE(holds("{same_secret: [$query/t, $config/s]}", call));
  EXPECT_FALSE(holds("{same_secret: [$query/u, $config/s]}", call));
  Call empty("{}");
  empty.query("t", "").config("s", "");
  EXPECT_FALSE(holds("{same_secret: [$query/t, $config/s]}", empty)) << "an empty secret opens nothing";
}

TEST_F(ConditionTest, NotAllAny) {
  EXPECT_TRUE(holds("{not: {exists: /a}}", "{}"));
  EXPECT_TRUE(holds("{all: [{exists: /a}, {exists: /b}]}", R"({"a":1,"b":1})"));
  EXPECT_FALSE(holds("{all: [{exists: /a}, {exists: /b}]}", R"({"a":1})"));
  EXPECT_TRUE(holds("{any: [{exists: /a}, {exists: /b}]}", R"({"b":1})"));
  EXPECT_FALSE(holds("{any: [{exists: /a}, {exists: /b}]}", "{}"));
}

}  // namespace
}  // namespace tributary
