#include "engine/profile/fragment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/profile/sketch.h"

namespace tributary {
namespace {

using enum TraitOperation;

// In both orders, by apply and by join, the result is the same: that one.
Fragment both_orders(const SketchedEvent& a, const SketchedEvent& b) {
  Fragment applied = fragment_of({a, b});
  EXPECT_EQ(bytes_of(applied), bytes_of(fragment_of({b, a})));
  Fragment joined = fragment_of({a});
  join(joined, fragment_of({b}));
  EXPECT_EQ(bytes_of(applied), bytes_of(joined));
  Fragment joined_back = fragment_of({b});
  join(joined_back, fragment_of({a}));
  EXPECT_EQ(bytes_of(applied), bytes_of(joined_back));
  return applied;
}

std::string winner(const SketchedEvent& a, const SketchedEvent& b) {
  Fragment result = both_orders(a, b);
  const auto& traits = result.traits.empty() ? result.traits_once : result.traits;
  return traits.at(0).value_json + " of " + traits.at(0).source + "/" + traits.at(0).message_id;
}

TEST(SetTrait, LaterEventWinsWhateverArrivesLast) {
  EXPECT_EQ(winner({"m1", 5, {{set, "city", "\"Paris\""}}}, {"m2", 3, {{set, "city", "\"Rome\""}}}),
            "\"Paris\" of shop/m1");
}

TEST(SetTrait, OfOneTimeTheGreaterMessageIdWins) {
  EXPECT_EQ(winner({"m1", 5, {{set, "city", "\"Paris\""}}}, {"m2", 5, {{set, "city", "\"Oslo\""}}}),
            "\"Oslo\" of shop/m2");
}

TEST(SetTrait, HigherTrustWinsOverLaterTime) {
  SketchedEvent server{"m1", 1, {{set, "tier", "\"gold\""}}};
  SketchedEvent browser{"m2", 9, {{set, "tier", "\"free\""}}, "web", Trust::claimed};
  EXPECT_EQ(winner(server, browser), "\"gold\" of shop/m1");
}

TEST(SetTrait, OneMessageIdOfTwoSourcesHasOneWinner) {
  SketchedEvent shop{"m1", 5, {{set, "city", "\"Paris\""}}, "shop"};
  SketchedEvent web{"m1", 5, {{set, "city", "\"Oslo\""}}, "web"};
  EXPECT_EQ(winner(shop, web), "\"Paris\" of shop/m1");
  web.traits[0].value_json = "\"Paris\"";
  EXPECT_EQ(winner(shop, web), "\"Paris\" of web/m1");
}

TEST(SetTrait, NullIsATombstoneThatWinsByTheSameRule) {
  SketchedEvent set_it{"m1", 5, {{set, "city", "\"Paris\""}}};
  SketchedEvent unset_it{"m2", 6, {{set, "city", "null"}}};
  SketchedEvent late_set{"m3", 4, {{set, "city", "\"Rome\""}}};
  EXPECT_EQ(winner(set_it, unset_it), "null of shop/m2");
  EXPECT_EQ(winner(late_set, unset_it), "null of shop/m2");
  SketchedEvent set_again{"m4", 7, {{set, "city", "\"Oslo\""}}};
  EXPECT_EQ(winner(set_again, unset_it), "\"Oslo\" of shop/m4");
}

TEST(SetOnceTrait, EarliestEventWinsWhateverItsTrust) {
  SketchedEvent late{"m1", 5, {{set_once, "utm", "\"b\""}}};
  SketchedEvent early{"m2", 3, {{set_once, "utm", "\"a\""}}, "web", Trust::claimed};
  EXPECT_EQ(winner(late, early), "\"a\" of web/m2");
}

TEST(SetOnceTrait, OfOneTimeTheSmallerMessageIdWins) {
  EXPECT_EQ(winner({"m2", 5, {{set_once, "utm", "1"}}}, {"m1", 5, {{set_once, "utm", "2"}}}), "2 of shop/m1");
  SketchedEvent shop{"m1", 5, {{set_once, "utm", "1"}}, "shop"};
  SketchedEvent web{"m1", 5, {{set_once, "utm", "1"}}, "web"};
  EXPECT_EQ(winner(shop, web), "1 of shop/m1");
}

TEST(Increment, Adds) {
  Fragment sum = both_orders({"m1", 1, {{increment, "logins", "3"}}}, {"m2", 2, {{increment, "logins", "-10"}}});
  ASSERT_EQ(sum.counters.size(), 1u);
  EXPECT_EQ(decimal(sum.counters[0].sum), "-7");
}

TEST(Increment, NoSumOverflows) {
  SketchedEvent most{"m1", 1, {{increment, "n", "9223372036854775807"}}};
  SketchedEvent least{"m2", 1, {{increment, "n", "-9223372036854775808"}}};
  EXPECT_EQ(decimal(fragment_of({most, most, most}).counters[0].sum), "27670116110564327421");
  EXPECT_EQ(decimal(fragment_of({least, least}).counters[0].sum), "-18446744073709551616");
  EXPECT_EQ(decimal(fragment_of({most, least}).counters[0].sum), "-1");
}

TEST(Fragment, FirstAndLastAreByEventTime) {
  Fragment seen = both_orders({"m2", 5, {}}, {"m1", 5, {}});
  EXPECT_EQ(seen.first_at.micros, 5);
  EXPECT_EQ(seen.first_message_id, "m1");
  EXPECT_EQ(seen.last_at.micros, 5);
  seen = both_orders({"m1", -4, {}}, {"m2", 9, {}});
  EXPECT_EQ(seen.first_at.micros, -4);
  EXPECT_EQ(seen.last_at.micros, 9);
  EXPECT_EQ(seen.events, 2u);
}

TEST(Fragment, CountsEventsByNameOrType) {
  SketchedEvent named{"m1"}, unnamed{"m2"}, other{"m3"};
  named.name = "Order Completed";
  unnamed.type = EventType::identify;
  other.name = "Order Completed";
  Fragment counted = fragment_of({named, unnamed, other});
  ASSERT_EQ(counted.event_counts.size(), 2u);
  EXPECT_EQ(counted.event_counts[0].name, "Order Completed");
  EXPECT_EQ(counted.event_counts[0].count, 2u);
  EXPECT_EQ(counted.event_counts[1].name, "identify");
}

TEST(Fragment, KeepsChannelsOnceAndSorted) {
  SketchedEvent web{"m1"}, server{"m2"}, silent{"m3"};
  web.channel = "web";
  server.channel = "server";
  EXPECT_THAT(fragment_of({web, server, web, silent}).channels, testing::ElementsAre("server", "web"));
}

TEST(Fragment, TraitsTakeTheBestTrustOfTheEvent) {
  SketchedEvent event{"m1", 1, {{set, "a", "1"}}, "web", Trust::claimed};
  EventView view = view_of(event);
  view.identifiers.push_back({Hash128{}, Trust::verified, IdentifierFamily::email, {}, {}});
  Fragment fragment;
  apply(fragment, view);
  EXPECT_EQ(fragment.traits[0].trust, Trust::verified);
}

TEST(Decimal, CoversTheWholeRange) {
  EXPECT_EQ(decimal(0), "0");
  EXPECT_EQ(decimal(-1), "-1");
  EXPECT_EQ(decimal(10), "10");
  Int128 most = static_cast<Int128>(~static_cast<UInt128>(0) >> 1);
  EXPECT_EQ(decimal(most), "170141183460469231731687303715884105727");
  EXPECT_EQ(decimal(-most - 1), "-170141183460469231731687303715884105728");
}

Fragment full_fragment() {
  SketchedEvent event{"m1", -5, {{set, "a", "{\"n\":[1]}"}, {set_once, "b", "2"}, {increment, "c", "-3"}}};
  event.name = "Näme";
  event.channel = "web";
  return fragment_of({event, {"m2", 1LL << 60, {{increment, "c", "-9223372036854775808"}}}});
}

TEST(FragmentRow, ReadsBack) {
  Fragment read = *decode_fragment(bytes_of(full_fragment()));
  EXPECT_EQ(bytes_of(read), bytes_of(full_fragment()));
  EXPECT_EQ(read.events, 2u);
  EXPECT_EQ(read.first_at.micros, -5);
  EXPECT_EQ(read.last_at.micros, 1LL << 60);
  EXPECT_EQ(decimal(read.counters[0].sum), "-9223372036854775811");
  EXPECT_EQ(read.traits_once[0].message_id, "m1");
}

TEST(FragmentRow, EmptyReadsBack) { EXPECT_EQ(bytes_of(*decode_fragment(bytes_of({}))), bytes_of({})); }

TEST(FragmentRow, EveryCutAndEveryTailIsCorrupt) {
  std::string bytes = bytes_of(full_fragment());
  for (size_t length = 0; length < bytes.size(); ++length) {
    auto read = decode_fragment(std::string_view(bytes).substr(0, length));
    ASSERT_FALSE(read) << length;
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  }
  EXPECT_FALSE(decode_fragment(bytes + "x"));
}

TEST(FragmentRow, UnknownVersionIsCorrupt) {
  std::string bytes = bytes_of(full_fragment());
  bytes[0] = 3;
  EXPECT_THAT(decode_fragment(bytes).error().message, testing::HasSubstr("version"));
}

TEST(Fragment, MemoryGrowsWithWhatItHolds) { EXPECT_GT(memory_bytes(full_fragment()), memory_bytes(Fragment{})); }

}  // namespace
}  // namespace tributary
