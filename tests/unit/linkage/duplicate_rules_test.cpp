#include "engine/linkage/duplicate_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kPhone = "+8613800001234";

DuplicateCandidate organisation(std::string_view name, std::string_view contact, std::string phone = kPhone) {
  DuplicateCandidate candidate;
  candidate.organisation = true;
  candidate.name = match_text(name).value();
  candidate.contact = match_text(contact).value();
  candidate.phone = std::move(phone);
  return candidate;
}

DuplicateCandidate person_named(std::string_view name, std::string phone) {
  DuplicateCandidate candidate;
  candidate.name = match_text(name).value();
  candidate.phone = std::move(phone);
  return candidate;
}

std::vector<DuplicateFinding> findings_of(const std::vector<DuplicateCandidate>& candidates,
                                          const DuplicateActions& actions = kDuplicateActions) {
  return find_duplicates(candidates, actions).findings;
}

std::string described(const DuplicateFinding& finding) {
  std::string text(duplicate_rule_name(finding.rule));
  text.append(" ").append(duplicate_kind_name(finding.kind)).append(" ").append(duplicate_action_name(finding.action));
  for (DuplicateGuard guard : finding.guards) text.append(" ").append(duplicate_guard_name(guard));
  return text;
}

std::string said_of(const DuplicateCandidate& a, const DuplicateCandidate& b,
                    const DuplicateActions& actions = kDuplicateActions) {
  std::vector<DuplicateFinding> there = findings_of({a, b}, actions), back = findings_of({b, a}, actions);
  if (there.empty() || back.empty()) return there.empty() && back.empty() ? "" : "depends on the order";
  return described(there[0]) == described(back[0]) ? described(there[0]) : "depends on the order";
}

const DuplicateCandidate kChengjiang = organisation("澄江科技有限公司", "王芳");
const DuplicateCandidate kChengjiangBeijing = organisation("澄江科技（北京）有限公司", "王芳");

// ---- the acceptance examples of the rules

TEST(DomainSection3_7, TheSameCoreNameContactAndPhoneIsD2AndMerged) {
  EXPECT_EQ(said_of(kChengjiang, kChengjiangBeijing), "D2 duplicate merge");
}

TEST(DomainSection3_7, TwoDifferentUsccAreReviewedNotMerged) {
  DuplicateCandidate a = kChengjiang, b = kChengjiangBeijing;
  a.unique_ids = {{"uscc", "91330100MA2AAAAA1X"}};
  b.unique_ids = {{"uscc", "91110105MA0BBBBB2Y"}};
  EXPECT_EQ(said_of(a, b), "D2 duplicate review unique_identifiers_differ");
}

TEST(DomainSection3_7, AMaskedPhoneIsNoFinding) {
  DuplicateCandidate masked = kChengjiangBeijing;
  masked.phone.clear();
  masked.phone_masked = true;
  EXPECT_EQ(said_of(kChengjiang, masked), "");
  masked.phone = "138****1234";
  EXPECT_EQ(said_of(kChengjiang, masked), "");
  masked.phone_masked = false;
  EXPECT_EQ(said_of(kChengjiang, masked), "");
  // Nor is it a missing one.
  masked.name = kChengjiang.name;
  masked.phone_masked = true;
  EXPECT_EQ(said_of(kChengjiang, masked), "");
  masked.phone.clear();
  EXPECT_EQ(said_of(kChengjiang, masked), "");
}

// ---- each rule

TEST(DuplicateRules, EachHasItsCondition) {
  EXPECT_EQ(said_of(kChengjiang, organisation(" 澄江科技有限公司", "王芳女士")), "D1 duplicate merge");
  EXPECT_EQ(said_of(kChengjiang, organisation("东海贸易有限公司", "王芳")), "D3 suspected review");
  EXPECT_EQ(said_of(kChengjiang, organisation("澄江科技有限公司", "李强")), "D4 suspected review");
  EXPECT_EQ(said_of(kChengjiang, organisation("澄江科技有限公司", "王芳", "")), "D5 suspected review");
  EXPECT_EQ(said_of(person_named("Wang Fang", kPhone), person_named("WANG  FANG", kPhone)), "D1 duplicate merge");
  EXPECT_EQ(said_of(person_named("王芳", kPhone), person_named("王芳", "")), "D5 suspected review");
}

TEST(DuplicateRules, OtherwiseThereIsNoFinding) {
  EXPECT_EQ(said_of(kChengjiang, organisation("东海贸易有限公司", "李强")), "");
  EXPECT_EQ(said_of(kChengjiang, organisation("澄江科技有限公司", "王芳", "+8613900005678")), "");
  EXPECT_EQ(said_of(kChengjiangBeijing, organisation("澄江科技有限公司", "王芳", "")), "");  // D5 wants the whole name
  EXPECT_EQ(said_of(organisation("澄江科技有限公司", "王芳", ""), organisation("澄江科技有限公司", "王芳", "")), "");
  EXPECT_EQ(said_of(person_named("王芳", kPhone), person_named("李强", kPhone)), "");
  EXPECT_EQ(said_of(kChengjiang, person_named("王芳", kPhone)), "");
}

