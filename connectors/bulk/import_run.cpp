#include "connectors/bulk/import_run.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "connectors/bulk/await.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr size_t kBatchBytesMax = 1 << 20;
constexpr milliseconds kTick{200};
constexpr milliseconds kFirstBackoff{200};
constexpr milliseconds kLongestBackoff{10'000};
constexpr std::chrono::seconds kLongestRetryAfter{60};
constexpr std::chrono::seconds kInterruptedWait{10};

struct Refusal {
  uint64_t line;
  std::string code;
  std::string message;
};

/// Consecutive items of the input, and what became of them.
struct Batch {
  uint64_t sequence = 0;
  std::vector<std::string> events;
  std::vector<uint64_t> lines;  // of the events
  RowPlace next;                // of the first item behind the batch
  ImportCounts counts;
  std::vector<Refusal> refusals;

  void refuse(uint64_t line, std::string code, std::string message) {
    ++counts.rejected;
    refusals.push_back({line, std::move(code), std::move(message)});
  }
};

/// Cuts the input into batches. It reads one item ahead, so that each batch knows where the next one begins.
class Batcher {
 public:
  Batcher(ImportInput& input, size_t events_max) : input_(input), events_max_(events_max) { advance(); }

  std::optional<Batch> next() {
    if (!ahead_) return std::nullopt;
    Batch batch;
    batch.sequence = sequence_++;
    size_t bytes = 0;
    size_t items = 0;
    // Refused rows count as well: a file of nothing but bad rows must not become one batch.
    for (; ahead_ && items < events_max_ && bytes < kBatchBytesMax; ++items) {
      if (!batch.events.empty() && bytes + ahead_->json.size() > kBatchBytesMax) break;
      bytes += ahead_->json.size();
      take(batch);
      advance();
    }
    batch.next = ahead_ ? ahead_->place : RowPlace{UINT64_MAX, 0};
    return batch;
  }

 private:
  void take(Batch& batch) {
    if (!ahead_->good()) {
      batch.refuse(ahead_->line, std::move(ahead_->code), std::move(ahead_->message));
      return;
    }
    batch.events.push_back(std::move(ahead_->json));
    batch.lines.push_back(ahead_->line);
  }
  void advance() {
    ahead_.emplace();
    if (!input_.next(*ahead_)) ahead_.reset();
  }

  ImportInput& input_;
  size_t events_max_;
  uint64_t sequence_ = 0;
  std::optional<ImportItem> ahead_;
};

std::string body_of(const Batch& batch, size_t first, size_t last) {
  std::string body = R"({"batch":[)";
  for (size_t i = first; i < last; ++i) {
    if (i != first) body += ',';
    body += batch.events[i];
  }
  return body + "]}";
}

class Run {
 public:
  Run(const ImportRunOptions& options, ImportInput& input, ImportReport& report, Checkpoint& state,
      const ImportObserver& observer)
      : options_(options),
        input_(input),
        report_(report),
        state_(state),
        observer_(observer),
        batcher_(input, std::clamp<size_t>(options.batch_events, 1, kBatchEventsMax)),
        read_at_start_(input.progress()),
        signals_(context_),
        ticker_(context_) {}

  ImportResult run() {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    asio::co_spawn(context_, watch_signals(), asio::detached);
    asio::co_spawn(context_, tick(), asio::detached);
    lanes_ = std::max<size_t>(options_.in_flight, 1);
    for (size_t i = lanes_; i > 0; --i) asio::co_spawn(context_, lane(), asio::detached);
    context_.run();
    save();
    show();
    return result_;
  }

 private:
  bool stopping() const { return result_.end != ImportEnd::complete; }

  /// The first reason counts.
  void stop(ImportEnd end, std::string message) {
    if (stopping()) return;
    result_.end = end;
    result_.message = std::move(message);
  }

  asio::awaitable<void> watch_signals() {
    auto [error, signal] = co_await signals_.async_wait(kAwait);
    if (error) co_return;
    stop(ImportEnd::interrupted, "interrupted");
    result_.signal = signal;
    interrupted_at_ = Clock::now();
    co_await signals_.async_wait(kAwait);
    context_.stop();
  }

  asio::awaitable<void> tick() {
    auto saved_at = Clock::now();
    while (lanes_ > 0) {
      show();
      if (Clock::now() - saved_at > std::chrono::seconds(1)) {
        save();
        saved_at = Clock::now();
      }
      if (interrupted_at_ && Clock::now() - *interrupted_at_ > kInterruptedWait) context_.stop();
      ticker_.expires_after(kTick);
      co_await ticker_.async_wait(kAwait);
    }
  }

  /// One of the batches in flight at a time, over one connection.
  asio::awaitable<void> lane() {
    auto connection = ImportConnection::make(options_.server);
    if (!connection) stop(ImportEnd::refused, connection.error().message);
    while (!stopping()) {
      auto batch = batcher_.next();
      if (!batch) break;
      bool delivered = co_await deliver(**connection, *batch, 0, batch->events.size());
      if (!delivered) break;
      complete(std::move(*batch));
    }
    if (--lanes_ == 0) {
      signals_.cancel();
      ticker_.cancel();
    }
  }

  /// Sends events first..last until they are answered. False when the import ends before.
  asio::awaitable<bool> deliver(ImportConnection& connection, Batch& batch, size_t first, size_t last) {
    if (first == last) co_return true;
    std::string body = body_of(batch, first, last);
    milliseconds backoff = kFirstBackoff;
    while (true) {
      auto answer = co_await connection.post(body);
      if (answer && answer->status == 200) {
        note_.clear();
        succeeded_at_ = Clock::now();
        reached_ = true;
        record(*answer, batch, first);
        co_return true;
      }
      if (answer && (answer->status == 400 || answer->status == 413)) {
        co_return co_await divide(connection, batch, first, last, *answer);
      }
      milliseconds wait = backoff;
      if (!may_retry(answer, wait)) co_return false;
      co_await pause(wait);
      if (stopping()) co_return false;
      backoff = std::min(backoff * 2, kLongestBackoff);
    }
  }

  /// A refusal of the whole body is the fault of some event in it: halves find it, and its neighbours go through.
  asio::awaitable<bool> divide(ImportConnection& connection, Batch& batch, size_t first, size_t last,
                               const BatchAnswer& answer) {
    if (last - first == 1) {
      batch.refuse(batch.lines[first], answer.code.empty() ? "http_" + std::to_string(answer.status) : answer.code,
                   answer.message);
      co_return true;
    }
    size_t middle = first + (last - first) / 2;
    bool delivered = co_await deliver(connection, batch, first, middle);
    if (!delivered) co_return false;
    co_return co_await deliver(connection, batch, middle, last);
  }

  /// Sets `wait`, or ends the import.
  bool may_retry(const Result<BatchAnswer>& answer, milliseconds& wait) {
    if (!answer) {
      if (answer.error().code != ErrorCode::unavailable) {
        stop(ImportEnd::refused, answer.error().message);
        return false;
      }
      note_ = answer.error().message;
    } else {
      int status = answer->status;
      std::string said = std::to_string(status) + (answer->code.empty() ? "" : " " + answer->code);
      if (status != 429 && status < 500) {
        stop(ImportEnd::refused, "the server answers " + said + ": " + answer->message);
        return false;
      }
      note_ = "the server answers " + said;
      if (answer->retry_after) wait = std::min<milliseconds>(*answer->retry_after, kLongestRetryAfter);
    }
    // A server that was never reached is most likely not there; one that was is being restarted.
    auto patience = reached_ || answer ? options_.patience : std::min(options_.patience, std::chrono::seconds(5));
    if (Clock::now() - succeeded_at_ > patience) stop(ImportEnd::unreachable, note_);
    return !stopping();
  }

  /// Waits in slices, so that an interruption is not delayed by a long Retry-After.
  asio::awaitable<void> pause(milliseconds wait) {
    auto until = Clock::now() + wait;
    asio::steady_timer timer(context_);
    while (!stopping() && Clock::now() < until) {
      timer.expires_at(std::min(until, Clock::now() + kTick));
      co_await timer.async_wait(kAwait);
    }
  }

  static void record(const BatchAnswer& answer, Batch& batch, size_t first) {
    batch.counts.accepted += answer.counts.accepted;
    batch.counts.duplicate += answer.counts.duplicate;
    for (const BatchAnswer::ItemError& error : answer.errors) {
      size_t index = first + error.index;
      batch.refuse(index < batch.lines.size() ? batch.lines[index] : 0, error.code, error.message);
    }
  }

  /// Takes an answered batch; counts, report and place advance over all that are answered without a gap.
  void complete(Batch batch) {
    uint64_t sequence = batch.sequence;
    answered_ += batch.counts.total();
    done_.emplace(sequence, std::move(batch));
    while (!done_.empty() && done_.begin()->first == next_sequence_) {
      advance(done_.begin()->second);
      done_.erase(done_.begin());
      ++next_sequence_;
    }
  }

  void advance(Batch& batch) {
    std::stable_sort(batch.refusals.begin(), batch.refusals.end(),
                     [](const Refusal& a, const Refusal& b) { return a.line < b.line; });
    state_.counts.accepted += batch.counts.accepted;
    state_.counts.duplicate += batch.counts.duplicate;
    state_.counts.rejected += batch.counts.rejected;
    state_.place = batch.next;
    changed_ = true;
    for (const Refusal& refusal : batch.refusals) {
      auto added = report_.add(refusal.line, refusal.code, refusal.message);
      if (!added) stop(ImportEnd::failed, added.error().message);
    }
    state_.report_bytes = report_.bytes();
  }

  void save() {
    if (!std::exchange(changed_, false)) return;
    auto flushed = report_.flush();
    if (!flushed) stop(ImportEnd::failed, flushed.error().message);
    auto saved = observer_.save(state_);
    if (!saved) stop(ImportEnd::failed, saved.error().message);
  }

  void show() {
    ProgressState progress;
    progress.read = input_.progress();
    progress.read_at_start = read_at_start_;
    progress.counts = state_.counts;
    progress.answered_in_this_run = answered_;
    progress.elapsed = Clock::now() - started_at_;
    progress.note = note_;
    observer_.show(progress);
  }

  ImportRunOptions options_;
  ImportInput& input_;
  ImportReport& report_;
  Checkpoint& state_;
  const ImportObserver& observer_;
  Batcher batcher_;
  InputProgress read_at_start_;
  asio::io_context context_{1};
  asio::signal_set signals_;
  asio::steady_timer ticker_;
  size_t lanes_ = 0;
  std::map<uint64_t, Batch> done_;  // answered before one that stands earlier in the file
  uint64_t next_sequence_ = 0;
  uint64_t answered_ = 0;
  bool changed_ = false;
  bool reached_ = false;
  Clock::time_point started_at_ = Clock::now();
  Clock::time_point succeeded_at_ = Clock::now();
  std::optional<Clock::time_point> interrupted_at_;
  std::string note_;
  ImportResult result_;
};

}  // namespace

ImportResult run_import_batches(const ImportRunOptions& options, ImportInput& input, ImportReport& report,
                                Checkpoint& state, const ImportObserver& observer) {
  Run run(options, input, report, state, observer);
  return run.run();
}

}  // namespace tributary
