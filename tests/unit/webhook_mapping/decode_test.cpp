// Bodies of every form as one document.
#include "connectors/webhook/decode.h"

#include "connectors/webhook/form_document.h"
#include "tests/unit/webhook_mapping/mapping_fixture.h"

namespace tributary {
namespace {

class DecodeTest : public testing::Test {
 protected:
  /// The document, or `error: ...`.
  std::string decoded(std::string_view body, std::string_view type, BodyForm form = BodyForm::automatic,
                      std::vector<NestedRule> nested = {}) {
    Call call(body);
    auto result = decoder_.decode({form, std::move(nested)}, type, call.request.body);
    if (!result) {
      EXPECT_EQ(decoder_.root().raw(), "{}");
      return "error: " + result.error().message;
    }
    return std::string(decoder_.root().raw());
  }
  std::string form(std::string_view body) { return decoded(body, "application/x-www-form-urlencoded; charset=utf-8"); }
  std::string nested(std::string_view body, std::vector<NestedForm> as) {
    return decoded(body, "application/json", BodyForm::automatic, {{{"msg"}, "/msg", std::move(as)}});
  }

  DocumentDecoder decoder_{1 << 20};
};

TEST_F(DecodeTest, JsonAsItStands) {
  EXPECT_EQ(decoded(" {\"a\": 1e999} \r\n", "application/json"), "{\"a\": 1e999}");
  EXPECT_EQ(decoded("\xef\xbb\xbf[]", "application/json"), "[]");
  EXPECT_EQ(decoded("", "application/json"), "{}");
  EXPECT_EQ(decoded(" \n", ""), "{}");
  EXPECT_EQ(decoded("3", "application/cloudevents+json"), "3");
  EXPECT_EQ(decoded("{\"a\":\"\\ud800x\"}", "application/json"), "{\"a\":\"\\ufffdx\"}") << "a lone surrogate";
  EXPECT_EQ(decoded("{\"a\":123456789012345678901234567890}", ""), "{\"a\":123456789012345678901234567890}");
  EXPECT_EQ(decoded("{\"a\":", "application/json"), "error: no JSON: fault at byte 5");
  EXPECT_EQ(decoded("a=1", "application/json"), "error: no JSON: fault at byte 0");
  EXPECT_EQ(decoded("{} x", "", BodyForm::json), "error: no JSON: fault at byte 3");
  EXPECT_TRUE(decoded(std::string(2000, '['), "application/json").starts_with("error: "));
}

TEST_F(DecodeTest, AutomaticGoesByTypeAndFirstCharacter) {
  EXPECT_EQ(decoded("{\"a\":1}", "application/x-www-form-urlencoded"), "{\"a\":1}");
  EXPECT_EQ(decoded("{a}=1", "application/x-www-form-urlencoded"), "{\"{a}\":\"1\"}");
  EXPECT_EQ(decoded("a=1", "APPLICATION/X-WWW-FORM-URLENCODED"), "{\"a\":\"1\"}");
  EXPECT_EQ(decoded("<xml><A>1</A><B><![CDATA[\xe4\xbd\xa0]]></B></xml>", ""), "{\"A\":\"1\",\"B\":\"\xe4\xbd\xa0\"}");
  EXPECT_EQ(decoded("hello \"you\"\xff", "text/plain"), "{\"body\":\"hello \\\"you\\\"\xef\xbf\xbd\"}");
  EXPECT_EQ(decoded("{broken", "text/plain"), "{\"body\":\"{broken\"}");
  EXPECT_TRUE(decoded("<!DOCTYPE a><a/>", "text/xml").starts_with("error: "));
  EXPECT_EQ(decoded("a=1", "text/plain", BodyForm::form), "{\"a\":\"1\"}");
}

TEST_F(DecodeTest, UrlencodedForms) {
  EXPECT_EQ(form("type=subscribe&data%5Bmerges%5D%5BPHONE%5D=%2B49+1&data[email]=a%40b"),
            R"({"type":"subscribe","data":{"merges":{"PHONE":"+49 1"},"email":"a@b"}})");
  EXPECT_EQ(form("a=1&a=2&a=3"), R"({"a":["1","2","3"]})");
  EXPECT_EQ(form("a[]=1"), R"({"a":["1"]})");
  EXPECT_EQ(form("a[]=1&a[]=2"), R"({"a":["1","2"]})");
  EXPECT_EQ(form("a[0][id]=1&a[1][id]=2"), R"({"a":[{"id":"1"},{"id":"2"}]})");
  EXPECT_EQ(form("a[1]=x&a[5]=y"), R"({"a":{"1":"x","5":"y"}})");
  EXPECT_EQ(form("a[][id]=1&a[][id]=2"), R"({"a":[{"id":"1"},{"id":"2"}]})");
  EXPECT_EQ(form("a=1&a[b]=2"), R"({"a":"1","a[b]":"2"})") << "contradicts: stands for itself";
  EXPECT_EQ(form("a[b]=2&a=1"), R"({"a":{"b":"2","":"1"}})");
  EXPECT_EQ(form("a&=b&&c=%zz%4"), R"({"a":"","":"b","c":"%zz%4"})");
  EXPECT_EQ(form("a[b=1&]x[=2"), R"({"a[b":"1","]x[":"2"})");
  EXPECT_EQ(form("a=%ff%00"), "{\"a\":\"\xef\xbf\xbd\\u0000\"}");
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep += "[b]";
  EXPECT_EQ(form(deep + "=1"), "{\"" + deep + "\":\"1\"}");
  std::string many;
  for (int i = 0; i < 10'001; ++i) many += "a=1&";
  EXPECT_EQ(form(many), "error: a form of more than 10,000 fields");
}

TEST_F(DecodeTest, MultipartForms) {
  std::string body =
      "preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"a[b]\"\r\n\r\none\r\ntwo\r\n--XX  \r\n"
      "content-disposition: form-data; filename=\"m.png\"; name=file\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n"
      "--XX\r\nContent-Disposition: form-data; name=\"e\"\r\n\r\n\r\n--XX--\r\n";
  EXPECT_EQ(decoded(body, "multipart/form-data; boundary=\"XX\""), R"({"a":{"b":"one\r\ntwo"},"file":"m.png","e":""})");
  EXPECT_EQ(decoded(body.substr(10), "multipart/form-data; boundary=XX"),
            R"({"a":{"b":"one\r\ntwo"},"file":"m.png","e":""})");
  EXPECT_EQ(decoded("--XX--", "multipart/form-data; boundary=XX"), "{}");
  EXPECT_EQ(decoded(body, "multipart/form-data"), "error: a multipart form without its boundary");
  EXPECT_EQ(decoded("--XX\r\nno end", "multipart/form-data; boundary=XX"),
            "error: a multipart form that ends within a part");
}

TEST_F(DecodeTest, NestedDocuments) {
  EXPECT_EQ(nested(R"({"x":1,"msg":"{\"id\":9223372036854775807}","y":2})", {NestedForm::json}),
            R"({"x":1,"msg":{"id":9223372036854775807},"y":2})");
  EXPECT_EQ(nested(R"({"msg":"%7B%22tid%22%3A%22E1%22%7D"})", {NestedForm::urldecode, NestedForm::json}),
            R"({"msg":{"tid":"E1"}})");
  EXPECT_EQ(nested(R"({"msg":"eyJhIjoxfQ=="})", {NestedForm::base64, NestedForm::json}), R"({"msg":{"a":1}})");
  EXPECT_EQ(nested(R"({"msg":"a%20b+c"})", {NestedForm::urldecode}), R"({"msg":"a b c"})");
  EXPECT_EQ(nested(R"({"msg":{"already":1}})", {NestedForm::json}), R"({"msg":{"already":1}})");
  EXPECT_EQ(nested(R"({"msg":""})", {NestedForm::json}), R"({"msg":""})");
  EXPECT_EQ(nested(R"({})", {NestedForm::json}), "{}");
  EXPECT_EQ(nested(R"({"msg":"1, \"injected\": 2"})", {NestedForm::json}), "error: /msg: no JSON: fault at byte 1");
  EXPECT_EQ(nested(R"({"msg":"!"})", {NestedForm::base64}), "error: /msg is no base64");
  EXPECT_EQ(nested(R"({"msg":"{\"a\":\"\\ud800\",\"b\":1e999}"})", {NestedForm::json}),
            R"({"msg":{"a":"\ufffd","b":1e999}})");
  EXPECT_EQ(decoded("mandrill_events=%5B%7B%22a%22%3A1%7D%5D", "application/x-www-form-urlencoded", BodyForm::automatic,
                    {{{"mandrill_events"}, "/mandrill_events", {NestedForm::json}}}),
            R"({"mandrill_events":[{"a":1}]})");
}

TEST_F(DecodeTest, ABodyOverTheLimitIsRefused) {
  DocumentDecoder small(10);
  Call call("[1,2,3,4,5,6]");
  EXPECT_FALSE(small.decode({}, "application/json", call.request.body));
}

TEST(HeaderParameter, ReadsQuotedAndPlain) {
  EXPECT_EQ(header_parameter("form-data; name=\"a\\\"b;c\"; filename=x", "name"), "a\"b;c");
  EXPECT_EQ(header_parameter("form-data; name=\"a;filename=z\"; FileName = x ", "filename"), "x");
  EXPECT_EQ(header_parameter("form-data; flag; name=a", "name"), "a");
  EXPECT_EQ(header_parameter("form-data", "name"), "");
  EXPECT_EQ(header_parameter("form-data; name=\"open", "name"), "open");
}

}  // namespace
}  // namespace tributary
