// Items: which are refused, with what code and pointer, and that their neighbours are not.
#include <gtest/gtest.h>

#include "engine/domain/record.h"
#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

struct BadItem {
  std::string_view json, code, path;
};

void PrintTo(const BadItem& item, std::ostream* out) { *out << item.json.substr(0, 80); }

class BadItems : public ::testing::TestWithParam<BadItem> {};

TEST_P(BadItems, FailAloneWithTheirCode) {
  const BadItem& bad = GetParam();
  Request request;
  request.shape = BodyShape::single;    // without a route type: the body's counts
  if (bad.json.front() != '{') return;  // no body can be this item: it is refused before
  auto outcome = parse_request(bad.json, request);
  ASSERT_EQ(outcome->items.size(), 1u) << outcome->refused_code();
  EXPECT_EQ(outcome->item_code(), bad.code);
  EXPECT_EQ(outcome->rejected().path, bad.path);
  EXPECT_TRUE(outcome->rejected().raw == bad.json.substr(0, request.limits.event_bytes_max));
}

TEST_P(BadItems, FailAloneInABatch) {
  const BadItem& bad = GetParam();
  std::string body = R"({"batch":[)";
  for (int i = 0; i < 100; ++i) {
    std::string good = R"({"type":"track","userId":"u","event":"e","messageId":"m)" + std::to_string(i) + "\"}";
    body += (i ? "," : "") + (i == 3 ? std::string(bad.json) : good);
  }
  auto outcome = parse_request(body + "]}");
  ASSERT_EQ(outcome->items.size(), 100u) << outcome->refused_code();
  for (size_t i = 0; i < 100; ++i) EXPECT_EQ(outcome->item_code(i), i == 3 ? bad.code : "") << i;
  EXPECT_EQ(outcome->rejected(3).path, "/batch/3" + std::string(bad.path));
  EXPECT_TRUE(outcome->rejected(3).raw == bad.json.substr(0, IngestLimits{}.event_bytes_max));
  EXPECT_EQ(outcome->event(99).message_id, "m99");
}

const std::string kLongId(1025, 'u');
const std::string kLongIdItem = R"({"type":"page","userId":")" + kLongId + "\"}";
const std::string kLongMessageItem = R"({"type":"page","userId":"u","messageId":")" + kLongId + "\"}";
const std::string kLongNameItem = R"({"type":"track","userId":"u","event":")" + kLongId + "\"}";
const std::string kDeepItem =
    R"({"type":"page","userId":"u","properties":{"v":)" + std::string(63, '[') + std::string(63, ']') + "}}";
const std::string kLargeItem =
    R"({"type":"page","userId":"u","properties":{"v":")" + std::string(524'288, 'x') + "\"}}";
const std::string kManyIds = [] {
  std::string item = R"({"type":"page","userId":"u","context":{"externalId":[)";
  for (int i = 0; i < 20; ++i) item += (i ? "," : "") + (R"({"type":"crm","id":"c)" + std::to_string(i) + "\"}");
  return item + "]}}";
}();

