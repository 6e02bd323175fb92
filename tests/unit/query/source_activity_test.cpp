#include "engine/source_activity.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

constexpr Timestamp after(int64_t seconds) { return Timestamp{(1'700'000'000 + seconds) * kMicrosPerSecond}; }

TEST(ActivityOfASource, IsNothingBeforeItSentSomething) {
  ActivityTable table;
  table.note("web", 1, 0, after(0));
  SourceActivity other = table.of("app", after(1));
  EXPECT_EQ(other.events + other.rejected, 0u);
  EXPECT_FALSE(other.last_at.has_value());
  EXPECT_EQ(other.items_per_second, 0);
}

TEST(ActivityOfASource, CountsAllButTheRateOnlyTheLastMinute) {
  ActivityTable table;
  for (int second = 0; second < 300; ++second) table.note("web", 9, 1, after(second));
  SourceActivity now = table.of("web", after(299));
  EXPECT_EQ(now.events, 2'700u);
  EXPECT_EQ(now.rejected, 300u);
  EXPECT_EQ(now.last_at, after(299));
  EXPECT_NEAR(now.items_per_second, 10, 0.5);
  EXPECT_LT(table.of("web", after(330)).items_per_second, 6);
  EXPECT_EQ(table.of("web", after(361)).items_per_second, 0);
  EXPECT_EQ(table.of("web", after(361)).events, 2'700u);
}

TEST(ActivityOfASource, AClockThatIsSetBackLosesNothing) {
  ActivityTable table;
  table.note("web", 10, 0, after(1'000));
  table.note("web", 10, 0, after(10));
  EXPECT_EQ(table.of("web", after(1'005)).events, 20u);
  EXPECT_NEAR(table.of("web", after(1'005)).items_per_second, 20 / 55.0, 0.05);
}

}  // namespace
}  // namespace tributary
