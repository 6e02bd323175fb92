// What workspaces make of channels, then and now.
#include "engine/profile/channel_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/profile/fact_sketch.h"

namespace tributary {
namespace {

using testing::ElementsAre;

constexpr int64_t kDay = kMicrosPerDay;
using Values = std::vector<std::pair<ChannelField, std::string>>;

Fact word(int64_t day, const std::string& code, Values values, const std::string& touchpoint = "") {
  values.emplace_back(ChannelField::code, code);
  values.emplace_back(ChannelField::by, "ann");
  if (!touchpoint.empty()) values.emplace_back(ChannelField::touchpoint, touchpoint);
  std::ranges::sort(values);
  return make_fact(FactKind::channel, ChannelAct::set, channel_subject(code, touchpoint), day * kDay,
                   "m" + std::to_string(day) + touchpoint, std::move(values));
}

std::string described(const ChannelClass& is) {
  return is.group + " (" + is.role + ") " + (is.priority ? std::to_string(*is.priority) : "-");
}

/// "live_stream partner (acquire, sell) -"; of a touchpoint "live_stream/room-7 own ...".
std::vector<std::string> listed(const std::vector<Fact>& said, int64_t day, const std::string& code) {
  std::vector<std::string> lines;
  for (const ChannelEntry& entry : channels_at(said, Timestamp{day * kDay})) {
    if (entry.code != code) continue;
    lines.push_back(code + (entry.touchpoint.empty() ? "" : '/' + entry.touchpoint) + ' ' + described(entry.is));
  }
  return lines;
}

TEST(DomainSection1, ReclassifiedAsOwnYesterdayStillShowsPartner) {
  std::vector<Fact> said = {word(10, "live_stream", {{ChannelField::group, "own"}})};
  EXPECT_THAT(listed(said, 9, "live_stream"), ElementsAre("live_stream partner (acquire, sell) -"));
  EXPECT_THAT(listed(said, 10, "live_stream"), ElementsAre("live_stream own (acquire, sell) -"));
  EXPECT_THAT(listed(said, 10, "social"), ElementsAre("social partner (brand, word of mouth) -"));
}

TEST(ChannelRegistry, ListsEveryChannelInItsOrder) {
  auto entries = channels_at({}, Timestamp{0});
  ASSERT_EQ(entries.size(), channels().size());
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].code, channels()[i].code);
    EXPECT_EQ(entries[i].is.group, channels()[i].group);
    EXPECT_FALSE(entries[i].since);
  }
}

TEST(ChannelRegistry, WhatAWordLeavesOutStays) {
  std::vector<Fact> said = {word(1, "store", {{ChannelField::priority, "3"}}),
                            word(2, "store", {{ChannelField::role, "show"}}),
                            word(3, "store", {{ChannelField::priority, kNoChannelPriority}})};
  EXPECT_THAT(listed(said, 2, "store"), ElementsAre("store own (show) 3"));
  std::ranges::reverse(said);
  EXPECT_THAT(listed(said, 3, "store"), ElementsAre("store own (show) -"));
}

TEST(ChannelRegistry, ATouchpointIsAsItsChannelWhereNobodySaidOtherwise) {
  std::vector<Fact> said = {word(1, "live_stream", {{ChannelField::priority, "2"}}, "room-7"),
                            word(2, "live_stream", {{ChannelField::group, "own"}, {ChannelField::priority, "9"}}),
                            word(3, "live_stream", {{ChannelField::group, "emerging"}}, "room-8")};
  EXPECT_THAT(listed(said, 1, "live_stream"),
              ElementsAre("live_stream partner (acquire, sell) -", "live_stream/room-7 partner (acquire, sell) 2"));
  EXPECT_THAT(listed(said, 3, "live_stream"),
              ElementsAre("live_stream own (acquire, sell) 9", "live_stream/room-7 own (acquire, sell) 2",
                          "live_stream/room-8 emerging (acquire, sell) 9"));
}

TEST(ChannelRegistry, TheHistoryTellsBothSidesOfAChange) {
  std::vector<Fact> said = {word(2, "live_stream", {{ChannelField::priority, "1"}}, "room-7"),
                            word(1, "live_stream", {{ChannelField::group, "own"}, {ChannelField::reason, "ours now"}}),
                            word(3, "social", {{ChannelField::group, "own"}})};
  auto changes = channel_changes(said, "live_stream");
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(described(changes[0].from), "partner (acquire, sell) -");
  EXPECT_EQ(described(changes[0].to), "own (acquire, sell) -");
  EXPECT_EQ(changes[0].by + ' ' + changes[0].reason, "ann ours now");
  EXPECT_EQ(changes[1].touchpoint, "room-7");
  EXPECT_EQ(described(changes[1].from), "own (acquire, sell) -");
  EXPECT_EQ(described(changes[1].to), "own (acquire, sell) 1");
  EXPECT_TRUE(channel_changes(said, "moon").empty());
}

}  // namespace
}  // namespace tributary
