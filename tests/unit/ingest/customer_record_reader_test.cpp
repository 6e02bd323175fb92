// What a save of a customer's base record keeps of each field, and what it notes about the rest.
#include <gtest/gtest.h>

#include "engine/domain/customer_record.h"
#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

constexpr uint8_t kWrong = EventFlags::kPropertyWrong, kLacking = EventFlags::kPropertyMissing;

std::unique_ptr<Outcome> saved(const std::string& properties, SourceTrust trust = SourceTrust::server,
                               const std::string& event = "Customer Record Saved") {
  auto outcome =
      parse_request(R"({"userId":"u","messageId":"m","event":")" + event + R"(","properties":)" + properties + "}",
                    single(EventType::track, trust));
  EXPECT_TRUE(outcome->is_event()) << outcome->item_code();
  return outcome;
}

/// The kept value of a field; `(cleared)`, `(absent)`, `(no fact)`.
std::string kept(const Event& event, RecordField field) {
  if (event.facts.empty()) return "(no fact)";
  for (const FactSaid::Value& value : event.facts.front().values) {
    if (value.field == static_cast<uint8_t>(field)) return value.text.empty() ? "(cleared)" : value.text;
  }
  return "(absent)";
}

std::string codes(const Event& event) {
  std::string noted = kept(event, RecordField::codes);
  return noted == "(absent)" ? "" : noted;
}

/// What becomes of one field of a partial save: its value, its code in brackets, or both.
std::string read(const std::string& field, const std::string& value_json) {
  auto outcome = saved(R"({"partial":true,"name":"n",")" + field + "\":" + value_json + "}");
  std::string value = kept(outcome->event(), *find_record_field(field));
  std::string code = codes(outcome->event());
  if (!code.empty()) {
    EXPECT_TRUE(code.starts_with(field + ":")) << code;
    code = "[" + code.substr(field.size() + 1) + "]";
  }
  EXPECT_EQ((outcome->event().flags & kWrong) != 0,
            !code.empty() && value == "(absent)" && code != "[placeholder_value]");
  return (value == "(absent)" ? "" : value) + code;
}

TEST(DomainSection3_1, RequiredFieldsMissingRefusesTheSave) {
  for (const char* properties :
       {R"({"customer_type":"person","phone":"13800001234"})", R"({"customer_type":"person","name":"李四"})",
        R"({"customer_type":"organisation","name":"澄江科技有限公司","contact_phone":"13800001234"})",
        R"({"customer_type":"organisation","name":"澄江科技有限公司","contact_name":"王芳"})",
        R"({"name":"澄江科技有限公司","contact_name":"王芳","contact_phone":"138****1234"})",
        R"({"name":"无","phone":"13800001234"})", "{}", R"({"partial":true})"}) {
    auto outcome = saved(properties);
    EXPECT_TRUE(outcome->event().facts.empty()) << properties;
    EXPECT_TRUE(outcome->event().flags & kLacking) << properties;
  }
}

TEST(DomainSection3_1, OtherRequiredFieldsMissingSavesIt) {
  auto organisation = saved(R"({"name":"澄江科技有限公司","contact_name":"王芳","contact_phone":"13800001234"})");
  EXPECT_EQ(kept(organisation->event(), RecordField::customer_type), "organisation");
  EXPECT_EQ(organisation->event().facts.front().act, static_cast<uint8_t>(RecordAct::saved));
  EXPECT_EQ(organisation->event().flags, 0);
  auto person = saved(R"({"name":"李四","email":"Li.Si@Example.com"})");
  EXPECT_EQ(kept(person->event(), RecordField::customer_type), "person");
  EXPECT_EQ(kept(person->event(), RecordField::email), "li.si@example.com");
}

TEST(DomainSection3_1, PartialSavesNeedNothingElse) {
  auto outcome = saved(R"({"partial":true,"industry":"零售业","actor":"zhang","source_kind":"staff"})");
  EXPECT_EQ(kept(outcome->event(), RecordField::industry), "retail");
  EXPECT_EQ(kept(outcome->event(), RecordField::customer_type), "(absent)");
  EXPECT_EQ(kept(outcome->event(), RecordField::actor), "zhang");
  EXPECT_EQ(kept(outcome->event(), RecordField::source_kind), "staff");
  EXPECT_EQ(outcome->event().facts.front().act, static_cast<uint8_t>(RecordAct::changed));
}

