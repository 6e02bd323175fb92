// Timelines and rejected lists over the real state, with a log that holds the payloads in memory.
#include "engine/query/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "engine/query/cursor.h"
#include "engine/query/rejected.h"
#include "tests/model/fold_harness.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const KeyedHash kKey(std::string(32, 'q'));
const KeyedHash kCursorKey(std::string(32, 'c'));
const WorkspaceId kWorkspace{1};

// A query with only what a test names.
struct Asked {
  std::optional<EventType> type = {};
  std::optional<std::string> name = {};
  std::optional<std::string> source = {};
  std::optional<RejectionCode> code = {};
  std::optional<Timestamp> from = {};
  std::optional<Timestamp> until = {};
  size_t limit = 50;
  std::string cursor = {};

  std::vector<std::string> not_names = {};
  std::optional<Hash128> naming = {};
  bool oldest_first = false;

  TimelineQuery timeline() const {
    TimelineQuery query{.type = type, .names = {}, .not_names = not_names, .source = source, .from = from};
    if (name) query.names.push_back(*name);
    query.until = until;
    query.naming = naming;
    query.oldest_first = oldest_first;
    query.limit = limit;
    query.cursor = cursor;
    return query;
  }
  RejectedQuery rejected() const { return {source, code, from, until, limit, cursor}; }
};

class Timelines : public testing::Test {
 protected:
  void fold(const std::vector<EventSketch>& sketches) {
    std::vector<Event> events;
    for (const EventSketch& sketch : sketches) events.push_back(make_event(sketch, kKey));
    harness_.fold(kWorkspace, events);
  }

  Customer customer(const std::string& kind, const std::string& value) {
    Hash128 id = identifier_hash(kKey, *parse_kind(kind), value);
    return must(find_customer(harness_.store(), kWorkspace, id, RuleSet{}));
  }

  Result<TimelinePage> page(const Asked& asked, const std::string& user_id = "A") {
    return read_timeline(harness_.store(), harness_.log(), kCursorKey, customer("user_id", user_id), asked.timeline());
  }

  static std::vector<std::string> ids_of(const TimelinePage& page) {
    std::vector<std::string> ids;
    for (const TimelineEntry& entry : page.entries) ids.push_back(entry.message_id);
    return ids;
  }

  std::vector<std::string> ids(const Asked& asked = {}, const std::string& user_id = "A") {
    return ids_of(must(page(asked, user_id)));
  }

  FoldHarness harness_{kKey};
};

TEST_F(Timelines, RunFromTheNewestToTheOldestOverAllHomes) {
  fold({{.ids = {{"user_id", "A"}}, .at = 2, .message_id = "m2"},
        {.ids = {{"anonymous_id", "x"}}, .at = 1, .message_id = "m1"},
        {.ids = {{"email", "e"}}, .at = 4, .message_id = "m4"},
        {.ids = {{"user_id", "A"}, {"anonymous_id", "x"}}, .at = 3, .message_id = "m3"},
        {.ids = {{"user_id", "A"}, {"email", "e"}}, .at = 5, .message_id = "m5"}});
  EXPECT_THAT(ids(), ElementsAre("m5", "m4", "m3", "m2", "m1"));
}

TEST_F(Timelines, EventsOfOneTimeKeepOneOrder) {
  std::vector<EventSketch> events;
  for (int i = 0; i < 20; ++i) {
    events.push_back(
        {.ids = {{i % 2 == 0 ? "user_id" : "email", "A"}}, .at = 7, .message_id = "m" + std::to_string(i)});
  }
  events.push_back({.ids = {{"user_id", "A"}, {"email", "A"}}, .at = 7, .message_id = "link"});
  fold(events);
  std::vector<std::string> last_received_first = {"link"};
  for (int i = 19; i >= 0; --i) last_received_first.push_back("m" + std::to_string(i));
  EXPECT_EQ(ids(), last_received_first);
}

