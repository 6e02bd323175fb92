#include "engine/profile/interaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/profile/fact_sketch.h"

namespace tributary {
namespace {

using Told = InteractionField;
using Values = std::vector<std::pair<Told, std::string>>;

int64_t at(const char* time) { return parse_iso8601(time)->micros; }

Fact talk(const std::string& number, const char* when, Values values = {},
          InteractionAct act = InteractionAct::logged) {
  return make_fact(FactKind::interaction, act, number, at(when), number + when, std::move(values));
}

Fact recorded(Fact fact, const char* when) {
  fact.received_at = Timestamp{at(when)};
  return fact;
}

TEST(DomainSection4, VisitRecordedTheSameDayIsOnTime) {
  auto talks =
      interactions_of(std::vector{recorded(talk("HD1", "2026-10-15T14:30:00+08:00"), "2026-10-15T16:00:00+08:00")});
  ASSERT_EQ(talks.size(), 1u);
  EXPECT_FALSE(talks[0].late());
}

TEST(DomainSection4, CallRecordedTwoDaysLaterIsLate) {
  auto talks =
      interactions_of(std::vector{recorded(talk("HD2", "2026-10-10T14:30:00+08:00"), "2026-10-12T16:00:00+08:00")});
  EXPECT_TRUE(talks[0].late());
  Fact just = recorded(talk("HD3", "2026-10-10T14:30:00Z"), "2026-10-11T14:30:00Z");
  EXPECT_FALSE(interactions_of(std::vector{just})[0].late());
}

TEST(DomainSection4, NextActionWithoutPersonAndDateIsVague) {
  auto vague = [](Values values) {
    return interactions_of(std::vector{talk("1", "2026-01-01", std::move(values))})[0].vague();
  };
  EXPECT_TRUE(vague({{Told::next_action, "后续跟进"}}));
  EXPECT_TRUE(vague({{Told::next_action, "quote"}, {Told::next_by, "li"}}));
  EXPECT_FALSE(
      vague({{Told::next_action, "quote"}, {Told::next_by, "li"}, {Told::next_due, "2026-12-01T00:00:00.000Z"}}));
  EXPECT_FALSE(vague({{Told::next_action, kNoNextAction}}));
  EXPECT_FALSE(vague({}));
}

TEST(Interactions, ALaterWordUnderTheSameNumberCorrects) {
  std::vector<Fact> facts = {talk("1", "2026-01-01", {{Told::topic, "first"}}),
                             talk("1", "2026-01-02", {{Told::topic, "corrected"}}), talk("2", "2026-01-03")};
  auto talks = interactions_of(facts);
  ASSERT_EQ(talks.size(), 2u);
  EXPECT_EQ(talks[0].text(Told::topic), "corrected");
  Fact claimed = talk("1", "2026-01-09", {{Told::topic, "claimed"}});
  claimed.trust = Trust::claimed;
  facts.push_back(claimed);
  EXPECT_EQ(interactions_of(facts)[0].text(Told::topic), "corrected");
}

TEST(Interactions, FiguresAreAsOfAMoment) {
  auto figures = [](const char* now) {
    return interaction_figures(
        interactions_of(std::vector{
            talk("1", "2026-01-01", {{Told::feedback, "interested"}, {Told::next_due, "2026-02-01T00:00:00.000Z"}}),
            talk("2", "2026-01-10", {}, InteractionAct::call),
            talk("3", "2026-03-01", {{Told::feedback, "rejected"}})}),
        Timestamp{at(now)});
  };
  EXPECT_EQ(figures("2025-12-31").count, 0u);
  EXPECT_EQ(figures("2025-12-31").last_at, std::nullopt);
  auto january = figures("2026-01-30");
  EXPECT_EQ(january.count, 2u);
  EXPECT_EQ(january.count_30d, 2u);
  EXPECT_EQ(january.last_at, Timestamp{at("2026-01-10")});
  EXPECT_EQ(january.last_feedback, "interested");
  EXPECT_EQ(january.next_due, Timestamp{at("2026-02-01")});
  EXPECT_EQ(january.level(), "mid");
  EXPECT_EQ(figures("2026-01-31").count_30d, 1u);  // the first is 30 days old to the second
  auto march = figures("2026-03-01");
  EXPECT_EQ(march.last_feedback, "rejected");
  EXPECT_EQ(march.next_due, std::nullopt);
  EXPECT_EQ(figures("2026-05-01").level(), "low");
}

TEST(Interactions, OrderOfFactsDoesNotMatter) {
  unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<Fact> facts;
  for (int i = 0; i < 40; ++i) {
    Fact fact = make_fact(FactKind::interaction, InteractionAct::logged, std::to_string(random() % 5),
                          static_cast<int64_t>(random() % 4), "m" + std::to_string(i),
                          Values{{Told::topic, std::to_string(random() % 9)}});
    fact.trust = random() % 2 == 0 ? Trust::verified : Trust::claimed;
    facts.push_back(std::move(fact));
  }
  auto told = [&] {
    std::string text;
    for (const Interaction& each : interactions_of(facts)) text += each.number + "=" + each.told.message_id + " ";
    return text;
  };
  std::string expected = told();
  for (int i = 0; i < 20; ++i) {
    std::shuffle(facts.begin(), facts.end(), random);
    EXPECT_EQ(told(), expected);
  }
}

TEST(Facts, RowsKeepEverything) {
  Fact fact = make_fact(FactKind::interaction, InteractionAct::call, "n", 5, "m",
                        Values{{Told::mode, "phone"}, {Told::topic, ""}});
  fact.received_at = Timestamp{-7};
  fact.trust = Trust::claimed;
  std::string bytes;
  encode_fact(fact, bytes);
  Fact read;
  ASSERT_TRUE(decode_fact(bytes, read));
  EXPECT_EQ(read.act, fact.act);
  EXPECT_EQ(read.trust, fact.trust);
  EXPECT_EQ(read.received_at, fact.received_at);
  EXPECT_EQ(read.subject_text, "n");
  EXPECT_EQ(read.source, "crm");
  EXPECT_EQ(read.message_id, "m");
  ASSERT_EQ(read.values.size(), 2u);
  EXPECT_EQ(read.text(Told::mode), "phone");
  for (size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_FALSE(decode_fact(std::string_view(bytes).substr(0, cut), read)) << cut;
  bytes[0] = 9;
  EXPECT_EQ(decode_fact(bytes, read).error().message, "fact has an unknown version");
}

}  // namespace
}  // namespace tributary
