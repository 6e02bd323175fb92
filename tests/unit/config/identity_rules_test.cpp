// Rules of identity in files of their own, and the sample of such a file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/identity/rules_document.h"
#include "engine/domain/workspace.h"
#include "tests/unit/config/support.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;

const std::string kSample = TRIBUTARY_TEST_DATA "/../config/identity.yaml";
constexpr const char* kTwoWorkspaces =
    "sources: [{id: a, workspace: shop, write_keys: [k]}]\n"
    "api_keys: [{id: b, workspace: lab, role: admin, secret: s}]\n";

/// `lab guarded auto`
std::vector<std::string> summary(const Config& config) {
  std::vector<std::string> lines;
  for (const auto& entry : config.identity.workspaces) {
    EXPECT_EQ(entry.id, workspace_id(entry.workspace));
    const char* claims = entry.rules.claims == ClaimsPolicy::fill      ? " fill"
                         : entry.rules.claims == ClaimsPolicy::guarded ? " guarded"
                                                                       : " strict";
    lines.push_back(entry.workspace + claims + (entry.automatic ? " auto" : " propose"));
  }
  return lines;
}

TEST(IdentityRules, WithoutAFileNothingIsAskedFor) {
  EXPECT_TRUE(config_of(kTwoWorkspaces).identity.workspaces.empty());
  EXPECT_TRUE(config_of(std::string(kTwoWorkspaces) + "identity: {apply: propose}").identity.workspaces.empty());
}

TEST(IdentityRules, AFileHoldsForEveryWorkspaceAndIsApplied) {
  TemporaryFile rules("claims: guarded\n");
  std::string text = std::string(kTwoWorkspaces) + "identity:\n  rules: " + rules.path() + "\n";
  EXPECT_THAT(summary(config_of(text)), ElementsAre("lab guarded auto", "shop guarded auto"));
  EXPECT_THAT(summary(config_of(text + "  apply: propose\n")),
              ElementsAre("lab guarded propose", "shop guarded propose"));
  EXPECT_EQ(config_of(text).identity.workspaces[0].rules_file, rules.path());
}

TEST(IdentityRules, AWorkspaceMayDiffer) {
  TemporaryFile rules("claims: guarded\n"), strict("{\n\t\"claims\": \"strict\"\n}\n");
  std::string all = std::string(kTwoWorkspaces) + "identity:\n  rules: " + rules.path() + "\n";
  EXPECT_THAT(summary(config_of(all + "  workspaces: {shop: {rules: " + strict.path() + "}}\n")),
              ElementsAre("lab guarded auto", "shop strict auto"));
  EXPECT_THAT(summary(config_of(all + "  workspaces: {shop: {apply: propose}, lab: }\n")),
              ElementsAre("lab guarded auto", "shop guarded propose"));
  EXPECT_THAT(summary(config_of(all + "  workspaces: {shop: {rules: \"\"}}\n")), ElementsAre("lab guarded auto"));
  EXPECT_THAT(
      summary(config_of(std::string(kTwoWorkspaces) +
                        "identity: {apply: propose, workspaces: {lab: {apply: auto, rules: " + strict.path() + "}}}")),
      ElementsAre("lab strict auto"));
}

TEST(IdentityRules, MistakesOfTheFileAreNamedInIt) {
  TemporaryFile rules("claims: fil\nkinds:\n  emial: {}\n");
  std::string text = std::string(kTwoWorkspaces) + "identity: {rules: " + rules.path() +
                     ", workspaces: {shop: {rules: " + rules.path() + "}}}\nio_threads: -1\n";
  EXPECT_THAT(mistakes_of(text),
              ElementsAre("t.yaml:4:13: io_threads: expected 0 to 256, got \"-1\"",
                          rules.path() +
                              ":1:9: claims: expected fill or guarded or strict, got \"fil\", did you mean \"fill\"?",
                          rules.path() + ":3:3: kinds: unknown kind \"emial\", did you mean \"email\"?"));
  EXPECT_THAT(mistakes_of("identity: {rules: " + rules.path() + "}").size(), 2u) << "before there is a workspace";
}

