// What track events say about tags. Only who proves to be entitled may say it.
#include <gtest/gtest.h>

#include "engine/domain/tag.h"
#include "engine/ingest/tag_name.h"
#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

std::unique_ptr<Outcome> tag_said(const std::string& event, const std::string& properties,
                                  SourceTrust trust = SourceTrust::server) {
  auto outcome =
      parse_request(R"({"userId":"u","messageId":"m","event":")" + event + R"(","properties":{)" + properties + "}}",
                    single(EventType::track, trust));
  EXPECT_TRUE(outcome->is_event()) << outcome->item_code();
  return outcome;
}

std::string tag_value(const Event& event, TagField field) {
  if (event.facts.size() != 1) return std::to_string(event.facts.size()) + " facts";
  for (const FactSaid::Value& said : event.facts[0].values) {
    if (said.field == static_cast<uint8_t>(field)) return said.text;
  }
  return "(absent)";
}

TEST(TagReader, ReadsATag) {
  auto outcome = tag_said("tag_added", R"("type":"价值标签","name":" 高价值 ","note":"bought for 50,000","by":"li",
                                       "evidence":"m7","origin":"规则")");
  const Event& event = outcome->event();
  ASSERT_EQ(event.facts.size(), 1u);
  EXPECT_EQ(event.flags, 0);
  EXPECT_EQ(event.facts[0].kind, FactKind::tag);
  EXPECT_EQ(event.facts[0].act, static_cast<uint8_t>(TagAct::added));
  EXPECT_EQ(event.facts[0].subject_text, "value/高价值");
  EXPECT_EQ(tag_value(event, TagField::name), "高价值");
  EXPECT_EQ(tag_value(event, TagField::note), "bought for 50,000");
  EXPECT_EQ(tag_value(event, TagField::by), "li");
  EXPECT_EQ(tag_value(event, TagField::evidence), "m7");
  EXPECT_EQ(tag_value(event, TagField::origin), "rule");
}

TEST(TagReader, WhatIsLeftOutIsTheSourceAndAnImport) {
  auto outcome = tag_said("Tag Removed", R"("type":"value","name":"高价值","reason":"a mistake")");
  const Event& event = outcome->event();
  EXPECT_EQ(event.facts.at(0).act, static_cast<uint8_t>(TagAct::removed));
  EXPECT_EQ(tag_value(event, TagField::note), "a mistake");
  EXPECT_EQ(tag_value(event, TagField::by), "web");
  EXPECT_EQ(tag_value(event, TagField::origin), "import");
}

TEST(TagReader, WithoutTypeAndNameItSaysNothing) {
  for (const char* properties : {R"("type":"value")", R"("name":"x")", R"("type":"No code!","name":"x")"}) {
    auto outcome = tag_said("Tag Added", properties);
    EXPECT_TRUE(outcome->event().facts.empty()) << properties;
    EXPECT_NE(outcome->event().flags & EventFlags::kPropertyMissing, 0) << properties;
  }
}

TEST(TagReader, ABrowserMayNotTag) {
  auto outcome = tag_said("Tag Added", R"("type":"value","name":"高价值")", SourceTrust::browser);
  EXPECT_TRUE(outcome->event().facts.empty());
  EXPECT_EQ(outcome->event().flags, EventFlags::kPropertyWrong);
}

TEST(TagName, CaseWidthAndBlanksDoNotCount) {
  EXPECT_EQ(tag_subject("need", "  Ｌower \t COSTS "), "need/lower costs");
  EXPECT_EQ(tag_subject("need", "lower costs"), "need/lower costs");
  EXPECT_EQ(tag_subject("need", " "), "");
  EXPECT_EQ(tag_subject("Need", "x"), "");
  EXPECT_EQ(tag_subject("need", std::string(kTagNameBytesMax + 1, 'x')), "");
  EXPECT_EQ(tag_subject("need", "\xff"), "");
}

TEST(TagName, TypesHaveLabels) {
  EXPECT_EQ(tag_type_code("行业标签"), "industry");
  EXPECT_EQ(tag_type_code("Risk Tag"), "risk");
  EXPECT_EQ(tag_type_code("competitor_2"), "competitor_2");
  EXPECT_EQ(tag_type_code("2nd"), "");
  EXPECT_EQ(tag_type_code("竞争"), "");
}

}  // namespace
}  // namespace tributary::testing
