#include "connectors/bulk/table_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

Read read_all(std::string_view text, TableShape shape = csv()) {
  TableReader reader(text, std::move(shape));
  EXPECT_EQ(reader.open(), std::nullopt);
  Read read;
  TableRow row;
  while (reader.next(row)) {
    if (!row.error_code.empty()) {
      read.errors.push_back(std::to_string(row.place.line) + ":" + row.error_code);
      continue;
    }
    read.rows.push_back(row.cells);
    read.lines.push_back(row.place.line);
  }
  return read;
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

TEST(TableReader, ByteOrderMarkIsNoPartOfTheFirstColumn) {
  TableReader reader(
      "\xef\xbb\xbf"
      "a,b\n1,2\n",
      csv());
  ASSERT_EQ(reader.open(), std::nullopt);
  EXPECT_THAT(reader.columns(), ElementsAre("a", "b"));
}

TEST(TableReader, Utf16IsRefusedWithAReason) {
  TableReader reader(std::string_view("\xff\xfe"
                                      "a\0",
                                      4),
                     csv());
  EXPECT_THAT(reader.open().value_or(""), testing::HasSubstr("UTF-16"));
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
  EXPECT_NE(TableReader("a,b\n1,2\n", shape).open(), std::nullopt);
  EXPECT_NE(TableReader("", shape).open(), std::nullopt);
  EXPECT_NE(TableReader("a,a\n", csv()).open(), std::nullopt);
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

TEST(TableReader, SeekAndReadAtGiveTheSameRow) {
  TableReader reader("a,b\n1,\"x\ny\"\n3,4\n", csv());
  ASSERT_EQ(reader.open(), std::nullopt);
  TableRow first, second, again;
  ASSERT_TRUE(reader.next(first));
  ASSERT_TRUE(reader.next(second));
  reader.read_at(first.place, again);
  EXPECT_EQ(again.cells, first.cells);
  EXPECT_EQ(again.raw, "1,\"x\ny\"");
  reader.seek(second.place);
  ASSERT_TRUE(reader.next(again));
  EXPECT_EQ(again.cells, second.cells);
  EXPECT_EQ(again.place.line, 4u);
}

}  // namespace
}  // namespace tributary
