#include "connectors/bulk/table_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

namespace tributary {
namespace {

using testing::ElementsAre;

TableShape csv() {
  TableShape shape;
  shape.columns = {};
  return shape;
}

struct Read {
  std::vector<std::vector<std::string>> rows;
  std::vector<uint64_t> lines;
  std::vector<std::string> errors;  // "line:code"
};

void take(const TableRow& row, Read& read) {
  if (!row.error_code.empty()) {
    read.errors.push_back(std::to_string(row.place.line) + ":" + std::string(row.error_code));
    return;
  }
  read.rows.emplace_back(row.cells.begin(), row.cells.end());
  read.lines.push_back(row.place.line);
}

/// Gives at most a few bytes at a time, as a pipe may.
class Drip : public ByteStream {
 public:
  Drip(std::string_view bytes, size_t drop) : bytes_(bytes), drop_(drop) {}
  Result<size_t> read(std::span<char> room) override {
    size_t count = bytes_.copy(room.data(), std::min(drop_, room.size()), taken_);
    taken_ += count;
    return count;
  }
  uint64_t taken() const override { return taken_; }

 private:
  std::string_view bytes_;
  size_t drop_, taken_ = 0;
};

Read read_all(ImportText& text, TableShape shape, size_t rows_at_once) {
  TableReader reader(text, std::move(shape));
  EXPECT_EQ(reader.open(), std::nullopt);
  Read read;
  TableRow row;
  RowSlice slice;
  while (reader.cutter().cut(slice, rows_at_once)) {
    SliceRows rows(reader.shape(), reader.columns().size(), slice);
    while (rows.next(row)) take(row, read);
  }
  return read;
}

/// However a text comes and however it is cut, its rows are the same.
Read read_all(std::string_view text, TableShape shape = csv()) {
  ImportText whole(text);
  Read read = read_all(whole, shape, 1);
  for (size_t rows_at_once : {1, 2, 1000}) {
    for (size_t drop : {1, 7, 1 << 20}) {
      if (text.size() / drop > 10'000) continue;
      ImportText passing(std::make_unique<Drip>(text, drop), text.size());
      Read again = read_all(passing, shape, rows_at_once);
      EXPECT_EQ(again.rows, read.rows) << rows_at_once << " " << drop;
      EXPECT_EQ(again.lines, read.lines) << rows_at_once << " " << drop;
      EXPECT_EQ(again.errors, read.errors) << rows_at_once << " " << drop;
    }
  }
  return read;
}

std::optional<std::string> header_fault(std::string_view text, TableShape shape) {
  ImportText whole(text);
  return TableReader(whole, std::move(shape)).open();
}

TEST(TableReader, QuotedCellsHoldDelimitersQuotesAndLineEnds) {
  auto read = read_all("a,b\r\n\"x,y\",\"say \"\"hi\"\"\"\r\n\"two\nlines\",2\n3,4\n");
  EXPECT_THAT(read.rows,
              ElementsAre(ElementsAre("x,y", "say \"hi\""), ElementsAre("two\nlines", "2"), ElementsAre("3", "4")));
  EXPECT_THAT(read.lines, ElementsAre(2, 3, 5));
  EXPECT_TRUE(read.errors.empty());
}

TEST(TableReader, LastRowMayLackItsLineEnd) {
  EXPECT_THAT(read_all("a,b\n1,2").rows, ElementsAre(ElementsAre("1", "2")));
  EXPECT_THAT(read_all("a,b\n1,\"2\"").rows, ElementsAre(ElementsAre("1", "2")));
  EXPECT_THAT(read_all("a,b\r\n1,2\r").rows, ElementsAre(ElementsAre("1", "2")));
}

TEST(TableReader, EmptyCellsAreCells) {
  EXPECT_THAT(read_all("a,b,c\n,,\n\"\",x,\n").rows, ElementsAre(ElementsAre("", "", ""), ElementsAre("", "x", "")));
}

TEST(TableReader, BlankLinesAreNoRowsButCount) {
  auto read = read_all("\n a , b \n\n  \n1,2\n\n3,4\n\n");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("1", "2"), ElementsAre("3", "4")));
  EXPECT_THAT(read.lines, ElementsAre(5, 7));
}

TEST(TableReader, RaggedRowsAreRefusedAlone) {
  auto read = read_all("a,b\n1,2\n3\n4,5,6\n7,8\n");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("1", "2"), ElementsAre("7", "8")));
  EXPECT_THAT(read.errors, ElementsAre("3:ragged_row", "4:ragged_row"));
}

