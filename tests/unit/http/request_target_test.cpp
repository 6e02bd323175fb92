#include "connectors/http/request_target.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

using Path = std::vector<std::string>;
using Query = std::vector<std::pair<std::string, std::string>>;

std::optional<RejectionCode> parse(std::string_view target, HttpRequest& request) {
  return parse_target(target, request);
}

Path path_of(std::string_view target) {
  HttpRequest request;
  EXPECT_EQ(parse(target, request), std::nullopt) << target;
  return request.path;
}

std::optional<RejectionCode> refusal_of(std::string_view target) {
  HttpRequest request;
  return parse(target, request);
}

TEST(RequestTarget, SlashesCollapseAndTheLastOneIsIgnored) {
  EXPECT_EQ(path_of("/v1/batch"), (Path{"v1", "batch"}));
  EXPECT_EQ(path_of("//v1//batch/"), (Path{"v1", "batch"}));
  EXPECT_EQ(path_of("/"), Path{});
  EXPECT_EQ(path_of("*"), Path{});
}

TEST(RequestTarget, AnEncodedSlashIsDataOfItsSegment) {
  EXPECT_EQ(path_of("/profiles/email:a%2Fb@x.cn/traits"), (Path{"profiles", "email:a/b@x.cn", "traits"}));
  EXPECT_EQ(path_of("/phone:%2B8613800001234"), (Path{"phone:+8613800001234"}));
  EXPECT_EQ(path_of("/a+b"), (Path{"a+b"}));
}

TEST(RequestTarget, EachSegmentIsDecodedOnce) { EXPECT_EQ(path_of("/%252F"), (Path{"%2F"})); }

TEST(RequestTarget, DangerousPathsAreRefused) {
  for (const char* target : {"/a/../b", "/./a", "/%2e%2e/etc", "/%2E", "/a%00b", "/%", "/%2", "/%zz", "/%c0%af", "/%ff",
                             "/%ed%a0%80", "/\xff"}) {
    EXPECT_EQ(refusal_of(target), RejectionCode::malformed_request) << target;
  }
}

TEST(RequestTarget, TooManySegmentsAreNoRoute) {
  std::string target;
  for (size_t i = 0; i < kPathSegmentsMax; ++i) target += "/a";
  EXPECT_EQ(refusal_of(target), std::nullopt);
  EXPECT_EQ(refusal_of(target + "/a"), RejectionCode::not_found);
}

TEST(RequestTarget, QueryIsDecodedInOrder) {
  HttpRequest request;
  ASSERT_EQ(parse("/p?writeKey=wk%5F1&&a=b+c&a=%2B&flag&=x&bad=%zz%4&n=%e4%bd%a0&i=%ff", request), std::nullopt);
  EXPECT_EQ(request.query, (Query{{"writeKey", "wk_1"},
                                  {"a", "b c"},
                                  {"a", "+"},
                                  {"flag", ""},
                                  {"", "x"},
                                  {"bad", "%zz%4"},
                                  {"n", "\xe4\xbd\xa0"},
                                  {"i", "\xef\xbf\xbd"}}));
  EXPECT_EQ(request.parameter("a"), "b c");
  EXPECT_TRUE(request.has_parameter("flag"));
  EXPECT_FALSE(request.has_parameter("Flag"));
}

TEST(RequestTarget, NothingIsLeftOfTheRequestBefore) {
  HttpRequest request;
  ASSERT_EQ(parse("/a/b/c?x=1&y=2", request), std::nullopt);
  ASSERT_EQ(parse("/a%41", request), std::nullopt);
  EXPECT_EQ(request.path, Path{"aA"});
  EXPECT_EQ(request.query, Query{});
}

TEST(FormField, FindsTheFirstFieldOfAName) {
  EXPECT_EQ(form_field("a=1&data=%7B%7D&data=2", "data"), "{}");
  EXPECT_EQ(form_field("a=1", "data"), std::nullopt);
  EXPECT_EQ(form_field("data", "data"), "");
}

}  // namespace
}  // namespace tributary