TEST_F(Timelines, AMessageIdThatCountsTwiceIsShownTwice) {
  fold({{.ids = {{"user_id", "A"}}, .at = 7, .message_id = "again"}});
  Event late = make_event({.ids = {{"user_id", "A"}}, .at = 7, .message_id = "again"}, kKey);
  late.received_at = Timestamp{kBaseMicros + 8 * kMicrosPerDay};
  harness_.fold(kWorkspace, {late});
  EXPECT_THAT(ids(), ElementsAre("again", "again"));
}

TEST_F(Timelines, WhatRetentionDeletedIsLeftOut) {
  fold({{.ids = {{"user_id", "A"}}, .at = 1, .message_id = "m1"},
        {.ids = {{"user_id", "A"}}, .at = 2, .message_id = "m2"},
        {.ids = {{"user_id", "A"}}, .at = 3, .message_id = "m3"}});
  harness_.log().erase(Lsn{1});
  harness_.log().erase(Lsn{3});
  EXPECT_THAT(ids(), ElementsAre("m2"));
}

TEST_F(Timelines, OnePageHoldsABoundedNumberOfBytes) {
  std::vector<Event> events;
  std::string big(400 << 10, 'x');
  for (int i = 0; i < 60; ++i) {
    Event& event = events.emplace_back(
        make_event({.ids = {{"user_id", "A"}}, .at = i, .message_id = "m" + std::to_string(i)}, kKey));
    event.json = big;
  }
  harness_.fold(kWorkspace, events);
  TimelinePage first = must(page({.limit = 1000}));
  EXPECT_LT(first.entries.size(), 30u);
  ASSERT_FALSE(first.next_cursor.empty());
  size_t seen = first.entries.size();
  for (std::string cursor = first.next_cursor; !cursor.empty();) {
    TimelinePage more = must(page({.limit = 1000, .cursor = cursor}));
    seen += more.entries.size();
    cursor = more.next_cursor;
  }
  EXPECT_EQ(seen, 60u);
}

TEST_F(Timelines, EntryHasWhatTheEventSaid) {
  Event event = make_event({.ids = {{"user_id", "A"}},
                            .at = 3,
                            .message_id = "m",
                            .source = "web",
                            .type = EventType::page,
                            .name = "Home",
                            .channel = "website"},
                           kKey);
  event.touchpoint = "home";
  event.received_at = Timestamp{kBaseMicros + 77};
  event.flags = EventFlags::kFutureClamped;
  event.json = R"({"n":12345678901234567890123})";
  harness_.fold(kWorkspace, {event});
  TimelineEntry entry = must(page({})).entries.at(0);
  EXPECT_EQ(entry.type, EventType::page);
  EXPECT_EQ(entry.name, "Home");
  EXPECT_EQ(entry.message_id, "m");
  EXPECT_EQ(entry.source, "web");
  EXPECT_EQ(entry.channel, "website");
  EXPECT_EQ(entry.touchpoint, "home");
  EXPECT_EQ(entry.occurred_at.micros, kBaseMicros + 3 * kMicrosPerSecond);
  EXPECT_EQ(entry.received_at.micros, kBaseMicros + 77);
  EXPECT_EQ(entry.flags, EventFlags::kFutureClamped);
  EXPECT_EQ(entry.lsn, 1u);
  EXPECT_EQ(entry.json, R"({"n":12345678901234567890123})");
}

Timestamp at(int64_t seconds) { return Timestamp{kBaseMicros + seconds * kMicrosPerSecond}; }

class TimelineFilters : public Timelines {
 protected:
  TimelineFilters() {
    fold({{.ids = {{"user_id", "A"}}, .at = 1, .message_id = "m1", .source = "web", .name = "Viewed"},
          {.ids = {{"user_id", "A"}}, .at = 2, .message_id = "m2", .source = "shop", .name = "Ordered"},
          {.ids = {{"user_id", "A"}}, .at = 3, .message_id = "m3", .source = "web", .type = EventType::page},
          {.ids = {{"user_id", "A"}}, .at = 4, .message_id = "m4", .source = "shop", .name = "Viewed"}});
  }
};

