// What track events say about orders, and which flags they get when they say it badly. None of it refuses an event.
#include <gtest/gtest.h>

#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

constexpr uint8_t kWrong = EventFlags::kPropertyWrong, kLacking = EventFlags::kPropertyMissing;

/// A parsed event with these properties. The message id is given, so that no other flag is set.
std::unique_ptr<Outcome> ordered(const std::string& event, const std::string& properties, Request request = {}) {
  request.shape = BodyShape::single;
  request.route_type = EventType::track;
  auto outcome = parse_request(
      R"({"userId":"u","messageId":"m","event":")" + event + R"(","properties":)" + properties + "}", request);
  EXPECT_TRUE(outcome->is_event()) << outcome->item_code();
  return outcome;
}

/// "currency=CNY total=1", in the order of fields, without lines and their count.
std::string values(const Event& event) {
  if (!event.order) return "no order";
  static const char* const kNames[] = {"",         "currency", "revenue",  "total", "shipping", "tax",
                                       "discount", "line_sum", "quantity", "gift",  "test"};
  std::string text;
  for (const OrderSaid::Value& value : event.order->values) {
    if (value.field == OrderField::line_count || value.field == OrderField::lines) continue;
    if (!text.empty()) text += ' ';
    text += std::string(kNames[static_cast<size_t>(value.field)]) + "=" + value.text;
  }
  return text;
}

std::string values_of(const std::string& properties) {
  return values(ordered("Order Completed", R"({"order_id":"1",)" + properties + "}")->event());
}

std::string value(const Event& event, OrderField field) {
  if (!event.order) return "no order";
  for (const OrderSaid::Value& value : event.order->values) {
    if (value.field == field) return value.text;
  }
  return "(absent)";
}

TEST(DomainSection2_2, NamingThreeSpellingsOneCatalogueEvent) {
  for (const char* name :
       {"order_completed", "Order Completed", "下单完成", "ORDER-COMPLETED", "orderCompleted", " order  completed "}) {
    auto outcome = ordered(name, R"({"order_id":"1","currency":"CNY","revenue":1})");
    EXPECT_EQ(outcome->event().name, "Order Completed") << name;
    EXPECT_EQ(outcome->event().flags, 0) << name;
    ASSERT_TRUE(outcome->event().order) << name;
    EXPECT_EQ(outcome->event().order->act, OrderAct::completed) << name;
  }
}

TEST(DomainSection2_2, OrderCompletedWithoutAmountIsStoredAndFlagged) {
  auto outcome = ordered("Order Completed", R"({"order_id":"1","currency":"CNY"})");
  EXPECT_EQ(outcome->event().flags, kLacking);
  EXPECT_EQ(values(outcome->event()), "currency=CNY");
}

TEST(OrderReader, EachActHasItsEvents) {
  struct Row {
    const char* name;
    OrderAct act;
  };
  for (Row row : {Row{"order_updated", OrderAct::updated}, Row{"订单变更", OrderAct::updated},
                  Row{"Order Cancelled", OrderAct::cancelled}, Row{"订单取消", OrderAct::cancelled},
                  Row{"ORDER REFUNDED", OrderAct::refunded}, Row{"退款", OrderAct::refunded}}) {
    auto outcome = ordered(row.name, R"({"order_id":"1"})");
    ASSERT_TRUE(outcome->event().order) << row.name;
    EXPECT_EQ(outcome->event().order->act, row.act) << row.name;
    EXPECT_EQ(outcome->event().flags, 0) << row.name;
  }
  for (const char* name : {"Order Shipped", "Order Delivered", "Order Picked Up", "Order Completed Twice",
                           "Product Viewed", "Checkout Started"}) {
    EXPECT_FALSE(ordered(name, R"({"order_id":"1","product_id":"p"})")->event().order) << name;
  }
}

TEST(OrderReader, CustomNamesStayAsTheyAre) {
  auto outcome = ordered("order_completed_again", R"({"order_id":"1","revenue":"junk"})");
  EXPECT_EQ(outcome->event().name, "order_completed_again");
  EXPECT_EQ(outcome->event().flags, 0);
}

TEST(OrderReader, OnlyTrackEventsAreAboutOrders) {
  const char* rest = R"("messageId":"m","userId":"u","properties":{"order_id":"1","currency":"CNY","revenue":1}})";
  for (const char* type : {"page", "screen"}) {
    auto outcome =
        parse_request(R"({"batch":[{"type":")" + std::string(type) + R"(","name":"order_completed",)" + rest + "]}");
    ASSERT_TRUE(outcome->is_event()) << outcome->item_code();
    EXPECT_FALSE(outcome->event().order);
    EXPECT_EQ(outcome->event().name, "order_completed");
    EXPECT_EQ(outcome->event().flags, 0);
  }
}

