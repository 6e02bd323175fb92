// The log's hot paths: appending groups of 600-byte records until they are durable, one record read back, and what the
// log thread computes per record. Files go to TRIBUTARY_BENCHMARK_DIR, or to the directory for temporary files.
#include <benchmark/benchmark.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <mutex>
#include <random>
#include <thread>

#include "engine/base/check.h"
#include "engine/log/record_format.h"
#include "engine/log/segment_log.h"

namespace tributary {
namespace {

constexpr size_t kPayloadBytes = 600;

/// A log in a directory of its own that goes away with it.
class BenchmarkLog {
 public:
  explicit BenchmarkLog(bool seal = false) {
    const char* base = std::getenv("TRIBUTARY_BENCHMARK_DIR");
    std::string name = (base != nullptr ? std::string(base) : std::filesystem::temp_directory_path().string()) +
                       "/tributary-log-benchmark-XXXXXX";
    TRIBUTARY_CHECK(::mkdtemp(name.data()) != nullptr);
    directory_ = name;
    SegmentLogOptions options;
    options.directory = directory_ + "/log";
    options.disk_low_bytes = 64 << 20;
    options.ballast_bytes = 0;
    options.seal = seal;
    auto opened = SegmentLog::open(options, Lsn{}, metrics_);
    TRIBUTARY_CHECK(opened.has_value());
    log_ = std::move(*opened);
    log_->start([](const DurableGroup&, const std::vector<DurableAppend>&) {});
  }
  ~BenchmarkLog() {
    log_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  SegmentLog* operator->() const { return log_.get(); }
  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
  Metrics metrics_;
  std::unique_ptr<SegmentLog> log_;
};

/// Bytes that compress about as well as JSON events do.
std::string payload(uint64_t n) {
  std::string text = R"({"type":"track","event":"Order Completed","messageId":")" +
                     std::to_string(n * 0x9e3779b97f4a7c15) + R"(","properties":{"total":)" + std::to_string(n % 1000);
  while (text.size() < kPayloadBytes) text += R"(,"item":"sku-)" + std::to_string(n * text.size() % 99991) + '"';
  text.resize(kPayloadBytes);
  return text;
}

AppendRequest request_of(size_t records) {
  AppendRequest request;
  request.records.resize(records);
  for (size_t i = 0; i < records; ++i) request.records[i].payload = payload(i);
  return request;
}

void append_and_wait(BenchmarkLog& log, size_t records) {
  std::promise<void> durable;
  AppendRequest request = request_of(records);
  request.done = [&durable](const Result<Lsn>& result) {
    TRIBUTARY_CHECK(result.has_value());
    durable.set_value();
  };
  while (log->refusal()) std::this_thread::yield();
  TRIBUTARY_CHECK(!log->append(std::move(request)));
  durable.get_future().wait();
}

/// One caller that waits for each answer: the latency of an acknowledgement.
void append_one_at_a_time(benchmark::State& state) {
  BenchmarkLog log;
  auto records = static_cast<size_t>(state.range(0));
  for (auto _ : state) append_and_wait(log, records);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(append_one_at_a_time)->Arg(1)->Arg(8)->Arg(128)->Arg(512)->UseRealTime()->Unit(benchmark::kMicrosecond);

/// Many callers: requests of `range(0)` records, at most `range(1)` records unanswered.
void append_with_many_waiting(benchmark::State& state) {
  BenchmarkLog log;
  auto records = static_cast<size_t>(state.range(0));
  auto in_flight_max = static_cast<size_t>(state.range(1));
  std::mutex mutex;
  std::condition_variable changed;
  size_t in_flight = 0;
  for (auto _ : state) {
    AppendRequest request = request_of(records);
    request.done = [&](const Result<Lsn>&) {
      std::lock_guard lock(mutex);
      in_flight -= records;
      changed.notify_one();
    };
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return in_flight + records <= in_flight_max; });
    in_flight += records;
    lock.unlock();
    TRIBUTARY_CHECK(!log->append(std::move(request)));
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return in_flight == 0; });
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(append_with_many_waiting)
    ->Args({1, 512})
    ->Args({8, 2048})
    ->Args({128, 8192})
    ->Args({512, 8192})
    ->UseRealTime();

void read_random_records(benchmark::State& state, BenchmarkLog& log) {
  std::mt19937_64 random(1);
  uint64_t last = log->last_durable().value() / 2;
  for (auto _ : state) {
    auto record = log->read_one(Lsn{1 + random() % last});
    TRIBUTARY_CHECK(record.has_value() && record->second.size() == kPayloadBytes);
  }
  state.SetItemsProcessed(state.iterations());
}

void read_one_from_a_raw_segment(benchmark::State& state) {
  BenchmarkLog log;
  for (int i = 0; i < 50; ++i) append_and_wait(log, 1000);
  read_random_records(state, log);
}
BENCHMARK(read_one_from_a_raw_segment)->Unit(benchmark::kMicrosecond);

/// Random records of a 64 MiB segment: four blocks of five are not among the cached ones.
void read_one_from_a_sealed_segment(benchmark::State& state) {
  BenchmarkLog log(true);
  for (int i = 0; i < 220; ++i) append_and_wait(log, 1000);
  log->set_durable_state(log->last_durable());
  std::string sealed = log.directory() + "/log/" + segment_file_name(Lsn{1}, kSealedSuffix);
  while (!std::filesystem::exists(sealed)) std::this_thread::yield();
  read_random_records(state, log);
}
BENCHMARK(read_one_from_a_sealed_segment)->Unit(benchmark::kMicrosecond);

void encode_and_checksum(benchmark::State& state) {
  std::string content = payload(7);
  std::string out(record_bytes(content.size()), '\0');
  RecordView view{Lsn{1}, RecordKind::event, WorkspaceId{1}, PartitionId{0}, Timestamp{}, content};
  for (auto _ : state) benchmark::DoNotOptimize(encode_record(out.data(), view, 0, 42));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(encode_and_checksum);

}  // namespace
}  // namespace tributary
