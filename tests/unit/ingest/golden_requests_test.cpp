// What real SDKs send, and the events it becomes.
#include <gtest/gtest.h>

#include "engine/base/json_out.h"
#include "tests/unit/ingest/golden.h"
#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

/// How a request line is read; the routes themselves are tested with the server.
Request request_of(const std::string& head) {
  Request request;
  request.trust = SourceTrust::server;
  std::string path = head.substr(5, head.find(' ', 5) - 5);
  if (path == "/v1/batch" || path == "/v1/import") {
    request.shape = BodyShape::batch;
  } else {
    request.shape = BodyShape::single;
    request.route_type = EventType::track;
    EXPECT_TRUE(path == "/v1/t" || path == "/v1/track" || path == "/api/s/s2s/track") << path;
    request.shared_anonymous_id = path.starts_with("/api/s/s2s/");
  }
  size_t sent_at = head.find("\r\nsentat: ");
  if (sent_at != std::string::npos) {
    sent_at += 10;
    request.header_sent_at =
        parse_iso8601(std::string_view(head).substr(sent_at, head.find("\r\n", sent_at) - sent_at));
    EXPECT_TRUE(request.header_sent_at.has_value());
  }
  return request;
}

/// One event as readable JSON: a member a line.
std::string dump(const Event& event) {
  std::string out;
  auto line = [&](std::string_view name, std::string_view json) {
    out += "  \"" + std::string(name) + "\": " + std::string(json) + ",\n";
  };
  auto text = [](std::string_view value) {
    std::string quoted;
    append_json_string(quoted, value);
    return quoted;
  };
  line("type", text(event_type_name(event.type)));
  line("message_id", text(event.message_id));
  line("name", text(event.name));
  line("channel", text(event.channel));
  line("occurred_at", text(format_iso8601(event.occurred_at)));
  line("flags", std::to_string(event.flags));
  for (const EventIdentifier& member : event.identifiers) {
    line(kind_name(member.identifier.kind()),
         text(member.identifier.value() + (member.trust == Trust::verified ? " (verified)" : " (claimed)")));
  }
  for (const TraitChange& change : event.traits) line("trait " + change.key, change.value_json);
  out += "  \"json\": " + std::string(event.json) + "\n";
  return "{\n" + out + "}";
}

class GoldenRequests : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenRequests, BecomeTheRecordedEvents) {
  std::string head = read_file(test_path("golden/requests/" + GetParam() + ".head"));
  std::string body = read_file(test_path("golden/requests/" + GetParam() + ".body"));
  ASSERT_TRUE(head.ends_with("\r\n\r\n"));
  auto outcome = parse_request(body, request_of(head));
  ASSERT_FALSE(outcome->refused) << outcome->refused_code();
  std::string events;
  for (size_t i = 0; i < outcome->items.size(); ++i) {
    ASSERT_TRUE(outcome->is_event(i)) << i << outcome->item_code(i);
    events += (i ? ",\n" : "[\n") + dump(outcome->event(i));
  }
  expect_golden("golden/events/" + GetParam() + ".json", events + "\n]\n");
}

INSTANTIATE_TEST_SUITE_P(Sdks, GoldenRequests,
                         ::testing::Values("python-2.3.4", "ruby-2.5.0", "rudder-python-2.1.4", "segment-node-3.1.0",
                                           "rudder-node-3.0.13", "analytics-node-6.2.0", "analytics-next-1.84.3",
                                           "analytics-next-1.84.3-retry", "jitsu-1.11.0", "rudder-js-3.34.1"));

TEST(GoldenRequests, ContentLengthsAreThoseOfTheBodies) {
  size_t checked = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test_path("golden/requests"))) {
    if (entry.path().extension() != ".head") continue;
    std::string head = read_file(entry.path());
    for (char& c : head) c = static_cast<char>(std::tolower(c));
    size_t at = head.find("\r\ncontent-length: ");
    if (at == std::string::npos) continue;
    auto body = entry.path();
    EXPECT_EQ(std::stoul(head.substr(at + 18)), std::filesystem::file_size(body.replace_extension(".body")))
        << entry.path();
    ++checked;
  }
  EXPECT_EQ(checked, 8u);
}

}  // namespace
}  // namespace tributary::testing