INSTANTIATE_TEST_SUITE_P(
    Rules, BadItems,
    ::testing::Values(
        BadItem{"7", "not_an_object", ""}, BadItem{"null", "not_an_object", ""}, BadItem{"[]", "not_an_object", ""},
        BadItem{"\"x\"", "not_an_object", ""},                                                                //
        BadItem{R"({"userId":"u","event":"e"})", "missing_type", "/type"},                                    //
        BadItem{R"({"type":null,"userId":"u"})", "missing_type", "/type"},                                    //
        BadItem{R"({"type":"","userId":"u"})", "missing_type", "/type"},                                      //
        BadItem{R"({"type":"click","userId":"u"})", "unknown_type", "/type"},                                 //
        BadItem{R"({"type":["track"],"userId":"u"})", "unknown_type", "/type"},                               //
        BadItem{R"({"type":"track","event":"e"})", "missing_id", ""},                                         //
        BadItem{R"({"type":"track","event":"e","userId":null,"anonymousId":""})", "missing_id", ""},          //
        BadItem{R"({"type":"track","event":"e","userId":" \u0007 "})", "missing_id", ""},                     //
        BadItem{R"({"type":"alias","anonymousId":"a-123456","previousId":"p"})", "missing_id", ""},           //
        BadItem{R"({"type":"track","userId":"u"})", "missing_event", "/event"},                               //
        BadItem{R"({"type":"track","userId":"u","event":""})", "missing_event", "/event"},                    //
        BadItem{R"({"type":"track","userId":"u","event":" \t"})", "missing_event", "/event"},                 //
        BadItem{R"({"type":"track","userId":"u","event":7})", "invalid_field", "/event"},                     //
        BadItem{R"({"type":"group","userId":"u"})", "missing_group_id", "/groupId"},                          //
        BadItem{R"({"type":"group","userId":"u","groupId":""})", "missing_group_id", "/groupId"},             //
        BadItem{R"({"type":"page","userId":true})", "invalid_field", "/userId"},                              //
        BadItem{R"({"type":"page","userId":{"id":"u"}})", "invalid_field", "/userId"},                        //
        BadItem{R"({"type":"page","userId":"u","anonymousId":["a"]})", "invalid_field", "/anonymousId"},      //
        BadItem{R"({"type":"page","userId":"a\u0000b"})", "invalid_field", "/userId"},                        //
        BadItem{R"({"type":"page","anonymousId":"a\u0000"})", "invalid_field", "/anonymousId"},               //
        BadItem{R"({"type":"page","userId":"u","messageId":"a\u0000b"})", "invalid_field", "/messageId"},     //
        BadItem{R"({"type":"page","userId":"\ud800alice"})", "invalid_field", "/userId"},                     //
        BadItem{R"({"type":"page","userId":"\udbffalice"})", "invalid_field", "/userId"},                     //
        BadItem{R"({"type":"page","userId":"u","anonymousId":"a\udc00"})", "invalid_field", "/anonymousId"},  //
        BadItem{R"({"type":"alias","userId":"u","previousId":"\ud800"})", "invalid_field", "/previousId"},    //
        BadItem{R"({"type":"group","userId":"u","groupId":"g\ud800"})", "invalid_field", "/groupId"},         //
        BadItem{R"({"type":"page","userId":"u","messageId":"\ud800m"})", "invalid_field", "/messageId"},      //
        BadItem{R"({"type":"page","userId":"u","messageId":{}})", "invalid_field", "/messageId"},             //
        BadItem{R"({"type":"page","userId":"u","properties":"x"})", "invalid_field", "/properties"},          //
        BadItem{R"({"type":"page","userId":"u","context":[]})", "invalid_field", "/context"},                 //
        BadItem{R"({"type":"identify","userId":"u","traits":7})", "invalid_field", "/traits"},                //
        BadItem{R"({"type":"page","userId":"u","name":7})", "invalid_field", "/name"},                        //
        BadItem{kLongIdItem, "invalid_field", "/userId"}, BadItem{kLongMessageItem, "invalid_field", "/messageId"},
        BadItem{kLongNameItem, "invalid_field", "/event"}, BadItem{kManyIds, "invalid_field", ""},
        BadItem{kDeepItem, "too_deep", ""}, BadItem{kLargeItem, "event_too_large", ""},
        BadItem{R"({"type":"page","userId":"a","userId":"b"})", "duplicate_key", "/userId"},                 //
        BadItem{R"({"type":"page","userId":"1","userId":1})", "duplicate_key", "/userId"},                   //
        BadItem{R"({"type":"page","userId":"a","user\u0049d":"b"})", "duplicate_key", "/userId"},            //
        BadItem{R"({"type":"page","type":"track","userId":"a","event":"e"})", "duplicate_key", "/type"},     //
        BadItem{R"({"type":"page","anonymousId":"a","anonymousId":"b"})", "duplicate_key", "/anonymousId"},  //
        BadItem{R"({"type":"track","userId":"a","event":"x","event":"y"})", "duplicate_key", "/event"},      //
        BadItem{R"({"type":"page","userId":"a","messageId":"x","messageId":"y"})", "duplicate_key", "/messageId"},
        BadItem{R"({"type":"merge","mergeProperties":[{"type":"user_id","value":"a"},{"type":"user_id","value":"b"}]})",
                "not_allowed", "/type"},
        BadItem{"{\"type\":\"page\",\"userId\":\"u\",\"p\":\"\xff\"}", "invalid_utf8", ""},
        BadItem{"{\"type\":\"page\",\"userId\":\"u\",\"p\xc0\xaf\":1}", "invalid_utf8", ""},
        BadItem{"{\"type\":\"page\",\"userId\":\"u\xed\xa0\x80\"}", "invalid_utf8", ""}));

