// Bodies as a whole: which are refused, and where items are found.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

constexpr std::string_view kTrack = R"({"type":"track","userId":"u1","event":"e","messageId":"m1"})";

std::string batch_of(size_t items) {
  std::string body = R"({"batch":[)";
  for (size_t i = 0; i < items; ++i) body += (i ? "," : "") + std::string(kTrack);
  return body + "]}";
}

TEST(BodyShapes, BatchMembersComeInOrder) {
  auto outcome = parse_request(R"({"batch":[{"type":"track","userId":"a","event":"1"},{"type":"page","userId":"b"}]})");
  ASSERT_EQ(outcome->items.size(), 2u);
  EXPECT_EQ(outcome->event(0).name, "1");
  EXPECT_EQ(outcome->event(1).type, EventType::page);
}

TEST(BodyShapes, TopLevelArrayIsABatch) {
  auto outcome = parse_request("[" + std::string(kTrack) + ",7]");
  EXPECT_TRUE(outcome->is_event(0));
  EXPECT_EQ(outcome->rejected(1).path, "/1");
}

TEST(BodyShapes, OneEventOnABatchRouteIsABatchOfOne) {
  auto outcome = parse_request(kTrack);
  ASSERT_EQ(outcome->items.size(), 1u);
  EXPECT_EQ(outcome->event().message_id, "m1");
  EXPECT_EQ(outcome->event().json, kTrack);
}

TEST(BodyShapes, AnEmptyBodyIsRefused) {
  for (BodyShape shape : {BodyShape::single, BodyShape::batch}) {
    Request request;
    request.shape = shape;
    for (std::string_view body : {"", " \r\n\t", "null", "7", "\"x\"", "true"}) {
      EXPECT_EQ(parse_request(body, request)->refused_code(), "invalid_json") << body;
    }
  }
}

TEST(BodyShapes, EmptyAndMissingBatchesHaveTheirOwnCodes) {
  EXPECT_EQ(parse_request("[]")->refused_code(), "empty_batch");
  EXPECT_EQ(parse_request(R"({"batch":[]})")->refused_code(), "empty_batch");
  for (std::string_view body :
       {"{}", R"({"batch":null})", R"({"batch":{}})", R"({"batch":"x"})", R"({"userId":"u"})"}) {
    EXPECT_EQ(parse_request(body)->refused_code(), "missing_batch") << body;
  }
}

