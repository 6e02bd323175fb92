#include "engine/base/bytes.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(Bytes, ReadsBackWhatWasWritten) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(7);
  out.u16(0x1234);
  out.u32(0xdeadbeef);
  out.i64(-5);
  out.varint(0);
  out.varint(~0ull);
  out.text("hello");
  ByteReader in(bytes);
  EXPECT_EQ(in.u8(), 7);
  EXPECT_EQ(in.u16(), 0x1234);
  EXPECT_EQ(in.u32(), 0xdeadbeefu);
  EXPECT_EQ(in.i64(), -5);
  EXPECT_EQ(in.varint(), 0u);
  EXPECT_EQ(in.varint(), ~0ull);
  EXPECT_EQ(in.text(), "hello");
  EXPECT_TRUE(in.ok() && in.at_end());
}

TEST(Bytes, SignedOrderIsByteOrder) {
  std::string low, high;
  ByteWriter(low).i64(-1);
  ByteWriter(high).i64(1);
  EXPECT_LT(low, high);
}

TEST(Bytes, ReadingPastTheEndIsNotOk) {
  ByteReader in(
      "\x05"
      "ab");
  EXPECT_EQ(in.text(), "");
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.u64(), 0u);
}

}  // namespace
}  // namespace tributary
