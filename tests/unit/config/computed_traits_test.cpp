// Computed traits as a file declares them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/domain/workspace.h"
#include "tests/unit/config/support.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kSources =
    "sources: [{id: a, workspace: shop, write_keys: [k]}]\n"
    "api_keys: [{id: b, workspace: lab, role: admin, secret: s}]\n";

std::string config_with(const std::string& path) {
  return std::string(kSources) + "profile: {time_zone: Europe/Berlin, computed_traits: " + path + "}\n";
}

std::vector<ComputedTrait> traits_of(const std::string& text) {
  TemporaryFile file(text);
  return config_of(config_with(file.path())).engine.computed_traits->definitions;
}

/// Without the name of the file.
std::vector<std::string> mistakes_in(const std::string& text) {
  TemporaryFile file(text);
  std::vector<std::string> lines = mistakes_of(config_with(file.path()));
  for (std::string& line : lines) {
    EXPECT_TRUE(line.starts_with(file.path() + ":")) << line;
    line.erase(0, file.path().size() + 1);
  }
  return lines;
}

std::vector<std::string> mistakes_in_trait(const std::string& members) {
  return mistakes_in("computed_traits:\n- {name: t, " + members + "}\n");
}

TEST(ComputedTraitsFile, WithoutAFileThereAreNone) {
  EXPECT_EQ(config_of(kSources).engine.computed_traits, nullptr);
  EXPECT_THAT(traits_of("computed_traits:\n"), IsEmpty());
}

TEST(ComputedTraitsFile, TheSampleIsRead) {
  auto traits = traits_of(read_whole_file(TRIBUTARY_TEST_DATA "/../config/computed_traits.yaml"));
  ASSERT_EQ(traits.size(), 4u);
  EXPECT_EQ(traits[0].name, "favourite_category");
  EXPECT_EQ(traits[1].rule.type, EventType::page);
  EXPECT_EQ(traits[3].name, "spent_this_month");
  EXPECT_EQ(traits[3].window, (TraitWindow{TraitWindow::Kind::days, 30}));
  EXPECT_EQ(traits[3].rule.where[0].values, std::vector<std::string>{"CNY"});
}

TEST(ComputedTraitsFile, ADefinitionIsTakenAsWritten) {
  auto traits = traits_of(R"(
computed_traits:
  - name: big
    workspace: shop
    event: order_completed
    where:
      - {property: properties.total, at_least: 100}
      - {property: context.app.name, one_of: [b, a]}
      - {property: properties.gift, exists: false}
    value: properties.total
    aggregate: average
    window: 12h
)");
  ASSERT_EQ(traits.size(), 1u);
  ComputedTrait wanted;
  wanted.name = "big";
  wanted.aggregate = Aggregate::average;
  wanted.rule.workspace = workspace_id("shop");
  wanted.rule.name = "Order Completed";
  wanted.rule.where = {{{"properties", "total"}, PropertyCondition::Test::at_least, {"100"}},
                       {{"context", "app", "name"}, PropertyCondition::Test::one_of, {"a", "b"}},
                       {{"properties", "gift"}, PropertyCondition::Test::exists, {"false"}}};
  wanted.rule.value = {"properties", "total"};
  wanted.window = {TraitWindow::Kind::rolling, 12 * kMicrosPerHour};
  EXPECT_EQ(traits[0], wanted);
}

TEST(ComputedTraitsFile, CustomNamesStayAsTheyAre) {
  EXPECT_EQ(traits_of("computed_traits: [{name: t, event: 抽奖 v2, aggregate: count}]").at(0).rule.name, "抽奖 v2");
}