TEST(TableReader, BrokenQuotesCostTheirOwnLineOnly) {
  auto read = read_all("a,b\n\"x\"y,1\n2,3\n\"never ends,4\n5,6\n");
  EXPECT_THAT(read.errors, ElementsAre("2:bad_quote", "4:unterminated_quote"));
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("2", "3"), ElementsAre("5", "6")));
}

TEST(TableReader, QuoteInsideAnUnquotedCellIsText) {
  EXPECT_THAT(read_all("a,b\n7\" disc,1\n").rows, ElementsAre(ElementsAre("7\" disc", "1")));
}

TEST(TableReader, OtherDelimitersAndQuotes) {
  TableShape shape = csv();
  shape.delimiter = ';';
  shape.quote = '\'';
  EXPECT_THAT(read_all("a;b\n'1;1';\"2\"\n", shape).rows, ElementsAre(ElementsAre("1;1", "\"2\"")));
}

TEST(TableReader, RowsBeyondTheLimitAreRefused) {
  std::string text = "a,b\n" + std::string(kRowBytesMax + 10, 'x') + ",1\n2,3\n";
  auto read = read_all(text);
  EXPECT_THAT(read.errors, ElementsAre("2:row_too_long"));
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("2", "3")));
}

TEST(TableReader, AFormulaIsGuardedByOneApostrophe) {
  constexpr std::string_view kTable = "a,b\n'=1+1,''=1+1\n'+86,'86\n=1+1,'\n";
  TableShape guarded = csv();
  guarded.formula_guard = true;
  for (bool guard : {true, false}) {
    ImportText text(kTable);
    Read read = read_all(text, guard ? guarded : csv(), 10);
    std::vector<std::vector<std::string>> unguarded = {{"=1+1", "''=1+1"}, {"+86", "'86"}, {"=1+1", "'"}};
    std::vector<std::vector<std::string>> as_it_is = {{"'=1+1", "''=1+1"}, {"'+86", "'86"}, {"=1+1", "'"}};
    EXPECT_EQ(read.rows, guard ? unguarded : as_it_is);
  }
}

TEST(TableReader, SeveralColumnsMayHaveNoNameAndNoTwoTheSame) {
  auto opened = [](std::string_view table) {
    ImportText text(table);
    return TableReader(text, csv()).open();
  };
  EXPECT_EQ(opened("a,,b,\n"), std::nullopt);
  EXPECT_EQ(opened("a,b,a\n"), "the header row names the column a twice");
  EXPECT_EQ(opened(""), "the file has no header row");
}

TEST(TableReader, ByteOrderMarkIsNoPartOfTheFirstColumn) {
  ImportText text(
      "\xef\xbb\xbf"
      "a,b\n1,2\n");
  TableReader reader(text, csv());
  ASSERT_EQ(reader.open(), std::nullopt);
  EXPECT_THAT(reader.columns(), ElementsAre("a", "b"));
}

TEST(TableReader, ALineWithoutEndIsNeverHeld) {
  // 64 MiB of one line pass by; the window holds what a row may have and what is read at once.
  class Endless : public ByteStream {
   public:
    Result<size_t> read(std::span<char> room) override {
      size_t count = std::min<size_t>(room.size(), (64u << 20) - taken_);
      std::fill_n(room.begin(), count, 'x');
      taken_ += count;
      return count;
    }
    uint64_t taken() const override { return taken_; }

   private:
    size_t taken_ = 0;
  };
  ImportText text(std::make_unique<Endless>(), 0);
  RowCutter cutter(text, row_form(csv()));
  RowSlice slice;
  ASSERT_TRUE(cutter.cut(slice, 10));
  EXPECT_EQ(slice.code, "row_too_long");
  EXPECT_LE(text.held_bytes_max(), 8u << 20);
  EXPECT_FALSE(cutter.cut(slice, 10));
}

