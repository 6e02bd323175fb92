// Tickets: times, targets and first contacts, however and in whatever order they are told.
#include "engine/profile/ticket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/profile/fact_sketch.h"

namespace tributary {
namespace {

constexpr int64_t kMinute = 60 * kMicrosPerSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr Timestamp kNow{20'000 * kMicrosPerDay};
constexpr int64_t kDay0 = 19'900 * kMicrosPerDay;

using TicketValues = std::vector<std::pair<TicketField, std::string>>;

TimeZone zone(const std::string& name = "Asia/Shanghai") { return TimeZone::load(name).value(); }

Fact ticket_said(TicketAct act, const std::string& id, int64_t at, TicketValues values = {}) {
  return make_fact(FactKind::ticket, act, id, at, id + std::to_string(at) + std::to_string(static_cast<int>(act)),
                   std::move(values));
}

Fact created(const std::string& id, int64_t at, const std::string& type = "enquiry") {
  return ticket_said(TicketAct::created, id, at, {{TicketField::ticket_type, type}});
}

Fact called(int64_t at, const std::string& ticket, const std::string& direction = "inbound",
            const std::string& duration_ms = "0") {
  return make_fact<InteractionAct, InteractionField>(FactKind::interaction, InteractionAct::call,
                                                     "call" + std::to_string(at), at, "c" + std::to_string(at),
                                                     {{InteractionField::direction, direction},
                                                      {InteractionField::ticket_id, ticket},
                                                      {InteractionField::duration_ms, duration_ms}});
}

Ticket only(const std::vector<Fact>& facts, const std::vector<Fact>& talks = {}, Timestamp now = kNow) {
  auto tickets = tickets_of(facts, talks, now);
  EXPECT_EQ(tickets.size(), 1U);
  return tickets.empty() ? Ticket{} : tickets.front();
}

/// Everything that is judged, as text.
std::string text_of(const Ticket& ticket) {
  auto when = [](const std::optional<Timestamp>& time) { return time ? format_iso8601(*time) : std::string("-"); };
  std::string text = ticket.id + " " + std::string(ticket_state_name(ticket.state));
  for (const std::string& said : {ticket.type, ticket.topic, ticket.severity, ticket.order_id, ticket.sentiment,
                                  ticket.assignee, ticket.resolution, ticket.channel}) {
    text += "|" + said;
  }
  for (const auto& time :
       {ticket.created_at, ticket.first_response_at, ticket.first_solved_at, ticket.solved_at, ticket.closed_at}) {
    text += " " + when(time);
  }
  text += " reopened " + std::to_string(ticket.reopened) + " contacts " + std::to_string(ticket.inbound_contacts);
  text += ticket.first_contact_resolved ? " first" : "";
  return text + (ticket.in_target ? (*ticket.in_target ? " in" : " out") : " no target");
}

TEST(DomainSection2_2, TicketSolvedArrivingBeforeTicketCreated) {
  std::vector<Fact> facts = {created("t", kDay0), ticket_said(TicketAct::solved, "t", kDay0 + kHour)};
  std::string right = text_of(only(facts));
  EXPECT_EQ(only(facts).state, TicketState::solved);
  std::ranges::reverse(facts);
  EXPECT_EQ(text_of(only(facts)), right);
}

TEST(DomainSection15, SV1_GradedResponse) {
  std::vector<Fact> facts = {created("a", kDay0, "complaint"), created("b", kDay0, "complaint"),
                             ticket_said(TicketAct::first_responded, "a", kDay0 + 20 * kMinute),
                             ticket_said(TicketAct::first_responded, "b", kDay0 + 60 * kMinute)};
  TicketFigures figures = ticket_figures(tickets_of(facts, {}, kNow), zone());
  EXPECT_EQ(figures.response_mean_tenths, 400);
  EXPECT_EQ(figures.targets, 2U);
  EXPECT_EQ(figures.in_target, 1U);
  EXPECT_EQ(figures.complaints, 2U);
}

TEST(DomainSection15, SV1_TargetsOfEachTypeAtTheirBoundaries) {
  struct Row {
    const char* type;
    int64_t minutes;
  };
  for (Row row : {Row{"enquiry", 60}, Row{"fault", 120}, Row{"complaint", 30}}) {
    for (int64_t late : {0, 1}) {
      std::vector<Fact> facts = {created("t", kDay0, row.type),
                                 ticket_said(TicketAct::first_responded, "t", kDay0 + row.minutes * kMinute + late)};
      EXPECT_EQ(only(facts).in_target, late == 0) << row.type;
      Timestamp soon{kDay0 + row.minutes * kMinute + late};
      auto waiting = only({created("t", kDay0, row.type)}, {}, soon).in_target;
      EXPECT_EQ(waiting, late == 0 ? std::nullopt : std::optional(false)) << row.type;
    }
  }
}

TEST(DomainSection15, SV2_SolvedAfterMidnightIsNotSameDayButWithin24Hours) {
  int64_t midnight = kDay0 - 8 * kHour;  // in Shanghai
  std::vector<Fact> facts = {created("t", midnight - 10 * kMinute),
                             ticket_said(TicketAct::solved, "t", midnight + 10 * kMinute)};
  Ticket ticket = only(facts);
  EXPECT_FALSE(ticket.same_day(zone()));
  EXPECT_TRUE(ticket.same_day(zone("UTC")));
  EXPECT_TRUE(ticket.solved_within_24h());
  facts.back().at = Timestamp{midnight - 10 * kMinute + kMicrosPerDay};
  EXPECT_TRUE(only(facts).solved_within_24h());
  ++facts.back().at.micros;
  EXPECT_FALSE(only(facts).solved_within_24h());
}

TEST(DomainSection16, K11_FirstContactResolution) {
  std::vector<Fact> facts, talks;
  for (int i = 0; i < 12; ++i) {
    std::string id = "t" + std::to_string(i);
    int64_t at = kDay0 + i * kMicrosPerDay;
    facts.push_back(created(id, at));
    facts.push_back(ticket_said(TicketAct::solved, id, at + kHour));
    if (i < 2) talks.push_back(called(at + kMinute, id));
    if (i == 2) facts.push_back(ticket_said(TicketAct::reopened, id, at + 2 * kHour));
  }
  TicketFigures figures = ticket_figures(tickets_of(facts, talks, kNow), zone());
  EXPECT_EQ(figures.first_contact_resolved, 9U);
  EXPECT_EQ(figures.solved, 12U);
}

TEST(DomainSection16, K12_SameDayClose) {
  std::vector<Fact> facts;
  for (int i = 0; i < 10; ++i) {
    std::string id = "t" + std::to_string(i);
    facts.push_back(created(id, kDay0));
    if (i < 9) facts.push_back(ticket_said(TicketAct::solved, id, kDay0 + (i < 7 ? kHour : 2 * kMicrosPerDay)));
  }
  TicketFigures figures = ticket_figures(tickets_of(facts, {}, kNow), zone());
  EXPECT_EQ(figures.same_day, 7U);
  EXPECT_EQ(figures.created, 10U);
  EXPECT_EQ(figures.open, 1U);
}

TEST(Tickets, TheCallThatLedToATicketIsItsCreation) {
  std::vector<Fact> facts = {created("t", kDay0), ticket_said(TicketAct::solved, "t", kDay0 + kHour)};
  auto contacts = [&](const std::vector<Fact>& talks) { return only(facts, talks).inbound_contacts; };
  EXPECT_EQ(contacts({}), 1U);
  EXPECT_EQ(contacts({called(kDay0 - kMinute, "t")}), 1U);
  EXPECT_EQ(contacts({called(kDay0 + kMinute, "t", "inbound", "60000")}), 1U) << "it ended after the creation";
  EXPECT_EQ(contacts({called(kDay0 + kMinute, "t", "inbound", "59999")}), 2U);
  EXPECT_EQ(contacts({called(kDay0 - kMinute, "t"), called(kDay0 - kHour, "t")}), 2U);
  EXPECT_EQ(contacts({called(kDay0 + kMinute, "t", "outbound")}), 1U);
  EXPECT_EQ(contacts({called(kDay0 + kMinute, "other")}), 1U);
  EXPECT_EQ(contacts({called(kDay0 + 2 * kHour, "t")}), 1U) << "it was solved by then";
}

TEST(Tickets, ReopeningCountsAgainstTheFirstContactForSevenDays) {
  for (int64_t late : {0, 1}) {
    std::vector<Fact> facts = {created("t", kDay0), ticket_said(TicketAct::solved, "t", kDay0 + kHour),
                               ticket_said(TicketAct::reopened, "t", kDay0 + kHour + 7 * kMicrosPerDay + late)};
    Ticket ticket = only(facts);
    EXPECT_EQ(ticket.first_contact_resolved, late == 1);
    EXPECT_EQ(ticket.state, TicketState::open);
    EXPECT_FALSE(ticket.solved_at);
    EXPECT_EQ(ticket.reopened, 1U);
  }
}

TEST(Tickets, WhatHappensInOneMomentHappensInTheOrderOfActs) {
  std::vector<Fact> facts = {ticket_said(TicketAct::closed, "t", kDay0), ticket_said(TicketAct::solved, "t", kDay0),
                             created("t", kDay0)};
  for (size_t i = 0; i < facts.size(); ++i) facts[i].message_id = std::to_string(i);
  EXPECT_EQ(only(facts).state, TicketState::closed);
  facts.push_back(ticket_said(TicketAct::reopened, "t", kDay0));
  facts.back().message_id = "9";
  EXPECT_EQ(only(facts).state, TicketState::closed);
  EXPECT_EQ(only(facts).reopened, 1U);
}

TEST(Tickets, ClaimsDoNotSolveWhatSomebodyEntitledTold) {
  std::vector<Fact> facts = {created("t", kDay0), ticket_said(TicketAct::first_responded, "t", kDay0 + kMinute),
                             ticket_said(TicketAct::solved, "t", kDay0 + kHour)};
  for (Fact& fact : facts) fact.trust = Trust::claimed;
  EXPECT_EQ(only(facts).state, TicketState::solved) << "nobody entitled tells of it";
  facts.push_back(ticket_said(TicketAct::assigned, "t", kDay0 + 2 * kMinute));
  Ticket ticket = only(facts);
  EXPECT_EQ(ticket.state, TicketState::open);
  EXPECT_FALSE(ticket.first_response_at);
  EXPECT_EQ(ticket.created_at, Timestamp{kDay0});
  facts.push_back(created("t", kDay0 + kHour, "fault"));
  EXPECT_EQ(only(facts).created_at, Timestamp{kDay0 + kHour});
  EXPECT_EQ(only(facts).type, "fault");
  facts.push_back(ticket_said(TicketAct::solved, "t", kDay0 + 3 * kHour));
  EXPECT_EQ(only(facts).state, TicketState::solved);
  facts.push_back(ticket_said(TicketAct::reopened, "t", kDay0 + 4 * kHour));
  facts.back().trust = Trust::claimed;
  EXPECT_EQ(only(facts).state, TicketState::open) << "customers may reopen";
}

TEST(Tickets, AsOfAMomentLaterFactsAreUnknown) {
  std::vector<Fact> facts = {created("t", kDay0), ticket_said(TicketAct::solved, "t", kDay0 + kHour)};
  EXPECT_EQ(only(facts, {}, Timestamp{kDay0 + kHour - 1}).state, TicketState::open);
  EXPECT_EQ(only(facts, {}, Timestamp{kDay0 + kHour}).state, TicketState::solved);
  EXPECT_TRUE(tickets_of(facts, {}, Timestamp{kDay0 - 1}).empty());
}

TEST(Tickets, AnyOrderOfArrivalAndAnyRepeatGivesTheSame) {
  uint64_t seed = std::random_device()();
  std::mt19937_64 random(seed);
  auto below = [&](uint64_t n) { return static_cast<int64_t>(random() % n); };
  for (int round = 0; round < 300; ++round) {
    std::vector<Fact> facts, talks;
    for (int64_t i = 1 + below(8); i > 0; --i) {
      TicketValues values;
      for (auto field : {TicketField::ticket_type, TicketField::topic, TicketField::assignee}) {
        if (below(2) == 0) values.emplace_back(field, below(2) == 0 ? "fault" : "complaint");
      }
      facts.push_back(ticket_said(static_cast<TicketAct>(1 + below(6)), "t" + std::to_string(below(2)),
                                  kDay0 + below(4) * kHour, std::move(values)));
      facts.back().trust = below(3) == 0 ? Trust::claimed : Trust::verified;
      facts.back().message_id = std::to_string(i);
      if (below(3) == 0) talks.push_back(called(kDay0 + i * kHour / 2, "t0"));
    }
    auto judged = [&] {
      std::string text;
      for (const Ticket& ticket : tickets_of(facts, talks, kNow)) text += text_of(ticket) + "\n";
      return text;
    };
    std::string expected = judged();
    facts.push_back(facts[static_cast<size_t>(below(facts.size()))]);
    std::ranges::shuffle(facts, random);
    std::ranges::shuffle(talks, random);
    ASSERT_EQ(judged(), expected) << "seed " << seed << " round " << round;
  }
}

}  // namespace
}  // namespace tributary
