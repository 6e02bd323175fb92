#include "engine/value_model/maximum.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

namespace tributary {
namespace {

using Parameters = std::span<const double>;
constexpr std::array<std::string_view, 2> kNames = {"first", "second"};

TEST(FindMaximum, ClimbsACurvedRidge) {
  // Rosenbrock's valley upside down: the ridge is a parabola, and its top at (1, 1).
  auto ridge = [](Parameters at) { return -100 * std::pow(at[1] - at[0] * at[0], 2) - std::pow(1 - at[0], 2); };
  auto found = find_maximum(ridge, std::array{0.1, 3.0}, kNames);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_NEAR(found->at[0], 1, 1e-3);
  EXPECT_NEAR(found->at[1], 1, 1e-3);
  EXPECT_NEAR(found->value, 0, 1e-6);
}

TEST(FindMaximum, IsTheSameEachTime) {
  auto hill = [](Parameters at) { return -std::pow(std::log(at[0] / 3), 2) - std::pow(std::log(at[0] * at[1]), 4); };
  auto once = find_maximum(hill, std::array{1.0, 1.0}, kNames),
       twice = find_maximum(hill, std::array{1.0, 1.0}, kNames);
  ASSERT_TRUE(once);
  EXPECT_EQ(once->at, twice->at);
  EXPECT_NEAR(once->at[0], 3, 1e-3);
}

TEST(FindMaximum, WhatIsNoNumberIsAvoided) {
  auto hill = [](Parameters at) {
    if (at[0] > 2) return std::numeric_limits<double>::quiet_NaN();
    return at[0] - std::pow(std::log(at[1]), 2);
  };
  auto found = find_maximum(hill, std::array{0.5, 2.0}, kNames);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_NEAR(found->at[0], 2, 1e-3);
}

TEST(FindMaximum, SaysWhichParameterRunsAway) {
  auto slope = [](Parameters at) { return std::log(at[1]) - std::pow(std::log(at[0]), 2); };
  auto found = find_maximum(slope, std::array{1.0, 1.0}, kNames);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::invalid);
  EXPECT_EQ(found.error().message, "the likelihood has no maximum: it grows with ever smaller or greater second");
}

}  // namespace
}  // namespace tributary