TEST(CustomerRecordReader, OnlyEntitledSourcesSaveRecords) {
  auto outcome = saved(R"({"name":"李四","phone":"13800001234"})", SourceTrust::browser);
  EXPECT_TRUE(outcome->event().facts.empty());
  EXPECT_TRUE(outcome->event().flags & kWrong);
}

TEST(CustomerRecordReader, OwnerChangedChangesOneField) {
  auto outcome = saved(R"({"from":"wang","to":"zhang"})", SourceTrust::server, "Owner Changed");
  EXPECT_EQ(kept(outcome->event(), RecordField::owner), "zhang");
  EXPECT_EQ(outcome->event().facts.front().act, static_cast<uint8_t>(RecordAct::changed));
  EXPECT_TRUE(saved("{}", SourceTrust::server, "Owner Changed")->event().facts.empty());
}

TEST(DomainSection3_2, NamesHaveOneWidthAndRoundBrackets) {
  EXPECT_EQ(read("name", R"(" 澄江科技（北京）有限公司 ")"), "澄江科技(北京)有限公司");
  EXPECT_EQ(read("name", R"("ＡＢＣ  Co.,　Ltd.【上海】")"), "ABC Co., Ltd.(上海)");
  EXPECT_EQ(read("name", R"("王**")"), "[value_masked]");
  std::string long_name;
  for (int i = 0; i < 200; ++i) long_name += "长";
  EXPECT_EQ(read("name", "\"" + long_name + "\""), long_name);
  EXPECT_EQ(read("name", "\"" + long_name + "长\""), "[text_too_long]");
  EXPECT_EQ(read("contact_name", "\"" + long_name + "\""), "[text_too_long]");
  EXPECT_EQ(read("contact_name", R"("王•芳")"), "[value_masked]");
  EXPECT_EQ(read("name", "[1]"), "[text_invalid]");
}

TEST(DomainSection3_3, AllSpellingsOfAMobileNumberAreOne) {
  for (const char* spelling : {"138 0000 1234", "138-0000-1234", "１３８００００１２３４", "+86 13800001234",
                               "0086-13800001234", "86 13800001234", "'13800001234", "13800001234.0"}) {
    EXPECT_EQ(read("phone", "\"" + std::string(spelling) + "\""), "+8613800001234") << spelling;
    EXPECT_EQ(read("contact_phone", "\"" + std::string(spelling) + "\""), "+8613800001234") << spelling;
  }
  EXPECT_EQ(read("phone", "13800001234"), "+8613800001234");
}

TEST(DomainSection3_3, PhonesAreRefusedWithTheirCodes) {
  EXPECT_EQ(read("phone", R"("1380000123")"), "[phone_length]");
  EXPECT_EQ(read("phone", R"("12812341234")"), "[phone_prefix]");
  EXPECT_EQ(read("phone", R"("138****1234")"), "[value_masked]");
  EXPECT_EQ(read("phone", R"("138xxxx1234")"), "[value_masked]");
  EXPECT_EQ(read("phone", R"("138••••1234")"), "[value_masked]");
  EXPECT_EQ(read("phone", R"("1.38E+10")"), "[phone_mangled]");
  EXPECT_EQ(read("phone", R"("13800138000")"), "[identifier_blocked]");
  EXPECT_EQ(read("contact_phone", R"("400-123-4567")"), "400-123-4567[phone_service_number]");
  EXPECT_EQ(read("contact_phone", R"("0571-12345678")"), "+8657112345678");
  EXPECT_EQ(read("contact_phone", R"("0571-12345678转801")"), "+8657112345678;ext=801");
  EXPECT_EQ(read("phone", R"("+44 20 7946 0958")"), "+442079460958");
}

TEST(DomainSection3_3, EmailsAreFolded) {
  EXPECT_EQ(read("email", R"(" Li.Si@EXAMPLE.com ")"), "li.si@example.com");
  EXPECT_EQ(read("email", R"("li.si.example.com")"), "[email_invalid]");
  EXPECT_EQ(read("email", R"("test@test.com")"), "[identifier_blocked]");
}

