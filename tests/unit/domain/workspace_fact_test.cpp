#include "engine/domain/workspace_fact.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

WorkspaceFact sample() {
  WorkspaceFact said;
  said.decision = {Timestamp{1'700'000'000'000'000}, "d1", "ann", "asked for"};
  said.fact.kind = FactKind::tag;
  said.fact.act = 3;
  said.fact.trust = Trust::verified;
  said.fact.subject.bytes[3] = 7;
  said.fact.subject_text = "need/多门店管理需求";
  said.fact.values = {{1, "need"}, {2, "多门店管理需求"}};
  return said;
}

TEST(WorkspaceFact, ReadsBack) {
  std::string payload;
  encode_workspace_fact(sample(), payload);
  auto read = decode_workspace_fact(payload);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->decision.id, "d1");
  EXPECT_EQ(read->decision.author, "ann");
  EXPECT_EQ(read->decision.reason, "asked for");
  EXPECT_EQ(read->decision.at, sample().decision.at);
  EXPECT_EQ(read->fact.kind, FactKind::tag);
  EXPECT_EQ(read->fact.act, 3);
  EXPECT_EQ(read->fact.trust, Trust::verified);
  EXPECT_EQ(read->fact.subject, sample().fact.subject);
  EXPECT_EQ(read->fact.subject_text, sample().fact.subject_text);
  ASSERT_EQ(read->fact.values.size(), 2u);
  EXPECT_EQ(read->fact.values[1].text, "多门店管理需求");
}

TEST(WorkspaceFact, EveryCutAndOtherVersionsAreCorrupt) {
  std::string payload;
  encode_workspace_fact(sample(), payload);
  for (size_t length = 0; length < payload.size(); ++length) {
    auto cut = decode_workspace_fact(payload.substr(0, length));
    ASSERT_FALSE(cut) << length;
    EXPECT_EQ(cut.error().code, ErrorCode::corrupt);
  }
  EXPECT_FALSE(decode_workspace_fact(payload + "x"));
  payload[0] = 2;
  EXPECT_FALSE(decode_workspace_fact(payload));
}

}  // namespace
}  // namespace tributary
