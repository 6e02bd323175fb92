#include "engine/ingest/time_rule.h"

#include <gtest/gtest.h>

#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

Timestamp at(std::string_view text) { return *parse_iso8601(text); }

struct Clocks {
  std::string_view timestamp, original, sent, received, expected;
};

TEST(TimeRule, FollowsTheTable) {
  constexpr Clocks kCases[] = {
      {"2026-01-02T09:00:00Z", "", "2026-01-02T09:00:05Z", "2026-01-02T10:00:06Z", "2026-01-02T10:00:01Z"},  // 1 h slow
      {"", "2026-01-02T09:00:00Z", "2026-01-02T09:00:05Z", "2026-01-02T10:00:06Z", "2026-01-02T10:00:01Z"},
      {"2026-01-02T08:00:00Z", "", "2026-01-02T10:00:00Z", "2026-01-02T10:00:00Z",
       "2026-01-02T08:00:00Z"},                                      // offline 2 h
      {"2019-05-01", "", "", "2026-01-02T10:00:00Z", "2019-05-01"},  // import
      {"2019-05-01", "2026-01-02T10:00:00Z", "2026-01-02T10:00:00Z", "2026-01-02T10:00:00Z", "2019-05-01"},  // explicit
      {"", "", "2026-01-02T09:00:00Z", "2026-01-02T10:00:00Z", "2026-01-02T10:00:00Z"},
      {"", "", "", "2026-01-02T10:00:00Z", "2026-01-02T10:00:00Z"},
  };
  for (const Clocks& c : kCases) {
    auto time = [](std::string_view text) { return text.empty() ? std::nullopt : parse_iso8601(text); };
    ClientTimes times{time(c.timestamp), time(c.original), time(c.sent), false};
    OccurredAt result = occurred_at(times, at(c.received), {23 * kMicrosPerHour, 0});
    EXPECT_EQ(format_iso8601(result.time), format_iso8601(at(c.expected))) << c.timestamp << " " << c.original;
    EXPECT_EQ(result.flags, 0);
  }
}

TEST(TimeRule, FutureBeyondTheLimitIsClampedAndFlagged) {
  Timestamp received = at("2026-01-02T10:00:00Z");
  TimeLimits limits{23 * kMicrosPerHour, 0};
  auto ahead = [&](int64_t micros) {
    return occurred_at({Timestamp{received.micros + micros}, {}, {}, false}, received, limits);
  };
  EXPECT_EQ(ahead(23 * kMicrosPerHour).time.micros, received.micros + 23 * kMicrosPerHour);
  EXPECT_EQ(ahead(23 * kMicrosPerHour).flags, 0);
  EXPECT_EQ(ahead(23 * kMicrosPerHour + 1).time, received);
  EXPECT_EQ(ahead(23 * kMicrosPerHour + 1).flags, EventFlags::kFutureClamped);
  EXPECT_EQ(occurred_at({at("3000-01-01"), {}, {}, false}, received, limits).time, received);
}

TEST(TimeRule, YearsBelowZeroBecomeTheTimeOfReceipt) {
  Timestamp received = at("2026-01-02T10:00:00Z");
  ClientTimes times{at("0000-01-01"), {}, at("9999-12-31"), false};
  OccurredAt result = occurred_at(times, received, {23 * kMicrosPerHour, 0});
  EXPECT_EQ(result.time, received);
  EXPECT_EQ(result.flags, EventFlags::kBadTimestamp);
}

TEST(TimeRule, APastBorderMovesEarlierTimesToIt) {
  Timestamp received = at("2026-01-31T00:00:00Z");
  TimeLimits limits{23 * kMicrosPerHour, 30 * kMicrosPerDay};
  EXPECT_EQ(occurred_at({at("2019-05-01"), {}, {}, false}, received, limits).time, at("2026-01-01"));
  EXPECT_EQ(occurred_at({at("2026-01-01"), {}, {}, false}, received, limits).time, at("2026-01-01"));
}

TEST(TimeRule, UnreadableTextIsAbsentAndFlagged) {
  auto outcome = track(R"({"userId":"u","event":"e","messageId":"m","timestamp":"yesterday"})");
  EXPECT_EQ(outcome->event().occurred_at, kReceivedAt);
  EXPECT_EQ(outcome->event().flags, EventFlags::kBadTimestamp);
  EXPECT_NE(outcome->event().json.find("yesterday"), std::string_view::npos);
  EXPECT_EQ(track(R"({"userId":"u","event":"e","messageId":"m","timestamp":7})")->event().flags,
            EventFlags::kBadTimestamp);
  EXPECT_EQ(track(R"({"userId":"u","event":"e","messageId":"m","timestamp":null,"sentAt":""})")->event().flags, 0);
}

TEST(TimeRule, SentAtOfTheEventThenTheBatchThenTheHeader) {
  Request request;
  request.header_sent_at = Timestamp{kReceivedAt.micros - 30 * kMicrosPerSecond};
  auto minutes = [&](const Outcome& outcome, size_t i) {
    return (kReceivedAt.micros - outcome.event(i).occurred_at.micros) / kMicrosPerSecond;
  };
  auto both = parse_request(
      R"({"sentAt":"2026-11-21T10:00:20Z","batch":[{"type":"page","userId":"u","timestamp":"2026-11-21T10:00:00Z","sentAt":"2026-11-21T10:00:10Z"},)"
      R"({"type":"page","userId":"u","timestamp":"2026-11-21T10:00:00Z"}]})",
      request);
  EXPECT_EQ(minutes(*both, 0), 10);
  EXPECT_EQ(minutes(*both, 1), 20);
  auto header =
      parse_request(R"({"batch":[{"type":"page","userId":"u","timestamp":"2026-11-21T23:49:00Z"}]})", request);
  EXPECT_EQ(minutes(*header, 0), 30);
}

TEST(TimeRule, ThePastBorderIsForPublicKeysOnly) {
  std::string body = R"({"userId":"u","event":"e","timestamp":"2019-05-01T00:00:00Z"})";
  Request request = single(EventType::track, SourceTrust::browser);
  EXPECT_EQ(parse_request(body, request)->event().occurred_at.micros, kReceivedAt.micros - 30 * kMicrosPerDay);
  request.limits.public_past_micros_max = 0;
  EXPECT_EQ(parse_request(body, request)->event().occurred_at, at("2019-05-01"));
  request.limits.public_past_micros_max = kMicrosPerDay;
  EXPECT_EQ(parse_request(body, request)->event().occurred_at.micros, kReceivedAt.micros - kMicrosPerDay);
  request.trust = SourceTrust::server;
  EXPECT_EQ(parse_request(body, request)->event().occurred_at, at("2019-05-01"));
}

}  // namespace
}  // namespace tributary::testing