TEST(DuplicateRules, WhatIsMissingOrMaskedNeverAgreesNorDiffers) {
  EXPECT_EQ(said_of(organisation("", "王芳"), organisation("", "王芳")), "");
  EXPECT_EQ(said_of(kChengjiang, organisation("", "王芳")), "");
  EXPECT_EQ(said_of(kChengjiang, organisation("澄江科技有限公司", "")), "");
  EXPECT_EQ(said_of(kChengjiang, organisation("澄江科技有限公司", "经理")), "");
  EXPECT_EQ(said_of(organisation("澄江科技有限公司", "王*"), organisation("澄江科技有限公司", "王*")), "");
  EXPECT_EQ(said_of(person_named("王*", kPhone), person_named("王*", kPhone)), "");
}

TEST(DuplicateRules, ActionsAreConfigurablePerRule) {
  DuplicateActions actions = kDuplicateActions;
  actions[1] = DuplicateAction::review;
  EXPECT_EQ(said_of(kChengjiang, kChengjiangBeijing, actions), "D2 duplicate review");
  actions[1] = DuplicateAction::off;
  EXPECT_EQ(said_of(kChengjiang, kChengjiangBeijing, actions), "");
  actions[3] = DuplicateAction::merge;
  EXPECT_EQ(said_of(kChengjiang, organisation("澄江科技有限公司", "李强"), actions), "D4 suspected merge");
  actions[0] = DuplicateAction::off;  // D1 is off, and D2 does not take its place
  actions[1] = DuplicateAction::merge;
  EXPECT_EQ(said_of(kChengjiang, kChengjiang, actions), "");
}

// ---- guards

TEST(DuplicateGuards, OfUniqueIdentifiers) {
  DuplicateCandidate a = kChengjiang, b = kChengjiangBeijing;
  a.unique_ids = {{"uscc", "1"}, {"user_id", "u"}};
  b.unique_ids = {{"uscc", "1"}};
  EXPECT_EQ(said_of(a, b), "D2 duplicate merge");
  b.unique_ids = {{"member_card", "u2"}};
  EXPECT_EQ(said_of(a, b), "D2 duplicate merge");
  b.unique_ids = {{"uscc", "1"}, {"user_id", "v"}};
  EXPECT_EQ(said_of(a, b), "D2 duplicate review unique_identifiers_differ");
}

TEST(DuplicateGuards, OfASharedPhoneAndAHeldSide) {
  DuplicateCandidate a = kChengjiang, b = kChengjiangBeijing;
  a.phone_shared = true;
  EXPECT_EQ(said_of(a, b), "D2 duplicate review phone_shared");
  b.held = true;
  EXPECT_EQ(said_of(a, b), "D2 duplicate review phone_shared side_held");
}

std::vector<DuplicateCandidate> same_ones(size_t count) { return std::vector<DuplicateCandidate>(count, kChengjiang); }

TEST(DuplicateGuards, MoreThanTenAreNotJoinedAtOnce) {
  for (const DuplicateFinding& finding : findings_of(same_ones(10)))
    EXPECT_EQ(described(finding), "D1 duplicate merge");
  std::vector<DuplicateCandidate> candidates = same_ones(11);
  candidates.push_back(organisation("东海贸易有限公司", "李强", "+8613900005678"));
  candidates.push_back(candidates.back());
  std::vector<DuplicateFinding> findings = findings_of(candidates);
  ASSERT_EQ(findings.size(), 11u * 10 / 2 + 1);
  EXPECT_EQ(described(findings.back()), "D1 duplicate merge");  // of others
  findings.pop_back();
  for (const DuplicateFinding& finding : findings) {
    EXPECT_EQ(described(finding), "D1 duplicate review too_many_joined");
  }
}

TEST(DuplicateGuards, WhatIsReviewedAnywayJoinsNobody) {
  std::vector<DuplicateCandidate> candidates = same_ones(11);
  for (DuplicateCandidate& candidate : candidates) candidate.held = true;
  for (const DuplicateFinding& finding : findings_of(candidates)) {
    EXPECT_THAT(finding.guards, ElementsAre(DuplicateGuard::side_held));
  }
}

// ---- many customers

TEST(DuplicateGuards, WhatPeopleDecidedIsNoFindingAndWhatTheyTookBackIsReviewed) {
  const std::vector<DuplicateCandidate> pair = {kChengjiang, kChengjiangBeijing};
  EXPECT_THAT(find_duplicates(pair, kDuplicateActions, {.settled = {{0, 1}}, .withdrawn = {}}).findings, IsEmpty());
  auto findings = find_duplicates(pair, kDuplicateActions, {.settled = {}, .withdrawn = {{0, 1}}}).findings;
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(described(findings[0]), "D2 duplicate review decision_withdrawn");
}

