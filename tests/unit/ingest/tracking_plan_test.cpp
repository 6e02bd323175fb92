// What a plan does with events that are not as it has them. Its keywords are tested where its files are read.
#include "engine/ingest/tracking_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

using ::testing::HasSubstr;

PropertySchema typed(uint8_t types) {
  PropertySchema schema;
  schema.types = types;
  return schema;
}

/// Order Completed: `order_id` is a text and must be there, `total` a number, `email` a text with an at sign.
Request planned(PlanAct act, bool quarantines_unplanned = false) {
  PlannedEvent order;
  order.on_violation = act;
  order.schema = typed(SchemaTypes::kObject);
  order.schema.required = {"order_id"};
  PropertySchema email = typed(SchemaTypes::kString);
  email.format = TextFormat::email;
  order.schema.members.push_back({"email", std::move(email)});
  order.schema.members.push_back({"order_id", typed(SchemaTypes::kString)});
  PropertySchema product;
  product.members.push_back({"price", typed(SchemaTypes::kNumber)});
  PropertySchema products;
  products.items = std::make_unique<PropertySchema>(std::move(product));
  order.schema.members.push_back({"products", std::move(products)});
  order.schema.members.push_back({"total", typed(SchemaTypes::kNumber)});
  std::map<std::string, PlannedEvent, std::less<>> events;
  events.emplace("Order Completed", std::move(order));
  Request request;
  request.trust = SourceTrust::server;
  request.tracking_plan = std::make_shared<const TrackingPlan>(std::move(events), quarantines_unplanned);
  return request;
}

std::unique_ptr<Outcome> tell(const Request& request, const std::string& properties,
                              const std::string& name = "Order Completed") {
  return parse_request(
      R"({"batch":[{"type":"track","userId":"u","event":")" + name + R"(","properties":)" + properties + "}]}",
      request);
}

constexpr const char* kGood = R"({"order_id":"1","currency":"CNY","total":3,"more":true})";
constexpr const char* kBad = R"({"order_id":"1","currency":"CNY","total":"3","email":"ann@example.com"})";

TEST(TrackingPlan, WhatIsAsPlannedPasses) {
  for (PlanAct act : {PlanAct::pass, PlanAct::strip, PlanAct::quarantine}) {
    auto outcome = tell(planned(act), kGood);
    ASSERT_TRUE(outcome->is_event()) << outcome->item_code();
    EXPECT_EQ(outcome->event().flags & EventFlags::kPlanViolated, 0);
    EXPECT_TRUE(outcome->findings.plan.empty());
  }
}

TEST(TrackingPlan, PassKeepsFlagsAndCounts) {
  auto outcome = tell(planned(PlanAct::pass), kBad);
  ASSERT_TRUE(outcome->is_event());
  const Event& event = outcome->event();
  EXPECT_EQ(event.flags & EventFlags::kPlanViolated, EventFlags::kPlanViolated);
  EXPECT_EQ(identifier(event, "email"), "ann@example.com claimed");
  ASSERT_TRUE(event.order);
  ASSERT_EQ(outcome->findings.plan.size(), 1u);
  EXPECT_EQ(outcome->findings.plan[0].event, "Order Completed");
  EXPECT_EQ(outcome->findings.plan[0].act, PlanAct::pass);
}

bool says(const OrderSaid& order, OrderField field) {
  return std::any_of(order.values.begin(), order.values.end(), [&](const auto& value) { return value.field == field; });
}

TEST(TrackingPlan, StripKeepsTheBytesAndCountsWithoutWhatOffends) {
  Request request = planned(PlanAct::strip);
  auto kept = tell(planned(PlanAct::pass), kBad);
  auto outcome = tell(request, kBad);
  ASSERT_TRUE(outcome->is_event());
  const Event& event = outcome->event();
  EXPECT_EQ(event.json, kept->event().json);
  EXPECT_NE(event.json.find(kBad), std::string_view::npos);
  EXPECT_EQ(event.flags & EventFlags::kPlanViolated, EventFlags::kPlanViolated);
  ASSERT_TRUE(kept->event().order && event.order);
  EXPECT_TRUE(says(*kept->event().order, OrderField::total));
  EXPECT_FALSE(says(*event.order, OrderField::total)) << "total is no number, so it is no amount";
  EXPECT_TRUE(says(*event.order, OrderField::currency));
  EXPECT_EQ(identifier(event, "email"), "ann@example.com claimed");
  auto no_address = tell(request, R"({"order_id":"1","email":"Ann at home"})");
  EXPECT_EQ(no_address->findings.identifiers_invalid, 0u) << "it is not looked at";
  EXPECT_EQ(tell(planned(PlanAct::pass), R"({"order_id":"1","email":"Ann at home"})")->findings.identifiers_invalid,
            1u);
}

