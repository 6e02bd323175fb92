// The file with rules of profiles, and the sample of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/profile/profile_document.h"
#include "tests/unit/config/support.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;

const std::string kProfileSample = TRIBUTARY_TEST_DATA "/../config/profile.yaml";

std::vector<std::string> mistakes_in(std::string_view text) {
  auto parsed = parse_profile_rules(text);
  std::vector<std::string> lines;
  if (auto* mistakes = std::get_if<std::vector<DocumentMistake>>(&parsed)) {
    for (const DocumentMistake& m : *mistakes) {
      lines.push_back(std::to_string(m.line) + ":" + std::to_string(m.column) + " " + m.message);
    }
  }
  return lines;
}

TEST(ProfileRules, ReadsTheLibrary) {
  auto parsed = parse_profile_rules(
      "tags:\n  价值标签:\n    High: {zh: 高, en: high, description: d, exclusive_group: g, needs_note: true}\n    "
      "low:\n");
  const auto& tags = std::get<ProfileRules>(parsed).tags;
  ASSERT_EQ(tags.size(), 2u);
  EXPECT_EQ(tags[0].subject, "value/high");
  EXPECT_EQ(tags[0].name, "High");
  EXPECT_EQ(tags[0].label_zh, "高");
  EXPECT_EQ(tags[0].label_en, "high");
  EXPECT_EQ(tags[0].description, "d");
  EXPECT_EQ(tags[0].exclusive_group, "g");
  EXPECT_TRUE(tags[0].needs_note);
  EXPECT_EQ(tags[0].state, TagState::approved);
  EXPECT_EQ(tags[1].subject, "value/low");
  EXPECT_FALSE(tags[1].needs_note);
}

TEST(ProfileRules, NamesEveryMistake) {
  EXPECT_THAT(mistakes_in("tag: {}\n"), ElementsAre("1:1 unknown key \"tag\", did you mean \"tags\"?"));
  EXPECT_THAT(mistakes_in("tags:\n  No!: {}\n  need:\n    a: {colour: 1, needs_note: \"true\"}\n    A: {en: []}\n"),
              ElementsAre("2:3 expected a type of tags: a-z, 0-9 and _, a letter first", "4:9 unknown key \"colour\"",
                          "4:32 expected true or false", "5:5 this tag stands twice: case and width do not count"));
  EXPECT_THAT(mistakes_in("tags: 1"), ElementsAre("1:7 expected a map"));
  EXPECT_EQ(mistakes_in("").size(), 1u);
}

TEST(ProfileRules, AFileBecomesTheLibraryAndAnotherOneNeedsARestart) {
  TemporaryFile rules("tags: {need: {x: }}\n");
  std::string text = "profile: {rules: " + rules.path() + "}";
  Config before = config_of(text);
  ASSERT_EQ(before.engine.tags.size(), 1u);
  EXPECT_TRUE(settings_that_differ(before, config_of(text)).empty());
  std::ofstream(rules.path()) << "tags: {need: {y: }}\n";
  EXPECT_THAT(settings_that_differ(before, config_of(text)), ElementsAre("profile.rules"));
}

TEST(ProfileRules, TheSampleIsSound) {
  std::string text = read_whole_file(kProfileSample);
  EXPECT_THAT(mistakes_in(text), ElementsAre());
  EXPECT_GE(std::get<ProfileRules>(parse_profile_rules(text)).tags.size(), 10u);
}

}  // namespace
}  // namespace tributary
