// Numbers, escapes and ids come out with the characters they came in with.
#include <gtest/gtest.h>

#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

class Numbers : public ::testing::TestWithParam<std::string> {};

TEST_P(Numbers, AreKeptAsTextAndFailNobody) {
  std::string body = R"({"batch":[{"type":"identify","userId":"u","traits":{"n": )" + GetParam() + R"( ,"m":1}},)" +
                     R"({"type":"track","userId":"v","event":"e"}],"n":)" + GetParam() + "}";
  auto outcome = parse_request(body);
  ASSERT_TRUE(outcome->is_event(0)) << outcome->item_code(0);
  EXPECT_TRUE(outcome->is_event(1));
  EXPECT_EQ(trait(outcome->event(0), "n"), GetParam());
  EXPECT_NE(outcome->event(0).json.find("\"n\": " + GetParam() + " ,"), std::string_view::npos);
}

TEST_P(Numbers, AreTheirOwnTextAsIds) {
  auto outcome = track(R"({"event":"e","userId":)" + GetParam() + R"( ,"messageId": )" + GetParam() + " }");
  ASSERT_TRUE(outcome->is_event()) << outcome->item_code();
  EXPECT_EQ(outcome->event().message_id, GetParam());
  // Zeroes and dashes alone are a blocked value.
  EXPECT_EQ(identifier(outcome->event(), "user_id"), GetParam() == "-0" ? "" : GetParam() + " claimed");
}

INSTANTIATE_TEST_SUITE_P(Extreme, Numbers,
                         ::testing::Values("1e999", "-1e999", "18446744073709551616", "-9223372036854775809",
                                           "123456789012345678901234567890", "18446744073709551615", "9007199254740993",
                                           "-0", "12.50", "1e-999", "1.000000000000000005", "100000000000000000000.5"));

TEST(ExactText, ALoneSurrogateIsReplacedAndFlagged) {
  for (std::string_view escape : {R"(\ud800)", R"(\uDFFF)", R"(\uDC00\uD800)", R"(\ud800\n)"}) {
    std::string body = R"({"userId":"u","event":"e","properties":{"v":")" + std::string(escape) + R"(","n":1e999}})";
    auto outcome = track(body);
    ASSERT_TRUE(outcome->is_event()) << escape << outcome->refused_code();
    EXPECT_EQ(outcome->event().flags & EventFlags::kReplacedSurrogate, EventFlags::kReplacedSurrogate);
    EXPECT_NE(outcome->event().json.find(R"(\ufffd)"), std::string_view::npos);
    EXPECT_NE(outcome->event().json.find("1e999"), std::string_view::npos);
    EXPECT_EQ(outcome->event().json.size(), body.size());
  }
}

TEST(ExactText, OnlyTheItemWithTheSurrogateIsRewritten) {
  auto outcome =
      parse_request(R"([{"type":"page","userId":"a","name":"\ud800"},{"type":"page","userId":"\ud83d\ude00"}])");
  EXPECT_EQ(outcome->event(0).json, R"({"type":"page","userId":"a","name":"\ufffd"})");
  EXPECT_EQ(outcome->event(1).json, R"({"type":"page","userId":"\ud83d\ude00"})");
  EXPECT_EQ(outcome->event(1).flags & EventFlags::kReplacedSurrogate, 0);
  EXPECT_EQ(identifier(outcome->event(1), "user_id"), "\xf0\x9f\x98\x80 claimed");
}

TEST(ExactText, ASurrogateInTheBatchsContextIsFlaggedOnEveryItem) {
  auto outcome = parse_request(R"({"context":{"x":"\udc00"},"batch":[{"type":"page","userId":"u"}]})");
  EXPECT_EQ(outcome->event().json, R"({"type":"page","userId":"u","context":{"x":"\ufffd"}})");
  EXPECT_NE(outcome->event().flags & EventFlags::kReplacedSurrogate, 0);
}

TEST(ExactText, CopiesOfAnEventThatOwnsItsBytesStayValid) {
  Event copy;
  {
    auto outcome = track(R"({"userId":"u","event":"e\ud800"})");
    copy = outcome->event();
  }
  EXPECT_EQ(copy.json, R"({"userId":"u","event":"e\ufffd"})");
}

TEST(ExactText, BytesThatAreNotUtf8OutsideItemsRefuseTheRequest) {
  EXPECT_EQ(parse_request("{\"batch\":[{\"type\":\"page\",\"userId\":\"u\"}],\"x\":\"\xff\"}")->refused_code(),
            "invalid_json");
  EXPECT_EQ(parse_request("{\"x\":\"\xff\",\"batch\":[{\"type\":\"page\",\"userId\":\"u\"}]}")->refused_code(),
            "invalid_json");
}

TEST(ExactText, MessageIdsAreTrimmedAndOtherwiseVerbatim) {
  auto id_of = [](std::string_view id) {
    return track(R"({"userId":"u","event":"e","messageId":")" + std::string(id) + "\"}")->event();
  };
  EXPECT_EQ(id_of(R"( \u0007\tm 1\u0001x \n)").message_id, "m 1\x01x");
  EXPECT_EQ(id_of("Ä-" + std::string(200, 'x')).message_id, "Ä-" + std::string(200, 'x'));
  EXPECT_EQ(id_of("m").flags, 0);
}

TEST(ExactText, AnAbsentMessageIdIsGeneratedAndFlagged) {
  for (std::string_view id : {R"("")", "null", R"(" \u0007 ")"}) {
    auto outcome = track(R"({"userId":"u","event":"e","messageId":)" + std::string(id) + "}");
    EXPECT_EQ(outcome->event().message_id.size(), 36u);
    EXPECT_EQ(outcome->event().message_id[14], '7');
    EXPECT_EQ(outcome->event().flags, EventFlags::kGeneratedMessageId);
  }
  auto two = parse_request(R"([{"type":"page","userId":"u"},{"type":"page","userId":"u"}])");
  EXPECT_NE(two->event(0).message_id, two->event(1).message_id);
}

TEST(ExactText, EscapesInKeysAndValuesAreRead) {
  auto outcome = track(R"({"user\u0049d":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00x","event":"a\u0041"})");
  EXPECT_EQ(outcome->event().name, "aA");
  EXPECT_EQ(identifier(outcome->event(), "user_id"), "\"\\/é\xf0\x9f\x98\x80x claimed");
}

TEST(ExactText, JsonIsTheItemsOwnBytes) {
  std::string item = "{ \"type\" : \"page\" ,\n \"userId\":\t\"u\" , \"x\" : [ 1.0 , 2 ] }";
  auto outcome = parse_request("\xef\xbb\xbf [ " + item + " , " + item + " ]");
  EXPECT_EQ(outcome->event(0).json, item);
  EXPECT_EQ(outcome->event(1).json, item);
  EXPECT_EQ(outcome->event(0).owned_json, nullptr);
}

TEST(ExactText, NamesOfPagesFallBackToTheCategory) {
  EXPECT_EQ(parse_request(R"({"type":"page","userId":"u","name":"Home","category":"Docs"})")->event().name, "Home");
  EXPECT_EQ(parse_request(R"({"type":"screen","userId":"u","name":null,"category":"Docs"})")->event().name, "Docs");
  EXPECT_EQ(parse_request(R"({"type":"page","userId":"u"})")->event().name, "");
  EXPECT_EQ(parse_request(R"({"type":"identify","userId":"u","name":"x","event":7})")->event().name, "");
}

}  // namespace
}  // namespace tributary::testing