TEST(BodyShapes, BatchLimitHoldsExactly) {
  EXPECT_EQ(parse_request(batch_of(9'999))->items.size(), 9'999u);
  EXPECT_EQ(parse_request(batch_of(10'000))->items.size(), 10'000u);
  EXPECT_EQ(parse_request(batch_of(10'001))->refused_code(), "too_many_events");
}

TEST(BodyShapes, ABatchLimitOfZeroLeavesOnlyTheByteLimit) {
  Request request;
  request.limits.batch_events_max = 0;
  EXPECT_EQ(parse_request(batch_of(10'001), request)->items.size(), 10'001u);
}

TEST(BodyShapes, TruncatedJsonNamesTheByte) {
  auto outcome = track(R"({"a":1)");
  EXPECT_EQ(outcome->refused_code(), "invalid_json");
  EXPECT_EQ(outcome->refused->message, "invalid json at byte 6");
  EXPECT_EQ(track("\xef\xbb\xbf  {\"a\":tru}")->refused->message, "invalid json at byte 13");
}

TEST(BodyShapes, TrailingContentIsRefused) {
  for (std::string_view tail : {"x", "{}", "]", "}", ",", "{\"userId\":\"u\",\"event\":\"e\"}"}) {
    EXPECT_EQ(track(R"({"userId":"u","event":"e"})" + std::string(tail))->refused_code(), "invalid_json") << tail;
  }
}

TEST(BodyShapes, FaultsInPartsNobodyReadsAreRefused) {
  EXPECT_EQ(track(R"({"skip":[1,,2],"userId":"u","event":"e"})")->refused_code(), "invalid_json");
  EXPECT_EQ(track(R"({"skip":tru,"userId":"u","event":"e"})")->refused_code(), "invalid_json");
  EXPECT_EQ(track("{\"skip\":\"a\nb\",\"userId\":\"u\",\"event\":\"e\"}")->refused_code(), "invalid_json");
}

TEST(BodyShapes, OneByteOrderMarkIsStripped) {
  std::string body = R"({"userId":"u","event":"e"})";
  EXPECT_TRUE(track("\xef\xbb\xbf" + body)->is_event());
  EXPECT_TRUE(track("\xef\xbb\xbf \n" + body + "\n")->is_event());
  EXPECT_EQ(track("\xef\xbb\xbf\xef\xbb\xbf" + body)->refused_code(), "invalid_json");
  EXPECT_EQ(track("\xef\xbb\xbf")->refused_code(), "invalid_json");
}

TEST(BodyShapes, VeryDeepBodiesAreRefusedFast) {
  std::string open(100'000, '[');
  for (std::string body :
       {open, R"({"userId":"u","event":"e","properties":{"v":)" + open + std::string(100'000, ']') + "}}"}) {
    EventParser parser{IngestLimits{}};
    body.reserve(body.size() + kBodyPaddingBytes);
    auto start = std::chrono::steady_clock::now();
    auto refused = parser.parse(body, BodyShape::single);
    auto took = std::chrono::steady_clock::now() - start;
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->code, RejectionCode::invalid_json);
    EXPECT_LT(took, std::chrono::milliseconds(50)) << "5 ms on an idle machine";
  }
}

TEST(BodyShapes, WriteKeyIsReadFromTheTopThenFromTheFirstItem) {
  EXPECT_EQ(parse_request(R"({"writeKey":"top","batch":[{"writeKey":"item","type":"page","userId":"u"}]})")->write_key,
            "top");
  EXPECT_EQ(parse_request(R"({"batch":[{"writeKey":"item","type":"page","userId":"u"}]})")->write_key, "item");
  EXPECT_EQ(parse_request(R"([{"writeKey":"a\u0062","type":"page","userId":"u"}])")->write_key, "ab");
  EXPECT_EQ(parse_request(R"({"batch":[7]})")->write_key, "");
  EXPECT_EQ(track(R"({"writeKey":7,"userId":"u","event":"e"})")->write_key, "");
}

TEST(BodyShapes, AParserServesBodiesOfEverySizeInTurn) {
  EventParser parser{IngestLimits{}};
  Source source;
  ReceiveContext context;
  for (size_t items : {1u, 9'000u, 2u, 10'000u, 1u}) {
    std::string body = batch_of(items);
    body.reserve(body.size() + kBodyPaddingBytes);
    ASSERT_FALSE(parser.parse(body, BodyShape::batch));
    auto results = parser.read_events(source, test_key(), context);
    ASSERT_EQ(results.size(), items);
    EXPECT_EQ(std::get<Event>(results.back()).json, kTrack);
  }
}

TEST(BodyShapes, ARefusedBodyLeavesNoItems) {
  EventParser parser{IngestLimits{}};
  std::string body = R"({"batch":[)" + std::string(kTrack) + "]";
  body.reserve(body.size() + kBodyPaddingBytes);
  EXPECT_TRUE(parser.parse(body, BodyShape::batch));
  EXPECT_EQ(parser.item_count(), 0u);
  EXPECT_TRUE(parser.read_events(Source{}, test_key(), ReceiveContext{}).empty());
}

TEST(BodyShapes, ContextOfTheBatchIsMergedAndTheItemWins) {
  auto outcome = parse_request(
      R"({"context":{"ip":"1.1.1.1","traits":{"email":"b@x.example","n":1.50}},"integrations":{"All":true},)"
      R"("batch":[{"type":"identify","userId":"u","context":{"traits":{"email":"i@x.example"}},"x":1.50},)"
      R"({"type":"track","event":"e","userId":"v","context":null,"integrations":{"All":false}}]})");
  EXPECT_EQ(
      outcome->event(0).json,
      R"({"type":"identify","userId":"u","context":{"traits":{"email":"i@x.example","n":1.50},"ip":"1.1.1.1"},"x":1.50,)"
      R"("integrations":{"All":true}})");
  EXPECT_EQ(identifier(outcome->event(0), "email"), "i@x.example claimed");
  EXPECT_EQ(trait(outcome->event(0), "n"), "1.50");
  EXPECT_EQ(
      outcome->event(1).json,
      R"({"type":"track","event":"e","userId":"v","context":{"ip":"1.1.1.1","traits":{"email":"b@x.example","n":1.50}},)"
      R"("integrations":{"All":false}})");
  EXPECT_EQ(identifier(outcome->event(1), "email"), "b@x.example claimed");
}

TEST(BodyShapes, MergedNumbersNoParserHoldsStayText) {
  auto outcome =
      parse_request(R"({"context":{"n":1e999},"batch":[{"type":"page","userId":"u","v":18446744073709551616}]})");
  EXPECT_EQ(outcome->event().json, R"({"type":"page","userId":"u","v":18446744073709551616,"context":{"n":1e999}})");
}

TEST(BodyShapes, MergingCanNotMultiplyASmallBody) {
  std::string body = R"({"context":{"x":")" + std::string(100'000, 'x') + R"("},"batch":[)";
  for (int i = 0; i < 200; ++i) body += (i ? "," : "") + std::string(kTrack);
  EXPECT_EQ(parse_request(body + "]}")->refused_code(), "payload_too_large");
}

TEST(BodyShapes, RejectedItemsKeepTheirOwnBytesAlsoWhenMerged) {
  auto outcome = parse_request(R"({"context":{"a":1},"batch":[{"type":"track"}]})");
  EXPECT_EQ(outcome->rejected().raw, R"({"type":"track"})");
}

}  // namespace
}  // namespace tributary::testing
