#include "connectors/query/query_json.h"

#include <gtest/gtest.h>

#include "connectors/query/query_routes.h"

namespace tributary {
namespace {

const Timestamp kThen = *parse_iso8601("2026-01-02T03:04:05Z");
const CustomerId kCustomer{Hash128{}};
const std::string kCustomerText = kCustomer.text();

ProfileView profile() {
  ProfileView view;
  view.id = kCustomer;
  view.identifiers = {
      IdentifierView{{IdentifierFamily::email, ""}, "ann@example.com", Trust::verified, kThen, kThen, 2}};
  view.traits = {TraitView{"n", "12345678901234567890.10", "web", "m1", kThen}};
  view.event_counts = {EventCountView{"Order \"Completed\"", 2}};
  view.channels = {"web"};
  view.events = 2;
  view.first_seen = view.last_seen = kThen;
  return view;
}

TEST(ProfileJson, HoldsEverything) {
  EXPECT_EQ(
      profile_json(profile(), "default", false),
      R"({"customer_id":")" + kCustomerText +
          R"(","workspace":"default","identifiers":[{"kind":"email","value":"ann@example.com","trust":"verified",)"
          R"("first_seen":"2026-01-02T03:04:05.000Z","last_seen":"2026-01-02T03:04:05.000Z","events":2}],)"
          R"("traits":{"n":12345678901234567890.10},"event_counts":{"Order \"Completed\"":2},"events":2,)"
          R"("first_seen":"2026-01-02T03:04:05.000Z","last_seen":"2026-01-02T03:04:05.000Z","channels":["web"]})");
}

TEST(ProfileJson, VerboseTellsWhereEachTraitComesFrom) {
  EXPECT_NE(profile_json(profile(), "default", true)
                .find(R"("traits":{"n":{"value":12345678901234567890.10,"source":"web","message_id":"m1",)"
                      R"("occurred_at":"2026-01-02T03:04:05.000Z"}})"),
            std::string::npos);
}

TEST(TimelineJson, EventBytesAreUnchanged) {
  TimelinePage page;
  page.customer = kCustomer;
  TimelineEntry entry;
  entry.type = EventType::track;
  entry.name = "e", entry.message_id = "m", entry.source = "web";
  entry.occurred_at = entry.received_at = kThen;
  entry.flags = EventFlags::kFutureClamped | EventFlags::kGeneratedMessageId;
  entry.json = R"({ "a" : 1.50, "a" : 9007199254740993 })";
  page.entries = {entry};
  EXPECT_EQ(timeline_json(page),
            R"({"customer_id":")" + kCustomerText +
                R"(","events":[{"type":"track","name":"e","message_id":"m","source":"web",)"
                R"("occurred_at":"2026-01-02T03:04:05.000Z","received_at":"2026-01-02T03:04:05.000Z",)"
                R"("flags":["future_clamped","generated_message_id"],)"
                R"("event":{ "a" : 1.50, "a" : 9007199254740993 }}],"next":null})");
  page.entries.clear();
  page.next_cursor = "c";
  EXPECT_EQ(timeline_json(page), R"({"customer_id":")" + kCustomerText + R"(","events":[],"next":"c"})");
}

TEST(RejectedJson, RawBytesBecomeValidText) {
  RejectedPage page;
  RejectedEntry entry;
  entry.id = "7", entry.source = "web", entry.code = RejectionCode::invalid_utf8;
  entry.message = "no UTF-8", entry.path = "/batch/3", entry.received_at = kThen;
  entry.raw = "{\"a\":\"\xff\"}";
  page.entries = {entry};
  EXPECT_EQ(rejected_json(page),
            R"({"rejected":[{"id":"7","source":"web","code":"invalid_utf8","message":"no UTF-8","path":"/batch/3",)"
            R"("message_id":"","received_at":"2026-01-02T03:04:05.000Z","raw":"{\"a\":\")"
            "\xef\xbf\xbd"
            R"(\"}"}],"next":null})");
}

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

std::string replaced(int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += kReplacement;
  return out;
}

TEST(ValidUtf8, ValidTextIsUnchanged) {
  for (std::string_view text : {"", "ascii", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                                "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xe4\xb8\xad\xe6\x96\x87"}) {
    EXPECT_EQ(valid_utf8(text), text);
  }
  EXPECT_EQ(valid_utf8(std::string_view("a\0b", 3)), std::string_view("a\0b", 3));
}

TEST(ValidUtf8, EachIllFormedSubsequenceIsReplacedOnce) {
  EXPECT_EQ(valid_utf8("a\xff"), "a" + replaced(1));
  EXPECT_EQ(valid_utf8("\x80\x80"), replaced(2));
  EXPECT_EQ(valid_utf8("\xc0\xaf"), replaced(2));                  // overlong slash
  EXPECT_EQ(valid_utf8("\xe0\x80\x80"), replaced(3));              // overlong
  EXPECT_EQ(valid_utf8("\xed\xa0\x80"), replaced(3));              // surrogate
  EXPECT_EQ(valid_utf8("\xf4\x90\x80\x80"), replaced(4));          // beyond U+10FFFF
  EXPECT_EQ(valid_utf8("\xe4\xb8"), replaced(1));                  // cut at the end
  EXPECT_EQ(valid_utf8("\xf1\x80\x80\xe1\x80\xc2"), replaced(3));  // Unicode's own example
  EXPECT_EQ(valid_utf8("\xe4\xb8x"), replaced(1) + "x");
}

TEST(Openapi, IsServedAsJson) {
  EXPECT_EQ(openapi_json().substr(0, 18), R"({"openapi":"3.1.0")");
  EXPECT_EQ(openapi_json().back(), '}');
}

}  // namespace
}  // namespace tributary