TEST(OrderReader, PropertyNamespaceBeforeTheSourcesBeforeTheSource) {
  Request configured;
  configured.order_namespace = "shops";
  const std::string named = R"({"order_id":"7","order_namespace":" till "})";
  auto by_property = ordered("Order Updated", named, configured);
  auto by_setting = ordered("Order Updated", R"({"order_id":"7","order_namespace":" "})", configured);
  auto by_source = ordered("Order Updated", R"({"order_id":"7","order_namespace":null})");
  EXPECT_EQ(by_property->event().order->order_namespace, "till");
  EXPECT_EQ(by_setting->event().order->order_namespace, "shops");
  EXPECT_EQ(by_source->event().order->order_namespace, "web");
  EXPECT_EQ(by_property->event().order->order, order_hash(test_key(), "till", "7"));
  EXPECT_EQ(by_source->event().order->order, order_hash(test_key(), "web", "7"));
  EXPECT_EQ(ordered("Order Updated", named)->event().order->order, by_property->event().order->order);
}

TEST(OrderReader, NumericIdsAreTheirText) {
  auto number = ordered("Order Refunded", R"({"order_id":12345678901234567890123,"refund_id":7})");
  auto text = ordered("Order Refunded", R"({"order_id":" 12345678901234567890123 ","refund_id":"7"})");
  EXPECT_EQ(number->event().order->order_id, "12345678901234567890123");
  EXPECT_EQ(number->event().order->refund_id, "7");
  EXPECT_EQ(number->event().order->order, text->event().order->order);
  EXPECT_EQ(number->event().flags | text->event().flags, 0);
}

TEST(OrderReader, WithoutOrderIdThereIsNoOrder) {
  for (const char* properties : {"{}", "null", R"({"order_id":null})", R"({"order_id":""})"}) {
    auto outcome = ordered("Order Updated", properties);
    EXPECT_FALSE(outcome->event().order) << properties;
    EXPECT_EQ(outcome->event().flags, kLacking) << properties;
  }
}

TEST(OrderReader, AnUnusableOrderIdIsFlagged) {
  const std::string long_id(1025, 'o');
  for (const std::string& id : {std::string("true"), std::string("{}"), std::string("[1]"), "\"" + long_id + "\"",
                                std::string(R"("a\u0000b")"), std::string("\"  \"")}) {
    auto outcome = ordered("Order Updated", R"({"order_id":)" + id + "}");
    EXPECT_FALSE(outcome->event().order) << id.substr(0, 20);
    EXPECT_EQ(outcome->event().flags, kWrong) << id.substr(0, 20);
  }
  EXPECT_TRUE(ordered("Order Updated", R"({"order_id":")" + long_id.substr(1) + "\"}")->event().order);
}

TEST(OrderReader, MissingRequiredPropertiesAreFlaggedAndAccepted) {
  EXPECT_EQ(ordered("Order Completed", R"({"currency":"CNY","revenue":1})")->event().flags, kLacking);
  EXPECT_EQ(ordered("Order Completed", R"({"order_id":"1","revenue":1})")->event().flags, kLacking);
  for (const char* amount : {R"("revenue":0)", R"("total":"1")", R"("products":[])"}) {
    EXPECT_EQ(
        ordered("Order Completed", R"({"order_id":"1","currency":"CNY",)" + std::string(amount) + "}")->event().flags,
        0)
        << amount;
  }
  auto without_properties = track(R"({"userId":"u","messageId":"m","event":"Order Completed"})");
  ASSERT_TRUE(without_properties->is_event());
  EXPECT_EQ(without_properties->event().flags, kLacking);
  EXPECT_FALSE(without_properties->event().order);
}

TEST(OrderReader, AmountsKeepTheirDigits) {
  EXPECT_EQ(
      values_of(R"("currency":" usd","revenue":"12.00","total":12.50,"shipping":1e1,"tax":"1.5E-3","discount":-0)"),
      "currency=USD revenue=12.00 total=12.50 shipping=10 tax=0.0015 discount=0");
  EXPECT_EQ(values_of(R"("revenue":0.30000000000000004,"total":29.990000000000002)"),
            "revenue=0.30000000000000004 total=29.990000000000002");
  EXPECT_EQ(values_of(R"("revenue":123456789012345678901234567890.123456)"),
            "revenue=123456789012345678901234567890.123456");
  EXPECT_EQ(values_of(R"("revenue":-5.25,"total":" -7 ")"), "revenue=-5.25 total=-7");
}

