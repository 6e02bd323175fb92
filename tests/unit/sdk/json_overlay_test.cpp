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

}  // namespace
}  // namespace tributary
