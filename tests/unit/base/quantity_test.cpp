#include "engine/base/quantity.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(Quantity, IntegersAreDecimalWithoutLeadingZeros) {
  EXPECT_EQ(*parse_integer("0"), 0);
  EXPECT_EQ(*parse_integer("-12"), -12);
  EXPECT_EQ(*parse_integer("9223372036854775807"), INT64_MAX);
  for (const char* text :
       {"", "-", "010", "0x1f", "1_000", "12 abc", "+1", "1.5", "1e3", " 1", "9223372036854775808"}) {
    EXPECT_FALSE(parse_integer(text)) << text;
  }
}

TEST(Quantity, SizesTakeBothKindsOfUnits) {
  EXPECT_EQ(*parse_size("0"), 0);
  EXPECT_EQ(*parse_size("65536"), 65536);
  EXPECT_EQ(*parse_size("64MiB"), 64ll << 20);
  EXPECT_EQ(*parse_size("4MB"), 4'000'000);
  EXPECT_EQ(*parse_size("3kB"), 3000);
  EXPECT_EQ(*parse_size("2TiB"), 2ll << 40);
  for (const char* text : {"", "MiB", "4 MB", "4mb", "4MiBs", "-1", "1.5GiB", "08MiB", "9000000TiB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Quantity, DurationsNeedAUnit) {
  EXPECT_EQ(*parse_duration("0"), 0);
  EXPECT_EQ(*parse_duration("250ms"), 250'000);
  EXPECT_EQ(*parse_duration("10s"), 10'000'000);
  EXPECT_EQ(*parse_duration("7d"), 7 * 86'400'000'000);
  for (const char* text : {"", "10", "10 s", "s", "1h30m", "-1s", "007s", "1y"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Quantity, SpellingIsReadBack) {
  for (int64_t bytes : {0ll, 1ll, 1000ll, 1024ll, 4'000'000ll, 4ll << 20, 12345ll, 500ll << 10}) {
    EXPECT_EQ(*parse_size(format_size(bytes)), bytes);
  }
  for (int64_t micros : {0ll, 1ll, 250'000ll, 90'000'000ll, 82'800'000'000ll, 604'800'000'000ll}) {
    EXPECT_EQ(*parse_duration(format_duration(micros)), micros);
  }
  EXPECT_EQ(format_size(4 << 20), "4MiB");
  EXPECT_EQ(format_duration(604'800'000'000ll), "7d");
}

}  // namespace
}  // namespace tributary