TEST(DomainSection3_3, DatesHaveOneSpelling) {
  for (const char* spelling :
       {"2023-10-15", "2023/10/15", "2023.10.15", "20231015", "2023年10月15日", "２０２３-10-15"}) {
    EXPECT_EQ(read("first_contact_date", "\"" + std::string(spelling) + "\""), "2023-10-15") << spelling;
  }
  EXPECT_EQ(read("first_contact_date", R"("2023/1/5")"), "2023-01-05");
  EXPECT_EQ(read("first_contact_date", R"("10/11/2023")"), "[date_ambiguous]");
  EXPECT_EQ(read("first_contact_date", R"("10/11/23")"), "[date_ambiguous]");
  EXPECT_EQ(read("first_contact_date", R"("2023-02-29")"), "[date_invalid]");
  EXPECT_EQ(read("first_contact_date", R"("2023-13-01")"), "[date_invalid]");
  EXPECT_EQ(read("first_contact_date", R"("2023-10/15")"), "[date_invalid]");
  EXPECT_EQ(read("first_contact_date", R"("45214")"),
            "[date_invalid]");  // a serial number counts in typed columns only
  EXPECT_EQ(read("first_contact_date", R"("1899-12-31")"), "[date_range]");
  EXPECT_EQ(read("first_contact_date", R"("2026-11-22")"), "2026-11-22");  // received on 2026-11-21
  EXPECT_EQ(read("first_contact_date", R"("2026-11-23")"), "[date_range]");
  EXPECT_EQ(read("birthday", R"("--02-29")"), "--02-29");
  EXPECT_EQ(read("birthday", R"("--02-30")"), "[date_invalid]");
  EXPECT_EQ(read("birthday", R"("1990-02-28")"), "1990-02-28");
}

TEST(DomainSection3_3, MoneyIsMinorUnits) {
  EXPECT_EQ(read("annual_budget", R"("10万")"), "10000000 CNY");
  EXPECT_EQ(read("annual_budget", R"("1.5亿")"), "15000000000 CNY");
  EXPECT_EQ(read("annual_budget", R"("¥1,234.50")"), "123450 CNY");
  EXPECT_EQ(read("annual_budget", R"("￥１，２３４．５０元")"), "123450 CNY");
  EXPECT_EQ(read("annual_budget", "1234.5"), "123450 CNY");
  EXPECT_EQ(read("annual_budget", R"("USD 100")"), "10000 USD");
  EXPECT_EQ(read("annual_budget", R"("100 usd")"), "10000 USD");
  EXPECT_EQ(read("annual_budget", R"("1.005")"), "100 CNY[amount_rounded]");
  EXPECT_EQ(read("annual_budget", "0"), "0 CNY");
  for (const char* wrong : {"12,34.50", "1,2345", ",123", "-5", "much", "10万元USD", "$5", "1.2.3", "万", "9e30"}) {
    EXPECT_EQ(read("annual_budget", "\"" + std::string(wrong) + "\""), "[amount_invalid]") << wrong;
  }
  auto minor = saved(R"({"partial":true,"annual_budget_minor":12345,"currency":"USD"})");
  EXPECT_EQ(kept(minor->event(), RecordField::annual_budget), "12345 USD");
}

TEST(DomainSection3_4, EnumerationsByCodeAndLabel) {
  EXPECT_EQ(read("industry", R"("软件和信息技术服务业")"), "software_it");
  EXPECT_EQ(read("industry", R"("SOFTWARE IT")"), "software_it");
  EXPECT_EQ(read("industry", R"("软件")"), "[enum_unknown]");
  EXPECT_EQ(read("size", R"("中型企业")"), "medium");
  EXPECT_EQ(read("source", R"("Exhibition Visit")"), "exhibition_visit");
  EXPECT_EQ(read("status", R"("意向客户")"), "interested");
  EXPECT_EQ(read("preferred_channel", R"("门店")"), "store");
  EXPECT_EQ(read("preferred_channel", R"("pigeon")"), "[enum_unknown]");
  EXPECT_EQ(read("enterprise_type", R"("国企")"), "state_owned");
  for (const char* vague : {"跟进中", "有希望", "再看看"}) {
    EXPECT_EQ(read("status", "\"" + std::string(vague) + "\""), "[status_vague]") << vague;
  }
  EXPECT_EQ(read("status", R"("whatever")"), "[enum_unknown]");
  EXPECT_EQ(read("industry", R"("暂无")"), "[placeholder_value]");
}

