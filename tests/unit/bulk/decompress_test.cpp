// What passes by compressed: whole, in pieces, damaged, expanding without end.
#include "connectors/bulk/decompress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <random>

#include "connectors/bulk/import_text.h"
#include "connectors/bulk/ndjson_input.h"

namespace tributary {
namespace {

using testing::HasSubstr;

std::string gzipped(std::string_view text) {
  z_stream zlib{};
  EXPECT_EQ(deflateInit2(&zlib, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&zlib, text.size()), '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  zlib.avail_in = static_cast<uInt>(text.size());
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&zlib, Z_FINISH), Z_STREAM_END);
  out.resize(zlib.total_out);
  deflateEnd(&zlib);
  return out;
}

std::string zstded(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
  return out;
}

struct Unpacked {
  std::string text;
  std::string error;
};

Unpacked unpack(std::string_view packed, size_t piece = 4096) {
  auto stream = decompress(compression_of(packed.substr(0, 4)), stream_of_memory(packed));
  Unpacked unpacked;
  std::string room(piece, '\0');
  while (true) {
    auto count = stream->read(room);
    if (!count) {
      EXPECT_EQ(count.error().code, ErrorCode::corrupt);
      unpacked.error = count.error().message;
      return unpacked;
    }
    if (*count == 0) return unpacked;
    unpacked.text.append(room, 0, *count);
  }
}

/// Lines that do not compress to nothing.
std::string some_lines(size_t count) {
  std::mt19937_64 random(11);
  std::string text;
  for (size_t i = 0; i < count; ++i) text += "{\"messageId\":\"" + std::to_string(random()) + "\"}\n";
  return text;
}

class Decompress : public testing::TestWithParam<std::string (*)(std::string_view)> {};

TEST_P(Decompress, EverythingComesOutWhateverThePieces) {
  std::string text = some_lines(20'000);
  std::string packed = GetParam()(text);
  for (size_t piece : {1u << 20, 4096u, 7u}) EXPECT_TRUE(unpack(packed, piece).text == text);
  EXPECT_EQ(unpack(GetParam()("")).text, "");
  EXPECT_EQ(unpack(GetParam()("")).error, "");
}

TEST_P(Decompress, MembersFollowOneAnother) {
  Unpacked unpacked = unpack(GetParam()("one\n") + GetParam()("") + GetParam()("two\n"));
  EXPECT_EQ(unpacked.text, "one\ntwo\n");
  EXPECT_EQ(unpacked.error, "");
}

TEST_P(Decompress, WhatEndsTooEarlySaysWhereAndGivesWhatStandsBefore) {
  std::string text = some_lines(20'000);
  std::string packed = GetParam()(text);
  for (size_t kept : {packed.size() - 1, packed.size() / 2, size_t{5}}) {
    Unpacked unpacked = unpack(packed.substr(0, kept));
    EXPECT_THAT(unpacked.error, HasSubstr("ends too early, at byte " + std::to_string(kept)));
    EXPECT_TRUE(text.starts_with(unpacked.text));
  }
  EXPECT_GT(unpack(packed.substr(0, packed.size() / 2)).text.size(), text.size() / 3);
}

TEST_P(Decompress, DamageAndWhatFollowsTheDataAreErrors) {
  std::string packed = GetParam()(some_lines(20'000));
  std::string damaged = packed;
  for (size_t i = 0; i < 64; ++i) damaged[packed.size() / 2 + i] = static_cast<char>(i);
  EXPECT_THAT(unpack(damaged).error, HasSubstr("is damaged"));
  EXPECT_THAT(unpack(packed + "no header").error, HasSubstr("is damaged"));
}

TEST_P(Decompress, ATextThatExpandsWithoutMeasureIsReadInAWindow) {
  std::string text(40u << 20, ' ');
  for (size_t at = 0; at < text.size(); at += 1 << 20) text[at] = '\n';
  text += "\n{\"messageId\":\"last\"}\n" + std::string(20u << 20, 'x') + "\n{}\n";
  std::string packed = GetParam()(text);
  text = {};
  ASSERT_LT(packed.size(), 2u << 20);
  ImportText window(decompress(compression_of(packed), stream_of_memory(packed)), packed.size());
  auto input = open_ndjson(window);
  auto maker = input->make_maker();
  ImportPart part;
  ImportItem item;
  std::string seen;
  while (input->cut(part, 100)) {
    maker->begin(part);
    while (maker->next(item)) seen += std::to_string(item.line) + ":" + item.code + " ";
  }
  EXPECT_EQ(seen, "42: 43:event_too_large 44: ");
  EXPECT_LE(window.held_bytes_max(), 8u << 20);
}

TEST_P(Decompress, TheUnfinishedLineBeforeTheDamageIsNoEvent) {
  std::string packed = GetParam()(some_lines(50'000));
  packed.resize(packed.size() / 2);
  ImportText window(decompress(compression_of(packed), stream_of_memory(packed)), packed.size());
  auto input = open_ndjson(window);
  auto maker = input->make_maker();
  ImportPart part;
  ImportItem item;
  size_t good = 0;
  while (input->cut(part, 100)) {
    maker->begin(part);
    while (maker->next(item)) good += item.good() ? 1 : 1'000'000;
  }
  EXPECT_GT(good, 10'000u);
  EXPECT_LT(good, 50'000u);
  ASSERT_TRUE(window.fault());
}

INSTANTIATE_TEST_SUITE_P(Formats, Decompress, testing::Values(&gzipped, &zstded));

TEST(Gzip, ZerosBehindItAreNoDamage) {
  std::string text = some_lines(100);
  for (size_t zeros : {size_t{1}, size_t{511}, size_t{600'000}}) {
    Unpacked unpacked = unpack(gzipped(text) + std::string(zeros, '\0'));
    EXPECT_EQ(unpacked.text, text) << zeros;
    EXPECT_EQ(unpacked.error, "") << zeros;
  }
  EXPECT_EQ(unpack(gzipped(text) + std::string(10, '\0') + gzipped(text)).text, text + text);
  EXPECT_THAT(unpack(gzipped(text) + std::string(10, '\0') + "x").error, HasSubstr("gzip data"));
}

TEST(Compression, IsKnownByContent) {
  EXPECT_EQ(compression_of(gzipped("x")), Compression::gzip);
  EXPECT_EQ(compression_of(zstded("x")), Compression::zstd);
  EXPECT_EQ(compression_of("\x50\x2a\x4d\x18"), Compression::zstd);
  EXPECT_EQ(compression_of("{\"a\":1}"), Compression::none);
  EXPECT_EQ(compression_of(""), Compression::none);
}

}  // namespace
}  // namespace tributary
