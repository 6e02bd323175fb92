#include "engine/domain/position.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(SourcePosition, ComesBackAsItWasWritten) {
  std::string payload;
  encode_position({"orders", "shop.orders/3", 1ull << 40}, payload);
  auto back = decode_position(payload);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->source, "orders");
  EXPECT_EQ(back->stream, "shop.orders/3");
  EXPECT_EQ(back->next, 1ull << 40);
}

TEST(SourcePosition, CutOrLongerOrOfAnotherVersionIsCorrupt) {
  std::string payload;
  encode_position({"orders", "shop.orders/3", 7}, payload);
  for (size_t bytes = 0; bytes < payload.size(); ++bytes) {
    EXPECT_FALSE(decode_position(payload.substr(0, bytes))) << bytes;
  }
  EXPECT_FALSE(decode_position(payload + "x"));
  payload[0] = 9;
  EXPECT_FALSE(decode_position(payload));
}

}  // namespace
}  // namespace tributary
