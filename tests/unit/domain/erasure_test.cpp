#include "engine/domain/erasure.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

const KeyedHash kKey(std::string(32, 'k'));
const Decision kDecision{Timestamp{7}, "er-1", "officer@shop.example", "asked for it"};

ErasureRecord erasure() {
  return Erasure{kKey("c"), {{kKey("said"), kKey("now")}}, {kKey("s1"), kKey("s2")}, kDecision};
}

ErasureRecord lift() { return SuppressionLift{"er-0", kDecision}; }

std::string bytes_of(const ErasureRecord& record) {
  std::string bytes;
  encode_erasure(record, bytes);
  return bytes;
}

TEST(Erasure, ComesBackAsItWasWritten) {
  auto back = decode_erasure(bytes_of(erasure()));
  ASSERT_TRUE(back) << back.error().message;
  const auto& read = std::get<Erasure>(*back);
  EXPECT_EQ(read.customer, kKey("c"));
  ASSERT_EQ(read.identifiers.size(), 1u);
  EXPECT_EQ(read.identifiers[0].said, kKey("said"));
  EXPECT_EQ(read.identifiers[0].id, kKey("now"));
  EXPECT_EQ(read.evidence, (std::vector{kKey("s1"), kKey("s2")}));
  EXPECT_EQ(read.decision.id, "er-1");
  EXPECT_EQ(read.decision.reason, "asked for it");
}

TEST(Erasure, LiftComesBackAsItWasWritten) {
  auto back = decode_erasure(bytes_of(lift()));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(std::get<SuppressionLift>(*back).erasure, "er-0");
  EXPECT_EQ(std::get<SuppressionLift>(*back).decision.author, "officer@shop.example");
}

TEST(Erasure, DamagedPayloadsAreRefused) {
  for (const ErasureRecord& record : {erasure(), lift()}) {
    std::string bytes = bytes_of(record);
    for (size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_FALSE(decode_erasure(std::string_view(bytes).substr(0, length))) << length;
    }
    EXPECT_FALSE(decode_erasure(bytes + "x"));
    EXPECT_FALSE(decode_erasure("\x02" + bytes.substr(1)));
    EXPECT_FALSE(decode_erasure(bytes.substr(0, 1) + "\x03" + bytes.substr(2)));
  }
}

}  // namespace
}  // namespace tributary
