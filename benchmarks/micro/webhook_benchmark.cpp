// A platform's call to events: what an I/O thread spends on each delivery between the signature and the parser.
#include <benchmark/benchmark.h>

#include <optional>
#include <string>
#include <variant>

#include "connectors/webhook/connector_file.h"
#include "connectors/webhook/mapping.h"
#include "connectors/webhook/shipped_files.h"
#include "connectors/webhook/signer.h"
#include "connectors/webhook/verifier.h"
#include "engine/engine.h"

namespace tributary {
namespace {

std::optional<Connector> shipped(std::string_view name) {
  for (const ShippedFile& file : shipped_files()) {
    auto parsed = parse_connector(file.text);
    if (file.name == name && std::holds_alternative<Connector>(parsed)) return std::get<Connector>(parsed);
  }
  return std::nullopt;
}

std::string address() {
  return R"({"first_name":"Ann","last_name":"Example","address1":"1 West Lake Road","address2":null,"city":"Hangzhou",)"
         R"("province":"Zhejiang","country":"China","zip":"310000","phone":"+8613800000000","company":null,)"
         R"("latitude":30.2741,"longitude":120.1551,"country_code":"CN","province_code":"ZJ"})";
}

std::string money(std::string_view amount) {
  return R"({"shop_money":{"amount":")" + std::string(amount) +
         R"(","currency_code":"USD"},"presentment_money":{"amount":")" + std::string(amount) +
         R"(","currency_code":"USD"}})";
}

/// An order of 4 KB as Shopify's Admin API sends it: three lines, addresses, prices twice.
std::string order() {
  std::string lines;
  for (int i = 0; i < 3; ++i) {
    lines += std::string(i ? "," : "") + R"({"id":46697633615406)" + std::to_string(i) +
             R"(,"admin_graphql_api_id":"gid://shopify/LineItem/466976336154060","current_quantity":1,)"
             R"("fulfillable_quantity":1,"fulfillment_service":"manual","fulfillment_status":null,"gift_card":false,)"
             R"("grams":567,"name":"Green tea - 100 g","price":"199.00","product_exists":true,"product_id":6327909)" +
             std::to_string(i) +
             R"(,"quantity":1,"requires_shipping":true,"sku":"TEA-100","taxable":true,"title":"Green tea",)"
             R"("total_discount":"0.00","variant_id":808950810,"variant_title":"100 g","vendor":"Acme"})";
  }
  return R"({"id":820982911946154508,"admin_graphql_api_id":"gid://shopify/Order/820982911946154508","app_id":null,)"
         R"("browser_ip":"203.0.113.9","cancelled_at":null,"cart_token":"c1-7f3a","checkout_token":"k1-9b2c",)"
         R"("confirmed":true,"contact_email":"ann@example.com","created_at":"2026-01-02T03:04:05-05:00",)"
         R"("currency":"USD","current_subtotal_price":"398.00","current_subtotal_price_set":)" +
         money("398.00") +
         R"(,"customer_locale":"en","discount_codes":[{"code":"WINTER","amount":"10.00","type":"fixed_amount"}],)"
         R"("email":"ann@example.com","financial_status":"paid","fulfillment_status":null,"name":"#9999",)"
         R"("note_attributes":[{"name":"rudderAnonymousId","value":"a60b61f0-0414-44b6"}],"number":234,)"
         R"("order_number":1234,"payment_gateway_names":["visa","bogus"],"phone":null,)"
         R"("subtotal_price":"388.00","tags":"tag1, tag2","test":false,"total_discounts":"10.00",)"
         R"("total_price":"398.00","total_price_set":)" +
         money("398.00") + R"(,"total_shipping_price_set":)" + money("10.00") +
         R"(,"total_tax":"0.00","updated_at":"2026-01-02T03:04:06-05:00","user_id":null,"billing_address":)" +
         address() +
         R"(,"customer":{"id":115310627314723954,"email":"ann@example.com","created_at":null,"first_name":"Ann",)"
         R"("last_name":"Example","state":"enabled","note":null,"verified_email":true,"phone":null,"tags":"",)"
         R"("currency":"USD","default_address":)" +
         address() + R"(},"fulfillments":[],"line_items":[)" + lines + R"(],"refunds":[],"shipping_address":)" +
         address() +
         R"(,"shipping_lines":[{"id":271878346596884015,"carrier_identifier":null,"code":null,"price":"10.00",)"
         R"("title":"Generic Shipping","tax_lines":[],"discount_allocations":[]}]})";
}

HttpRequest order_request() {
  HttpRequest request;
  request.method = "POST";
  request.headers = {{"content-type", "application/json"},
                     {"x-shopify-topic", "orders/paid"},
                     {"x-shopify-shop-domain", "t.myshopify.com"},
                     {"x-shopify-event-id", "98880550-7158-44d4-b7cd-2c97c8a091b5"}};
  std::string body = order();
  request.body.reserve(body.size() + kBodyPaddingBytes);
  request.body = body;
  return request;
}

void map_once(benchmark::State& state, const Connector& connector, const WebhookDelivery& delivery, Mapper& mapper) {
  if (!mapper.read(connector, delivery)) state.SkipWithError("not decoded");
  MappedDelivery mapped = mapper.map();
  if (mapped.event_count != 1 || mapped.unmapped != 0) state.SkipWithError("not mapped");
  benchmark::DoNotOptimize(mapped.events);
}

void map_order(benchmark::State& state) {
  auto connector = shipped("shopify");
  if (!connector) return state.SkipWithError("no connector shopify is shipped");
  HttpRequest request = order_request();
  WebhookSettings settings;
  WebhookDelivery delivery{request, request.body, settings, "shop", system_clock().now()};
  Mapper mapper(1 << 20);
  for (auto _ : state) map_once(state, *connector, delivery, mapper);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(request.body.size()));
}
BENCHMARK(map_order)->Unit(benchmark::kMicrosecond);

/// What an I/O thread spends on a delivery before the events are like any others.
void verify_and_map_order(benchmark::State& state) {
  auto connector = shipped("shopify");
  if (!connector) return state.SkipWithError("no connector shopify is shipped");
  HttpRequest request = order_request();
  WebhookSettings settings;
  settings.secrets = {"hush"};
  if (!sign(connector->signature, request, settings, system_clock().now())) state.SkipWithError("not signed");
  WebhookDelivery delivery{request, request.body, settings, "shop", system_clock().now()};
  Mapper mapper(1 << 20);
  for (auto _ : state) {
    Verification verification = verify(connector->signature, request, settings, system_clock().now());
    if (verification.fault) state.SkipWithError("not genuine");
    map_once(state, *connector, delivery, mapper);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(request.body.size()));
}
BENCHMARK(verify_and_map_order)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tributary

BENCHMARK_MAIN();