TEST(DuplicateGuards, MergesDoNotJoinWhomADecisionKeepsApart) {
  const std::vector<DuplicateCandidate> three = {kChengjiang, kChengjiangBeijing, kChengjiang};
  auto findings = find_duplicates(three, kDuplicateActions, {.settled = {{0, 1}}, .withdrawn = {}}).findings;
  ASSERT_EQ(findings.size(), 2u);
  for (const DuplicateFinding& finding : findings) {
    EXPECT_EQ(finding.b, 2u);
    EXPECT_EQ(finding.action, DuplicateAction::review);
    EXPECT_THAT(finding.guards, ElementsAre(DuplicateGuard::kept_apart));
  }
}

TEST(DuplicateGroups, APairWithAFindingHasOneInCommon) {
  std::vector<DuplicateCandidate> candidates;
  for (const char* name : {"澄江科技有限公司", "澄江科技(北京)有限公司", "东海贸易有限公司", ""}) {
    for (const char* contact : {"王芳", "李强总", ""}) {
      for (const char* phone : {kPhone, "+8613900005678", ""}) candidates.push_back(organisation(name, contact, phone));
    }
  }
  for (size_t a = 0; a < candidates.size(); ++a) {
    for (size_t b = a + 1; b < candidates.size(); ++b) {
      std::vector<DuplicateFinding> findings = findings_of({candidates[a], candidates[b]});
      if (findings.empty()) continue;
      std::vector<std::string> of_a = duplicate_groups(duplicate_keys(candidates[a]));
      bool common = false;
      for (const std::string& group : duplicate_groups(duplicate_keys(candidates[b]))) {
        common = common || std::find(of_a.begin(), of_a.end(), group) != of_a.end();
      }
      EXPECT_TRUE(common) << a << " " << b;
    }
  }
  EXPECT_THAT(findings_of(candidates), ::testing::Not(IsEmpty()));
}

TEST(DuplicateGroups, AreBoundedAndSaidWhenLeftOut) {
  DuplicateFindings within = find_duplicates(same_ones(kDuplicateGroupMax));
  EXPECT_EQ(within.findings.size(), kDuplicateGroupMax * (kDuplicateGroupMax - 1) / 2);
  EXPECT_THAT(within.groups_left_out, IsEmpty());
  DuplicateFindings beyond = find_duplicates(same_ones(kDuplicateGroupMax + 1));
  EXPECT_THAT(beyond.findings, IsEmpty());
  EXPECT_EQ(beyond.groups_left_out.size(), 2u);
}

// Groups of 100 have 4,950 pairs each.
TEST(DuplicateLimits, BoundWhatIsKeptOfMergesAndOfReviews) {
  std::vector<DuplicateCandidate> candidates;
  for (int group = 0; group < 5; ++group) {
    for (DuplicateCandidate each : same_ones(kDuplicateGroupMax)) {
      each.phone += std::to_string(group);
      if (group > 0) each.phone_shared = true;
      candidates.push_back(std::move(each));
    }
  }
  DuplicateFindings found = find_duplicates(candidates, kDuplicateActions, {}, {.findings_max = 1000});
  EXPECT_FALSE(found.complete);
  EXPECT_EQ(found.findings.size(), 2000u);
  EXPECT_TRUE(std::ranges::all_of(found.findings, [](const DuplicateFinding& finding) {
    return finding.action == DuplicateAction::review;
  })) << "a hundred would be joined, also where not all of their pairs are kept";
  EXPECT_TRUE(find_duplicates(same_ones(kDuplicateGroupMax)).complete);
}

TEST(DuplicateLimits, ASearchIsGivenUp) {
  std::vector<DuplicateCandidate> candidates;
  for (int i = 0; i < 400; ++i) candidates.push_back(person_named("p" + std::to_string(i / 2), "+8613800000001"));
  int asked = 0;
  DuplicateLimits limits;
  limits.cancelled = [&asked] { return ++asked > 50; };
  DuplicateFindings found = find_duplicates(candidates, kDuplicateActions, {}, limits);
  EXPECT_EQ(asked, 51);
  EXPECT_FALSE(found.complete);
  EXPECT_LT(found.findings.size(), 60u) << "of 200 pairs";
}

TEST(DuplicateGroups, FindAPairAmongMany) {
  std::vector<DuplicateCandidate> candidates;
  for (size_t i = 0; i < 20'000; ++i) {
    candidates.push_back(person_named("p" + std::to_string(i), "+86138" + std::to_string(10'000'000 + i)));
  }
  candidates[19'999].name = candidates[7].name;
  candidates[19'999].phone = candidates[7].phone;
  std::vector<DuplicateFinding> findings = findings_of(candidates);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].a, 7u);
  EXPECT_EQ(findings[0].b, 19'999u);
}

}  // namespace
}  // namespace tributary