TEST_F(TimelineFilters, ByType) {
  EXPECT_THAT(ids({.type = EventType::page}), ElementsAre("m3"));
  EXPECT_THAT(ids({.type = EventType::screen}), IsEmpty());
}

TEST_F(TimelineFilters, ByName) {
  EXPECT_THAT(ids({.name = "Viewed"}), ElementsAre("m4", "m1"));
  EXPECT_THAT(ids({.name = "viewed"}), IsEmpty());
}

TEST_F(TimelineFilters, ByNamesThatAreNotWanted) {
  EXPECT_THAT(ids({.not_names = {"Viewed", "Other"}}), ElementsAre("m3", "m2"));
  EXPECT_THAT(ids({.from = at(0), .not_names = {"Viewed"}, .oldest_first = true}), ElementsAre("m2", "m3"));
}

TEST_F(TimelineFilters, BySource) { EXPECT_THAT(ids({.source = "web"}), ElementsAre("m3", "m1")); }

TEST_F(TimelineFilters, FromIsInclusiveUntilIsNot) {
  EXPECT_THAT(ids({.from = at(2), .until = at(4)}), ElementsAre("m3", "m2"));
  EXPECT_THAT(ids({.from = at(4)}), ElementsAre("m4"));
  EXPECT_THAT(ids({.until = at(1)}), IsEmpty());
  EXPECT_THAT(ids({.from = at(5)}), IsEmpty());
}

TEST_F(TimelineFilters, AllAtOnce) {
  EXPECT_THAT(ids({.type = EventType::track, .name = "Viewed", .source = "shop", .from = at(1), .until = at(9)}),
              ElementsAre("m4"));
}

TEST_F(Timelines, OfTheEventsThatNameAnIdentifier) {
  fold({{.ids = {{"user_id", "A"}}, .at = 1, .message_id = "m1"},
        {.ids = {{"user_id", "A"}, {"email", "e"}}, .at = 2, .message_id = "m2"},
        {.ids = {{"user_id", "A"}, {"anonymous_id", "x"}}, .at = 3, .message_id = "m3"},
        {.ids = {{"user_id", "A"}, {"email", "e"}}, .at = 4, .message_id = "m4"}});
  Hash128 email = identifier_hash(kKey, *parse_kind("email"), "e");
  EXPECT_THAT(ids({.naming = email}), ElementsAre("m4", "m2"));
  EXPECT_THAT(ids({.from = at(0), .limit = 1, .naming = email, .oldest_first = true}), ElementsAre("m2"));
  EXPECT_THAT(ids({.naming = identifier_hash(kKey, *parse_kind("email"), "f")}), IsEmpty());
}

/// The other way round, read in pages.
class OldestFirstTimelines : public Timelines {
 protected:
  std::vector<std::string> oldest_first(Asked asked) {
    std::vector<std::string> all;
    asked.oldest_first = true;
    for (;;) {
      TimelinePage read = must(page(asked));
      EXPECT_LE(read.entries.size(), asked.limit);
      for (std::string& id : ids_of(read)) all.push_back(std::move(id));
      if (read.next_cursor.empty()) return all;
      asked.cursor = read.next_cursor;
    }
  }
};

