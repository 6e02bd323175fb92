// What the fold costs per event, decoding and the store's commit included: one thread, groups of 1,000 records, 100,000
// customers.
#include <benchmark/benchmark.h>

#include "benchmarks/micro/fold_fixture.h"

namespace tributary::bench {
namespace {

constexpr uint32_t kCustomers = 100'000;

template <class Make>
void run(benchmark::State& state, Make make) {
  Bench bench(kCustomers);
  std::mt19937_64 random(2);
  std::vector<std::string> group(kGroupRecords);
  for (auto _ : state) {
    state.PauseTiming();
    for (std::string& payload : group) payload = make(bench.events, static_cast<uint32_t>(random() % kCustomers));
    state.ResumeTiming();
    bench.fold(group);
  }
  auto events = static_cast<double>(state.iterations()) * kGroupRecords;
  state.counters["events/s"] = benchmark::Counter(events, benchmark::Counter::kIsRate);
  state.counters["s/event"] = benchmark::Counter(events, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void repeated_evidence(benchmark::State& state) {
  run(state, [](EventMaker& events, uint32_t customer) { return events.order(customer); });
}
BENCHMARK(repeated_evidence)->Unit(benchmark::kMillisecond)->MinTime(5);

void new_order_of_known_evidence(benchmark::State& state) {
  run(state, [](EventMaker& events, uint32_t customer) { return events.new_order(customer); });
}
BENCHMARK(new_order_of_known_evidence)->Unit(benchmark::kMillisecond)->MinTime(5);

void new_evidence_of_known_customer(benchmark::State& state) {
  run(state, [](EventMaker& events, uint32_t customer) { return events.visit_with_new_browser(customer); });
}
BENCHMARK(new_evidence_of_known_customer)->Unit(benchmark::kMillisecond)->MinTime(3);

void new_customer(benchmark::State& state) {
  run(state, [](EventMaker& events, uint32_t) { return events.stranger(); });
}
BENCHMARK(new_customer)->Unit(benchmark::kMillisecond)->MinTime(3);

}  // namespace
}  // namespace tributary::bench
