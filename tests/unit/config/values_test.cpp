#include "config/values.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(ConfigValues, OnlyTrueAndFalseAreBooleans) {
  EXPECT_TRUE(*parse_boolean("true"));
  EXPECT_FALSE(*parse_boolean("false"));
  for (const char* text : {"yes", "NO", "on", "1", "True", ""}) EXPECT_FALSE(parse_boolean(text)) << text;
}

TEST(ConfigValues, ListenAddressesAreHostAndPort) {
  for (const char* good : {"127.0.0.1:0", "0.0.0.0:65535", "[::1]:8080", "[::]:1", "localhost:80"}) {
    EXPECT_FALSE(listen_address_mistake(good)) << good;
  }
  for (const char* bad : {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:080", "::1:80",
                          "256.0.0.1:80", "example.com:80", "127.0.0.1:-1", "[::1:80"}) {
    EXPECT_TRUE(listen_address_mistake(bad)) << bad;
  }
}

TEST(ConfigValues, CountryCodesAreThoseOfTheStandard) {
  for (const char* good : {"CN", "AD", "ZW", "GB", "CC", "CD"}) EXPECT_TRUE(is_country_code(good)) << good;
  for (const char* bad : {"", "C", "cn", "CHN", "UK", "ZZ", "N ", " C", "XX"})
    EXPECT_FALSE(is_country_code(bad)) << bad;
}

}  // namespace
}  // namespace tributary
