#include "engine/linkage/similarity.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

// Winkler's published examples, to the four places that he gives.
TEST(JaroWinkler, IsThatOfThePublishedExamples) {
  EXPECT_NEAR(jaro_winkler(U"MARTHA", U"MARHTA"), 0.9611, 0.00005);
  EXPECT_NEAR(jaro_winkler(U"DWAYNE", U"DUANE"), 0.8400, 0.00005);
  EXPECT_NEAR(jaro_winkler(U"DIXON", U"DICKSONX"), 0.8133, 0.00005);
  EXPECT_NEAR(jaro_winkler(U"JONES", U"JOHNSON"), 0.8324, 0.00005);
}

TEST(JaroWinkler, OfNothingInCommonIsNothing) {
  EXPECT_EQ(jaro_winkler(U"abc", U"xyz"), 0);
  EXPECT_EQ(jaro_winkler(U"", U"xyz"), 0);
  EXPECT_EQ(jaro_winkler(U"", U""), 1);
  EXPECT_EQ(jaro_winkler(U"王芳", U"王芳"), 1);
}

TEST(JaroWinkler, CountsCharactersNotBytes) {
  // 3 of 4 agree, and the prefix of 2: jaro 5/6.
  EXPECT_NEAR(jaro_winkler(code_points("欧阳芳芳"), code_points("欧阳芳红")), 5.0 / 6 + 3 * 0.1 / 6, 1e-12);
}

TEST(JaroWinkler, IsTheSameBothWays) {
  for (auto [a, b] : {std::pair{U"abcdefgh", U"hgfabced"}, {U"aab", U"aba"}, {U"sam", U"smart alec"}}) {
    EXPECT_DOUBLE_EQ(jaro_winkler(a, b), jaro_winkler(b, a));
  }
}

TEST(EditDistance, CountsEachKindOfEditOnce) {
  EXPECT_EQ(edit_distance(U"kitten", U"sitting"), 3u);
  EXPECT_EQ(edit_distance(U"natahn", U"nathan"), 1u);
  EXPECT_EQ(edit_distance(U"", U"abc"), 3u);
  EXPECT_EQ(edit_distance(U"abc", U""), 3u);
  EXPECT_EQ(edit_distance(U"same", U"same"), 0u);
  EXPECT_EQ(edit_distance(U"ca", U"abc"), 3u);  // nothing is edited twice
  EXPECT_EQ(edit_distance(code_points("澄江科技"), code_points("澄汇科技")), 1u);
}

TEST(CodePoints, AreThoseOfEachLength) {
  EXPECT_EQ(code_points("a\u00e9\u738b\U0001f600"), (std::u32string{U'a', U'\u00e9', U'\u738b', U'\U0001f600'}));
  EXPECT_EQ(code_points("a\xff\xc3z"), (std::u32string{U'a', U'\ufffd', U'\ufffd', U'z'}));
}

}  // namespace
}  // namespace tributary
