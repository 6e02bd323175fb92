#include "engine/domain/assertion.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

const KeyedHash kKey(std::string(32, 'k'));

AssertedIdentifier asserted(const std::string& kind, const std::string& value) {
  Identifier identifier = Identifier::from_normalised(*parse_kind(kind), value);
  return {identifier_hash(kKey, identifier), identifier};
}

Assertion sisters() {
  Assertion assertion;
  assertion.pair = PairState::cannot;
  assertion.identifiers = {asserted("user_id", "A"), asserted("external_id/crm", "B")};
  assertion.decision = {Timestamp{7}, "as-1", "li@shop.example", "two sisters"};
  return assertion;
}

std::string bytes_of(const Assertion& assertion) {
  std::string bytes;
  encode_assertion(assertion, bytes);
  return bytes;
}

TEST(Assertion, ComesBackAsItWasWritten) {
  auto back = decode_assertion(bytes_of(sisters()));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->subject, AssertionSubject::pair);
  EXPECT_EQ(back->pair, PairState::cannot);
  ASSERT_EQ(back->identifiers.size(), 2u);
  EXPECT_EQ(back->identifiers[1].identifier, sisters().identifiers[1].identifier);
  EXPECT_EQ(back->identifiers[1].hash, sisters().identifiers[1].hash);
  EXPECT_EQ(back->decision.at, Timestamp{7});
  EXPECT_EQ(back->decision.id, "as-1");
  EXPECT_EQ(back->decision.author, "li@shop.example");
  EXPECT_EQ(back->decision.reason, "two sisters");
}

TEST(Decision, HoldsOverOlderOnesAndNotOverItself) {
  Decision older{Timestamp{1}, "as-2", "", ""}, newer{Timestamp{2}, "as-1", "", ""};
  EXPECT_TRUE(holds_over(newer, older));
  EXPECT_FALSE(holds_over(older, newer));
  EXPECT_TRUE(holds_over({Timestamp{1}, "as-3", "", ""}, older));  // of one time the greater id
  EXPECT_FALSE(holds_over(older, older));
}

TEST(Assertion, KeepsTheStateOfItsSubjectOnly) {
  Assertion retraction;
  retraction.subject = AssertionSubject::evidence;
  retraction.evidence_state = EvidenceState::retracted;
  retraction.pair = PairState::must;
  retraction.evidence = kKey("evidence");
  auto back = decode_assertion(bytes_of(retraction));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->evidence_state, EvidenceState::retracted);
  EXPECT_EQ(back->pair, PairState::none);
  EXPECT_EQ(back->evidence, kKey("evidence"));
}

TEST(Assertion, OfACutHasItsTime) {
  Assertion cut = sisters();
  cut.subject = AssertionSubject::cut;
  cut.identifiers.pop_back();
  cut.cut_at = Timestamp{-9};
  std::string bytes = bytes_of(cut);
  auto back = decode_assertion(bytes);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->subject, AssertionSubject::cut);
  EXPECT_EQ(back->cut_at, Timestamp{-9});
  EXPECT_EQ(back->pair, PairState::none);
  EXPECT_FALSE(decode_assertion(std::string_view(bytes).substr(0, bytes.size() - 1)));
  bytes[2] = 1;  // reserved
  EXPECT_FALSE(decode_assertion(bytes));
}

TEST(Assertion, EveryCutAndEveryUnknownStateIsCorrupt) {
  std::string whole = bytes_of(sisters());
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_FALSE(decode_assertion(std::string_view(whole).substr(0, bytes))) << bytes;
  }
  for (size_t at : {0, 1, 2}) {
    std::string broken = whole;
    broken[at] = 9;
    EXPECT_FALSE(decode_assertion(broken)) << at;
  }
}

TEST(RuleSetChange, ComesBackAsItWasWritten) {
  std::string bytes;
  encode_rule_set_change({3, {Timestamp{9}, "rules-4", "ops", "tablets in stores"}, "rules"}, bytes);
  auto back = decode_rule_set_change(bytes);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->based_on, 3u);
  EXPECT_EQ(back->decision.reason, "tablets in stores");
  EXPECT_EQ(back->rules, "rules");
  EXPECT_FALSE(decode_rule_set_change(std::string_view(bytes).substr(0, 10)));
}

}  // namespace
}  // namespace tributary