TEST(IdentityRules, MistakesOfTheSettings) {
  std::string text(kTwoWorkspaces);
  EXPECT_THAT(mistakes_of(text + "identity: {rules: /nowhere/identity.yaml}"),
              ElementsAre("t.yaml:3:19: identity.rules: reading /nowhere/identity.yaml: No such file or directory"));
  EXPECT_THAT(mistakes_of(text + "identity: {apply: automatic}"),
              ElementsAre("t.yaml:3:19: identity.apply: expected auto or propose, got \"automatic\""));
  EXPECT_THAT(
      mistakes_of(text +
                  "identity: {rule: x, workspaces: {shopp: {rules: \"\"}, lab: {aply: auto}, shop: {apply: auto}}}"),
      ElementsAre("t.yaml:3:12: unknown key \"rule\", did you mean \"rules\"?",
                  "t.yaml:3:34: identity.workspaces[shopp]: no source and no API key belongs to this workspace, "
                  "did you mean \"shop\"?",
                  "t.yaml:3:60: unknown key \"aply\", did you mean \"apply\"?",
                  "t.yaml:3:87: identity.workspaces[shop].apply: there is no file to apply"));
  EXPECT_THAT(mistakes_of(text + "identity: {workspaces: [shop]}"),
              ElementsAre("t.yaml:3:24: identity.workspaces: expected a map of settings"));
  ConfigInput overrides;
  overrides.environment = {{"TRIBUTARY__IDENTITY__WORKSPACES__SHOP__RULES", "x"}};
  EXPECT_THAT(
      mistakes_of(text, overrides),
      ElementsAre("environment: unknown variable TRIBUTARY__IDENTITY__WORKSPACES__SHOP__RULES; identity.workspaces "
                  "is given in the file"));
}

TEST(IdentityRules, OtherRulesNeedARestart) {
  TemporaryFile rules("claims: guarded\n");
  std::string text = std::string(kTwoWorkspaces) + "identity: {rules: " + rules.path() + "}";
  Config before = config_of(text);
  EXPECT_TRUE(settings_that_differ(before, config_of(text)).empty());
  std::ofstream(rules.path()) << "claims: strict\n";
  EXPECT_THAT(settings_that_differ(before, config_of(text)), ElementsAre("identity.rules"));
}

TEST(IdentitySample, SaysTheDefaults) {
  auto rules = parse_rules(read_whole_file(kSample));
  ASSERT_TRUE(std::holds_alternative<Rules>(rules));
  EXPECT_EQ(std::get<Rules>(rules), default_rules());
}

TEST(IdentitySample, LeavesNothingOut) {
  auto document = parse_document(read_whole_file(kSample));
  const auto& root = std::get<DocumentNode>(document);
  for (const auto& [kind, rule] : default_rules().kinds) {
    const DocumentNode* entry = find_entry(*find_entry(root, "kinds"), kind_name(kind));
    ASSERT_NE(entry, nullptr) << kind_name(kind);
    EXPECT_EQ(entry->children.size(), 8u) << kind_name(kind);
  }
  for (const auto& [kind, row] : default_rules().hubs) {
    const DocumentNode* entry = find_entry(*find_entry(root, "hubs"), kind_name(kind));
    ASSERT_NE(entry, nullptr) << kind_name(kind);
    for (const auto& [met, most] : row) EXPECT_NE(find_entry(*entry, kind_name(met)), nullptr) << kind_name(met);
  }
  EXPECT_NE(find_entry(root, "blocked"), nullptr);
}

TEST(IdentitySample, HasNoLineThatAnEditorWouldWrap) {
  std::istringstream lines(read_whole_file(kSample));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 120u) << line;
}

}  // namespace
}  // namespace tributary
