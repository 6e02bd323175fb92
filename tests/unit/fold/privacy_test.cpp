// Keys outlive deletion in a store's manifest and index blocks, so no personal data may stand in one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/model/fold_harness.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

const KeyedHash kKey(std::string(32, 'k'));
const WorkspaceId kWorkspace{1};
constexpr const char* kCanary = "canary";

std::vector<Event> events_full_of_canaries() {
  std::vector<Event> events;
  for (int64_t i = 0; i < 200; ++i) {
    std::string mark = std::string(kCanary) + std::to_string(i);
    EventSketch sketch{.ids = {{"user_id", mark + "-user"}, {"email", mark + "@example.com"}, {"device_id", mark}},
                       .at = i,
                       .message_id = mark + "-message",
                       .source = mark + "-source",
                       .name = mark + "-name",
                       .channel = mark + "-channel",
                       .traits = {{mark + "-trait", "\"" + mark + "\"", TraitOperation::set}}};
    events.push_back(make_event(sketch, kKey));
  }
  return events;
}

TEST(Privacy, NoKeyHoldsPersonalData) {
  FoldHarness harness(kKey);
  harness.fold(kWorkspace, events_full_of_canaries());
  Rejected rejected;
  rejected.source = rejected.message_id = rejected.message = rejected.path = kCanary;
  rejected.raw = kCanary;
  harness.fold_rejected(kWorkspace, {rejected});
  size_t keys = 0, values_with_canaries = 0;
  for (size_t i = 0; i < kFamilyCount; ++i) {
    auto rows = harness.store().scan(static_cast<Family>(i), "");
    for (; rows->valid(); rows->next()) {
      ++keys;
      EXPECT_EQ(rows->key().find(kCanary), std::string_view::npos) << family_name(static_cast<Family>(i));
      values_with_canaries += rows->value().find(kCanary) != std::string_view::npos ? 1 : 0;
    }
  }
  EXPECT_GT(keys, 1000u);
  EXPECT_GT(values_with_canaries, 100u) << "the canaries did not get here: this test saw nothing";
}

TEST(Privacy, FilesBesideTheTablesHoldNoPersonalData) {
  FoldHarness harness(kKey);
  for (const Event& event : events_full_of_canaries()) harness.fold(kWorkspace, {event});
  ASSERT_TRUE(harness.store().flush());
  harness.reopen();
  size_t files = 0;
  bool manifest = false;
  for (const auto& entry : std::filesystem::directory_iterator(harness.directory())) {
    if (entry.path().extension() == ".sst") continue;  // tables hold values
    std::ifstream file(entry.path(), std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    EXPECT_EQ(bytes.find(kCanary), std::string::npos) << entry.path();
    manifest |= entry.path().filename().string().starts_with("MANIFEST") && bytes.size() > 500;
    ++files;
  }
  EXPECT_GT(files, 3u);
  EXPECT_TRUE(manifest) << "no manifest with table ranges: this test saw nothing";
}

}  // namespace
}  // namespace tributary::model
