#include "connectors/webhook/mapping.h"

#include "tests/unit/webhook_mapping/mapping_fixture.h"

namespace tributary {
namespace {

constexpr const char* kShop = R"(
name: shop
version: 3
title: A shop
channel: website
verify: shopify
decode: {body: json}
message_id: {concat: [$header/X-Topic, ":", $header/X-Event-Id]}
identifiers:
  - {kind: marketplace_buyer/shopify, scope: $header/X-Shop-Domain, value: /customer/id}
  - {kind: email, value: {first_of: [/customer/email, /email]}, trust: claimed}
event:
  - when: {all: [{in: [$header/X-Topic, [orders/create, orders/paid]]}, {equals: [/financial_status, paid]}]}
    emit:
      name: Order Completed
      message_id: {concat: [/id, ":Order Completed"]}
      time: {timestamp: {of: /created_at, as: iso8601}}
      properties:
        order_id: /id
        total: {number: /total_price}
        currency: /currency
        products: {map: {over: /line_items, to: {product_id: /product_id, price: {number: /price}, quantity: /quantity}}}
  - when: {prefix: [$header/X-Topic, customers/]}
    emit: {type: identify, traits: {firstName: /first_name, lastName: /last_name}}
)";

constexpr const char* kOrder = R"({"id":820982911946154508,"financial_status":"paid","total_price":"403.00",
"currency":"USD","created_at":"2026-01-02T03:04:05+01:00","email":"guest@example.com",
"customer":{"id":207119551,"email":null},
"line_items":[{"product_id":1,"price":"199.00","quantity":1},{"product_id":null,"price":"1.50","quantity":2}]})";

TEST_F(MappingTest, MapsAnOrder) {
  load(kShop);
  Call call(kOrder);
  call.header("x-topic", "orders/paid").header("x-event-id", "e1").header("x-shop-domain", "t.myshopify.com");
  EXPECT_EQ(events_of(call),
            R"([{"type":"track","event":"Order Completed","messageId":"820982911946154508:Order Completed",)"
            R"("timestamp":"2026-01-02T02:04:05.000Z","channel":"website","context":{"webhook":{"connector":"shop"},)"
            R"("externalId":[{"type":"marketplace_buyer/shopify","scope":"t.myshopify.com","id":"207119551"},)"
            R"({"type":"email","id":"guest@example.com","claimed":true}]},)"
            R"("properties":{"order_id":820982911946154508,"total":403.00,"currency":"USD",)"
            R"("products":[{"product_id":1,"price":199.00,"quantity":1},{"price":1.50,"quantity":2}]}}])");
}

}  // namespace
}  // namespace tributary