TEST(OrderReader, TheLastOfTwoMembersCounts) {
  EXPECT_EQ(values_of(R"("revenue":1,"total":2,"revenue":3)"), "revenue=3 total=2");
}

TEST(OrderReader, WhatCannotBeReadIsLeftOutAndFlagged) {
  for (const char* junk : {R"("revenue":"12,50")", R"("revenue":"$5")", R"("revenue":true)", R"("revenue":[1])",
                           R"("revenue":1e400)", R"("currency":"yuan")", R"("currency":17)", R"("is_gift":"true")",
                           R"("test":1)", R"("products":{"price":1})", R"("products":"p")"}) {
    auto outcome =
        ordered("Order Completed", R"({"order_id":"1","currency":"CNY","total":"9.90",)" + std::string(junk) + "}");
    EXPECT_EQ(outcome->event().flags, kWrong) << junk;
    std::string expected = std::string(junk).starts_with("\"currency\"") ? "total=9.90" : "currency=CNY total=9.90";
    EXPECT_EQ(values(outcome->event()), expected) << junk;
  }
}

TEST(OrderReader, FlagsOfTheOrder) {
  EXPECT_EQ(values_of(R"("is_gift":true,"test":false)"), "gift=true test=false");
  EXPECT_EQ(values_of(R"("is_gift":null,"test":"")"), "");
}

TEST(OrderReader, RefundAmounts) {
  auto refund = [](const std::string& rest) {
    auto outcome = ordered("Order Refunded", R"({"order_id":"1")" + rest + "}");
    const Event& event = outcome->event();
    if (!event.order) return std::string(event.flags == kWrong ? "no order, flagged" : "no order");
    EXPECT_EQ(event.flags, 0) << rest;
    return "[" + event.order->refund_id + "] " + event.order->refund_amount;
  };
  EXPECT_EQ(refund(R"(,"refund_id":"r","amount":30.00)"), "[r] 30.00");
  EXPECT_EQ(refund(R"(,"amount":"30","total":"40")"), "[] 30");
  EXPECT_EQ(refund(R"(,"total":"40.5")"), "[] 40.5");
  EXPECT_EQ(refund(R"(,"amount":null,"total":40)"), "[] 40");
  EXPECT_EQ(refund(R"(,"revenue":40)"), "[] ");
  EXPECT_EQ(refund(""), "[] ");
  EXPECT_EQ(refund(R"(,"refund_id":" 7\u0001 ")"), "[7] ");
  for (const char* junk : {R"("all")", "-1", "true", "{}", R"("3O")"}) {
    EXPECT_EQ(refund(R"(,"amount":)" + std::string(junk)), "no order, flagged") << junk;
    EXPECT_EQ(refund(R"(,"total":)" + std::string(junk)), "no order, flagged") << junk;
  }
}

// A refund in another currency must not move the order into it.
TEST(OrderReader, RefundsAndCancellationsSayNothingOfTheOrdersValues) {
  const std::string properties =
      R"({"order_id":"1","amount":3,"currency":"EUR","revenue":9,"total":8,"is_gift":true,"products":[{"price":1}]})";
  for (const char* name : {"Order Refunded", "Order Cancelled"}) {
    auto outcome = ordered(name, properties);
    ASSERT_TRUE(outcome->event().order) << name;
    bool refund = outcome->event().name == "Order Refunded";
    EXPECT_EQ(values(outcome->event()), refund ? "currency=EUR" : "") << name;  // that of the refund
    EXPECT_EQ(outcome->event().order->refund_amount, refund ? "3" : "") << name;
  }
}

TEST(OrderLines, SumOfPriceTimesQuantity) {
  auto outcome = ordered("Order Completed", R"({"order_id":"1","currency":"CNY","products":[)"
                                            R"({"price":"19.90","quantity":3},{"price":0.1,"quantity":"2.5"},)"
                                            R"({"price":5},{"sku":"free","quantity":2}]})");
  EXPECT_EQ(outcome->event().flags, 0);
  EXPECT_EQ(values(outcome->event()), "currency=CNY line_sum=64.95 quantity=8.5");
  EXPECT_EQ(value(outcome->event(), OrderField::line_count), "4");
}

