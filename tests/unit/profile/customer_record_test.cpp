// What saves of a customer's base record come to, in any order of arrival.
#include "engine/profile/customer_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

#include "engine/domain/region.h"
#include "tests/unit/profile/fact_sketch.h"

namespace tributary {
namespace {

using enum RecordField;
using Values = std::vector<std::pair<RecordField, std::string>>;
using ::testing::ElementsAre;

int64_t at(const std::string& time) { return parse_iso8601(time)->micros; }
const TimeZone& shanghai() {
  static const TimeZone zone = *TimeZone::load("Asia/Shanghai");
  return zone;
}

Fact save(const char* when, Values values, RecordAct act = RecordAct::saved, std::string id = {}) {
  std::ranges::sort(values);
  return make_fact(FactKind::record, act, "", at(when), id.empty() ? when : std::move(id), std::move(values));
}
Fact change(const char* when, Values values) { return save(when, std::move(values), RecordAct::changed); }

/// A record points into its facts, so these stay.
CustomerRecord judged(std::vector<Fact> facts, const char* now = "2030-01-01") {
  static std::deque<std::vector<Fact>> all_facts;
  all_facts.push_back(std::move(facts));
  auto record = customer_record(all_facts.back(), shanghai(), Timestamp{at(now)});
  EXPECT_TRUE(record);
  return record ? std::move(*record) : CustomerRecord{};
}

/// "industry:enum_unknown", sorted by field.
std::vector<std::string> flags(const CustomerRecord& record) {
  std::vector<std::string> found;
  for (const RecordFlag& flag : record.flags) {
    found.push_back(std::string(record_field_name(flag.field)) + ":" + std::string(flag.code));
  }
  return found;
}

const RecordFieldState& state(const CustomerRecord& record, RecordField field) {
  return *std::ranges::find(record.fields, field, &RecordFieldState::field);
}

/// All ten fields of an organisation.
Values organisation(Values more = {}) {
  Values values = {{customer_type, "organisation"},
                   {name, "澄江科技有限公司"},
                   {industry, "manufacturing"},
                   {size, "medium"},
                   {contact_name, "王芳"},
                   {contact_title, "总监"},
                   {contact_phone, "+8613800001234"},
                   {source, "referral"},
                   {first_contact_date, "2026-10-01"},
                   {status, "potential"},
                   {owner, "zhang"}};
  for (auto& [field, text] : more) {
    auto known = std::ranges::find(values, field, &std::pair<RecordField, std::string>::first);
    if (known == values.end()) {
      values.emplace_back(field, text);
    } else if (text.empty()) {
      values.erase(known);
    } else {
      known->second = text;
    }
  }
  return values;
}

TEST(DomainSection3_9, TheNewestPresentValueWinsInAnyOrderOfArrival) {
  Fact a = save("2023-10-01", {{customer_type, "organisation"}, {industry, "retail"}, {address, "X"}});
  Fact b = save("2023-10-15", {{customer_type, "organisation"}, {industry, "manufacturing"}});
  for (const auto& facts : {std::vector{a, b}, std::vector{b, a}}) {
    CustomerRecord record = judged(facts);
    EXPECT_EQ(record.text(industry), "manufacturing");
    EXPECT_EQ(record.text(address), "X");
    EXPECT_EQ(record.updated_at.micros, at("2023-10-15"));
    EXPECT_EQ(record.created_at.micros, at("2023-10-01"));
  }
}

TEST(DomainSection3_2, ProvenanceHasTheWinnerAndEachOlderValue) {
  CustomerRecord record = judged({save("2023-10-01", {{industry, "retail"}}), save("2023-10-15", {{industry, "other"}}),
                                  save("2023-10-20", {{industry, "services"}})});
  const RecordFieldState& told = state(record, industry);
  EXPECT_EQ(told.winner.value, "services");
  EXPECT_EQ(told.winner.said->message_id, "2023-10-20");
  ASSERT_EQ(told.candidates.size(), 2u);
  EXPECT_EQ(told.candidates[0].value, "other");
  EXPECT_EQ(told.candidates[1].value, "retail");
  EXPECT_EQ(told.candidates[1].said->at.micros, at("2023-10-01"));
}

TEST(DomainSection3_9, TiesGoToTheBetterSourceThenToTheGreaterId) {
  auto tied = [](const char* kind, const char* value, const char* id) {
    return save("2023-10-01", {{source_kind, kind}, {industry, value}}, RecordAct::saved, id);
  };
  EXPECT_EQ(judged({tied("staff", "retail", "a"), tied("form", "other", "b")}).text(industry), "retail");
  EXPECT_EQ(judged({tied("import", "retail", "a"), tied("third_party", "other", "b")}).text(industry), "retail");
  EXPECT_EQ(judged({tied("form", "retail", "a"), tied("import", "other", "b")}).text(industry), "retail");
  EXPECT_EQ(judged({tied("staff", "retail", "a"), tied("staff", "other", "b")}).text(industry), "other");
}

TEST(DomainSection3_9, TheEarliestContactAndSourceStay) {
  CustomerRecord record = judged({save("2023-10-01", {{source, "referral"}, {first_contact_date, "2023-09-30"}}),
                                  save("2023-10-02", {{source, "other"}, {first_contact_date, "2023-10-02"}}),
                                  save("2023-10-03", {{first_contact_date, "2023-09-01"}})});
  EXPECT_EQ(record.text(source), "referral");
  EXPECT_EQ(record.text(first_contact_date), "2023-09-01");
  EXPECT_EQ(record.updated_at.micros, at("2023-10-03"));
}

TEST(DomainSection3_9, ANullClearsAndEndsWhatWasSaidBefore) {
  std::vector<Fact> facts = {save("2023-10-01", {{industry, "retail"}, {first_contact_date, "2000-01-01"}}),
                             change("2023-10-02", {{industry, ""}, {first_contact_date, ""}})};
  EXPECT_EQ(judged(facts).text(industry), "");
  EXPECT_EQ(judged(facts).updated_at.micros, at("2023-10-02"));
  facts.push_back(change("2023-10-03", {{first_contact_date, "2023-09-01"}}));
  EXPECT_EQ(judged(facts).text(first_contact_date), "2023-09-01");
  facts.push_back(change("2023-10-01T12:00:00Z", {{industry, "services"}}));  // said before it was cleared
  EXPECT_EQ(judged(facts).text(industry), "");
}

TEST(DomainSection3_9, SavingTheSameAgainIsNoUpdate) {
  CustomerRecord record =
      judged({save("2023-10-01", {{industry, "retail"}}), save("2023-10-15", {{industry, "retail"}})});
  EXPECT_EQ(record.updated_at.micros, at("2023-10-01"));
  EXPECT_EQ(state(record, industry).winner.said->message_id, "2023-10-15");
}

TEST(DomainSection7, TheFirstStatusStaysUntilAChangeIsApproved) {
  CustomerRecord record = judged({save("2023-10-01", {{status, "potential"}}), save("2023-10-02", {{status, "won"}})});
  EXPECT_EQ(record.text(status), "potential");
  EXPECT_THAT(flags(record), ElementsAre("status:approval_needed"));
}

TEST(DomainSection3_8, SavedOnFridayWithoutIndustryIsDueOnWednesday) {
  Fact friday = save("2026-10-16T10:00:00+08:00", organisation({{industry, ""}}));
  CustomerRecord record = judged({friday}, "2026-10-21T09:59:59+08:00");
  EXPECT_EQ(record.completeness, 90);
  EXPECT_THAT(record.missing, ElementsAre("industry"));
  EXPECT_EQ(record.completion, CompletionState::pending);
  EXPECT_EQ(record.due_at->micros, at("2026-10-21T10:00:00+08:00"));
  EXPECT_EQ(judged({friday}, "2026-10-21T10:00:00+08:00").completion, CompletionState::incomplete);
  CustomerRecord filled = judged({friday, change("2026-10-25", {{industry, "retail"}})});
  EXPECT_EQ(filled.completion, CompletionState::complete);
  EXPECT_EQ(filled.completeness, 100);
  EXPECT_FALSE(filled.due_at);
}

TEST(DomainSection3_8, TimeBeginsWhenSomethingBeginsToLack) {
  std::vector<Fact> facts = {save("2026-10-12T10:00:00+08:00", organisation()),
                             change("2026-10-24T08:00:00+08:00", {{owner, ""}})};  // a Saturday
  CustomerRecord record = judged(facts);
  EXPECT_EQ(record.due_at->micros, at("2026-10-28T08:00:00+08:00"));
  EXPECT_EQ(judged(facts, "2026-10-23").completion, CompletionState::complete);
}

TEST(DomainSection3_8, APersonHasSixFields) {
  Values values = {{customer_type, "person"}, {name, "李四"}, {email, "li.si@example.com"}};
  CustomerRecord record = judged({save("2026-10-16", values)});
  EXPECT_EQ(record.completeness, 33);
  EXPECT_THAT(record.missing, ElementsAre("source", "first_contact_date", "status", "owner"));
  CustomerRecord without = judged({save("2026-10-16", {{customer_type, "person"}, {name, "李四"}})});
  EXPECT_EQ(without.missing.front(), "phone_or_email");
}

TEST(DomainSection3_2, SizeFollowsFromTheNumberOfEmployees) {
  auto sized = [](const char* count) {
    return std::string(judged({save("2026-10-16", organisation({{employee_count, count}, {size, ""}}))}).size());
  };
  EXPECT_EQ(sized("99"), "small");
  EXPECT_EQ(sized("100"), "medium");
  EXPECT_EQ(sized("500"), "medium");
  EXPECT_EQ(sized("501"), "large");
  EXPECT_EQ(judged({save("2026-10-16", organisation({{employee_count, "7"}, {size, ""}}))}).completeness, 100);
  CustomerRecord both = judged({save("2026-10-16", organisation({{employee_count, "501"}, {size, "small"}}))});
  EXPECT_EQ(both.size(), "large");
  EXPECT_THAT(flags(both), ElementsAre("size:size_conflict"));
}

TEST(DomainSection3_2, RegionFollowsFromTheProvince) {
  for (const char* spelling : {"北京", "北京市", "Beijing"}) EXPECT_EQ(region_of_province(spelling), "north_china");
  EXPECT_EQ(region_of_province("内蒙古自治区"), "north_china");
  EXPECT_EQ(region_of_province("新疆维吾尔自治区"), "northwest_china");
  EXPECT_EQ(region_of_province("山西省"), "north_china");
  EXPECT_EQ(region_of_province("陕西省"), "northwest_china");
  EXPECT_EQ(region_of_province("北京路"), "");
  EXPECT_EQ(region_of_province(""), "");
  CustomerRecord record = judged({save("2026-10-16", organisation({{province, "Atlantis"}}))});
  EXPECT_THAT(flags(record), ElementsAre("province:region_unknown"));
}

TEST(DomainSection3_2, NamesWithoutALegalFormAreFlagged) {
  auto flagged = [](const char* company) {
    return !judged({save("2026-10-16", organisation({{name, company}}))}).flags.empty();
  };
  EXPECT_TRUE(flagged("澄江科技"));
  EXPECT_TRUE(flagged("Lincoln"));
  for (const char* whole : {"澄江科技有限公司", "Acme Co., Ltd.", "Lincoln Inc.", "Müller GmbH", "某某事务所"}) {
    EXPECT_FALSE(flagged(whole)) << whole;
  }
}

TEST(DomainSection3_4, ARefusedValueIsNotedUntilANewerWord) {
  Fact first = save("2026-10-16", organisation({{codes, "industry_detail:text_too_long birthday:date_ambiguous"}}));
  EXPECT_THAT(flags(judged({first})), ElementsAre("industry_detail:text_too_long", "birthday:date_ambiguous"));
  Fact second = change("2026-10-17", {{birthday, "1990-02-28"}});
  EXPECT_THAT(flags(judged({first, second})), ElementsAre("industry_detail:text_too_long"));
}

TEST(DomainSection6, BudgetBandsHoldBothEnds) {
  auto band = [](const char* budget) {
    return std::string(judged({save("2026-10-16", {{annual_budget, budget}})}).budget_band());
  };
  EXPECT_EQ(band("9999999 CNY"), "under_100k");
  EXPECT_EQ(band("10000000 CNY"), "100k_to_500k");
  EXPECT_EQ(band("50000000 CNY"), "100k_to_500k");
  EXPECT_EQ(band("50000001 CNY"), "over_500k");
  EXPECT_EQ(band("10000000 USD"), "");
  EXPECT_EQ(band(""), "");
}

TEST(DomainSection6, ExactlyThreeYearsAreUpToThree) {
  CustomerRecord record = judged({save("2023-10-16", {{cooperation_since, "2023-10-16"}})});
  auto band = [&](const char* now) { return record.cooperation_band(shanghai(), Timestamp{at(now)}); };
  EXPECT_EQ(band("2024-10-15T12:00:00+08:00"), "under_1y");
  EXPECT_EQ(band("2024-10-16T00:00:00+08:00"), "1y_to_3y");
  EXPECT_EQ(band("2026-10-16T23:59:59+08:00"), "1y_to_3y");
  EXPECT_EQ(band("2026-10-17T00:00:00+08:00"), "over_3y");
}

TEST(CustomerRecords, NeedAWholeSaveOfSomebodyEntitled) {
  EXPECT_FALSE(customer_record({}, shanghai(), Timestamp{at("2030-01-01")}));
  std::vector<Fact> facts = {change("2026-10-16", {{owner, "zhang"}})};
  EXPECT_FALSE(customer_record(facts, shanghai(), Timestamp{at("2030-01-01")}));
  facts.push_back(save("2026-10-17", {{name, "n"}}));
  EXPECT_FALSE(customer_record(facts, shanghai(), Timestamp{at("2026-10-16T12:00:00Z")}));
  EXPECT_EQ(judged(facts).text(owner), "zhang");
  facts[1].trust = Trust::claimed;
  EXPECT_FALSE(customer_record(facts, shanghai(), Timestamp{at("2030-01-01")}));
}

TEST(CustomerRecords, TheVersionIsThatOfWhatCounts) {
  Fact first = save("2026-10-16", organisation());
  std::string version = judged({first}).version();
  EXPECT_EQ(judged({first}, "2029-01-01").version(), version);
  EXPECT_EQ(judged({first, save("2026-10-15", {{industry, "retail"}})}).version(), version);
  EXPECT_NE(judged({first, change("2026-10-17", {{industry, "retail"}})}).version(), version);
  EXPECT_NE(judged({first, change("2026-10-17", {{industry, ""}})}).version(), version);
  EXPECT_NE(judged({first, change("2026-10-17", {{industry, "manufacturing"}})}).version(), version);
}

std::string told(const CustomerRecord& record) {
  std::string text = std::to_string(record.completeness) + ' ' + std::to_string(record.created_at.micros) + ' ' +
                     std::to_string(record.updated_at.micros) + ' ' +
                     std::string(completion_state_name(record.completion)) + ' ' +
                     std::to_string(record.due_at ? record.due_at->micros : 0) + ' ' + record.version();
  for (const RecordFieldState& each : record.fields) {
    text.append(record_field_name(each.field)).append("=").append(each.winner.value);
    for (const RecordWord& word : each.candidates) text.append("<").append(word.value).append(word.said->message_id);
  }
  for (const std::string& flag : flags(record)) text += flag;
  return text;
}

TEST(CustomerRecords, DoNotDependOnTheOrderOfArrival) {
  unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  auto pick = [&](size_t n) { return static_cast<size_t>(random() % n); };
  const RecordField kSome[] = {customer_type, name, industry, source, first_contact_date, status, owner, phone};
  const char* const kKinds[] = {"staff", "form", "import", ""};
  for (int round = 0; round < 200; ++round) {
    std::vector<Fact> facts;
    for (size_t n = 1 + pick(12); n > 0; --n) {
      Values values = {{source_kind, kKinds[pick(4)]}};
      if (pick(3) == 0) values.emplace_back(codes, "industry:enum_unknown");
      for (RecordField field : kSome) {
        if (pick(2) == 0) values.emplace_back(field, pick(4) == 0 ? "" : std::string(1, "abc"[pick(3)]));
      }
      std::string when = "2026-10-0" + std::to_string(1 + pick(4));
      facts.push_back(save(when.c_str(), values, pick(2) == 0 ? RecordAct::saved : RecordAct::changed,
                           std::to_string(round) + "-" + std::to_string(n)));
    }
    facts.push_back(save("2026-10-01", {{name, "n"}}, RecordAct::saved, "whole"));
    std::string before = told(judged(facts));
    std::ranges::shuffle(facts, random);
    ASSERT_EQ(told(judged(facts)), before);
  }
}

TEST(RecordGrades, RiseFromAnonymousToRegistered) {
  EXPECT_EQ(record_grade(false, false), "anonymous");
  EXPECT_EQ(record_grade(false, true), "known");
  EXPECT_EQ(record_grade(true, false), "registered");
}

}  // namespace
}  // namespace tributary
