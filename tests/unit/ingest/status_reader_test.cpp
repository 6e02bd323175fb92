// What track events say about how far a customer has come.
#include <gtest/gtest.h>

#include "engine/domain/status.h"
#include "engine/ingest/status_words.h"
#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

std::unique_ptr<Outcome> status_said(const std::string& event, const std::string& properties,
                                     SourceTrust trust = SourceTrust::server) {
  auto outcome =
      parse_request(R"({"userId":"u","messageId":"m","event":")" + event + R"(","properties":{)" + properties + "}}",
                    single(EventType::track, trust));
  EXPECT_TRUE(outcome->is_event()) << outcome->item_code();
  return outcome;
}

std::string status_value(const Event& event, StatusField field) {
  if (event.facts.size() != 1) return std::to_string(event.facts.size()) + " facts";
  for (const FactSaid::Value& said : event.facts[0].values) {
    if (said.field == static_cast<uint8_t>(field)) return said.text;
  }
  return "(absent)";
}

TEST(StatusReader, ReadsARequest) {
  auto outcome =
      status_said("status_change_requested",
                  R"("request_id":"r7","to":"流失客户","reason":"竞争对手","text":"t","evidence":"e","by":"li")");
  const Event& event = outcome->event();
  ASSERT_EQ(event.facts.size(), 1u);
  EXPECT_EQ(event.flags, 0);
  EXPECT_EQ(event.facts[0].kind, FactKind::status);
  EXPECT_EQ(event.facts[0].act, static_cast<uint8_t>(StatusAct::requested));
  EXPECT_EQ(event.facts[0].subject_text, "r7");
  EXPECT_EQ(status_value(event, StatusField::to), "lost");
  EXPECT_EQ(status_value(event, StatusField::reason), "competitor");
  EXPECT_EQ(status_value(event, StatusField::by), "li");
}

TEST(StatusReader, AnEventNamesItsRequestWhenNothingElseDoes) {
  auto outcome = status_said("Status Change Requested", R"("to":"won","reason":"paid")");
  EXPECT_EQ(outcome->event().facts.at(0).subject_text, "m");
  EXPECT_EQ(status_value(outcome->event(), StatusField::by), "web");
}

TEST(StatusReader, VagueWordsAndLossesWithoutAReasonSayNothing) {
  for (const char* properties :
       {R"("to":"跟进中","reason":"x")", R"("to":"won")", R"("to":"lost","reason":"because")"}) {
    auto outcome = status_said("Status Change Requested", properties);
    EXPECT_TRUE(outcome->event().facts.empty()) << properties;
    EXPECT_NE(outcome->event().flags, 0) << properties;
  }
}

TEST(StatusReader, DecisionsNameTheirRequest) {
  const std::pair<const char*, StatusAct> kActs[] = {{"Status Change Approved", StatusAct::approved},
                                                     {"Status Change Rejected", StatusAct::rejected},
                                                     {"Status Change Reverted", StatusAct::reverted}};
  for (auto [name, act] : kActs) {
    auto outcome = status_said(name, R"("request_id":"r7","by":"bo","remark":"fine")");
    EXPECT_EQ(outcome->event().facts.at(0).act, static_cast<uint8_t>(act)) << name;
    EXPECT_EQ(status_value(outcome->event(), StatusField::remark), "fine") << name;
    EXPECT_EQ(status_said(name, "")->event().flags, EventFlags::kPropertyMissing) << name;
    EXPECT_TRUE(status_said(name, R"("request_id":"r7")", SourceTrust::browser)->event().facts.empty()) << name;
  }
}

TEST(StatusReader, PapersAreEvidence) {
  auto contract = status_said("签约", R"("contract_no":"c1","amount":"5")");
  EXPECT_EQ(contract->event().facts.at(0).act, static_cast<uint8_t>(StatusAct::contract));
  EXPECT_TRUE(status_said("Contract Signed", R"("amount":"5")")->event().facts.empty());
  auto trial = status_said("Trial Requested", "", SourceTrust::browser);
  EXPECT_EQ(trial->event().facts.at(0).trust, Trust::claimed);
}

TEST(StatusWords, CodesAndLabels) {
  EXPECT_EQ(find_status("意向客户"), Status::interested);
  EXPECT_EQ(find_status("WON"), Status::won);
  EXPECT_EQ(find_status("再看看"), std::nullopt);
  EXPECT_EQ(find_loss_reason("Need gone"), "need_gone");
  EXPECT_EQ(find_loss_reason("who knows"), std::nullopt);
}

}  // namespace
}  // namespace tributary::testing
