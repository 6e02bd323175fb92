#include "engine/base/json_members.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

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