TEST(TableReader, BytesThatAreNoUtf8RefuseTheRow) {
  EXPECT_THAT(read_all("a\n\xff\ncaf\xc3\xa9\n").errors, ElementsAre("2:invalid_utf8"));
}

TEST(TableReader, OlderEncodingsBecomeUtf8) {
  TableShape shape = csv();
  shape.encoding = TextEncoding::windows1252;
  EXPECT_THAT(read_all("a\n\x80 caf\xe9\n", shape).rows, ElementsAre(ElementsAre("\xe2\x82\xac caf\xc3\xa9")));
  EXPECT_THAT(read_all("a\nx\x81\n", shape).errors, ElementsAre("2:invalid_utf8"));
}

TEST(TableReader, HeaderMustEqualTheDeclaredColumns) {
  TableShape shape = csv();
  shape.columns = {"a", "c"};
  EXPECT_NE(header_fault("a,b\n1,2\n", shape), std::nullopt);
  EXPECT_NE(header_fault("", shape), std::nullopt);
  EXPECT_NE(header_fault("a,a\n", csv()), std::nullopt);
}

TEST(TableReader, BlankSeparatedColumns) {
  TableShape shape;
  shape.format = TableFormat::whitespace;
  auto read = read_all(" id  date\tvalue\r\n 00001 19970101  11.77\r\n 2 3\r\n", shape);
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("00001", "19970101", "11.77")));
  EXPECT_THAT(read.errors, ElementsAre("3:ragged_row"));
}

TEST(TableReader, FixedColumnsAreByteRangesAndShortLinesHaveEmptyCells) {
  TableShape shape;
  shape.format = TableFormat::fixed;
  shape.header = false;
  shape.skip_rows = 1;
  shape.fixed = {{"id", 1, 4}, {"date", 5, 12}, {"value", 14, 19}};
  auto read = read_all("report of today\n000119970101  11.77\n000219970102\n", shape);
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("0001", "19970101", "11.77"), ElementsAre("0002", "19970102", "")));
  EXPECT_THAT(read.lines, ElementsAre(2, 3));
}

TEST(TableReader, RowsCanBeReadAgainAtTheirPlaces) {
  ImportText text("a,b\n1,\"x\ny\"\n3,4\n");
  TableReader reader(text, csv());
  ASSERT_EQ(reader.open(), std::nullopt);
  TableRow first, second, again;
  ASSERT_TRUE(reader.next(first));
  ASSERT_TRUE(reader.next(second));
  reader.cutter().seek(first.place);
  ASSERT_TRUE(reader.next(again));
  EXPECT_EQ(again.cells, first.cells);
  EXPECT_EQ(again.raw, "1,\"x\ny\"");
  reader.cutter().seek(second.place);
  ASSERT_TRUE(reader.next(again));
  EXPECT_EQ(again.cells, second.cells);
  EXPECT_EQ(again.place.line, 4u);
}

TEST(TableReader, RandomTablesAreTheSameHoweverTheyAreCut) {
  unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::string_view kPieces[] = {",", "\"", "\"\"", "\n", "\r\n", "\r", " ", "a", "bc", "\xc3\xa9", "\xff"};
  for (int round = 0; round < 300; ++round) {
    std::string text = "a,b\n";
    for (size_t pieces = random() % 60; pieces > 0; --pieces) text += kPieces[random() % std::size(kPieces)];
    SCOPED_TRACE(testing::PrintToString(text));
    read_all(text);
  }
}

}  // namespace
}  // namespace tributary
