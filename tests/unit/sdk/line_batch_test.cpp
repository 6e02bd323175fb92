#include "connectors/sdk/line_batch.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

struct SeenLine {
  uint64_t number;
  std::string text;
  bool too_long;
  friend bool operator==(const SeenLine&, const SeenLine&) = default;
  friend void PrintTo(const SeenLine& line, std::ostream* out) {
    *out << line.number << ":" << line.text << (line.too_long ? "!" : "");
  }
};

struct SeenBatches {
  std::vector<SeenLine> lines;
  std::vector<uint64_t> covered;
};

SeenBatches cut_lines(std::string_view text, size_t step, LineCutter::Limits limits, uint64_t first = 1) {
  LineCutter cutter(limits, first);
  SeenBatches seen;
  auto release = [&] {
    LineBatch batch = cutter.release();
    for (const LineBatch::Line& line : batch.lines) {
      seen.lines.push_back({line.number, std::string(batch.of(line)), line.too_long});
    }
    seen.covered.push_back(batch.lines_covered);
  };
  while (!text.empty()) {
    std::string_view part = text.substr(0, step);
    text.remove_prefix(part.size());
    while (cutter.take(part)) release();
  }
  cutter.end();
  if (!cutter.empty()) release();
  return seen;
}

TEST(LineCutter, CutsTheSameLinesHoweverTheyArrive) {
  std::string text = "{\"a\":1}\n\n  {\"b\":2}\t\r\n \r\n{\"c\":3}";
  std::vector<SeenLine> expected = {{7, "{\"a\":1}", false}, {9, "{\"b\":2}", false}, {11, "{\"c\":3}", false}};
  for (size_t step = 1; step < text.size() + 1; ++step) {
    SeenBatches seen = cut_lines(text, step, {}, 7);
    EXPECT_EQ(seen.lines, expected) << step;
    EXPECT_EQ(seen.covered, std::vector<uint64_t>{5});
  }
}

TEST(LineCutter, ABatchEndsAtItsLimits) {
  LineCutter::Limits limits;
  limits.lines_max = 2;
  EXPECT_EQ(cut_lines("1\n2\n\n3\n4\n5\n", 100, limits).covered, (std::vector<uint64_t>{2, 3, 1}));
  limits.lines_max = 100;
  limits.bytes_max = 10;
  EXPECT_EQ(cut_lines("12345\n6789\n1\n2\n", 3, limits).covered, (std::vector<uint64_t>{2, 2}));
}

TEST(LineCutter, OfALongLineTheBeginningIsKept) {
  LineCutter::Limits limits;
  limits.line_bytes_max = 4;
  std::vector<SeenLine> expected = {{1, "1234", false}, {2, "1234", true}, {3, "ok", false}, {4, "abcd", true}};
  std::string text = "1234\n12345678901234567890\nok\nabcde";
  for (size_t step : {1, 2, 3, 7, 100}) EXPECT_EQ(cut_lines(text, step, limits).lines, expected) << step;
}

TEST(LineCutter, WhatIsBehindTheLastLineEndIsNoLineYet) {
  LineCutter cutter({}, 1);
  std::string_view text = "1\n2\nhalf";
  EXPECT_FALSE(cutter.take(text));
  EXPECT_EQ(cutter.release().lines_covered, 2u);
  EXPECT_TRUE(cutter.empty());
}

}  // namespace
}  // namespace tributary
