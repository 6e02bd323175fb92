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

TEST(Openapi, IsServedAsJson) {
  EXPECT_EQ(openapi_json().substr(0, 18), R"({"openapi":"3.1.0")");
  EXPECT_EQ(openapi_json().back(), '}');
}

}  // namespace
}  // namespace tributary
