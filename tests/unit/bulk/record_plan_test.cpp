#include "connectors/bulk/record_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/bulk/record_report.h"

namespace tributary {
namespace {

ComparedRecord company(const std::string& name, const std::string& contact, const std::string& phone) {
  return {true, name, contact, phone, false, {}};
}

PlannedRow row(uint64_t line, ComparedRecord record) { return {line, std::move(record), {}, {}}; }

TEST(RecordPlan, RowsJoinTheEarliestByTheRuleThatFits) {
  std::vector<PlannedRow> rows = {row(2, company("澄江科技有限公司", "王芳", "+8613800001234")),
                                  row(3, company("澄江科技(北京)有限公司", "王芳", "+8613800001234")),
                                  row(4, company("澄江科技有限公司", "王芳", "+8613800001234")),
                                  row(5, company("别的有限公司", "赵敏", "+8613900001234"))};
  auto destinies = plan_rows(rows, {});
  EXPECT_FALSE(destinies[0].joins());
  EXPECT_EQ(destinies[1].rule, "D2");
  EXPECT_EQ(destinies[2].rule, "D1");
  EXPECT_EQ(destinies[1].first, 0u);
  EXPECT_EQ(destinies[2].first, 0u);
  EXPECT_FALSE(destinies[3].joins());
  EXPECT_EQ(destinies[3].first, 3u);
}

TEST(RecordPlan, ACustomerThatIsKnownComesBeforeRows) {
  std::vector<KnownRecord> known = {{"c1", "CX20231001001", company("A有限公司", "王芳", "+8613800001234")}};
  std::vector<PlannedRow> rows = {row(2, company("A有限公司", "王芳", "+8613800001234")),
                                  row(3, company("A有限公司", "李强", "+8613800001234"))};
  auto destinies = plan_rows(rows, known);
  EXPECT_EQ(destinies[0].customer_id, "c1");
  EXPECT_EQ(destinies[0].rule, "D1");
  EXPECT_FALSE(destinies[1].joins());
  EXPECT_THAT(destinies[1].suspected, testing::StartsWith("D4 "));
}

TEST(RecordPlan, IdentifiersJoinAndNeverTwoKnownCustomers) {
  std::vector<KnownRecord> known = {{"c1", "", company("A有限公司", "王芳", "+8613800001234")},
                                    {"c2", "", company("B有限公司", "赵敏", "+8613900001234")}};
  std::vector<PlannedRow> rows = {row(2, company("A有限公司", "王芳", "+8613800001234")),
                                  row(3, company("C有限公司", "孙伟", "+8613700001234"))};
  rows[0].customer_id = "c2";
  rows[1].identifiers = {"uscc:x"};
  rows.push_back(row(4, company("D有限公司", "周丽", "+8613600001234")));
  rows[2].identifiers = {"uscc:x"};
  auto destinies = plan_rows(rows, known);
  EXPECT_EQ(destinies[0].customer_id, "c2");
  EXPECT_EQ(destinies[2].rule, "identifier");
  EXPECT_EQ(destinies[2].first, 1u);
}

TEST(RecordPlan, CreditCodesThatDifferAreForPeople) {
  std::vector<PlannedRow> rows = {row(2, company("A有限公司", "王芳", "+8613800001234")),
                                  row(3, company("A有限公司", "王芳", "+8613800001234"))};
  rows[0].record.uscc = "x";
  rows[1].record.uscc = "y";
  auto destinies = plan_rows(rows, {});
  EXPECT_FALSE(destinies[1].joins());
  EXPECT_EQ(destinies[1].suspected, "D1 line 2");
}

TEST(RecordReport, ValuesAreMaskedByTheirField) {
  EXPECT_EQ(masked_value("contact_phone", "13800001234"), "138****1234");
  EXPECT_EQ(masked_value("contact_phone", "1.38E+10"), "1.38E+10");
  EXPECT_EQ(masked_value("contact_phone", "123"), "****");
  EXPECT_EQ(masked_value("email", "li.si@example.com"), "l***@example.com");
  EXPECT_EQ(masked_value("contact_name", "王芳"), "王*");
  EXPECT_EQ(masked_value("address", "杭州市西湖区文三路1号"), "杭州市西湖区****");
  EXPECT_EQ(masked_value("status", "跟进中"), "跟进中");
}

}  // namespace
}  // namespace tributary
