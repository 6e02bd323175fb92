#include "engine/base/keyed_hash.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(KeyedHash, EqualsHmacSha256CutTo128Bits) {
  // RFC 4231 test case 2 has a short key, which HMAC pads with zeroes: the same as a 32-byte key with trailing zeroes.
  std::string key = "Jefe";
  key.resize(32, '\0');
  Hash128 hash = KeyedHash(key)("what do ya want for nothing?");
  const uint8_t expected[16] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e,
                                0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7};
  EXPECT_EQ(0, std::memcmp(hash.bytes.data(), expected, 16));
}

TEST(Base32, RoundTripsAndRefusesOtherText) {
  Hash128 hash = Hash128::from_bytes("0123456789abcdef");
  std::string text = base32(hash);
  EXPECT_EQ(text.size(), 26u);
  EXPECT_EQ(parse_base32(text), hash);
  EXPECT_FALSE(parse_base32("short"));
  EXPECT_FALSE(parse_base32(std::string(26, '1')));
  text.back() = text.back() == 'a' ? 'b' : static_cast<char>(text.back() + 1);
  EXPECT_FALSE(parse_base32(text)) << "bits beyond the 128th must be zero";
}

TEST(Base64, DecodesWithAndWithoutPadding) {
  EXPECT_EQ(parse_base64("V0s6"), "WK:");
  EXPECT_EQ(parse_base64("aGk="), "hi");
  EXPECT_EQ(parse_base64("aGk"), "hi");
  EXPECT_EQ(parse_base64(""), "");
  EXPECT_FALSE(parse_base64("a!k="));
  EXPECT_FALSE(parse_base64("a"));
  EXPECT_EQ(base64("hi"), "aGk=");
}

TEST(UuidV7, HasVersionAndTime) {
  std::string uuid = make_uuid_v7(0x0123456789ab);
  EXPECT_EQ(uuid.substr(0, 15), "01234567-89ab-7");
  EXPECT_EQ(uuid.size(), 36u);
  EXPECT_NE(uuid, make_uuid_v7(0x0123456789ab));
}

}  // namespace
}  // namespace tributary