TEST(ComputedTraitsFile, MistakesSayWhatAndWhere) {
  EXPECT_THAT(mistakes_in_trait("event: X, aggregate: cuont"),
              ElementsAre("2:34: aggregate: unknown, got \"cuont\", did you mean \"count\"?"));
  EXPECT_THAT(mistakes_in_trait("event: X, aggregate: sum"), ElementsAre("2:3: \"value\" is missing: sum of what?"));
  EXPECT_THAT(mistakes_in_trait("event: X, aggregate: count, value: properties.a"),
              ElementsAre("2:48: value: count is of events; to count those that have it, say so in where: exists"));
  EXPECT_THAT(mistakes_in_trait("event: X"), ElementsAre("2:3: \"aggregate\" is missing"));
  EXPECT_THAT(mistakes_in_trait("aggregate: count"),
              ElementsAre("2:3: expected either \"event\", a name, or \"type\", one of page, screen, identify"));
  EXPECT_THAT(mistakes_in_trait("type: pgae, aggregate: count"),
              ElementsAre("2:19: type: expected page or screen or identify, got \"pgae\", did you mean \"page\"?"));
  EXPECT_THAT(mistakes_in_trait("event: X, aggregate: count, workspace: shpo"),
              ElementsAre("2:52: workspace: no source and no API key belongs to \"shpo\", did you mean \"shop\"?"));
  EXPECT_THAT(mistakes_in_trait("event: X, aggregate: count, wher: []"),
              ElementsAre("2:41: unknown key \"wher\", did you mean \"where\"?"));
  for (const char* window : {"30", "0s", "0cd", "-1d", "36601d", "36601cd", "cd", "1.5d"}) {
    auto mistakes = mistakes_in_trait("event: X, aggregate: count, window: " + std::string(window));
    ASSERT_EQ(mistakes.size(), 1u) << window;
    EXPECT_TRUE(mistakes[0].starts_with("2:49: window: expected all, a time")) << mistakes[0];
  }
}

TEST(ComputedTraitsFile, MistakesOfConditions) {
  auto where = [](const std::string& condition) {
    return mistakes_in("computed_traits:\n- name: t\n  event: X\n  aggregate: count\n  where:\n  - " + condition +
                       "\n");
  };
  EXPECT_THAT(where("{property: total, is: 1}"),
              ElementsAre("6:16: property: expected names joined by dots below properties, traits or context, such as "
                          "properties.total"));
  EXPECT_THAT(where("{property: properties.a, at_least: many}"),
              ElementsAre("6:40: at_least: expected a number, got \"many\""));
  EXPECT_THAT(where("{property: properties.a, exists: maybe}"),
              ElementsAre("6:38: exists: expected true or false, got \"maybe\""));
  EXPECT_THAT(where("{property: properties.a, one_of: a}"),
              ElementsAre("6:38: one_of: expected a list of 1 to 100 values"));
  EXPECT_THAT(where("{property: properties.a}"),
              ElementsAre("6:5: where: expected one of is, is_not, at_least, at_most, exists, one_of"));
  EXPECT_THAT(where("{property: properties.a, is: 1, is_not: 2}"),
              ElementsAre("6:5: where: expected one of is, is_not, at_least, at_most, exists, one_of"));
  EXPECT_THAT(where("{is: 1}"), ElementsAre("6:5: \"property\" is missing"));
}

TEST(ComputedTraitsFile, NamesDoNotCollideWithinAWorkspace) {
  auto two = [](const std::string& first, const std::string& second) {
    return mistakes_in("computed_traits:\n- {name: t, event: X, aggregate: count" + first +
                       "}\n- {name: t, event: Y, aggregate: count" + second + "}\n");
  };
  EXPECT_THAT(two("", ""), ElementsAre("3:10: name: \"t\" stands already in line 2"));
  EXPECT_THAT(two(", workspace: shop", ""), ElementsAre("3:10: name: \"t\" stands already in line 2"));
  EXPECT_THAT(two(", workspace: shop", ", workspace: shop"), ElementsAre("3:10: name: \"t\" stands already in line 2"));
  EXPECT_THAT(two(", workspace: shop", ", workspace: lab"), IsEmpty());
}

TEST(ComputedTraitsFile, AFileThatIsNotThereIsNamed) {
  auto mistakes = mistakes_of(config_with("/nowhere/at/all.yaml"));
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_TRUE(mistakes[0].starts_with("t.yaml:3:")) << mistakes[0];
  EXPECT_NE(mistakes[0].find("profile.computed_traits"), std::string::npos);
  EXPECT_EQ(mistakes_in("computed_trait: []").at(0),
            "1:1: unknown key \"computed_trait\", did you mean \"computed_traits\"?");
}

TEST(ComputedTraitsFile, OtherDefinitionsNeedARestart) {
  TemporaryFile file("computed_traits: [{name: t, event: X, aggregate: count}]");
  Config before = config_of(config_with(file.path()));
  EXPECT_THAT(settings_that_differ(before, config_of(config_with(file.path()))), IsEmpty());
  std::ofstream(file.path()) << "computed_traits: [{name: t, event: Y, aggregate: count}]";
  EXPECT_THAT(settings_that_differ(before, config_of(config_with(file.path()))),
              ElementsAre("profile.computed_traits"));
}

}  // namespace
}  // namespace tributary