TEST_F(OldestFirstTimelines, AreTheOthersTurnedRound) {
  uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const char* kinds[] = {"user_id", "email", "phone", "anonymous_id"};
  const int64_t spans[] = {3, 3'600, 86'400 * 30, 86'400 * 2'000};
  std::vector<EventSketch> events;
  for (int i = 0; i < 300; ++i) {
    events.push_back({.ids = {{kinds[random() % 4], "A"}},
                      .at = static_cast<int64_t>(random() % static_cast<uint64_t>(spans[random() % 4])),
                      .message_id = "m" + std::to_string(i),
                      .name = random() % 3 == 0 ? "Viewed" : "Ordered"});
  }
  events.push_back({.ids = {{"user_id", "A"}, {"email", "A"}, {"phone", "A"}, {"anonymous_id", "A"}},
                    .at = 0,
                    .message_id = "link"});
  fold(events);
  for (const Asked& asked :
       {Asked{.from = at(0)}, Asked{.name = "Viewed", .from = at(0)}, Asked{.from = at(2), .until = at(3'000)},
        Asked{.from = at(5), .until = at(5)}, Asked{.from = Timestamp{kBaseMicros - 900 * kMicrosPerDay}}}) {
    Asked whole = asked;
    whole.limit = 1000;
    std::vector<std::string> wanted = ids(whole);
    std::reverse(wanted.begin(), wanted.end());
    for (size_t limit : {size_t{1}, size_t{7}, size_t{100}, size_t{1000}}) {
      Asked paged = asked;
      paged.limit = limit;
      EXPECT_EQ(oldest_first(paged), wanted) << "limit " << limit;
    }
  }
}

TEST_F(OldestFirstTimelines, NeedABeginning) {
  fold({{.ids = {{"user_id", "A"}}, .at = 1, .message_id = "m1"}});
  EXPECT_EQ(page({.oldest_first = true}).error().code, ErrorCode::invalid);
}

TEST_F(OldestFirstTimelines, HaveCursorsOfTheirOwn) {
  fold({{.ids = {{"user_id", "A"}}, .at = 1, .message_id = "m1"}, {.ids = {{"user_id", "A"}}, .at = 2}});
  std::string other = must(page({.limit = 1})).next_cursor;
  EXPECT_EQ(page({.from = at(0), .cursor = other, .oldest_first = true}).error().code, ErrorCode::invalid);
}

class TimelinePages : public Timelines {
 protected:
  TimelinePages() {
    std::mt19937_64 random(3);
    std::vector<EventSketch> events;
    const char* kinds[] = {"user_id", "email", "phone", "anonymous_id"};
    for (int i = 0; i < 120; ++i) {
      events.push_back({.ids = {{kinds[random() % 4], "A"}},
                        .at = static_cast<int64_t>(random() % 30),
                        .message_id = "m" + std::to_string(i),
                        .source = random() % 2 == 0 ? "web" : "shop"});
    }
    for (const char* kind : {"email", "phone", "anonymous_id"}) {
      events.push_back({.ids = {{"user_id", "A"}, {kind, "A"}}, .at = 30, .message_id = std::string("link-") + kind});
    }
    fold(events);
  }

  // Every page of the query, one behind the other.
  std::vector<std::string> in_pages(Asked query) {
    std::vector<std::string> all;
    for (int pages = 0; pages < 200; ++pages) {
      TimelinePage one = must(page(query));
      EXPECT_LE(one.entries.size(), query.limit);
      for (const std::string& id : ids_of(one)) all.push_back(id);
      if (one.next_cursor.empty()) return all;
      EXPECT_EQ(one.entries.size(), query.limit) << "a page that is not full is the last one";
      query.cursor = one.next_cursor;
    }
    ADD_FAILURE() << "paging does not end";
    return all;
  }
};

TEST_F(TimelinePages, EqualOneBigPage) {
  std::vector<std::string> all = ids({.limit = 1000});
  ASSERT_EQ(all.size(), 123u);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
  for (size_t limit : {1u, 2u, 7u, 50u, 122u, 123u, 124u}) EXPECT_EQ(in_pages({.limit = limit}), all) << limit;
}

TEST_F(TimelinePages, EqualOneBigPageUnderFilters) {
  for (size_t limit : {1u, 5u, 50u}) {
    EXPECT_EQ(in_pages({.source = "web", .limit = limit}), ids({.source = "web", .limit = 1000}));
    EXPECT_EQ(in_pages({.from = at(3), .until = at(20), .limit = limit}),
              ids({.from = at(3), .until = at(20), .limit = 1000}));
  }
}

TEST_F(TimelinePages, LastFullPageHasNoCursor) {
  EXPECT_TRUE(must(page({.limit = 123})).next_cursor.empty());
  EXPECT_FALSE(must(page({.limit = 122})).next_cursor.empty());
}

TEST_F(TimelinePages, EventsThatArriveMeanwhileDoNotDisturb) {
  std::vector<std::string> all = ids({.limit = 1000});
  TimelinePage first = must(page({.limit = 10}));
  fold({{.ids = {{"user_id", "A"}}, .at = 100, .message_id = "newer"}});
  Asked rest{.limit = 1000, .cursor = first.next_cursor};
  std::vector<std::string> both = ids_of(first);
  for (const std::string& id : ids(rest)) both.push_back(id);
  EXPECT_EQ(both, all);
}

TEST_F(TimelinePages, ForgedCursorsAreInvalid) {
  std::string cursor = must(page({.limit = 10})).next_cursor;
  auto code_for = [&](const std::string& forged) {
    auto result = page({.cursor = forged});
    return result ? "accepted" : result.error().code == ErrorCode::invalid ? "invalid" : "another error";
  };
  EXPECT_STREQ(code_for(cursor), "accepted");
  EXPECT_STREQ(code_for("x"), "invalid");
  EXPECT_STREQ(code_for("!!!"), "invalid");
  EXPECT_STREQ(code_for(cursor + "AAAA"), "invalid");
  EXPECT_STREQ(code_for(cursor.substr(0, cursor.size() - 4)), "invalid");
  for (size_t i = 0; i + 1 < cursor.size(); ++i) {  // the last character may carry unused bits
    std::string forged = cursor;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_STREQ(code_for(forged), "invalid") << i;
  }
  std::string position(24, 'x');
  EXPECT_STREQ(code_for(seal_cursor(kCursorKey, "rejected", position)), "invalid") << "of another list";
  EXPECT_STREQ(code_for(seal_cursor(kKey, "timeline", position)), "invalid") << "of another key";
  EXPECT_STREQ(code_for(seal_cursor(kCursorKey, "timeline", "short")), "invalid");
}

TEST_F(Timelines, MergedCustomerAnswersUnderItsCurrentId) {
  fold({{.ids = {{"anonymous_id", "x"}}, .at = 5, .message_id = "m1"}});
  CustomerId before = customer("anonymous_id", "x").id;
  fold({{.ids = {{"user_id", "A"}}, .at = 1, .message_id = "m2"}});
  fold({{.ids = {{"user_id", "A"}, {"anonymous_id", "x"}}, .at = 6, .message_id = "m3"}});
  Customer now = must(find_customer(harness_.store(), kWorkspace, before.anchor, RuleSet{}));
  TimelinePage answer = must(read_timeline(harness_.store(), harness_.log(), kCursorKey, now, {}));
  EXPECT_NE(answer.customer, before);
  EXPECT_EQ(answer.customer, customer("user_id", "A").id);
  EXPECT_THAT(ids_of(answer), ElementsAre("m3", "m1", "m2"));
}

// Two external ids under one home: the refused claim's event lives at the home of one and belongs to the other.
TEST_F(Timelines, EventsOfAnotherCustomerAtTheSameHomeStayOut) {
  IdentifierKind crm{IdentifierFamily::external_id, "crm"}, stripe{IdentifierFamily::external_id, "stripe"};
  if (kind_code(stripe) < kind_code(crm)) std::swap(crm, stripe);
  // The home is of the smaller kind, the centre has the smaller hash: find values in which they differ.
  std::string home = "h", centre = "c";
  while (identifier_hash(kKey, stripe, centre) > identifier_hash(kKey, crm, home)) centre += "c";
  Id home_id{kind_name(crm), home}, centre_id{kind_name(stripe), centre};
  Id home_claim{home_id.kind, home, Trust::claimed}, centre_claim{centre_id.kind, centre, Trust::claimed};
  fold({{.ids = {home_id}, .at = 1, .message_id = "of home"},
        {.ids = {centre_id}, .at = 2, .message_id = "of centre"},
        {.ids = {home_claim, centre_claim}, .at = 3, .message_id = "claim"}});
  auto ids_at = [&](const Id& id) {
    return ids_of(must(
        read_timeline(harness_.store(), harness_.log(), kCursorKey, customer(id.kind, id.value), TimelineQuery{})));
  };
  EXPECT_THAT(ids_at(home_id), ElementsAre("of home"));
  EXPECT_THAT(ids_at(centre_id), ElementsAre("claim", "of centre"));
}

TEST_F(Timelines, PayloadThatCannotBeDecodedIsAnError) {
  fold({{.ids = {{"user_id", "A"}}, .message_id = "m1"}});
  harness_.log().put(Lsn{1}, RecordKind::event, "\x01garbage");
  auto answer = page({});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::corrupt);
}

class RejectedList : public Timelines {
 protected:
  RejectedList() {
    for (int i = 0; i < 40; ++i) {
      Rejected item;
      item.source = i % 2 == 0 ? "web" : "shop";
      item.message_id = "m" + std::to_string(i);
      item.code = i % 4 == 0 ? RejectionCode::missing_id : RejectionCode::invalid_field;
      item.message = "wrong";
      item.path = "/batch/0";
      item.received_at = at(i / 3);  // several of one time
      std::string raw = "{\"i\":" + std::to_string(i) + "}";
      item.raw = raw;
      harness_.fold_rejected(kWorkspace, {item});
    }
  }

  std::vector<std::string> lsns(Asked query) {
    std::vector<std::string> all;
    for (int pages = 0; pages < 100; ++pages) {
      RejectedPage one =
          must(read_rejected(harness_.store(), harness_.log(), kCursorKey, kWorkspace, query.rejected()));
      for (const RejectedEntry& entry : one.entries) all.push_back(entry.id);
      if (one.next_cursor.empty()) return all;
      query.cursor = one.next_cursor;
    }
    ADD_FAILURE() << "paging does not end";
    return all;
  }
};

TEST_F(RejectedList, RunsFromTheNewestToTheOldestInPagesOfAnySize) {
  std::vector<std::string> expected;
  for (int lsn = 40; lsn > 0; --lsn) expected.push_back(std::to_string(lsn));
  for (size_t limit : {1u, 3u, 39u, 40u, 41u}) EXPECT_EQ(lsns({.limit = limit}), expected) << limit;
}

TEST_F(RejectedList, FiltersBySourceCodeAndTime) {
  EXPECT_EQ(lsns({.source = "web"}).size(), 20u);
  EXPECT_EQ(lsns({.source = "none"}).size(), 0u);
  EXPECT_EQ(lsns({.code = RejectionCode::missing_id}).size(), 10u);
  EXPECT_EQ(lsns({.source = "shop", .code = RejectionCode::missing_id}).size(), 0u);
  EXPECT_THAT(lsns({.from = at(2), .until = at(3)}), ElementsAre("9", "8", "7"));
  EXPECT_THAT(lsns({.from = at(2), .until = at(3), .limit = 1}), ElementsAre("9", "8", "7"));
}

TEST_F(RejectedList, EntryHasWhatWasRejected) {
  RejectedEntry entry =
      must(read_rejected(harness_.store(), harness_.log(), kCursorKey, kWorkspace, Asked{.limit = 1}.rejected()))
          .entries.at(0);
  EXPECT_EQ(entry.id, "40");
  EXPECT_EQ(entry.source, "shop");
  EXPECT_EQ(entry.code, RejectionCode::invalid_field);
  EXPECT_EQ(entry.message, "wrong");
  EXPECT_EQ(entry.path, "/batch/0");
  EXPECT_EQ(entry.message_id, "m39");
  EXPECT_EQ(entry.raw, "{\"i\":39}");
  EXPECT_EQ(entry.received_at, at(13));
}

TEST_F(RejectedList, OfAnotherWorkspaceIsEmpty) {
  EXPECT_THAT(must(read_rejected(harness_.store(), harness_.log(), kCursorKey, WorkspaceId{2}, {})).entries, IsEmpty());
}

TEST_F(RejectedList, ForgedCursorIsInvalid) {
  RejectedQuery query;
  query.cursor = seal_cursor(kCursorKey, "timeline", std::string(16, 'x'));
  auto answer = read_rejected(harness_.store(), harness_.log(), kCursorKey, kWorkspace, query);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace tributary::model
