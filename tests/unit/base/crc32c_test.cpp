#include "engine/base/crc32c.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(Crc32c, EqualsTheStandardVectors) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720 appendix B.4
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(Crc32c, Continues) { EXPECT_EQ(crc32c("56789", crc32c("1234")), crc32c("123456789")); }

}  // namespace
}  // namespace tributary