TEST(TrackingPlan, StripTakesTheWholePropertyInWhichAFaultLies) {
  Request request = planned(PlanAct::strip);
  auto outcome = tell(request, R"({"order_id":"1","currency":"CNY","products":[{"price":1},{"price":"2"}]})");
  ASSERT_TRUE(outcome->is_event() && outcome->event().order);
  EXPECT_FALSE(says(*outcome->event().order, OrderField::lines));
  EXPECT_EQ(outcome->findings.plan.size(), 1u);
  // Numbers and escapes that had to be repaired, and the same name twice.
  outcome = tell(request, R"({"\u006frder_id":"1","x":1e999,"y":"\ud800","total":"1","total":"2","currency":"CNY"})");
  ASSERT_TRUE(outcome->is_event() && outcome->event().order) << outcome->item_code() << outcome->refused_code();
  EXPECT_FALSE(says(*outcome->event().order, OrderField::total));
  EXPECT_EQ(outcome->event().order->order_id, "1");
}

TEST(TrackingPlan, QuarantineRejectsWithThePlaceAndWhatIsWrong) {
  auto outcome =
      tell(planned(PlanAct::quarantine), R"({"order_id":"1","total":"3","products":[{"price":1},{"price":"2"}]})");
  ASSERT_EQ(outcome->item_code(), "tracking_plan");
  EXPECT_EQ(outcome->rejected().message, "Order Completed: total must be number (and 1 more)");
  EXPECT_EQ(outcome->rejected().path, "/batch/0/properties/total");
  EXPECT_THAT(std::string(outcome->rejected().raw), HasSubstr(R"("total":"3")"));
  outcome = tell(planned(PlanAct::quarantine), R"({"order_id":"1","products":[{"price":1},{"price":"2"}]})");
  EXPECT_EQ(outcome->rejected().path, "/batch/0/properties/products/1/price");
  EXPECT_EQ(outcome->rejected().message, "Order Completed: products/1/price must be number");
  EXPECT_EQ(outcome->findings.plan.at(0).act, PlanAct::quarantine);
  for (const char* none : {"{}", "null"}) {
    outcome = tell(planned(PlanAct::quarantine), none);
    EXPECT_EQ(outcome->item_code(), "tracking_plan") << none;
    EXPECT_EQ(outcome->rejected().message, "Order Completed: properties must have order_id");
    EXPECT_EQ(outcome->rejected().path, "/batch/0/properties");
  }
}

TEST(TrackingPlan, KnowsAnEventInEverySpelling) {
  for (const char* name : {"order_completed", "下单完成", "ORDER-COMPLETED"}) {
    EXPECT_EQ(tell(planned(PlanAct::quarantine), "{}", name)->item_code(), "tracking_plan") << name;
  }
}

TEST(TrackingPlan, UnplannedEventsPassUnlessTheyMustNot) {
  auto outcome = tell(planned(PlanAct::quarantine), "{}", "Something Else");
  ASSERT_TRUE(outcome->is_event());
  EXPECT_EQ(outcome->event().flags & EventFlags::kPlanViolated, 0);
  outcome = tell(planned(PlanAct::pass, true), "{}", "Something Else");
  EXPECT_EQ(outcome->item_code(), "tracking_plan");
  EXPECT_EQ(outcome->rejected().message, "\"Something Else\" is not in the tracking plan");
  EXPECT_EQ(outcome->rejected().path, "/batch/0/event");
  EXPECT_EQ(outcome->findings.plan.at(0).event, "") << "names of the plan only";
  EXPECT_TRUE(tell(planned(PlanAct::pass, true), kGood)->is_event());
  auto page =
      parse_request(R"({"type":"page","userId":"u","name":"Order Completed"})", planned(PlanAct::quarantine, true));
  EXPECT_TRUE(page->is_event()) << "a plan is about track events";
}

TEST(TrackingPlan, OneBadEventDoesNotTouchTheOthers) {
  std::string event = R"({"type":"track","userId":"u","event":"Order Completed","properties":)";
  auto outcome =
      parse_request("[" + event + kBad + "}," + event + kGood + "}," + event + kBad + "}," + event + kGood + "}]",
                    planned(PlanAct::strip));
  ASSERT_EQ(outcome->items.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(outcome->is_event(i) && outcome->event(i).order) << i;
    EXPECT_EQ(says(*outcome->event(i).order, OrderField::total), i % 2 == 1) << i;
    EXPECT_EQ((outcome->event(i).flags & EventFlags::kPlanViolated) != 0, i % 2 == 0) << i;
  }
  EXPECT_EQ(outcome->findings.plan.size(), 2u);
}

TEST(TrackingPlan, MoreFaultsThanAreListedLeaveNothing) {
  PropertySchema closed = typed(SchemaTypes::kObject);
  closed.other_members = std::make_unique<PropertySchema>(typed(SchemaTypes::kNumber));
  std::map<std::string, PlannedEvent, std::less<>> events;
  events["Order Completed"].on_violation = PlanAct::strip;
  events["Order Completed"].schema = std::move(closed);
  Request request;
  request.tracking_plan = std::make_shared<const TrackingPlan>(std::move(events), false);
  std::string properties = R"({"order_id":"1","total":7)";
  for (size_t i = 0; i < kSchemaFaultsMax; ++i) properties += ",\"p" + std::to_string(i) + "\":\"x\"";
  auto outcome = tell(request, properties + "}");
  ASSERT_TRUE(outcome->is_event());
  EXPECT_FALSE(outcome->event().order);
  EXPECT_EQ(outcome->findings.plan.size(), 1u);
}

}  // namespace
}  // namespace tributary::testing
