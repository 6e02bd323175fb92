#include "engine/linkage/record_table.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/linkage/similarity.h"

namespace tributary {
namespace {

Agreement compared(LinkageKind kind, const char* a, const char* b) {
  return compare_values(kind, code_points(a), code_points(b));
}

TEST(CompareValues, OfNames) {
  EXPECT_EQ(compared(LinkageKind::name, "martha", "martha"), Agreement::equal);
  EXPECT_EQ(compared(LinkageKind::name, "martha", "marhta"), Agreement::near);
  EXPECT_EQ(compared(LinkageKind::name, "dixon", "dicksonx"), Agreement::similar);
  EXPECT_EQ(compared(LinkageKind::name, "martha", "oliver"), Agreement::different);
}

TEST(CompareValues, OfTextsByTheShareOfEdits) {
  EXPECT_EQ(compared(LinkageKind::text, "wellington street", "wellingtonnstreet"), Agreement::near);
  EXPECT_EQ(compared(LinkageKind::text, "0123456789", "01234567xx"), Agreement::near);
  EXPECT_EQ(compared(LinkageKind::text, "0123456789", "0123456xxx"), Agreement::similar);
  EXPECT_EQ(compared(LinkageKind::text, "0123456789", "012345xxxx"), Agreement::similar);
  EXPECT_EQ(compared(LinkageKind::text, "0123456789", "01234xxxxx"), Agreement::different);
}

TEST(CompareValues, OfDigitsByEdits) {
  EXPECT_EQ(compared(LinkageKind::digits, "2692439", "2694239"), Agreement::near);
  EXPECT_EQ(compared(LinkageKind::digits, "2692439", "2684439"), Agreement::similar);
  EXPECT_EQ(compared(LinkageKind::digits, "2119", "2221"), Agreement::different);
  EXPECT_EQ(compared(LinkageKind::digits, "+8613800001234", "+8613900005678"), Agreement::different);
}

TEST(CompareValues, OfDatesByWhatPeopleExchange) {
  EXPECT_EQ(compared(LinkageKind::date, "19560409", "1956-04-09"), Agreement::equal);
  EXPECT_EQ(compared(LinkageKind::date, "19560409", "19560904"), Agreement::exchanged);
  EXPECT_EQ(compared(LinkageKind::date, "19560419", "19560418"), Agreement::near);
  EXPECT_EQ(compared(LinkageKind::date, "19560419", "19560427"), Agreement::similar);
  EXPECT_EQ(compared(LinkageKind::date, "19560419", "19481127"), Agreement::different);
  EXPECT_EQ(compared(LinkageKind::date, "--04-19", "--04-18"), Agreement::near);
}

TEST(CompareValues, OfCodesIsAllOrNothing) {
  EXPECT_EQ(compared(LinkageKind::code, "nsw", "nsx"), Agreement::different);
}

const std::vector<LinkageField> kNames = {{"given", LinkageKind::name, 1}, {"surname", LinkageKind::name, 0}};

TEST(RecordTable, MissingIsALevelOfItsOwnAndExchangedFieldsAreSeen) {
  auto table = RecordTable::make(kNames, {{"a", {"wang", "fang"}}, {"b", {"fang", "wang"}}, {"c", {"", "fang"}}});
  ASSERT_TRUE(table);
  AgreementPattern pattern = table->compare(0, 1);
  EXPECT_EQ(pattern.at(0), Agreement::exchanged);
  EXPECT_EQ(pattern.at(1), Agreement::exchanged);
  EXPECT_EQ(table->compare(0, 2).at(0), Agreement::missing);
  EXPECT_EQ(table->compare(0, 2).at(1), Agreement::equal);
}

TEST(RecordTable, ComparesTheSameBothWays) {
  std::vector<LinkageRecord> records;
  for (const char* given : {"", "maria", "marai", "garcia"}) {
    for (const char* surname : {"", "garcia", "maria", "gracia"}) {
      records.push_back({std::to_string(records.size()), {given, surname}});
    }
  }
  auto table = RecordTable::make(kNames, records);
  ASSERT_TRUE(table);
  for (size_t a = 0; a < table->size(); ++a) {
    for (size_t b = 0; b < table->size(); ++b) EXPECT_EQ(table->compare(a, b), table->compare(b, a)) << a << " " << b;
  }
}

TEST(RecordTable, KnowsHowManyPairsThereAre) {
  auto pairs = [](std::vector<bool> second_list) {
    std::vector<LinkageRecord> records;
    for (bool second : second_list) records.push_back({std::to_string(records.size()), {"x", "y"}, second});
    return RecordTable::make(kNames, records)->comparable_pairs();
  };
  EXPECT_EQ(pairs({}), 0u);
  EXPECT_EQ(pairs({false}), 0u);
  EXPECT_EQ(pairs({false, false, false, false}), 6u);
  EXPECT_EQ(pairs({true, true, true}), 3u);
  EXPECT_EQ(pairs({false, true, false}), 2u);
}

TEST(RecordTable, RefusesWhatItCannotCompare) {
  auto error = [](std::vector<LinkageField> fields, std::vector<LinkageRecord> records) {
    auto table = RecordTable::make(std::move(fields), std::move(records));
    return table ? std::string() : table.error().message;
  };
  EXPECT_EQ(error(kNames, {{"a", {"x"}}}), "record a has 1 values, not 2");
  EXPECT_EQ(error(kNames, {{"a", {"x", "y"}}, {"a", {"", ""}}}), "two records are a");
  EXPECT_EQ(error({}, {}), "records have 1 to 20 fields, not 0");
  EXPECT_EQ(error(std::vector<LinkageField>(21, {"f", LinkageKind::code, {}}), {}),
            "records have 1 to 20 fields, not 21");
  EXPECT_EQ(error({{"a", LinkageKind::name, 0}}, {}), "a can only be mixed up with another field of its kind");
  EXPECT_EQ(error({{"a", LinkageKind::name, 1}, {"b", LinkageKind::code, {}}}, {}),
            "a can only be mixed up with another field of its kind");
}

TEST(RecordTable, AllTwentyFieldsHaveTheirPlace) {
  auto table = RecordTable::make(std::vector<LinkageField>(kLinkageFieldsMax, {"f", LinkageKind::code, {}}),
                                 {{"a", std::vector<std::string>(kLinkageFieldsMax, "x")},
                                  {"b", std::vector<std::string>(kLinkageFieldsMax, "x")}});
  ASSERT_TRUE(table);
  for (size_t field = 0; field < kLinkageFieldsMax; ++field)
    EXPECT_EQ(table->compare(0, 1).at(field), Agreement::equal);
}

}  // namespace
}  // namespace tributary