TEST(DomainSection3_4, IndustryHasTwoLevels) {
  auto outcome = saved(R"({"partial":true,"industry":"制造业-汽车零部件"})");
  EXPECT_EQ(kept(outcome->event(), RecordField::industry), "manufacturing");
  EXPECT_EQ(kept(outcome->event(), RecordField::industry_detail), "汽车零部件");
  auto both = saved(R"({"partial":true,"industry":"制造业-汽车","industry_detail":"轮胎"})");
  EXPECT_EQ(kept(both->event(), RecordField::industry_detail), "轮胎");
}

TEST(DomainSection3_4, OneWrongFieldLeavesTheOthers) {
  auto outcome = saved(R"({"name":"李四","phone":"13800001234","source":"somewhere","birthday":"10/11/1990"})");
  EXPECT_EQ(kept(outcome->event(), RecordField::phone), "+8613800001234");
  EXPECT_EQ(codes(outcome->event()), "source:enum_unknown birthday:date_ambiguous");
  EXPECT_TRUE(outcome->event().flags & kWrong);
}

TEST(DomainSection3_5, CustomerNumbersAreOpaque) {
  EXPECT_EQ(read("customer_no", R"("cx20231001001")"), "CX20231001001");
  EXPECT_EQ(read("customer_no", R"("ＣＸ２０２３１００００１")"), "CX2023100001");
  EXPECT_EQ(read("customer_no", R"("CX202310011000")"), "CX202310011000");
  for (const char* wrong :
       {"CX2023130001", "CX18001000001", "CX20231001", "CX202310123456789", "KH20231001001", "CX2023100A01"}) {
    EXPECT_EQ(read("customer_no", "\"" + std::string(wrong) + "\""), "[customer_no_format]") << wrong;
  }
}

TEST(DomainSection3_2, CreditCodesHaveACheckCharacter) {
  EXPECT_EQ(read("uscc", R"("91350100M000100Y43")"), "91350100M000100Y43");
  EXPECT_EQ(read("uscc", R"("91350100M000100Y44")"), "[uscc_invalid]");
}

TEST(DomainSection3_9, NullClearsAField) {
  EXPECT_EQ(read("industry", "null"), "(cleared)");
  EXPECT_EQ(read("annual_budget", "null"), "(cleared)");
  EXPECT_EQ(read("address", R"("")"), "");
  EXPECT_EQ(read("name", "null"), "[required_missing]");
  EXPECT_EQ(read("status", "null"), "[approval_needed]");
}

TEST(DomainSection3_6, ARecordNamesItsPerson) {
  auto person = saved(R"({"name":"李四","email":"A@Example.com","phone":"13800001234","customer_no":"cx20231001001"})");
  EXPECT_EQ(identifier(person->event(), "email"), "a@example.com verified");
  EXPECT_EQ(identifier(person->event(), "phone"), "+8613800001234 verified");
  EXPECT_EQ(identifier(person->event(), "customer_no"), "CX20231001001 verified");
  auto wrong = saved(R"({"name":"李四","email":"a@example.com","customer_no":"KH-1"})");
  EXPECT_EQ(identifier(wrong->event(), "customer_no"), "");
  auto partial = saved(R"({"partial":true,"email":"a@example.com"})");
  EXPECT_EQ(identifier(partial->event(), "email"), "a@example.com claimed");
  auto claimed = saved(R"({"name":"李四","email":"a@example.com"})", SourceTrust::browser);
  EXPECT_EQ(identifier(claimed->event(), "email"), "a@example.com claimed");
}

TEST(DomainSection3_6, ContactsOfAnOrganisationIdentifyNobody) {
  auto company = saved(R"({"name":"澄江科技有限公司","contact_name":"王芳","contact_phone":"13800001234",
                           "phone":"13900001111","email":"a@example.com","uscc":"91350100M000100Y43"})");
  EXPECT_EQ(identifier(company->event(), "phone"), "");
  EXPECT_EQ(identifier(company->event(), "email"), "");
  EXPECT_EQ(identifier(company->event(), "uscc"), "91350100M000100Y43 verified");
}

}  // namespace
}  // namespace tributary::testing
