// What customers are tagged with, by the library and whatever was said in whichever order.
#include "engine/profile/tag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/profile/fact_sketch.h"

namespace tributary {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kDay = kMicrosPerDay;
const Timestamp kNow{100 * kDay};

TagEntry entry(const std::string& type, const std::string& name, const std::string& group = "") {
  TagEntry entry;
  entry.type = type;
  entry.name = name;
  entry.subject = type + '/' + name;
  entry.exclusive_group = group;
  return entry;
}

std::vector<TagEntry> shop_tags() {
  return {entry("industry", "制造业"), entry("need", "提升效率"), entry("value", "中价值", "grade"),
          entry("value", "低价值", "grade"), entry("value", "高价值", "grade")};
}

Fact word(TagAct act, const std::string& subject, int64_t day, const std::string& id,
          const std::string& origin = "manual", const std::string& by = "ann") {
  size_t slash = subject.find('/');
  return make_fact<TagAct, TagField>(FactKind::tag, act, subject, day * kDay, id,
                                     {{TagField::type, subject.substr(0, slash)},
                                      {TagField::name, subject.substr(slash + 1)},
                                      {TagField::by, by},
                                      {TagField::origin, origin}});
}

/// `value/高价值 held`
std::vector<std::string> told(const std::vector<CustomerTag>& tags) {
  constexpr const char* kNames[] = {"held", "conflicting", "replaced", "not_in_library", "retired", "removed"};
  std::vector<std::string> lines;
  for (const CustomerTag& tag : tags) {
    lines.push_back(tag.told.subject_text + ' ' + kNames[static_cast<size_t>(tag.standing)]);
  }
  return lines;
}

std::vector<std::string> told(const std::vector<Fact>& facts, const std::vector<Fact>& library = {}) {
  std::vector<TagEntry> configured = shop_tags();
  TagLibrary known = tag_library_of(configured, library);
  return told(tags_of(facts, known, kNow));
}

TEST(Tags, ACustomerHoldsSeveralAtOnce) {
  EXPECT_THAT(told({word(TagAct::added, "industry/制造业", 1, "a"), word(TagAct::added, "need/提升效率", 2, "b"),
                    word(TagAct::added, "value/高价值", 3, "c")}),
              ElementsAre("industry/制造业 held", "need/提升效率 held", "value/高价值 held"));
}

TEST(Tags, TheLastWordHolds) {
  EXPECT_THAT(told({word(TagAct::removed, "industry/制造业", 2, "b"), word(TagAct::added, "industry/制造业", 1, "a")}),
              ElementsAre("industry/制造业 removed"));
  EXPECT_THAT(told({word(TagAct::added, "industry/制造业", 3, "c"), word(TagAct::removed, "industry/制造业", 2, "b")}),
              ElementsAre("industry/制造业 held"));
}

TEST(Tags, WhatIsSaidOfTheFutureDoesNotCountYet) {
  EXPECT_THAT(told({word(TagAct::added, "industry/制造业", 101, "a")}), IsEmpty());
}

TEST(Tags, WhatTheLibraryDoesNotHaveIsNotHeldUntilItDoes) {
  std::vector<Fact> facts = {word(TagAct::added, "need/多门店管理需求", 1, "a")};
  EXPECT_THAT(told(facts), ElementsAre("need/多门店管理需求 not_in_library"));
  std::vector<Fact> proposed = {word(TagAct::proposed, "need/多门店管理需求", 2, "p", "", "ann")};
  EXPECT_THAT(told(facts, proposed), ElementsAre("need/多门店管理需求 not_in_library"));
  proposed.push_back(word(TagAct::approved, "need/多门店管理需求", 3, "q", "", "bob"));
  EXPECT_THAT(told(facts, proposed), ElementsAre("need/多门店管理需求 held"));
}

TEST(Tags, RetiringATagRemovesItEverywhereAndCanBeTakenBack) {
  std::vector<Fact> facts = {word(TagAct::added, "industry/制造业", 1, "a")};
  std::vector<Fact> said = {word(TagAct::retired, "industry/制造业", 2, "r")};
  EXPECT_THAT(told(facts, said), ElementsAre("industry/制造业 retired"));
  said.push_back(word(TagAct::approved, "industry/制造业", 3, "s"));
  EXPECT_THAT(told(facts, said), ElementsAre("industry/制造业 held"));
}

TEST(Tags, OfAMergeBothAreKeptAsAConflict) {
  EXPECT_THAT(told({word(TagAct::added, "value/高价值", 1, "a"), word(TagAct::added, "value/低价值", 2, "b")}),
              ElementsAre("value/低价值 conflicting", "value/高价值 conflicting"));
  EXPECT_THAT(told({word(TagAct::added, "value/高价值", 1, "a"), word(TagAct::added, "value/低价值", 2, "b"),
                    word(TagAct::removed, "value/高价值", 3, "c")}),
              ElementsAre("value/低价值 held", "value/高价值 removed"));
}

TEST(Tags, ARuleReplacesWhatRulesGaveBefore) {
  std::vector<Fact> facts = {word(TagAct::added, "value/高价值", 1, "a", "rule"),
                             word(TagAct::added, "value/低价值", 2, "b", "rule")};
  EXPECT_THAT(told(facts), ElementsAre("value/低价值 held", "value/高价值 replaced"));
  facts.push_back(word(TagAct::removed, "value/低价值", 3, "c", "rule"));
  EXPECT_THAT(told(facts), ElementsAre("value/低价值 removed", "value/高价值 replaced"));
}

TEST(Tags, ARuleDoesNotOverruleAPerson) {
  EXPECT_THAT(told({word(TagAct::added, "value/高价值", 1, "a"), word(TagAct::added, "value/低价值", 2, "b", "rule")}),
              ElementsAre("value/低价值 conflicting", "value/高价值 conflicting"));
}

TEST(Tags, ARetiredTagConflictsWithNothing) {
  EXPECT_THAT(told({word(TagAct::added, "value/高价值", 1, "a"), word(TagAct::added, "value/低价值", 2, "b")},
                   {word(TagAct::retired, "value/低价值", 3, "r")}),
              ElementsAre("value/低价值 retired", "value/高价值 held"));
}

TEST(Tags, OpinionsAreNamed) {
  EXPECT_TRUE(is_subjective("客户可能要换系统"));
  EXPECT_TRUE(is_subjective("大概"));
  EXPECT_FALSE(is_subjective("客户说明年开三家店"));
}

TEST(TagLibrary, WhoProposesDoesNotApprove) {
  std::vector<Fact> said = {word(TagAct::proposed, "need/x", 1, "a", "", "ann"),
                            word(TagAct::approved, "need/x", 2, "b", "", "ann")};
  TagLibrary library = tag_library_of({}, said);
  ASSERT_NE(library.find("need/x"), nullptr);
  EXPECT_EQ(library.find("need/x")->state, TagState::proposed);
  EXPECT_EQ(judge_tag_decision(library.find("need/x"), TagAct::approved, "ann"), TagDecision::self_approval);
  EXPECT_EQ(judge_tag_decision(library.find("need/x"), TagAct::approved, "bob"), TagDecision::possible);
  EXPECT_EQ(judge_tag_decision(library.find("need/x"), TagAct::rejected, "ann"), TagDecision::possible);
}

TEST(TagLibrary, OnlyWhatCanBeDecidedIs) {
  TagEntry approved = entry("need", "x");
  EXPECT_EQ(judge_tag_decision(nullptr, TagAct::approved, "b"), TagDecision::impossible);
  EXPECT_EQ(judge_tag_decision(nullptr, TagAct::proposed, "b"), TagDecision::possible);
  EXPECT_EQ(judge_tag_decision(&approved, TagAct::proposed, "b"), TagDecision::impossible);
  EXPECT_EQ(judge_tag_decision(&approved, TagAct::approved, "b"), TagDecision::impossible);
  EXPECT_EQ(judge_tag_decision(&approved, TagAct::rejected, "b"), TagDecision::impossible);
  EXPECT_EQ(judge_tag_decision(&approved, TagAct::retired, "b"), TagDecision::possible);
}

TEST(TagLibrary, ARejectedTagCanBeProposedAgain) {
  std::vector<Fact> said = {word(TagAct::proposed, "need/x", 1, "a", "", "ann"),
                            word(TagAct::rejected, "need/x", 2, "b", "", "bob"),
                            word(TagAct::proposed, "need/x", 3, "c", "", "cyn")};
  const TagLibrary library = tag_library_of({}, said);
  const TagEntry& again = *library.find("need/x");
  EXPECT_EQ(again.state, TagState::proposed);
  EXPECT_EQ(again.proposer, "cyn");
  EXPECT_EQ(again.decided_by, "");
}

Fact replaced(TagAct act, const std::string& subject, const std::string& into, int64_t day,
              const std::string& by = "dan") {
  return make_fact<TagAct, TagField>(
      FactKind::tag, act, subject, day * kDay, "r" + subject + std::to_string(day),
      {{TagField::name, into.substr(into.find('/') + 1)}, {TagField::by, by}, {TagField::into, into}});
}

TEST(TagLibrary, AProposalThatIsRenamedWaitsOnUnderItsNewName) {
  const std::vector<Fact> said = {word(TagAct::proposed, "need/x", 1, "a"),
                                  replaced(TagAct::renamed, "need/x", "need/y", 2)};
  const TagLibrary library = tag_library_of({}, said);
  EXPECT_EQ(library.find("need/x")->state, TagState::replaced);
  EXPECT_EQ(library.find("need/x")->replaced_by, "need/y");
  EXPECT_EQ(library.find("need/x")->decided_by, "dan");
  const TagEntry& renamed = *library.find("need/y");
  EXPECT_EQ(renamed.state, TagState::proposed);
  EXPECT_EQ(renamed.name, "y");
  EXPECT_EQ(renamed.proposer, "ann");
  EXPECT_EQ(judge_tag_decision(&renamed, TagAct::approved, "ann"), TagDecision::self_approval);
  EXPECT_EQ(library.find_in_force("need/x"), &renamed);
  EXPECT_EQ(library.find_approved("need/x"), nullptr);
}

TEST(TagLibrary, ARenamedTagMayKeepTheFormInWhichNamesAreCompared) {
  Fact spelt = replaced(TagAct::renamed, "need/x", "need/x", 2);
  for (FactValue& value : spelt.values) {
    if (value.field == static_cast<uint8_t>(TagField::name)) value.text = "X";
  }
  const std::vector<Fact> said = {word(TagAct::proposed, "need/x", 1, "a"), spelt};
  const TagLibrary library = tag_library_of({}, said);
  EXPECT_EQ(library.find("need/x")->state, TagState::proposed);
  EXPECT_EQ(library.find("need/x")->name, "X");
}

TEST(TagLibrary, OnlyProposalsAreReplacedAndOnlyByWhatMayTakeTheirPlace) {
  TagEntry proposed = entry("need", "x"), approved = entry("need", "y"), rejected = entry("need", "z");
  proposed.state = TagState::proposed, proposed.proposer = "ann", rejected.state = TagState::rejected;
  EXPECT_EQ(judge_tag_decision(&proposed, TagAct::renamed, "ann", nullptr), TagDecision::possible);
  EXPECT_EQ(judge_tag_decision(&proposed, TagAct::renamed, "ann", &rejected), TagDecision::possible);
  EXPECT_EQ(judge_tag_decision(&proposed, TagAct::renamed, "bob", &approved), TagDecision::impossible);
  EXPECT_EQ(judge_tag_decision(&approved, TagAct::renamed, "bob", nullptr), TagDecision::impossible);
  EXPECT_EQ(judge_tag_decision(&proposed, TagAct::merged, "bob", &approved), TagDecision::possible);
  EXPECT_EQ(judge_tag_decision(&proposed, TagAct::merged, "ann", &approved), TagDecision::self_approval);
  EXPECT_EQ(judge_tag_decision(&proposed, TagAct::merged, "bob", &rejected), TagDecision::impossible);
  EXPECT_EQ(judge_tag_decision(&proposed, TagAct::merged, "bob", nullptr), TagDecision::impossible);
  EXPECT_EQ(judge_tag_decision(&approved, TagAct::merged, "bob", &approved), TagDecision::impossible);
}

TEST(CustomerTags, WhoHasAProposalHasWhatTookItsPlace) {
  std::vector<Fact> library = {word(TagAct::proposed, "value/顶级", 1, "a"),
                               replaced(TagAct::renamed, "value/顶级", "value/最高", 2)};
  std::vector<Fact> facts = {word(TagAct::added, "value/顶级", 1, "1")};
  EXPECT_THAT(told(facts, library), ElementsAre("value/顶级 not_in_library"));
  library.push_back(replaced(TagAct::merged, "value/最高", "value/高价值", 3));
  EXPECT_THAT(told(facts, library), ElementsAre("value/顶级 held"));
  std::reverse(library.begin(), library.end());
  EXPECT_THAT(told(facts, library), ElementsAre("value/顶级 held"));
  // It is the other tag now: one row, of its exclusive group, and taken away with it.
  facts.push_back(word(TagAct::added, "value/低价值", 4, "2"));
  EXPECT_THAT(told(facts, library), ElementsAre("value/低价值 conflicting", "value/顶级 conflicting"));
  facts.back() = word(TagAct::removed, "value/高价值", 4, "2");
  EXPECT_THAT(told(facts, library), ElementsAre("value/高价值 removed"));
}

TEST(TagLibrary, AnApprovalMayDescribeTheTag) {
  std::vector<Fact> said = {word(TagAct::proposed, "need/x", 1, "a", "", "ann"),
                            word(TagAct::approved, "need/x", 2, "b", "", "bob")};
  said[1].values.push_back({static_cast<uint8_t>(TagField::label_en), "Stores"});
  said[1].values.push_back({static_cast<uint8_t>(TagField::exclusive_group), "g"});
  said[1].values.push_back({static_cast<uint8_t>(TagField::needs_note), "true"});
  const TagLibrary library = tag_library_of({}, said);
  const TagEntry& described = *library.find_approved("need/x");
  EXPECT_EQ(described.label_en, "Stores");
  EXPECT_EQ(described.exclusive_group, "g");
  EXPECT_TRUE(described.needs_note);
  EXPECT_EQ(described.decided_by, "bob");
}

TEST(Tags, NoOrderOfArrivalMatters) {
  unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const std::vector<std::string> subjects = {"industry/制造业", "value/中价值", "value/低价值", "value/高价值",
                                             "need/x"};
  for (int round = 0; round < 300; ++round) {
    std::vector<Fact> facts, library;
    for (int i = 0; i < 8; ++i) {
      auto act = pick(3) == 0 ? TagAct::removed : TagAct::added;
      // Few days, so that times tie.
      facts.push_back(word(act, subjects[static_cast<size_t>(pick(5))], pick(4), "m" + std::to_string(i),
                           pick(2) == 0 ? "rule" : "manual"));
      library.push_back(word(static_cast<TagAct>(3 + pick(4)), subjects[static_cast<size_t>(pick(5))], pick(4),
                             "l" + std::to_string(i), "", pick(2) == 0 ? "ann" : "bob"));
    }
    auto expected = told(facts, library);
    std::shuffle(facts.begin(), facts.end(), random);
    std::shuffle(library.begin(), library.end(), random);
    ASSERT_EQ(told(facts, library), expected) << "round " << round;
  }
}

}  // namespace
}  // namespace tributary