TEST(OrderLines, KeepWhatIsKnownOfThem) {
  auto outcome =
      ordered("Order Updated",
              R"({"order_id":"1","products":[{"sku":17,"name":"a \"b\"","colour":"red","brand":null,"variant":true,)"
              R"("product_id":"p","price":"1.50","quantity":2,"is_gift":true,"coupon":"c"},)"
              R"({"category":"k","is_gift":false}]})");
  EXPECT_EQ(value(outcome->event(), OrderField::lines),
            R"([{"product_id":"p","sku":"17","name":"a \"b\"","coupon":"c","price":1.50,"quantity":2,"is_gift":true},)"
            R"({"category":"k"}])");
  EXPECT_EQ(value(outcome->event(), OrderField::gift), "(absent)") << "a gift line is no gift order";
}

TEST(OrderLines, WhatCannotBeReadOfThemIsFlagged) {
  auto outcome = ordered("Order Updated", R"({"order_id":"1","products":[{"price":"ten","quantity":"x","sku":"s"},)"
                                          R"(7,{"price":2,"quantity":3}]})");
  EXPECT_EQ(outcome->event().flags, kWrong);
  EXPECT_EQ(values(outcome->event()), "line_sum= quantity=");  // not those of the rest
  EXPECT_EQ(value(outcome->event(), OrderField::line_count), "3");
  EXPECT_EQ(value(outcome->event(), OrderField::lines), R"([{"sku":"s"},{"price":2,"quantity":3}])");
}

TEST(OrderLines, SumsThatDoNotFitAreFlagged) {
  std::string nines(36, '9');
  auto outcome = ordered("Order Updated", R"({"order_id":"1","products":[{"price":)" + nines + R"(,"quantity":)" +
                                              nines + R"(},{"price":0.0000000001,"quantity":0.0000000001}]})");
  EXPECT_EQ(outcome->event().flags, kWrong);
}

// New lines replace all that followed from the earlier ones.
TEST(OrderLines, ListsWithoutPricesReplaceTheSum) {
  auto priceless = ordered("Order Updated", R"({"order_id":"1","products":[{"sku":"s"}]})");
  EXPECT_EQ(values(priceless->event()), "line_sum= quantity=1");
  auto empty = ordered("Order Updated", R"({"order_id":"1","products":[]})");
  EXPECT_EQ(values(empty->event()), "line_sum= quantity=");
  EXPECT_EQ(value(empty->event(), OrderField::line_count), "0");
  EXPECT_EQ(value(empty->event(), OrderField::lines), "[]");
}

TEST(OrderLines, HundredAreKeptAndAllAreCounted) {
  std::string products;
  for (int i = 0; i < 120; ++i) products += (i ? "," : "") + (R"({"price":1.1,"sku":"s)" + std::to_string(i) + "\"}");
  auto outcome = ordered("Order Updated", R"({"order_id":"1","products":[)" + products + "]}");
  EXPECT_EQ(values(outcome->event()), "line_sum=132.0 quantity=120");
  EXPECT_EQ(value(outcome->event(), OrderField::line_count), "120");
  std::string lines = value(outcome->event(), OrderField::lines);
  EXPECT_NE(lines.find(R"("s99")"), std::string::npos);
  EXPECT_EQ(lines.find(R"("s100")"), std::string::npos);
  EXPECT_EQ(outcome->event().flags, 0);
}

// 64 lines of 255 bytes, with brackets and commas, are one byte too many.
TEST(OrderLines, SixteenKibibytesAreKeptAndAllAreCounted) {
  for (size_t last_bytes : {254u, 255u}) {
    std::string products;
    for (size_t i = 0; i < 64; ++i) {
      size_t bytes = i == 63 ? last_bytes : 255;
      products += (i ? "," : "") + (R"({"name":")" + std::string(bytes - 21, 'n') + R"(","price":1})");
    }
    auto outcome = ordered("Order Updated", R"({"order_id":"1","products":[)" + products + "]}");
    EXPECT_EQ(value(outcome->event(), OrderField::lines).size(), last_bytes == 254 ? 16384u : 16384u - 255);
    EXPECT_EQ(values(outcome->event()), "line_sum=64 quantity=64");
    EXPECT_EQ(value(outcome->event(), OrderField::line_count), "64");
    EXPECT_EQ(outcome->event().flags, 0);
  }
}

TEST(OrderLines, LongTextsAreLeftOut) {
  auto outcome = ordered("Order Updated", R"({"order_id":"1","products":[{"sku":"s","name":")" + std::string(501, 'n') +
                                              R"(","brand":")" + std::string(500, 'b') + "\"}]}");
  EXPECT_EQ(value(outcome->event(), OrderField::lines), R"([{"sku":"s","brand":")" + std::string(500, 'b') + "\"}]");
}

}  // namespace
}  // namespace tributary::testing
