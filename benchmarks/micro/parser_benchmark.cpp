// Bytes to events, hashes included: what an I/O thread spends on each event.
#include <benchmark/benchmark.h>

#include <string>

#include "engine/ingest/event_parser.h"

namespace tributary {
namespace {

/// An order of 600 bytes as a shop's server sends it: two ids, an e-mail address, a page of context.
std::string order(size_t number) {
  std::string n = std::to_string(1'000'000 + number);
  std::string event =
      R"({"type":"track","event":"Order Completed","messageId":"node-next-1795304618928-)" + n +
      R"(-72f96557-1a83-4c2e","userId":"user-)" + n + R"(","anonymousId":"a60b61f0-0414-44b6-ad5f-05f5d)" + n +
      R"(","timestamp":"2026-11-21T23:43:38.928Z","context":{"library":{"name":"@segment/analytics-node",)"
      R"("version":"3.1.0"},"traits":{"email":"customer)" +
      n + R"(@shop.example"},"ip":"203.0.113.9","locale":"en-US"},"properties":{"order_id":"o-)" + n +
      R"(","total":128.50,"currency":"CNY","products":[{"product_id":"p-1","name":"Green tea","price":64.25,"quantity":2}]},)"
      R"("integrations":{"All":true},"pad":"")";
  event.insert(event.size() - 1, std::string(event.size() < 599 ? 599 - event.size() : 0, 'x'));
  return event + "}";
}

std::string identify(size_t number) {
  std::string n = std::to_string(1'000'000 + number);
  return R"({"type":"identify","messageId":"node-next-1795304618928-)" + n + R"(","userId":"user-)" + n +
         R"(","timestamp":"2026-11-21T23:43:38.928Z","context":{"library":{"name":"@segment/analytics-node","version":"3.1.0"}},)"
         R"("traits":{"email":"customer)" +
         n + R"(@shop.example","phone":"+86138)" + n +
         R"(0","name":"Ann Example","city":"Hangzhou",)"
         R"("born":"1990-01-02","vip":true,"points":1250,"address":{"street":"1 West Lake","postcode":"310000"}}})";
}

/// What an order holds: five properties and three of each line, one of them by a pattern.
std::shared_ptr<const TrackingPlan> order_plan() {
  auto typed = [](uint8_t types) {
    PropertySchema schema;
    schema.types = types;
    return schema;
  };
  PropertySchema line = typed(SchemaTypes::kObject);
  line.required = {"product_id"};
  line.members.push_back({"price", typed(SchemaTypes::kNumber)});
  line.members.push_back({"product_id", typed(SchemaTypes::kString)});
  line.members.push_back({"quantity", typed(SchemaTypes::kInteger)});
  PropertySchema currency = typed(SchemaTypes::kString);
  currency.pattern = TextPattern::compile("^[A-Z]{3}$").value();
  PropertySchema products = typed(SchemaTypes::kArray);
  products.items = std::make_unique<PropertySchema>(std::move(line));
  std::map<std::string, PlannedEvent, std::less<>> events;
  PropertySchema& order = events["Order Completed"].schema;
  order = typed(SchemaTypes::kObject);
  order.required = {"order_id", "currency", "total"};
  order.members.push_back({"coupon_id", typed(SchemaTypes::kString)});
  order.members.push_back({"currency", std::move(currency)});
  order.members.push_back({"order_id", typed(SchemaTypes::kString)});
  order.members.push_back({"products", std::move(products)});
  order.members.push_back({"total", typed(SchemaTypes::kNumber)});
  return std::make_shared<const TrackingPlan>(std::move(events), true);
}

template <class MakeEvent>
void parse_batches(benchmark::State& state, MakeEvent make_event, std::shared_ptr<const TrackingPlan> plan = nullptr) {
  auto events = static_cast<size_t>(state.range(0));
  std::string body = R"({"batch":[)";
  for (size_t i = 0; i < events; ++i) body += (i ? "," : "") + make_event(i);
  body += R"(],"sentAt":"2026-11-21T23:43:39.000Z"})";
  body.reserve(body.size() + kBodyPaddingBytes);
  EventParser parser{IngestLimits{}};
  KeyedHash key(std::string(32, 'k'));
  Source source;
  source.id = "web";
  source.trust = SourceTrust::server;
  source.default_country = "CN";
  source.tracking_plan = std::move(plan);
  ReceiveContext context;
  context.received_at = system_clock().now();
  for (auto _ : state) {
    if (parser.parse(body, BodyShape::batch)) state.SkipWithError("refused");
    auto items = parser.read_events(source, key, context);
    if (!std::holds_alternative<Event>(items.back())) state.SkipWithError("rejected");
    benchmark::DoNotOptimize(items);
  }
  auto total = static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(events);
  state.SetItemsProcessed(total);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(body.size()));
  state.counters["us_per_event"] =
      benchmark::Counter(static_cast<double>(total) / 1e6, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void parse_orders(benchmark::State& state) { parse_batches(state, order); }
void parse_planned_orders(benchmark::State& state) { parse_batches(state, order, order_plan()); }
void parse_identifies(benchmark::State& state) { parse_batches(state, identify); }
BENCHMARK(parse_orders)->Arg(1)->Arg(20)->Arg(100)->Arg(1000);
BENCHMARK(parse_planned_orders)->Arg(1)->Arg(100);
BENCHMARK(parse_identifies)->Arg(1)->Arg(20)->Arg(100);

void normalise(benchmark::State& state, IdentifierFamily family, std::string_view raw) {
  IdentifierKind kind{family, {}};
  for (auto _ : state) benchmark::DoNotOptimize(normalise_identifier(kind, raw, "CN"));
}
BENCHMARK_CAPTURE(normalise, email, IdentifierFamily::email, "Customer1000001@Shop.Example");
BENCHMARK_CAPTURE(normalise, email_international, IdentifierFamily::email, "Müller@Bücher.Example");
BENCHMARK_CAPTURE(normalise, phone_chinese, IdentifierFamily::phone, "138 0000 1234");
BENCHMARK_CAPTURE(normalise, phone_british, IdentifierFamily::phone, "+44 7911 123456");
BENCHMARK_CAPTURE(normalise, user_id, IdentifierFamily::user_id, "user-1000001");
BENCHMARK_CAPTURE(normalise, uuid, IdentifierFamily::anonymous_id, "a60b61f0-0414-44b6-ad5f-05f5d9740d9a");

}  // namespace
}  // namespace tributary
