#include "connectors/sdk/json_overlay.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(JsonOverlay, DotsMakePaths) {
  JsonOverlay overlay;
  overlay.set_string("context.page.url", "http://x/?a=1");
  overlay.set_string("context.page.title", "T");
  overlay.set_string("userId", "u\"1");
  EXPECT_EQ(overlay.merged_into({}), R"({"context":{"page":{"url":"http://x/?a=1","title":"T"}},"userId":"u\"1"})");
}

TEST(JsonOverlay, ALaterValueReplacesAtAndAboveItsPlace) {
  JsonOverlay overlay;
  overlay.set_string("a", "1");
  overlay.set_string("a.b", "2");
  EXPECT_EQ(overlay.merged_into({}), R"({"a":{"b":"2"}})");
  overlay.set_string("a", "3");
  EXPECT_EQ(overlay.merged_into({}), R"({"a":"3"})");
}

TEST(JsonOverlay, OtherMembersOfTheObjectKeepTheirBytes) {
  JsonOverlay overlay;
  overlay.set_string("context.page.url", "new");
  overlay.set_string("userId", "u1");
  EXPECT_EQ(
      overlay.merged_into(
          R"( {"n":12345678901234567890.10,"userId":"old", "context":{"ip":"1", "page":{"url":"o","q":[1,{"a":"}"}]}}} )"),
      R"({"n":12345678901234567890.10,"context":{"ip":"1","page":{"q":[1,{"a":"}"}],"url":"new"}},"userId":"u1"})");
}

TEST(JsonOverlay, AValueThatIsNoObjectIsReplacedByASubtree) {
  JsonOverlay overlay;
  overlay.set_string("context.ip", "1");
  EXPECT_EQ(overlay.merged_into(R"({"context":[1,2]})"), R"({"context":{"ip":"1"}})");
}

TEST(JsonOverlay, PathsBeyondTheDepthLimitAreIgnored) {
  JsonOverlay overlay;
  std::string path = "a";
  for (size_t i = 1; i < kOverlayDepthMax; ++i) path += ".a";
  overlay.set_string(path + ".a", "too deep");
  EXPECT_EQ(overlay.merged_into({}), "{}");
  overlay.set_string(path, "x");
  EXPECT_NE(overlay.merged_into({}), "{}");
}

TEST(SplitObject, UnderstandsStringsAndBrackets) {
  std::vector<RawMember> members;
  ASSERT_TRUE(split_object(R"({"a\"," : "x,}" , "b":[{"c":","}],"d":1})", members));
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[0], RawMember(R"(a\",)", R"("x,}")"));
  EXPECT_EQ(members[1], RawMember("b", R"([{"c":","}])"));
  EXPECT_EQ(members[2], RawMember("d", "1"));
}

TEST(SplitObject, RefusesWhatIsNoObject) {
  for (const char* text : {"", "[]", "{", "}", "7", R"({"a")", R"({"a":1,})", R"({"a":]})", R"({a:1})", R"({"a":"x})",
                           R"({"a":{})", R"({"a" 1})"}) {
    std::vector<RawMember> members;
    EXPECT_FALSE(split_object(text, members)) << text;
  }
  std::vector<RawMember> members;
  EXPECT_TRUE(split_object("{}", members));
  EXPECT_TRUE(members.empty());
}

}  // namespace
}  // namespace tributary
