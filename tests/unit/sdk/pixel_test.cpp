#include "connectors/sdk/pixel.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

HttpRequest request_with(std::vector<std::pair<std::string, std::string>> query) {
  HttpRequest request;
  request.query = std::move(query);
  return request;
}

const Timestamp kNow = *parse_iso8601("2026-11-21T10:00:00Z");

TEST(RudderPixel, ParametersBecomeFields) {
  auto event = rudder_pixel_event(request_with({{"writeKey", "wk"},
                                                {"anonymousId", "\"a1\""},
                                                {"event", "Email Opened"},
                                                {"context.page.url", "http://x/"}}),
                                  EventType::track, kNow);
  EXPECT_EQ(event,
            R"({"anonymousId":"a1","event":"Email Opened","context":{"page":{"url":"http://x/"}},"type":"track",)"
            R"("channel":"web","integrations":{"All":true},"originalTimestamp":"2026-11-21T10:00:00.000Z",)"
            R"("sentAt":"2026-11-21T10:00:00.000Z"})");
}

TEST(RudderPixel, AnEmptyPageNameIsUnknownPage) {
  for (auto query : std::vector<std::vector<std::pair<std::string, std::string>>>{{}, {{"name", ""}}}) {
    auto event = rudder_pixel_event(request_with(query), EventType::page, kNow);
    EXPECT_NE(event.find(R"("name":"Unknown Page")"), event.npos) << event;
  }
  auto named = rudder_pixel_event(request_with({{"name", "Home"}}), EventType::page, kNow);
  EXPECT_NE(named.find(R"("name":"Home")"), named.npos);
}

TEST(RudderPixel, TheAddressCannotChangeTheType) {
  auto event = rudder_pixel_event(request_with({{"type", "merge"}, {"channel", "server"}}), EventType::track, kNow);
  EXPECT_EQ(event.find("merge"), event.npos);
  EXPECT_EQ(event.find("server"), event.npos);
}

TEST(JitsuPixel, ParametersAreSetOnTopOfData) {
  std::string data = base64(R"({"event":"e","userId":"u1","properties":{"n":1.50}})");
  auto event = jitsu_pixel_event(request_with({{"data", data},
                                               {"userId", "u2"},
                                               {"properties.m", "x"},
                                               {"writekey", "wk"},
                                               {"destination_url", "http://evil/"},
                                               {"cookie_domain", "d"},
                                               {"process_headers", "1"}}));
  EXPECT_EQ(event, R"({"event":"e","userId":"u2","properties":{"n":1.50,"m":"x"}})");
}

TEST(JitsuPixel, UrlSafeBase64AndSpacesForPlusAreUnderstood) {
  std::string json = "{\"event\":\"\xc3\xbe\xc3\xbf\xc3\xbb>>>???\"}";
  std::string data = base64(json);
  ASSERT_NE(data.find('+'), data.npos);
  ASSERT_NE(data.find('/'), data.npos);
  std::string url_safe = data, spaced = data;
  for (char& byte : url_safe) byte = byte == '+' ? '-' : byte == '/' ? '_' : byte;
  for (char& byte : spaced) byte = byte == '+' ? ' ' : byte;
  for (const std::string& form : {data, url_safe, spaced}) {
    EXPECT_EQ(jitsu_pixel_event(request_with({{"data", form}})), json);
  }
}

TEST(JitsuPixel, DataThatIsNoObjectIsPassedOnForTheParserToRefuse) {
  EXPECT_EQ(jitsu_pixel_event(request_with({{"data", base64("[1,")}, {"userId", "u"}})), "[1,");
  EXPECT_EQ(jitsu_pixel_event(request_with({{"data", "!"}, {"userId", "u"}})), "");
}

TEST(Pixel, AnswerIsAnImageThatNobodyCaches) {
  HttpResponse answer = pixel_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "image/gif");
  EXPECT_EQ(answer.body.size(), 43u);
  EXPECT_EQ(answer.body.substr(0, 6), "GIF89a");
  EXPECT_EQ(answer.headers.at(0), std::make_pair(std::string("Cache-Control"), std::string("no-store")));
}

}  // namespace
}  // namespace tributary
