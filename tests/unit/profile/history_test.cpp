// What changed about customers, whoever said what in whichever order.
#include "engine/profile/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/domain/customer_record.h"
#include "engine/domain/preference.h"
#include "engine/domain/status.h"
#include "engine/domain/tag.h"
#include "tests/unit/profile/fact_sketch.h"

namespace tributary {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kDay = kMicrosPerDay;

Fact saved(int64_t day, const std::string& id, RecordAct act, std::vector<std::pair<RecordField, std::string>> values) {
  std::ranges::sort(values);
  return make_fact(FactKind::record, act, "", day * kDay, id, std::move(values));
}

Fact tagged(int64_t day, TagAct act, const std::string& name, const std::string& note = "") {
  return make_fact<TagAct, TagField>(
      FactKind::tag, act, "need/" + name, day * kDay, "t" + std::to_string(day),
      {{TagField::type, "need"}, {TagField::name, name}, {TagField::note, note}, {TagField::by, "ann"}});
}

Fact weighed(int64_t day, const std::string& weight) {
  return make_fact<PreferenceAct, PreferenceField>(
      FactKind::preference, PreferenceAct::set, "category toy", day * kDay, "p" + std::to_string(day),
      {{PreferenceField::value, "Toy"}, {PreferenceField::weight, weight}});
}

Fact excluded(int64_t day, ExclusionAct act, const std::string& reason = "") {
  std::vector<std::pair<ExclusionField, std::string>> values = {{ExclusionField::value, "Toy"}};
  if (!reason.empty()) values.emplace_back(ExclusionField::reason, reason);
  return make_fact(FactKind::exclusion, act, "category toy", day * kDay, "x" + std::to_string(day), std::move(values));
}

Fact status_word(int64_t day, StatusAct act, const std::string& by,
                 std::vector<std::pair<StatusField, std::string>> more) {
  more.emplace_back(StatusField::by, by);
  std::ranges::sort(more);
  return make_fact(FactKind::status, act, "r1", day * kDay, "s" + std::to_string(day), std::move(more));
}

Order order_of_day(int64_t day, const std::string& id) {
  Order order;
  order.order_namespace = "shop";
  order.order_id = id;
  order.hash = subject_named(id);
  order.status = OrderStatus::completed;
  order.counts = true;
  order.at = Timestamp{day * kDay};
  order.currency = "CNY";
  order.trust = Trust::verified;
  order.net_minor = order.value_minor = 10000;
  return order;
}

/// "3 tag_added need: - > 提升效率 by ann because why", oldest first.
std::vector<std::string> told(std::vector<Fact> facts, std::vector<Order> orders = {}, int64_t now = 1000) {
  std::ranges::stable_sort(facts, {}, &Fact::kind);
  ValueRules rules{*TimeZone::load("UTC"), {}};
  std::vector<HistoryEntry> entries = history_of({facts, orders, rules, Timestamp{now * kDay}});
  std::ranges::sort(entries, happened_before);
  std::vector<std::string> lines;
  for (const HistoryEntry& entry : entries) {
    auto or_none = [](const std::string& text) { return text.empty() ? std::string("-") : text; };
    std::string line = std::to_string(entry.at.micros / kDay) + ' ' + std::string(entry.what);
    if (!entry.subject.empty()) line += ' ' + entry.subject;
    line += ": " + or_none(entry.from) + " > " + or_none(entry.to);
    if (!entry.by.empty()) line += " by " + entry.by;
    if (!entry.reason.empty()) line += " because " + entry.reason;
    if (!entry.evidence.empty()) line += " see " + entry.evidence;
    lines.push_back(std::move(line));
  }
  return lines;
}

TEST(Histories, OfFieldsTellWhatCountedBeforeAndAfter) {
  using enum RecordField;
  EXPECT_THAT(told({saved(1, "a", RecordAct::saved, {{actor, "li"}, {customer_type, "person"}, {owner, "li"}}),
                    saved(2, "b", RecordAct::changed, {{actor, "wu"}, {owner, "wu"}}),
                    saved(3, "c", RecordAct::changed, {{actor, "wu"}, {owner, "wu"}}),
                    saved(4, "d", RecordAct::changed, {{actor, "wu"}, {owner, ""}})}),
              ElementsAre("1 field_changed customer_type: - > person by li", "1 field_changed owner: - > li by li",
                          "2 field_changed owner: li > wu by wu", "4 field_changed owner: wu > - by wu"));
}

// A word that came late stands where it was said, and only if it counted there.
TEST(Histories, OfFieldsThatKeepTheFirstWordHaveNoLaterOne) {
  using enum RecordField;
  EXPECT_THAT(told({saved(2, "b", RecordAct::saved, {{source, "referral"}, {first_contact_date, "2026-01-02"}}),
                    saved(3, "c", RecordAct::changed, {{source, "website"}, {first_contact_date, "2026-01-01"}})}),
              ElementsAre("2 field_changed source: - > referral", "2 field_changed first_contact_date: - > 2026-01-02",
                          "3 field_changed first_contact_date: 2026-01-02 > 2026-01-01"));
}

TEST(Histories, OfTagsTellWhenTheyCameAndWent) {
  EXPECT_THAT(told({tagged(1, TagAct::removed, "cheap"), tagged(2, TagAct::added, "cheap", "asked"),
                    tagged(3, TagAct::added, "cheap", "asked again"), tagged(4, TagAct::removed, "cheap", "sold")}),
              ElementsAre("2 tag_added need: - > cheap by ann because asked",
                          "4 tag_removed need: cheap > - by ann because sold"));
}

TEST(Histories, OfPreferencesTellEachNewWeightOnce) {
  EXPECT_THAT(told({weighed(1, "0.5"), weighed(2, "0.5"), weighed(3, "-1")}),
              ElementsAre("1 preference_set category/Toy: - > 0.5", "3 preference_set category/Toy: 0.5 > -1"));
}

TEST(Histories, OfExclusionsTellWhoBeganAndWhatEndedThem) {
  EXPECT_THAT(told({excluded(1, ExclusionAct::rated_badly), excluded(2, ExclusionAct::added, "no more"),
                    excluded(3, ExclusionAct::rated_better), excluded(4, ExclusionAct::removed), weighed(6, "0.5"),
                    excluded(5, ExclusionAct::added, "never")}),
              ElementsAre("1 exclusion_added category: - > Toy because rating", "4 exclusion_removed category: Toy > -",
                          "5 exclusion_added category: - > Toy because never",
                          "6 exclusion_removed category: Toy > - because preference_set",
                          "6 preference_set category/Toy: - > 0.5"));
}

TEST(Histories, OfADismissalEndAfterAYear) {
  std::vector<Fact> facts = {excluded(10, ExclusionAct::dismissed)};
  EXPECT_THAT(told(facts, {}, 374), ElementsAre("10 exclusion_added category: - > Toy because dismissal"));
  EXPECT_THAT(told(facts, {}, 375), ElementsAre("10 exclusion_added category: - > Toy because dismissal",
                                                "375 exclusion_removed category: Toy > - because expired"));
  facts.push_back(excluded(400, ExclusionAct::dismissed));
  EXPECT_EQ(told(facts, {}, 401).back(), "400 exclusion_added category: - > Toy because dismissal");
}

TEST(Histories, OfTheStatusTellRequestsDecisionsAndRules) {
  using enum StatusField;
  std::vector<Fact> facts = {
      status_word(1, StatusAct::requested, "li", {{to, "lost"}, {reason, "other"}, {text, "moved"}, {evidence, "m9"}}),
      status_word(2, StatusAct::rejected, "li", {{remark, "my own"}}),  // no decision
      status_word(3, StatusAct::approved, "wu", {{remark, "yes"}})};
  EXPECT_THAT(told(facts), ElementsAre("1 status_requested: - > lost by li because other: moved see m9",
                                       "3 status_changed: potential > lost by wu because other: moved see m9"));
  facts[2] = status_word(3, StatusAct::rejected, "wu", {{remark, "no"}});
  EXPECT_EQ(told(facts).back(), "3 status_rejected: - > lost by wu because no");
  EXPECT_EQ(told({}, {order_of_day(5, "o1")}, 10).back(),
            "5 status_changed: potential > won by rule:first_order see shop/o1");
}

TEST(Histories, OfTheStageOfLifeTellWhatBroughtIt) {
  EXPECT_THAT(told({}, {order_of_day(5, "o1")}, 200),
              ElementsAre("5 lifecycle_changed: acquisition > growth by rule:order see shop/o1",
                          "5 status_changed: potential > won by rule:first_order see shop/o1",
                          "95 lifecycle_changed: growth > decline by rule:silence",
                          testing::StartsWith("125 status_changed: won > lost by rule:silence")));
}

TEST(Histories, OfARevertTellTheWayBack) {
  using enum StatusField;
  auto lines = told({status_word(1, StatusAct::requested, "li", {{to, "lost"}, {reason, "price"}}),
                     status_word(2, StatusAct::approved, "wu", {}),
                     status_word(3, StatusAct::reverted, "wu", {{remark, "a mistake"}})});
  EXPECT_THAT(lines, ElementsAre("1 status_requested: - > lost by li because price",
                                 "2 status_changed: potential > lost by wu because price",
                                 "3 status_reverted: lost > potential by wu because a mistake"));
}

TEST(Histories, EndAtTheMomentOfAsking) {
  EXPECT_THAT(told({tagged(5, TagAct::added, "cheap"), weighed(6, "1")}, {order_of_day(7, "o")}, 4), IsEmpty());
}

TEST(Histories, DoNotDependOnTheOrderOfArrival) {
  using enum RecordField;
  std::vector<Fact> facts = {saved(1, "a", RecordAct::saved, {{owner, "li"}, {name, "n"}}),
                             saved(1, "b", RecordAct::changed, {{owner, "wu"}}),
                             saved(1, "c", RecordAct::changed, {{owner, ""}}),
                             tagged(1, TagAct::added, "cheap"),
                             tagged(2, TagAct::removed, "cheap"),
                             weighed(1, "0.5"),
                             weighed(2, "1"),
                             excluded(1, ExclusionAct::dismissed),
                             excluded(3, ExclusionAct::added),
                             status_word(1, StatusAct::requested, "li", {{StatusField::to, "lost"}}),
                             status_word(4, StatusAct::approved, "wu", {})};
  std::vector<Order> orders = {order_of_day(1, "o1"), order_of_day(3, "o2"), order_of_day(5, "o3")};
  auto expected = told(facts, orders);
  EXPECT_GT(expected.size(), 12u);
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::shuffle(facts.begin(), facts.end(), random);
    std::shuffle(orders.begin(), orders.end(), random);
    ASSERT_EQ(told(facts, orders), expected);
  }
}

}  // namespace
}  // namespace tributary
