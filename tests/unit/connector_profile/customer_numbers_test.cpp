// Which numbers new customers get.
#include "connectors/profile/customer_numbers.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/unit/http/engine_without_customers.h"

namespace tributary {
namespace {

/// Knows which numbers were ever seen.
struct NumberedEngine : fixtures::EngineWithoutCustomers {
  void ingest(IngestRequest, std::function<void(IngestOutcome)> done) override { done({RejectionCode::not_ready, {}}); }
  Result<bool> was_seen(WorkspaceId, const Identifier& identifier) override {
    ++asked;
    if (failing) return Error{ErrorCode::io, "no"};
    return seen.contains(identifier.value());
  }
  std::set<std::string> seen;
  size_t asked = 0;
  bool failing = false;
};

class Numbers : public testing::Test {
 protected:
  CustomerNumbers::Held held_at(const char* time) {
    auto number = numbers.next(kWorkspace, zone, parse_iso8601(time).value());
    EXPECT_TRUE(number);
    return number ? *number : nullptr;
  }

  /// One that is given out, and found from then on.
  std::string used_at(const char* time) {
    auto number = held_at(time);
    engine.seen.insert(*number);
    return *number;
  }

  static constexpr WorkspaceId kWorkspace{1};
  static constexpr const char* kDay = "2023-10-01T10:00:00+08:00";
  NumberedEngine engine;
  TimeZone zone = *TimeZone::load("Asia/Shanghai");
  CustomerNumbers numbers{engine};
};

using DomainSection3_5 = Numbers;

TEST_F(DomainSection3_5, TheThousandthOfADayGrows) {
  EXPECT_EQ(used_at(kDay), "CX20231001001");
  for (int serial = 2; serial < 999; ++serial) used_at(kDay);
  EXPECT_EQ(used_at(kDay), "CX20231001999");
  EXPECT_EQ(used_at(kDay), "CX202310011000");
  EXPECT_EQ(used_at(kDay), "CX202310011001");
}

TEST_F(DomainSection3_5, SerialsBeginAgainWithTheLocalDay) {
  EXPECT_EQ(used_at("2023-10-01T15:59:59Z"), "CX20231001001");
  EXPECT_EQ(used_at("2023-10-01T16:00:00Z"), "CX20231002001");
}

TEST_F(DomainSection3_5, WhatIsHeldIsNotGivenOutAgain) {
  auto first = held_at(kDay), second = held_at(kDay);
  EXPECT_EQ(*first, "CX20231001001");
  EXPECT_EQ(*second, "CX20231001002");
  EXPECT_EQ(numbers.take(kWorkspace, *first).value(), nullptr);
  EXPECT_NE(numbers.take(WorkspaceId{2}, *first).value(), nullptr) << "another workspace has numbers of its own";
  first.reset();
  EXPECT_EQ(*held_at(kDay), "CX20231001001") << "nothing came of it";
}

TEST_F(DomainSection3_5, NumbersThatWereSeenAreSkipped) {
  // A monthly number with a serial that grew: CX202310 and 10001.
  engine.seen = {"CX20231010001"};
  EXPECT_EQ(used_at("2023-10-10T10:00:00+08:00"), "CX20231010002");
  EXPECT_EQ(numbers.take(kWorkspace, "CX20231010001").value(), nullptr);
}

TEST_F(DomainSection3_5, FewLookUpsFindAFreeNumber) {
  for (int serial = 1; serial <= 20'000; ++serial) {
    std::string digits = std::to_string(serial);
    engine.seen.insert("CX20231001" + std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits);
  }
  EXPECT_EQ(*held_at(kDay), "CX2023100120001");
  EXPECT_LT(engine.asked, 40u);
}

TEST_F(DomainSection3_5, ADayHasAnEnd) {
  for (int serial = 1; serial <= 99'999; ++serial) {
    std::string digits = std::to_string(serial);
    engine.seen.insert("CX20231001" + std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits);
  }
  auto number = numbers.next(kWorkspace, zone, parse_iso8601(kDay).value());
  ASSERT_FALSE(number);
  EXPECT_EQ(number.error().code, ErrorCode::unavailable);
}

TEST_F(Numbers, FaultsOfTheStoreAreTold) {
  engine.failing = true;
  EXPECT_EQ(numbers.next(kWorkspace, zone, parse_iso8601(kDay).value()).error().code, ErrorCode::io);
  EXPECT_EQ(numbers.take(kWorkspace, "CX20231001001").error().code, ErrorCode::io);
}

}  // namespace
}  // namespace tributary
