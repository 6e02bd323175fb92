// How far customers have come, whoever said what in whichever order.
#include "engine/profile/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/domain/interaction.h"
#include "tests/unit/profile/fact_sketch.h"

namespace tributary {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kDay = kMicrosPerDay;

Order order_on(int64_t day, const std::string& id, OrderStatus status = OrderStatus::completed) {
  Order order;
  order.order_namespace = "shop";
  order.order_id = id;
  order.status = status;
  order.counts = status == OrderStatus::completed;
  order.trust = Trust::verified;
  order.at = Timestamp{day * kDay};
  order.currency = "CNY";
  order.net_minor = 10000;
  order.value_minor = order.counts ? 10000 : 0;
  return order;
}

Fact said(StatusAct act, const std::string& id, int64_t day, const std::string& by, const std::string& to = "",
          const std::string& reason = "") {
  std::vector<std::pair<StatusField, std::string>> values;
  if (!to.empty()) values.push_back({StatusField::to, to});
  if (!reason.empty()) values.push_back({StatusField::reason, reason});
  values.push_back({StatusField::by, by});
  return make_fact<StatusAct, StatusField>(FactKind::status, act, id, day * kDay,
                                           id + std::to_string(static_cast<int>(act)) + by, values);
}

Fact talk(int64_t day, const std::string& feedback, const std::string& mode = "phone") {
  return make_fact<InteractionAct, InteractionField>(
      FactKind::interaction, InteractionAct::logged, "talk " + std::to_string(day), day * kDay,
      "t" + std::to_string(day), {{InteractionField::mode, mode}, {InteractionField::feedback, feedback}});
}

struct Told {
  std::vector<Fact> facts = {};
  std::vector<Order> orders = {};
  bool by_rule = true;
  int64_t day = 20;
  std::optional<std::pair<Status, Timestamp>> first = {};

