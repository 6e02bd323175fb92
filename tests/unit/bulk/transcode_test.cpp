#include "connectors/bulk/transcode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "connectors/bulk/input_file.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

/// What comes out, read in rooms of `room` bytes.
std::string converted(const std::string& encoding, size_t unit, std::string_view text, size_t room_bytes = 8) {
  auto stream = transcode(encoding, unit, stream_of_memory(text));
  std::string out, room(room_bytes, '\0');
  while (true) {
    auto count = stream->read(room);
    if (!count || *count == 0) return out;
    out.append(room, 0, *count);
  }
}

TEST(Transcode, Gb18030IsThatOfTheCLibrary) {
  // Two-byte characters whose second byte is that of a delimiter, the four-byte form, and ASCII between them.
  EXPECT_EQ(converted("GB18030", 1, "\xd5\xc5\xc8\xfd,\xb7\x7c,\x81\x30\x84\x36\n"), "张三,穦,¥\n");
  EXPECT_EQ(converted("GB18030", 1, ""), "");
}

TEST(Transcode, WhatIsNoCharacterIsNoUtf8AndKeepsItsLine) {
  for (std::string_view bad : {"\xff", "\x81", "\x81\x30\x81", "\x80"}) {
    std::string out = converted("GB18030", 1, "a," + std::string(bad) + "\nb,2\n");
    size_t line_end = out.find('\n');
    EXPECT_FALSE(is_utf8(out.substr(0, line_end))) << testing::PrintToString(out);
    EXPECT_EQ(out.substr(line_end), "\nb,2\n") << testing::PrintToString(out);
  }
  EXPECT_EQ(converted("GB18030", 1, "ab\xd5"), "ab\xff");
}

TEST(Transcode, Utf16OfBothOrdersWithItsMark) {
  std::string_view little(
      "\xff\xfe"
      "a\0\x20\x5f\n\0",
      8);
  std::string_view big("\xfe\xff\0a\x5f\x20\0\n", 8);
  EXPECT_EQ(utf16_of(little), "UTF-16LE");
  EXPECT_EQ(utf16_of(big), "UTF-16BE");
  EXPECT_EQ(utf16_of("\xef\xbb\xbf"), "");
  for (size_t room : {8, 9, 4096}) {
    EXPECT_EQ(converted("UTF-16LE", 2, little, room), std::string(kByteOrderMark) + "a张\n");
    EXPECT_EQ(converted("UTF-16BE", 2, big, room), std::string(kByteOrderMark) + "a张\n");
  }
  EXPECT_EQ(converted("UTF-16LE", 2,
                      std::string_view("\x00\xd8"
                                       "a\0\n\0",
                                       6)),
            "\xff"
            "a\n");
}

TEST(Transcode, AnyBytesComeOutInAnyRooms) {
  unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    std::string text;
    for (size_t bytes = random() % 20'000; bytes > 0; --bytes) text += static_cast<char>(random());
    std::string out = converted("GB18030", 1, text, 1 << 20);
    EXPECT_TRUE(converted("GB18030", 1, text, 8 + random() % 100) == out);
    EXPECT_GE(std::count(out.begin(), out.end(), '\n'), std::count(text.begin(), text.end(), '\n') * 9 / 10);
  }
}

}  // namespace
}  // namespace tributary
