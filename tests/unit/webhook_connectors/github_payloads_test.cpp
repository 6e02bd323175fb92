// Payloads that GitHub sent become events with a name, and of those without a rule nothing is lost.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "engine/base/text.h"
#include "tests/unit/ingest/golden.h"
#include "tests/unit/webhook_connectors/shipped_connector.h"

namespace tributary {
namespace {

using testing::read_file;
using testing::test_path;

struct Expected {
  const char* file;
  const char* name;  // of the event; empty: it leaves none
  bool mapped;
  const char* identifier;
};

constexpr Expected kExpected[] = {
    {"discussion.created", "github discussion created", false, "21031067"},
    {"fork", "Repository Forked", true, "38302899"},
    {"installation.created", "github installation created", false, "21031067"},
    {"issue_comment.created", "Social Message Sent", true, "21031067"},
    {"issues.opened", "Ticket Created", true, "21031067"},
    {"issues.reopened", "Ticket Reopened", true, "21031067"},
    {"marketplace_purchase.purchased", "github marketplace_purchase purchased", false, "3877742"},
    {"member.added", "github member added", false, "39652351"},
    {"ping", "", false, ""},
    {"push", "github push", false, "21031067"},
    {"release.published", "github release published", false, "21031067"},
    {"sponsorship.created", "github sponsorship created", false, "2"},
    {"star.created", "Repository Starred", true, "21031067"},
    {"star.deleted", "Repository Unstarred", true, "21031067"},
    {"watch.started", "github watch started", false, "21031067"},
};

class GithubPayloads : public ::testing::TestWithParam<Expected> {};

TEST_P(GithubPayloads, BecomeNamedEvents) {
  const Expected& expected = GetParam();
  auto connector = shipped_connector("github");
  ASSERT_TRUE(connector);
  std::string file = expected.file;
  std::string payload = read_file(test_path("golden/webhooks/github/" + file + ".json"));
  std::string event = file.substr(0, file.find('.'));
  MappedDelivery mapped = mapped_body(*connector, payload, {{"x-github-event", event}, {"x-github-delivery", "d-1"}});
  for (const MappingFault& fault : mapped.faults) ADD_FAILURE() << fault.path << ": " << fault.message;
  if (std::string_view(expected.name).empty()) {
    EXPECT_EQ(mapped.event_count, 0u);
    EXPECT_EQ(mapped.ignored, 1u);
    return;
  }
  ASSERT_EQ(mapped.event_count, 1u);
  EXPECT_EQ(mapped.unmapped, expected.mapped ? 0u : 1u);
  JsonText events(mapped.events);
  JsonValue first;
  for_each_element(events.root(), [&](const JsonValue& one) { first = one; });
  EXPECT_EQ(text_of(find_member(first, "event")), expected.name);
  EXPECT_EQ(text_of(find_member(first, "messageId")), "d-1");
  JsonValue identifiers = find_member(find_member(first, "context"), "externalId");
  std::string id;
  for_each_element(identifiers, [&](const JsonValue& one) { id = text_of(find_member(one, "id")); });
  EXPECT_EQ(id, expected.identifier) << mapped.events;
  if (!expected.mapped) {
    EXPECT_EQ(find_member(first, "properties").raw(), trim(payload, " \r\n")) << "something was lost";
  }
}

INSTANTIATE_TEST_SUITE_P(All, GithubPayloads, ::testing::ValuesIn(kExpected), [](const auto& parameter) {
  std::string name = parameter.param.file;
  for (char& c : name) c = c == '.' ? '_' : c;
  return name;
});

TEST(GithubPayloadFiles, AreAllExpected) {
  std::set<std::string> expected, found;
  for (const Expected& one : kExpected) expected.insert(std::string(one.file) + ".json");
  for (const auto& entry : std::filesystem::directory_iterator(test_path("golden/webhooks/github"))) {
    if (entry.path().extension() == ".json") found.insert(entry.path().filename());
  }
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace tributary