  template <class Ask>
  auto ask(Ask question) const {
    std::vector<Fact> sorted = facts;
    std::sort(sorted.begin(), sorted.end(), [](const Fact& a, const Fact& b) { return a.kind < b.kind; });
    ValueRules rules{*TimeZone::load("UTC"), {}};
    rules.status_by_rule = by_rule;
    return question(StatusBasis{sorted, orders, rules, Timestamp{day * kDay}, first});
  }
  CustomerStatus status() const {
    return ask([](const StatusBasis& basis) { return status_of(basis); });
  }
  std::vector<Status> allowed(std::string_view reason, std::string_view text = "") const {
    return ask([&](const StatusBasis& basis) { return allowed_targets(basis, reason, text); });
  }
};

/// `potential > won rule:first_order`
std::vector<std::string> changes(const CustomerStatus& status) {
  std::vector<std::string> lines;
  for (const StatusChange& change : status.changes) {
    lines.push_back(std::string(status_name(change.from)) + " > " + std::string(status_name(change.to)) + ' ' +
                    change.actor + (change.reverted_at ? " reverted" : ""));
  }
  return lines;
}

TEST(CustomerStatus, BeginsAsPotential) {
  CustomerStatus status = Told{}.status();
  EXPECT_EQ(status.current, Status::potential);
  EXPECT_FALSE(status.since);
  EXPECT_THAT(status.open, IsEmpty());
}

TEST(CustomerStatus, TheRecordSaysWhatItBeginsWith) {
  Told told;
  told.first = {Status::interested, Timestamp{3 * kDay}};
  EXPECT_EQ(told.status().current, Status::interested);
  EXPECT_EQ(told.status().since, Timestamp{3 * kDay});
  told.day = 2;
  EXPECT_EQ(told.status().current, Status::potential);
}

TEST(CustomerStatus, TheFirstPaidOrderWins) {
  CustomerStatus status = Told{.orders = {order_on(2, "b"), order_on(1, "a")}}.status();
  EXPECT_EQ(status.current, Status::won);
  EXPECT_EQ(status.since, Timestamp{kDay});
  EXPECT_EQ(status.actor, "rule:first_order");
  ASSERT_EQ(status.changes.size(), 1u);
  EXPECT_EQ(status.changes[0].evidence, "shop/a");
}

TEST(CustomerStatus, WhenTheOnlyOrderIsCancelledARevertIsAskedForAndNothingChanges) {
  Told told{.orders = {order_on(1, "a", OrderStatus::cancelled)}};
  CustomerStatus status = told.status();
  EXPECT_EQ(status.current, Status::won);
  ASSERT_EQ(status.open.size(), 1u);
  EXPECT_TRUE(status.open[0].revert);
  EXPECT_EQ(status.open[0].to, Status::potential);
  std::string id = status.open[0].id;
  Told reverted = told, kept = told;
  reverted.facts = {said(StatusAct::reverted, id, 3, "bob")};
  EXPECT_EQ(reverted.status().current, Status::potential);
  EXPECT_THAT(reverted.status().open, IsEmpty());
  EXPECT_THAT(changes(reverted.status()), ElementsAre("potential > won rule:first_order reverted"));
  kept.facts = {said(StatusAct::rejected, id, 3, "bob")};
  EXPECT_EQ(kept.status().current, Status::won);
  EXPECT_THAT(kept.status().open, IsEmpty());
}

TEST(CustomerStatus, InterestInATalkATrialOrAQuote) {
  EXPECT_THAT(changes(Told{.facts = {talk(1, "interested")}}.status()),
              ElementsAre("potential > interested rule:interest"));
  EXPECT_THAT(changes(Told{.facts = {talk(1, "rejected")}}.status()), IsEmpty());
  EXPECT_EQ((Told{.facts = {said(StatusAct::trial, "t", 1, "")}}.status().current), Status::interested);
  Fact claimed = said(StatusAct::contract, "c", 1, "");
  claimed.trust = Trust::claimed;
  EXPECT_EQ(Told{.facts = {claimed}}.status().current, Status::potential);
  claimed.trust = Trust::verified;
  EXPECT_EQ(Told{.facts = {claimed}}.status().current, Status::won);
}

TEST(CustomerStatus, ThirtyDaysOfHighChurnLose) {
  // One order, and 30 days expected between two: high from day 91 on.
  Told told{.orders = {order_on(1, "a")}, .day = 120};
  EXPECT_EQ(told.status().current, Status::won);
  told.day = 121;
  CustomerStatus status = told.status();
  EXPECT_EQ(status.current, Status::lost);
  EXPECT_EQ(status.actor, "rule:silence");
  EXPECT_EQ(status.since, Timestamp{121 * kDay});
  told.day = 130;
  told.facts = {talk(125, "not_now", "visit")};
  EXPECT_THAT(changes(told.status()), ElementsAre("potential > won rule:first_order", "won > lost rule:silence",
                                                  "lost > interested rule:win_back"));
}

TEST(CustomerStatus, EverySilenceStaysInTheHistory) {
  // Bought on day 1, silent until day 150, and so again; each loss falls 120 days behind an order.
  Told told{.orders = {order_on(1, "a"), order_on(150, "b"), order_on(300, "c")}, .day = 310};
  const std::vector<std::string> first = {"potential > won rule:first_order", "won > lost rule:silence",
                                          "lost > won rule:order_after_loss"};
  CustomerStatus status = told.status();
  ASSERT_THAT(changes(status), ElementsAre(first[0], first[1], first[2], first[1], first[2]));
  EXPECT_EQ(status.changes[1].at, Timestamp{121 * kDay});
  EXPECT_EQ(status.changes[3].at, Timestamp{270 * kDay});
  std::reverse(told.orders.begin(), told.orders.end());
  EXPECT_EQ(changes(told.status()), changes(status));
  // What a report as of then said stays true, whatever was bought since.
  told.day = 160;
  EXPECT_EQ(changes(told.status()), first);
  told.orders.erase(told.orders.begin());
  EXPECT_EQ(changes(told.status()), first);
  // Not one that an order ended in time.
  told.orders.push_back(order_on(120, "d"));
  EXPECT_THAT(changes(told.status()), ElementsAre(first[0]));
}

TEST(CustomerStatus, OnlyTheOrdersBeforeASilenceSayHowLongItMayLast) {
  // Day by day at first: high after 21 days. Later orders come seldom, and must not stretch what was silence before.
  Told told{.orders = {order_on(1, "a"), order_on(2, "b"), order_on(3, "c"), order_on(60, "d"), order_on(300, "e"),
                       order_on(600, "f"), order_on(900, "g")},
            .day = 60};
  ASSERT_THAT(changes(told.status()), ElementsAre("potential > won rule:first_order", "won > lost rule:silence",
                                                  "lost > won rule:order_after_loss"));
  EXPECT_EQ(told.status().changes[1].at, Timestamp{54 * kDay});
  told.day = 901;
  EXPECT_EQ(told.status().changes[1].at, Timestamp{54 * kDay});
}

TEST(CustomerStatus, WhatABrowserClaimsMovesNothingByRule) {
  Order order = order_on(1, "a");
  order.trust = Trust::claimed;
  Fact visit = talk(2, "interested", "visit"), trial = said(StatusAct::trial, "t", 1, "");
  visit.trust = trial.trust = Trust::claimed;
  Told told{.facts = {visit, trial}, .orders = {order}};
  EXPECT_THAT(changes(told.status()), IsEmpty());
  // A person may take it for what it is.
  EXPECT_THAT(told.allowed("x"), ElementsAre(Status::interested, Status::won, Status::lost));
  told.facts.push_back(said(StatusAct::requested, "r", 3, "ann", "won", "paid"));
  told.facts.push_back(said(StatusAct::approved, "r", 4, "bob"));
  EXPECT_THAT(changes(told.status()), ElementsAre("potential > won ann"));
  EXPECT_THAT(told.status().open, IsEmpty());
}

TEST(CustomerStatus, WhatABrowserClaimsNeitherEndsASilenceNorWinsBack) {
  Order claimed = order_on(100, "b");
  claimed.trust = Trust::claimed;
  Fact visit = talk(125, "interested", "visit");
  visit.trust = Trust::claimed;
  Told told{.facts = {visit}, .orders = {order_on(1, "a"), claimed}, .day = 130};
  EXPECT_THAT(changes(told.status()), ElementsAre("potential > won rule:first_order", "won > lost rule:silence"));
}

TEST(CustomerStatus, WonBackByAnOrderThatIsGoneARevertIsAskedFor) {
  Told told{.orders = {order_on(1, "a"), order_on(150, "b", OrderStatus::refunded)}, .day = 160};
  CustomerStatus status = told.status();
  EXPECT_EQ(status.current, Status::won);
  ASSERT_EQ(status.open.size(), 1u);  // the first order was there before the loss
  EXPECT_TRUE(status.open[0].revert);
  EXPECT_EQ(status.open[0].to, Status::lost);
  told.orders.push_back(order_on(155, "c"));
  EXPECT_THAT(told.status().open, IsEmpty());
}

TEST(CustomerStatus, ApprovedByWhatBecameSomebodyElsesARevertIsAskedFor) {
  Told told{
      .facts = {said(StatusAct::requested, "r", 2, "ann", "won", "paid"), said(StatusAct::approved, "r", 3, "bob")},
      .orders = {order_on(1, "a")},
      .by_rule = false};
  EXPECT_THAT(told.status().open, IsEmpty());
  told.orders.clear();  // a merge was undone
  CustomerStatus status = told.status();
  EXPECT_EQ(status.current, Status::won);
  ASSERT_EQ(status.open.size(), 1u);
  EXPECT_EQ(status.open[0].to, Status::potential);
}

TEST(CustomerStatus, WithoutRulesEverythingTakesADecision) {
  Told told{.facts = {talk(1, "interested")}, .orders = {order_on(1, "a")}, .by_rule = false};
  EXPECT_EQ(told.status().current, Status::potential);
  told.facts.push_back(said(StatusAct::requested, "r", 2, "ann", "won", "paid"));
  ASSERT_EQ(told.status().open.size(), 1u);
  EXPECT_EQ(told.status().open[0].id, "r");
  EXPECT_EQ(told.status().current, Status::potential);
  told.facts.push_back(said(StatusAct::approved, "r", 3, "bob"));
  EXPECT_THAT(changes(told.status()), ElementsAre("potential > won ann"));
  EXPECT_EQ(told.status().changes[0].approver, "bob");
  EXPECT_EQ(told.status().changes[0].at, Timestamp{3 * kDay});
  EXPECT_THAT(told.status().open, IsEmpty());
}

TEST(CustomerStatus, WhoAskedDoesNotApprove) {
  Told told{
      .facts = {said(StatusAct::requested, "r", 2, "ann", "lost", "price"), said(StatusAct::approved, "r", 3, "ann")}};
  EXPECT_EQ(told.status().current, Status::potential);
  EXPECT_EQ(told.status().open.size(), 1u);
  told.facts.push_back(said(StatusAct::approved, "r", 4, "bob"));
  EXPECT_EQ(told.status().current, Status::lost);
}

TEST(CustomerStatus, OfTwoDecisionsTheEarlierHolds) {
  Told told{.facts = {said(StatusAct::requested, "r", 2, "ann", "lost", "price"),
                      said(StatusAct::approved, "r", 4, "bob"), said(StatusAct::rejected, "r", 3, "cyn")}};
  EXPECT_EQ(told.status().current, Status::potential);
  EXPECT_THAT(told.status().open, IsEmpty());
}

TEST(CustomerStatus, RevertedTheFormerStateHoldsAgain) {
  Told told{.facts = {talk(1, "interested"), said(StatusAct::requested, "r", 2, "ann", "lost", "price"),
                      said(StatusAct::approved, "r", 3, "bob")}};
  EXPECT_EQ(told.status().current, Status::lost);
  told.facts.push_back(said(StatusAct::reverted, "r", 4, "bob"));
  CustomerStatus status = told.status();
  EXPECT_EQ(status.current, Status::interested);
  EXPECT_EQ(status.since, Timestamp{kDay});
  EXPECT_THAT(changes(status), ElementsAre("potential > interested rule:interest", "interested > lost ann reverted"));
}

TEST(CustomerStatus, FromWonOnlyALossCanBeAskedFor) {
  Told told{.orders = {order_on(1, "a")}};
  EXPECT_THAT(told.allowed("price"), ElementsAre(Status::lost));
  EXPECT_THAT(told.allowed("other"), IsEmpty());
  EXPECT_THAT(told.allowed("other", "moved away"), ElementsAre(Status::lost));
}

TEST(CustomerStatus, WhatIsAskedForNeedsEvidence) {
  Told told{.by_rule = false};
  EXPECT_THAT(told.allowed("x"), ElementsAre(Status::lost));
  EXPECT_THAT(told.allowed("x", "said so"), ElementsAre(Status::interested, Status::lost));
  told.facts = {talk(1, "needs_more_info")};
  EXPECT_THAT(told.allowed("x"), ElementsAre(Status::interested, Status::lost));
  told.orders = {order_on(2, "a")};
  EXPECT_THAT(told.allowed("x"), ElementsAre(Status::interested, Status::won, Status::lost));
}

TEST(CustomerStatus, AfterALossOnlyWhatCameSinceIsEvidence) {
  Told told{.facts = {talk(1, "interested", "visit"), said(StatusAct::requested, "r", 2, "ann", "lost", "price"),
                      said(StatusAct::approved, "r", 3, "bob")},
            .orders = {order_on(1, "a")},
            .by_rule = false};
  EXPECT_EQ(told.status().current, Status::lost);
  EXPECT_THAT(told.allowed("x", "text"), IsEmpty());
  told.orders.push_back(order_on(5, "b"));
  EXPECT_THAT(told.allowed("x"), ElementsAre(Status::won));
  told.facts.push_back(talk(6, "not_now", "visit"));
  EXPECT_THAT(told.allowed("x"), ElementsAre(Status::interested, Status::won));
}

TEST(CustomerStatus, NoOrderOfArrivalMatters) {
  unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const char* kTargets[] = {"potential", "interested", "won", "lost"};
  for (int round = 0; round < 300; ++round) {
    Told told{.by_rule = pick(2) == 0, .day = 200};
    for (int i = 0; i < 8; ++i) {
      // Few ids and days, so that words on one request meet and times tie.
      std::string id = "r" + std::to_string(pick(3));
      auto act = static_cast<StatusAct>(1 + pick(8));
      Fact fact =
          said(act, id, pick(5), pick(2) == 0 ? "ann" : "bob", act == StatusAct::requested ? kTargets[pick(4)] : "");
      fact.message_id = "m" + std::to_string(i);
      told.facts.push_back(fact);
    }
    told.facts.push_back(talk(pick(5), pick(2) == 0 ? "interested" : "rejected", pick(2) == 0 ? "visit" : "phone"));
    for (int i = pick(3); i > 0; --i) {
      told.orders.push_back(
          order_on(pick(5) * 40, std::to_string(i), pick(2) == 0 ? OrderStatus::completed : OrderStatus::cancelled));
      if (pick(3) == 0) told.orders.back().trust = Trust::claimed;
    }
    auto describe = [&] {
      CustomerStatus status = told.status();
      auto lines = changes(status);
      for (const StatusRequest& open : status.open) lines.push_back("open " + open.id + (open.revert ? " revert" : ""));
      lines.push_back(std::string(status_name(status.current)));
      return lines;
    };
    auto expected = describe();
    std::shuffle(told.facts.begin(), told.facts.end(), random);
    std::shuffle(told.orders.begin(), told.orders.end(), random);
    ASSERT_EQ(describe(), expected) << "round " << round;
  }
}

}  // namespace
}  // namespace tributary
