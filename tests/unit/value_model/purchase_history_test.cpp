#include "engine/value_model/purchase_history.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace tributary {
namespace {

TEST(PurchaseHistories, CountDaysBehindTheFirstOne) {
  // Customer 7 buys on days 10, 17 (twice) and 31, in any order; customer 3 on one day only.
  auto made =
      purchase_histories({{7, 31, 500}, {7, 17, 100}, {3, 20, 900}, {7, 10, 7777}, {7, 17, 200}, {3, 20, 1}}, 38);
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->size(), 2u);
  const PurchaseHistory& once = made->at(0);
  EXPECT_EQ(once.customer, 3u);
  EXPECT_EQ(once.repeats, 0u);
  EXPECT_EQ(once.last_week, 0);
  EXPECT_DOUBLE_EQ(once.weeks, 18.0 / 7);
  EXPECT_EQ(once.mean_repeat_minor, 0);
  const PurchaseHistory& often = made->at(1);
  EXPECT_EQ(often.customer, 7u);
  EXPECT_EQ(often.repeats, 2u);
  EXPECT_EQ(often.last_week, 3);
  EXPECT_EQ(often.weeks, 4);
  EXPECT_EQ(often.mean_repeat_minor, 400);
}

TEST(PurchaseHistories, EndWithTheLastDayOfTheCalibration) {
  auto made = purchase_histories({{1, -7, 100}, {1, 0, 100}, {1, 1, 100}, {2, 1, 100}}, 0);
  ASSERT_TRUE(made);
  ASSERT_EQ(made->size(), 1u);
  EXPECT_EQ(made->front().repeats, 1u);
  EXPECT_EQ(made->front().weeks, 1);
  EXPECT_TRUE(purchase_histories({{1, 5, 100}}, 4)->empty());
  EXPECT_TRUE(purchase_histories({}, 4)->empty());
}

TEST(PurchaseHistories, APurchaseOfNothingIsOne) {
  auto made = purchase_histories({{1, 0, 100}, {1, 7, 0}, {1, 14, 300}}, 14);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->front().repeats, 2u);
  EXPECT_EQ(made->front().mean_repeat_minor, 150);
}

TEST(PurchaseHistories, NegativeAmountsAreRefused) {
  auto made = purchase_histories({{1, 0, 100}, {1, 7, -1}}, 14);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::invalid);
  EXPECT_EQ(made.error().message, "a purchase has a negative amount: -1");
}

TEST(PurchaseHistories, SumsBeyond64BitsAreRefused) {
  auto made = purchase_histories({{1, 0, 1}, {1, 1, INT64_MAX}, {1, 1, 1}}, 1);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace tributary
