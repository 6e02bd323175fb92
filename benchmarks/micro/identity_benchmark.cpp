// What identity costs: a tenth of new evidence among a million customers, a device that everybody uses, a container in
// which rules refuse links, and a preview of other rules over every container.
#include <benchmark/benchmark.h>

#include "benchmarks/micro/fold_fixture.h"
#include "engine/identity/clusters.h"
#include "engine/query/preview.h"

namespace tributary::bench {
namespace {

// A million, or TRIBUTARY_BENCHMARK_CUSTOMERS where only running matters.
uint32_t customers() {
  const char* text = std::getenv("TRIBUTARY_BENCHMARK_CUSTOMERS");
  return text == nullptr ? 1'000'000 : static_cast<uint32_t>(std::strtoul(text, nullptr, 10));
}

void count(benchmark::State& state, double events) {
  state.counters["events/s"] = benchmark::Counter(events, benchmark::Counter::kIsRate);
  state.counters["s/event"] = benchmark::Counter(events, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// With the default front table, which holds a quarter of these customers, and with one that holds them all.
void tenth_of_new_evidence(benchmark::State& state) {
  Bench bench(customers(), static_cast<size_t>(state.range(0)) << 20);
  std::mt19937_64 random(2);
  std::vector<std::string> group(kGroupRecords);
  for (auto _ : state) {
    state.PauseTiming();
    for (std::string& payload : group) {
      auto customer = static_cast<uint32_t>(random() % customers());
      payload = random() % 10 == 0 ? bench.events.visit_with_new_browser(customer) : bench.events.order(customer);
    }
    state.ResumeTiming();
    bench.fold(group);
  }
  count(state, static_cast<double>(state.iterations()) * kGroupRecords);
}
BENCHMARK(tenth_of_new_evidence)->ArgName("front_table_MiB")->Arg(256)->Arg(1024)->Unit(benchmark::kMillisecond);

void preview_of_a_million_containers(benchmark::State& state) {
  Bench bench(customers());
  PreviewQuery query;
  query.rules = default_rules();
  query.rules->kinds[{IdentifierFamily::user_id, {}}].limit = 2;
  query.rules->hubs[{IdentifierFamily::anonymous_id, {}}][{IdentifierFamily::user_id, {}}] = 5;
  PreviewView view;
  for (auto _ : state) {
    auto answer = preview_identity(bench.store(), kWorkspace, RuleSet(), query, [] { return false; });
    TRIBUTARY_CHECK(answer.has_value());
    view = std::move(*answer);
  }
  TRIBUTARY_CHECK(view.containers >= customers());
  state.counters["containers"] = static_cast<double>(view.containers);
}
BENCHMARK(preview_of_a_million_containers)->Unit(benchmark::kSecond)->Iterations(1);

// The ids of 10,000 people on one anonymous id: it is a hub from the second on and joins nobody.
void ten_thousand_users_of_one_device(benchmark::State& state) {
  constexpr size_t kLogins = 10'000;
  for (auto _ : state) {
    state.PauseTiming();
    auto bench = std::make_unique<Bench>(1000);
    std::vector<std::vector<std::string>> groups(kLogins / kGroupRecords);
    for (auto& group : groups) {
      for (size_t i = 0; i < kGroupRecords; ++i) group.push_back(bench->events.login_on_shared_device());
    }
    state.ResumeTiming();
    for (const auto& group : groups) bench->fold(group);
    state.PauseTiming();
    bench.reset();
    state.ResumeTiming();
  }
  count(state, static_cast<double>(state.iterations()) * kLogins);
}
BENCHMARK(ten_thousand_users_of_one_device)->Unit(benchmark::kMillisecond)->Iterations(5);

// Two user ids, between them e-mail addresses, phones and cookies that both were seen with.
Container container_in_conflict(size_t evidence) {
  RuleSet rules;
  Container container;
  std::mt19937_64 random(3);
  for (size_t i = 0; i < evidence; ++i) {
    Evidence one;
    std::vector<EventIdentifier> members = {
        identifier(IdentifierFamily::user_id, i % 2 == 0 ? "A" : "B"),
        identifier(i % 3 == 0 ? IdentifierFamily::email : IdentifierFamily::anonymous_id,
                   "value-" + std::to_string(random() % (evidence / 4 + 1)))};
    std::sort(members.begin(), members.end(), [](auto& a, auto& b) { return a.hash < b.hash; });
    for (const EventIdentifier& each : members) {
      one.members.push_back({each.hash, kind_code(each.identifier.kind()), each.trust});
    }
    one.hash = index_key()("evidence " + std::to_string(i));
    one.first = {Timestamp{static_cast<int64_t>(random() % 1000)}, "message-" + std::to_string(i), "shop"};
    add_evidence(container, std::move(one), rules);
  }
  container.root = container.members.front().id;
  return container;
}

void recompute_container_in_conflict(benchmark::State& state) {
  RuleSet rules;
  Container container = container_in_conflict(static_cast<size_t>(state.range(0)));
  TRIBUTARY_CHECK(!compute_clusters(container, rules).refusals.empty());
  for (auto _ : state) benchmark::DoNotOptimize(compute_clusters(container, rules));
}
BENCHMARK(recompute_container_in_conflict)->Arg(100)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tributary::bench
