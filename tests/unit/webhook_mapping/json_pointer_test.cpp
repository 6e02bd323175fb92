#include "connectors/webhook/json_pointer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

TEST(JsonPointer, IsNamesWithTheirEscapesRead) {
  EXPECT_THAT(pointer_names(""), Optional(ElementsAre()));
  EXPECT_THAT(pointer_names("/"), Optional(ElementsAre("")));
  EXPECT_THAT(pointer_names("/a/b~1c/~0d/~01/"), Optional(ElementsAre("a", "b/c", "~d", "~1", "")));
}

TEST(JsonPointer, OtherTextIsNone) {
  for (std::string_view text : {"a", "a/b", "/~", "/a~2", "/a~/b"})
    EXPECT_EQ(pointer_names(text), std::nullopt) << text;
}

TEST(JsonPointer, AStepIsWrittenAsItIsRead) {
  std::string pointer;
  append_pointer_step(pointer, "a/~1b");
  append_pointer_step(pointer, "");
  EXPECT_EQ(pointer, "/a~1~01b/");
  EXPECT_THAT(pointer_names(pointer), Optional(ElementsAre("a/~1b", "")));
}

/// What stands at a pointer; of a name that stands twice the last value.
std::string found_at(std::string json, std::string_view pointer) {
  json.reserve(json.size() + kBodyPaddingBytes);
  JsonIndex index(1 << 16);
  EXPECT_TRUE(index.build(json, json, 64) == JsonProof::valid) << json;
  size_t steps_taken = 0;
  return std::string(value_at(index.root(), pointer_names(pointer).value(), steps_taken).raw());
}

TEST(JsonPointer, LeadsToMembersAndElements) {
  EXPECT_EQ(found_at(R"({"a":{"b":[1,{"c":2}]}})", "/a/b/1/c"), "2");
  EXPECT_EQ(found_at(R"({"a":1,"aa":2,"b":3,"a":4})", "/a"), "4");
  EXPECT_EQ(found_at(R"({"":1})", "/"), "1");
  EXPECT_EQ(found_at("[1,2]", ""), "[1,2]");
  for (std::string_view nothing : {"/2", "/01", "/-", "/a", "/0/0", "/"})
    EXPECT_EQ(found_at("[1,2]", nothing), "") << nothing;
}

// An escape is never shorter than what it means, and a name with a backslash is always escaped.
TEST(JsonPointer, FindsNamesThatAreEscaped) {
  EXPECT_EQ(found_at(R"({"\u0061":1,"b":2})", "/a"), "1");
  EXPECT_EQ(found_at(R"({"a\\b":1,"a\/b":2,"\"":3,"ab":4})", R"(/a\b)"), "1");
  EXPECT_EQ(found_at(R"({"a\\b":1,"a\/b":2,"\"":3,"ab":4})", "/a~1b"), "2");
  EXPECT_EQ(found_at(R"({"a\\b":1,"a\/b":2,"\"":3,"ab":4})", R"(/")"), "3");
  EXPECT_EQ(found_at(R"({"\\n":1})", R"(/\\n)"), "");
  EXPECT_EQ(found_at(R"({"\n":1})", R"(/\n)"), "");
}

}  // namespace
}  // namespace tributary
