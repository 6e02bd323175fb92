#include "connectors/sdk/form_body.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

std::string form(std::string_view body, std::string content_type = "application/x-www-form-urlencoded; charset=UTF-8") {
  HttpRequest request;
  request.headers = {{"content-type", std::move(content_type)}};
  return form_json(request, body).value_or("-");
}

TEST(FormBody, TheFieldIsDecoded) {
  EXPECT_EQ(form("a=1&data=%7B%22event%22%3A+%22a%2Bb%22%7D"), R"({"event": "a+b"})");
  EXPECT_EQ(form("json=%5b%5D&data=x"), "[]");
  EXPECT_EQ(form("data="), "");
}

TEST(FormBody, JsonUnderTheFormsContentTypeIsLeftAlone) {
  EXPECT_EQ(form(R"({"data=":1})"), "-");
  EXPECT_EQ(form(" \n[1]&data=x"), "-");
  EXPECT_EQ(form("\xef\xbb\xbf{}&data=x"), "-");
}

TEST(FormBody, OtherTypesAndFieldsAreNoForm) {
  EXPECT_EQ(form("data=%7B%7D", "text/plain"), "-");
  EXPECT_EQ(form("other=1"), "-");
  EXPECT_EQ(form("data"), "-");
  EXPECT_EQ(form(""), "-");
}

TEST(FormBody, APercentSignThatBeginsNoEscapeStays) {
  EXPECT_EQ(form("data=100%"), "100%");
  EXPECT_EQ(form("data=%4"), "%4");
  EXPECT_EQ(form("data=%zz%41"), "%zzA");
}

}  // namespace
}  // namespace tributary
