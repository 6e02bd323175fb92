// What watching a million customers costs: their timers, and looking at one from the state up. Each of them is looked
// at twice a day, which is much: once by a timer, or after an order, and once for a new scale. The counter `core_s/s`
// is the share of a core that a million of them take, `s/customer/day` the time for each.
#include <benchmark/benchmark.h>

#include <cstring>
#include <utility>

#include "benchmarks/micro/fold_fixture.h"
#include "engine/app/due_timers.h"
#include "engine/app/watched_figures.h"
#include "engine/query/profile_changes.h"

namespace tributary::bench {
namespace {

constexpr Timestamp kStart{20'000 * kMicrosPerDay};
constexpr double kLooksPerDay = 2;
constexpr double kSecondsPerDay = 86'400;
constexpr uint32_t kOrdersOfEach = 3;

// A million, or TRIBUTARY_BENCHMARK_CUSTOMERS where only running matters.
uint32_t customers() {
  const char* text = std::getenv("TRIBUTARY_BENCHMARK_CUSTOMERS");
  return text == nullptr ? 1'000'000 : static_cast<uint32_t>(std::strtoul(text, nullptr, 10));
}

Hash128 customer(uint64_t number) {
  Hash128 hash;
  uint64_t mixed = (number + 1) * 0x9E3779B97F4A7C15ull;
  std::memcpy(hash.bytes.data(), &mixed, sizeof mixed);
  return hash;
}

void count_core(benchmark::State& state) {
  auto per_look = [&](double factor) {
    return benchmark::Counter(static_cast<double>(state.iterations()) / factor,
                              benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  };
  state.counters["core_s/s"] = per_look(1e6 * kLooksPerDay / kSecondsPerDay);
  state.counters["s/customer/day"] = per_look(kLooksPerDay);
}

// Each is taken when it is due, and set again for some moment of the next ninety days.
void timers(benchmark::State& state) {
  std::mt19937_64 random(1);
  auto later = [&](Timestamp now) {
    return Timestamp{now.micros + static_cast<int64_t>(random() % static_cast<uint64_t>(90 * kMicrosPerDay))};
  };
  DueTimers timers;
  for (uint32_t i = 0; i < customers(); ++i) timers.set(kWorkspace, customer(i), later(kStart));
  Timestamp now = kStart;
  for (auto _ : state) {
    auto due = timers.take_due(now);
    for (; !due; due = timers.take_due(now)) now.micros += kMicrosPerSecond;
    timers.set(due->workspace, due->customer, later(now));
  }
  count_core(state);
  state.counters["timers"] = static_cast<double>(timers.size());
}
BENCHMARK(timers);

// What it is and when it will change, from its orders.
void figures(benchmark::State& state) {
  WatchedCustomer customer;
  for (int64_t i = 0; i < state.range(0); ++i) {
    Order& order = customer.orders.emplace_back();
    order.status = OrderStatus::completed;
    order.counts = true;
    order.at = Timestamp{kStart.micros - i * 11 * kMicrosPerDay};
    order.currency = "CNY";
    order.net_minor = order.value_minor = 100;
  }
  ValueRules rules{TimeZone::load("Asia/Shanghai").value(), "CNY"};
  for (auto _ : state) benchmark::DoNotOptimize(figures_of(customer, rules, nullptr, kStart));
  count_core(state);
}
BENCHMARK(figures)->ArgName("orders")->Arg(3)->Arg(30);

Bench& bench_with_orders() {
  static Bench bench(customers());
  static bool filled = false;
  if (std::exchange(filled, true)) return bench;
  for (uint32_t i = 0; i < kOrdersOfEach; ++i) {
    for (uint32_t each = 0; each < customers();) {
      std::vector<std::string> group;
      while (group.size() < kGroupRecords && each < customers()) group.push_back(bench.events.new_order(each++));
      bench.fold(group);
    }
  }
  TRIBUTARY_CHECK(bench.store().flush().has_value());
  return bench;
}

// Any of them whose time has come, with three orders. Everything but the timer itself.
void look(benchmark::State& state) {
  Bench& bench = bench_with_orders();
  ValueRules rules{TimeZone::load("Asia/Shanghai").value(), "CNY"};
  RuleSet identity;
  std::mt19937_64 random(3);
  for (auto _ : state) {
    std::string number = std::to_string(random() % customers());
    Hash128 name = identifier(IdentifierFamily::user_id, "user-" + number).hash;
    auto snapshot = bench.store().snapshot();
    auto found = find_customer(*snapshot, kWorkspace, name, identity);
    TRIBUTARY_CHECK(found.has_value());
    auto watched = read_watched(*snapshot, *found);
    TRIBUTARY_CHECK(watched.has_value() && watched->orders.size() == kOrdersOfEach);
    benchmark::DoNotOptimize(figures_of(*watched, rules, nullptr, kStart));
  }
  count_core(state);
}
BENCHMARK(look)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tributary::bench
