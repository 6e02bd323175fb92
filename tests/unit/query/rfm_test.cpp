#include "engine/query/rfm.h"

#include <gtest/gtest.h>

#include "tests/model/fold_harness.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

const KeyedHash kRfmKey(std::string(32, 'r'));
const WorkspaceId kShop{1};

/// Users 1 to `buyers` order for as many dollars, and one comes without an order.
void fill_shop(FoldHarness& harness, int64_t buyers) {
  std::vector<Event> events;
  for (int64_t i = 0; i <= buyers; ++i) {
    EventSketch sketch;
    std::string number = std::to_string(i);
    sketch.ids = {{"user_id", "user" + number}};
    sketch.at = i;
    sketch.message_id = "m" + number;
    if (i > 0) {
      OrderSaid order;
      order.order_namespace = "shop";
      order.order_id = number;
      order.values = {{OrderField::currency, "USD"}, {OrderField::revenue, decimal(Int128{i})}};
      sketch.name = "Order Completed";
      sketch.order = order;
    }
    events.push_back(make_event(sketch, kRfmKey));
  }
  harness.fold(kShop, events);
}

Result<RfmScale> compute(FoldHarness& harness, WorkspaceId workspace, const std::function<bool()>& cancelled) {
  RfmScaleQuery query{{TimeZone::load("UTC").value(), ""}, Timestamp{kBaseMicros + kMicrosPerDay}};
  return compute_rfm_scale(harness.store().snapshot(), workspace, harness.rules(workspace), query, Timestamp{9},
                           cancelled);
}

TEST(ComputeRfmScale, TakesEveryCustomerOfTheWorkspace) {
  FoldHarness harness(kRfmKey);
  fill_shop(harness, 200);
  auto scale = compute(harness, kShop, [] { return false; });
  ASSERT_TRUE(scale) << scale.error().message;
  EXPECT_EQ(scale->computed_at, Timestamp{9});
  ASSERT_EQ(scale->currencies.size(), 1u);
  EXPECT_EQ(scale->currencies[0].currency, "USD");
  EXPECT_EQ(scale->currencies[0].customers, 200u);
  EXPECT_EQ(scale->currencies[0].money, (CutPoints{4'100, 8'100, 12'100, 16'100}));
  auto other = compute(harness, WorkspaceId{2}, [] { return false; });
  ASSERT_TRUE(other);
  EXPECT_TRUE(other->currencies.empty());
}

TEST(ComputeRfmScale, CanBeCancelledInTheMiddle) {
  FoldHarness harness(kRfmKey);
  fill_shop(harness, 400);
  int asked = 0;
  auto scale = compute(harness, kShop, [&] { return ++asked == 3; });
  ASSERT_FALSE(scale);
  EXPECT_EQ(scale.error().code, ErrorCode::stopping);
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace tributary::model
