#include "connectors/http/inflate_stream.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include "tests/unit/http/deflated.h"

namespace tributary {
namespace {

using fixtures::gzip;
using Inflating = InflateStream::Step;

std::string zstd_frame(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

struct Inflated {
  std::string text;
  bool damaged = false;
  bool whole = false;
};

/// All of `compressed`, given in parts of `step` bytes.
Inflated inflate_in_steps(std::string_view compressed, size_t step) {
  auto made = inflate_stream_for(compressed, "");
  Inflated result;
  if (!made || !*made) return result;
  InflateStream& stream = **made;
  while (!compressed.empty()) {
    std::string_view part = compressed.substr(0, step);
    compressed.remove_prefix(part.size());
    std::string out;
    for (Inflating at = Inflating::output; at == Inflating::output;) {
      at = stream.next(part, out);
      EXPECT_LE(out.size(), InflateStream::kStepBytes);
      if (at == Inflating::damaged) return {result.text, true, false};
      result.text += out;
    }
    EXPECT_TRUE(part.empty());
  }
  result.whole = stream.whole();
  return result;
}

std::string some_text() {
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += "line " + std::to_string(i * 7919) + "\n";
  return text;
}

TEST(InflateStream, GivesBackWhatWasCompressedHoweverItIsCut) {
  std::string text = some_text();
  std::string again = text + text;
  for (const std::string& compressed : {gzip(text) + gzip(text), zstd_frame(text) + zstd_frame(text)}) {
    for (size_t step : {size_t{777}, size_t{65536}, size_t{1} << 30}) {
      Inflated inflated = inflate_in_steps(compressed, step);
      EXPECT_FALSE(inflated.damaged);
      EXPECT_TRUE(inflated.whole);
      EXPECT_EQ(inflated.text, again) << step;
    }
  }
}

TEST(InflateStream, BytesMayComeOneByOne) {
  for (const std::string& compressed : {gzip("one") + gzip("two"), zstd_frame("one") + zstd_frame("two")}) {
    Inflated inflated = inflate_in_steps(compressed, 1);
    EXPECT_TRUE(inflated.whole && !inflated.damaged);
    EXPECT_EQ(inflated.text, "onetwo");
  }
}

TEST(InflateStream, ABodyThatEndsEarlyIsNotWhole) {
  std::string text = some_text();
  for (std::string compressed : {gzip(text), zstd_frame(text)}) {
    for (size_t missing : {size_t{1}, size_t{9}, compressed.size() / 2}) {
      Inflated inflated = inflate_in_steps(std::string_view(compressed).substr(0, compressed.size() - missing), 5000);
      EXPECT_FALSE(inflated.damaged);
      EXPECT_FALSE(inflated.whole) << missing;
      EXPECT_TRUE(text.starts_with(inflated.text));
    }
  }
}

TEST(InflateStream, DamageIsFound) {
  for (std::string compressed : {gzip(some_text()), zstd_frame(some_text())}) {
    Inflated behind = inflate_in_steps(compressed + "and more", 5000);
    EXPECT_TRUE(behind.damaged);
    compressed.replace(compressed.size() / 2, 40, std::string(40, '\xff'));
    Inflated inside = inflate_in_steps(compressed, 5000);
    EXPECT_TRUE(inside.damaged || !inside.whole);
  }
}

TEST(InflateStream, ZerosBehindGzipAreNoDamage) {
  std::string padded = gzip("one") + std::string(600, '\0');
  auto stream = inflate_stream_for(padded, "");
  std::string_view input = padded;
  std::string out, all;
  while ((*stream)->next(input, out) == InflateStream::Step::output) all += out;
  EXPECT_EQ(all + out, "one");
  EXPECT_TRUE(input.empty());
  EXPECT_TRUE((*stream)->whole());
}

TEST(InflateStream, IsChosenByTheFirstBytes) {
  for (const char* encoding : {"", "identity", "gzip", "ZSTD"}) {
    auto plain = inflate_stream_for("{\"a\"", encoding);
    ASSERT_TRUE(plain.has_value()) << encoding;
    EXPECT_EQ(*plain, nullptr);
  }
  auto said_otherwise = inflate_stream_for(gzip("x"), "zstd");
  ASSERT_TRUE(said_otherwise.has_value());
  EXPECT_NE(*said_otherwise, nullptr);
  std::string_view skippable("\x5a\x2a\x4d\x18", 4);  // as pzstd begins
  auto frames = inflate_stream_for(skippable, "zstd");
  ASSERT_TRUE(frames.has_value());
  EXPECT_NE(*frames, nullptr);
  for (const char* encoding : {"br", "deflate", "gzip, br"}) EXPECT_FALSE(inflate_stream_for("{\"a\"", encoding));
}

}  // namespace
}  // namespace tributary
