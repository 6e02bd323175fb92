#include "connectors/bulk/column_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/bulk/event_builder.h"
#include "connectors/bulk/mapping_file.h"

namespace tributary {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string proposed(TableKind kind, std::vector<std::string> columns, bool keep = false) {
  auto text = propose_mapping(kind, {}, {std::move(columns), {}}, keep);
  if (!text) return text.error().message;
  auto parsed = parse_mapping(text->text, "proposed");
  auto* mistakes = std::get_if<std::vector<std::string>>(&parsed);
  return mistakes == nullptr ? text->text : mistakes->front() + "\n" + text->text;
}

TEST(ColumnNames, ChineseAndEnglishNamesInAnySpelling) {
  for (const char* name :
       {"联系方式", "手机", "电话", "Mobile", "mobile_phone", "Phone Number", "手机号*", "ＴＥＬ", "手机（必填）"}) {
    EXPECT_THAT(proposed(TableKind::records, {"姓名", name}), HasSubstr("  phone: {column: ")) << name;
    EXPECT_THAT(proposed(TableKind::records, {"公司名称", "联系人", name}), HasSubstr("  contact_phone: {column: "))
        << name;
  }
}

TEST(ColumnNames, APersonBesideACompanyIsItsContact) {
  std::string text = proposed(TableKind::records, {"公司", "姓名", "手机"});
  EXPECT_THAT(text, HasSubstr("  name: {column: \"公司\"}"));
  EXPECT_THAT(text, HasSubstr("  contact_name: {column: \"姓名\"}"));
}

TEST(ColumnNames, WhatHasNoFieldIsATraitOnlyWhenItIsWanted) {
  std::vector<std::string> columns = {"姓名", "手机", "备注: \"x\""};
  EXPECT_THAT(proposed(TableKind::records, columns), HasSubstr("# not used:\n#   \"备注: \\\"x\\\"\""));
  EXPECT_THAT(proposed(TableKind::records, columns), Not(HasSubstr("traits:")));
  EXPECT_THAT(proposed(TableKind::records, columns, true), HasSubstr("traits:\n  \"备注"));
}

TEST(ColumnNames, WhatRowsNeedIsAskedFor) {
  EXPECT_THAT(proposed(TableKind::records, {"手机"}), HasSubstr("客户名称"));
  EXPECT_THAT(proposed(TableKind::orders, {"订单号", "下单时间"}), HasSubstr("whose"));
  EXPECT_THAT(proposed(TableKind::orders, {"手机", "下单时间"}), HasSubstr("order_id"));
  EXPECT_THAT(proposed(TableKind::interactions, {"客户编号", "互动方式"}), HasSubstr("time"));
  EXPECT_THAT(proposed(TableKind::tags, {"账号", "时间", "标签", "标签类型"}), HasSubstr("origin: import"));
}

TEST(ColumnNames, AHeaderMayStandBehindLinesAndOnLines) {
  TableShape shape;
  shape.skip_rows = 2;
  auto proposal = propose_mapping(TableKind::records, shape, {{"姓名", "手机\n（必填）", "x"}, {}}, false);
  ASSERT_TRUE(proposal);
  EXPECT_EQ(proposal->columns, 2u);
  EXPECT_THAT(proposal->text, HasSubstr("skip_rows: 2\n"));
  EXPECT_THAT(proposal->text, HasSubstr("  phone: {column: \"手机\\n（必填）\"}"));
}

TEST(ColumnNames, EncodingAndDelimiterAreGuessed) {
  EXPECT_EQ(guess_shape("a;b;c\n1,5;2;3\n").delimiter, ';');
  EXPECT_EQ(guess_shape("a\tb\n").delimiter, '\t');
  EXPECT_EQ(guess_shape("a,b\n").encoding, TextEncoding::utf8);
  EXPECT_EQ(guess_shape("\xbf\xcd\xbb\xa7,b\n").encoding, TextEncoding::gb18030);
  EXPECT_EQ(guess_shape("客户,b\n1,\xff\n").encoding, TextEncoding::utf8);    // one row is damaged
  EXPECT_EQ(guess_shape("客户,b\n客\xe6\x88").encoding, TextEncoding::utf8);  // cut within a character
}

class RecordRows : public testing::Test {
 protected:
  /// The fields of one row with this cell, or the code that refuses it.
  static std::string fields(const std::string& value, std::string_view cell) {
    auto parsed = parse_mapping("name: m\nkind: records\nformat: csv\nfields:\n  f: " + value + "\n", "m");
    if (auto* mistakes = std::get_if<std::vector<std::string>>(&parsed)) return mistakes->front();
    auto& mapping = std::get<Mapping>(parsed);
    EXPECT_TRUE(bind_columns(mapping, {"A"}).empty());
    TableRow row;
    row.cells = {cell};
    std::string said, traits;
    ImportItem item;
    build_record(mapping, row, said, traits, item);
    return item.good() ? said : item.code;
  }
};

TEST_F(RecordRows, DatesOfSpreadsheetsAndDeclaredOrders) {
  EXPECT_EQ(fields("{column: A, type: date}", "45214"), R"({"f":"2023-10-15"})");
  EXPECT_EQ(fields("{column: A, type: date}", "2023年10月15日"), R"({"f":"2023年10月15日"})");
  EXPECT_EQ(fields("{column: A, type: date}", "10/11/2023"), R"({"f":"10/11/2023"})");
  EXPECT_EQ(fields("{column: A, type: date, format: \"%m/%d/%Y\"}", "10/11/2023"), R"({"f":"2023-10-11"})");
  EXPECT_EQ(fields("{column: A, type: date, format: \"%m/%d/%Y\"}", "45214"), R"({"f":"2023-10-15"})");
  EXPECT_EQ(fields("{column: A, type: date, format: \"%m/%d/%Y\"}", "soon"), "bad_time");
}

TEST_F(RecordRows, WordsAreTranslated) {
  std::string value = "{column: A, values: {软件: software_it}}";
  EXPECT_EQ(fields(value, "软件"), R"({"f":"software_it"})");
  EXPECT_EQ(fields(value, "别的"), R"({"f":"别的"})");
  EXPECT_THAT(fields("{column: A, type: integer, values: {a: b}}", "1"), HasSubstr("only text has values"));
}

TEST_F(RecordRows, AMappingOfRecordsHasNoEvents) {
  auto parsed = parse_mapping("name: m\nkind: records\nformat: csv\nfields: {a: \"{A}\"}\nevents: []\n", "m");
  ASSERT_TRUE(std::holds_alternative<std::vector<std::string>>(parsed));
  EXPECT_THAT(std::get<1>(parsed).front(), HasSubstr("unknown key \"events\""));
}

}  // namespace
}  // namespace tributary
