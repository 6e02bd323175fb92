// The channel of an event: one code, whatever the sender calls it.
#include "engine/ingest/channel.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

std::unique_ptr<Outcome> page_with(std::string_view members, const std::string& of_source = "") {
  Request request;
  request.channel = of_source;
  return parse_request(R"({"type":"page","userId":"u",)" + std::string(members) + "}", request);
}

std::string channel(std::string_view members, const std::string& of_source = "") {
  auto outcome = page_with(members, of_source);
  return outcome->event().channel + ((outcome->event().flags & EventFlags::kUnknownChannel) != 0 ? " (unknown)" : "");
}

std::string said(const std::string& word) { return channel(R"("channel":")" + word + "\""); }

TEST(Channels, AreThoseOfTheList) {
  std::set<std::string_view> codes;
  for (const Channel& known : channels()) {
    EXPECT_TRUE(codes.insert(known.code).second) << known.code;
    EXPECT_EQ(find_channel(known.code), &known);
    EXPECT_EQ(channel_named(known.code), &known);
    EXPECT_EQ(channel_named(known.label), &known) << known.label;
    EXPECT_EQ(known.role.empty(), known.code == kOtherChannel) << known.code;
  }
  EXPECT_EQ(codes.size(), 26u);
  EXPECT_EQ(find_channel("live_stream")->group, "partner");
  EXPECT_EQ(find_channel("Store"), nullptr);
}

// CH-1: an event with channel 门店 is stored as `store`; with 月球 as `other`, counter +1.
TEST(Channels, EveryEventCarriesACodeAndAnUnknownWordIsOther) {
  EXPECT_EQ(said("门店"), "store");
  auto outcome = page_with(R"("channel":"月球")");
  EXPECT_EQ(outcome->event().channel, "other");
  EXPECT_EQ(outcome->event().flags & EventFlags::kUnknownChannel, EventFlags::kUnknownChannel);
  EXPECT_EQ(outcome->findings.unknown_channels, 1u);
  EXPECT_NE(outcome->event().json.find("月球"), std::string_view::npos) << "the raw text is kept";
  EXPECT_EQ(page_with(R"("channel":"其他")")->findings.unknown_channels, 0u);
}

TEST(Channels, AreReadInAnySpelling) {
  for (const char* word :
       {"mini_program", "Mini Program", "MINI-PROGRAM", "miniProgram", " 小程序 ", "ｍｉｎｉ＿ｐｒｏｇｒａｍ"}) {
    EXPECT_EQ(said(word), "mini_program") << word;
  }
  for (const char* word : {"公众号", "企业微信", "公众号/企业微信"}) EXPECT_EQ(said(word), "official_account") << word;
  EXPECT_EQ(said("电话"), "call_center");
  EXPECT_EQ(said("抖音"), "social");
  EXPECT_EQ(said("POS"), "store");
  EXPECT_EQ(said("web"), "website");
  EXPECT_EQ(said("Browser"), "website");
  EXPECT_EQ(said("mobile"), "app");
  EXPECT_EQ(said("stores"), "other (unknown)");
  EXPECT_EQ(said(std::string(65, 'a')), "other (unknown)");
  EXPECT_EQ(channel(R"("channel":7)"), "other (unknown)");
}

TEST(Channels, WordsForNothingSayNothing) {
  for (const char* word : {"", "  ", "无", "null", "N/A", "-"}) EXPECT_EQ(said(word), "") << word;
  EXPECT_EQ(channel(R"("channel":"null")", "store"), "store");
  EXPECT_EQ(channel(R"("channel":null)", "store"), "store");
  EXPECT_EQ(channel(R"("channel":{"a":1})", "store"), "store");
}

TEST(Channels, TheEventsOwnWordWinsThenItsContextThenTheSource) {
  EXPECT_EQ(channel(R"("channel":"门店","context":{"channel":"app"})", "survey"), "store");
  EXPECT_EQ(channel(R"("context":{"channel":"小程序"})", "survey"), "mini_program");
  EXPECT_EQ(channel(R"("x":1)", "survey"), "survey");
  EXPECT_EQ(channel(R"("context":{"page":{"url":"http://x"}})", "mini_program"), "mini_program");
  EXPECT_EQ(channel(R"("properties":{"channel":"sms"})"), "") << "what the event is about";
}

TEST(Channels, OfWhatAnSdkPutsInByItselfTheContextIsPreferred) {
  EXPECT_EQ(channel(R"("channel":"web","context":{"channel":"小程序"})"), "mini_program");
  EXPECT_EQ(channel(R"("channel":"server","context":{"channel":"pos"})"), "store");
  EXPECT_EQ(channel(R"("channel":"web")", "mini_program"), "website");
  EXPECT_EQ(channel(R"("channel":"mobile","context":{"channel":"server"})"), "app");
  EXPECT_EQ(channel(R"("channel":"server")", "erp"), "erp");
  EXPECT_EQ(channel(R"("channel":"server")"), "");
  EXPECT_EQ(channel(R"("context":{"channel":"server","page":{"url":"x"}})"), "website");
}

TEST(Channels, AreGuessedFromTheLibraryLast) {
  EXPECT_EQ(channel(R"("context":{"library":{"name":"analytics.js"}})"), "website");
  EXPECT_EQ(channel(R"("context":{"library":{"name":"analytics-ios"}})"), "app");
  EXPECT_EQ(channel(R"("context":{"library":{"name":"analytics-android"}})"), "app");
  EXPECT_EQ(channel(R"("context":{"page":{},"library":{"name":"@jitsu/js"}})"), "");
  EXPECT_EQ(channel(R"("context":{"os":{"name":"iOS"},"library":{"name":"analytics-swift"}})"), "app");
  EXPECT_EQ(channel(R"("context":{"device":{"type":"android"},"library":{"name":"x"}})"), "app");
  EXPECT_EQ(channel(R"("context":{"library":{"name":"analytics-python"}})"), "");
  EXPECT_EQ(channel(R"("x":1)"), "");
}

TEST(Touchpoints, AreKeptAsSaid) {
  auto touchpoint = [](std::string_view members) {
    auto outcome = page_with(members);
    return outcome->event().touchpoint + ((outcome->event().flags & EventFlags::kPropertyWrong) != 0 ? " (wrong)" : "");
  };
  EXPECT_EQ(touchpoint(R"("touchpoint":" store:HZ-01 ")"), "store:HZ-01");
  EXPECT_EQ(touchpoint(R"("context":{"touchpoint":"live_stream:房间7"})"), "live_stream:房间7");
  EXPECT_EQ(touchpoint(R"("touchpoint":"a","context":{"touchpoint":"b"})"), "a");
  EXPECT_EQ(touchpoint(R"("touchpoint":12)"), "12");
  EXPECT_EQ(touchpoint(R"("touchpoint":null)"), "");
  EXPECT_EQ(touchpoint(R"("touchpoint":"无")"), "");
  std::string longest(kTouchpointBytesMax, 'x');
  EXPECT_EQ(touchpoint(R"("touchpoint":")" + longest + "\""), longest);
  EXPECT_EQ(touchpoint(R"("touchpoint":"x)" + longest + "\""), " (wrong)");
  EXPECT_EQ(touchpoint(R"("touchpoint":{"store":1})"), " (wrong)");
}

}  // namespace
}  // namespace tributary::testing