TEST(ItemRejections, LimitsHoldExactly) {
  auto with_id = [](size_t bytes) {
    return track(R"({"event":"e","userId":")" + std::string(bytes, 'u') + "\"}")->item_code();
  };
  EXPECT_EQ(with_id(1023), "");
  EXPECT_EQ(with_id(1024), "");
  EXPECT_EQ(with_id(1025), "invalid_field");
  auto with_depth = [](size_t depth) {
    std::string nested = std::string(depth - 2, '[') + std::string(depth - 2, ']');
    return track(R"({"event":"e","userId":"u","properties":{"v":)" + nested + "}}")->item_code();
  };
  EXPECT_EQ(with_depth(63), "");
  EXPECT_EQ(with_depth(64), "");
  EXPECT_EQ(with_depth(65), "too_deep");
  EXPECT_EQ(with_depth(1000), "too_deep");
  auto with_size = [](size_t bytes) {
    std::string frame = R"({"event":"e","userId":"u","p":""})";
    frame.insert(frame.size() - 2, std::string(bytes - frame.size(), 'x'));
    return track(frame)->item_code();
  };
  EXPECT_EQ(with_size(524'287), "");
  EXPECT_EQ(with_size(524'288), "");
  EXPECT_EQ(with_size(524'289), "event_too_large");
}

TEST(ItemRejections, DepthCountsFromTheItemInEveryShape) {
  std::string nested = std::string(62, '[') + std::string(62, ']');
  std::string item = R"({"type":"page","userId":"u","properties":{"v":)" + nested + "}}";
  EXPECT_EQ(parse_request(item)->item_code(), "");
  EXPECT_EQ(parse_request("[" + item + "]")->item_code(), "");
  EXPECT_EQ(parse_request(R"({"batch":[)" + item + "]}")->item_code(), "");
}

TEST(ItemRejections, PropertyLimitIsOffByDefaultAndNeverSilent) {
  std::string body = R"({"userId":"u","event":"e","properties":{)";
  for (int i = 0; i < 10'000; ++i) body += (i ? "," : "") + ("\"p" + std::to_string(i) + "\":1");
  body += "}}";
  EXPECT_EQ(track(body)->item_code(), "");
  Request limited = single(EventType::track);
  limited.limits.properties_max = 9'999;
  EXPECT_EQ(parse_request(body, limited)->item_code(), "too_many_properties");
  limited.limits.properties_max = 10'000;
  EXPECT_EQ(parse_request(body, limited)->item_code(), "");
}

TEST(ItemRejections, IdentifyWhoseTraitsDoNotFitARecordTwiceIsTooLarge) {
  std::string traits = R"({"t":")" + std::string(520'000, 'x') + "\"}";
  std::string body = R"({"type":"identify","userId":"u","traits":)" + traits + "}";
  EXPECT_EQ(parse_request(body)->item_code(), "");
  Request wide;
  wide.limits.event_bytes_max = kRecordPayloadMax;
  std::string more =
      R"({"type":"identify","userId":"u","traits":{"t":")" + std::string(kRecordPayloadMax / 2, 'x') + "\"}}";
  EXPECT_EQ(parse_request(more, wide)->item_code(), "event_too_large");
}

TEST(ItemRejections, ATooLargeItemIsKeptUpToTheLimit) {
  Request request;
  request.limits.event_bytes_max = 100;
  std::string body = R"({"type":"page","userId":"u","messageId":"m","p":")" + std::string(200, 'x') + "\"}";
  auto outcome = parse_request(body, request);
  EXPECT_EQ(outcome->rejected().raw, body.substr(0, 100));
  EXPECT_EQ(outcome->rejected().message_id, "m");
}

TEST(ItemRejections, MessagesShowAtMost64EscapedBytesOfInput) {
  auto outcome = parse_request(R"({"type":")" + std::string(500, '\x7f') + R"(","userId":"u"})");
  EXPECT_EQ(outcome->item_code(), "unknown_type");
  EXPECT_LT(outcome->rejected().message.size(), 100u);
  EXPECT_NE(outcome->rejected().message.find("\\x7f\\x7f"), std::string::npos);
}

TEST(ItemRejections, EqualDuplicatesAndDuplicatesElsewhereAreNoFault) {
  auto outcome = track(R"({"userId":"u","userId":"u","event":"e","properties":{"a":1},"properties":{"a":1,"a":2}})");
  EXPECT_EQ(outcome->item_code(), "");
  EXPECT_NE(outcome->event().json.find(R"("a":1,"a":2)"), std::string_view::npos);
}

TEST(ItemRejections, ThePathDecidesTheTypeOfASingleEvent) {
  EXPECT_EQ(track(R"({"type":"page","userId":"u","event":"e"})")->event().type, EventType::track);
  EXPECT_EQ(parse_request(R"({"type":"TrAcK","userId":"u","event":"e"})")->event().type, EventType::track);
}

TEST(ItemRejections, RejectedItemsCarryTheirMessageId) {
  EXPECT_EQ(parse_request(R"({"type":"track","messageId":" m9 "})")->rejected().message_id, "m9");
  EXPECT_EQ(parse_request(R"({"type":"track","messageId":9})")->rejected().message_id, "9");
}

TEST(ItemRejections, HostilePropertyNamesAreStoredVerbatim) {
  std::string body =
      R"json({"userId":"u","event":"e","properties":{"__proto__":1,"constructor":2,"$where":3,"<script>":4,"=HYPERLINK()" :
          5,
  "a\u0000" : "\u0000"
}
})json";
  EXPECT_EQ(track(body)->event().json, body);
}

}  // namespace
}  // namespace tributary::testing
