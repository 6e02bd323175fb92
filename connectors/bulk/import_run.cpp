#include "connectors/bulk/import_run.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
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
using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTick{200};
constexpr milliseconds kFirstBackoff{200};
constexpr milliseconds kLongestBackoff{10'000};
constexpr std::chrono::seconds kLongestRetryAfter{60};
constexpr std::chrono::seconds kInterruptedWait{10};

/// What became of consecutive events of the input.
struct Answered {
  uint64_t sequence = 0;
  RowPlace next;  // of the first row behind them
  ImportCounts counts;
  std::vector<RefusedRow> refusals;

  void refuse(RefusedRow row) {
    ++counts.rejected;
    refusals.push_back(std::move(row));
  }
};

constexpr std::string_view kBodyBegin = R"({"batch":[)";
constexpr std::string_view kBodyEnd = "]}";

/// Consecutive events of the input on their way; its memory is used again.
struct Batch {
  ImportPart part;
  bool found = false;  // there was a part
  InputProgress read;
  std::string body;
  std::vector<size_t> ends;     // in `body`, of the events
  std::vector<uint64_t> lines;  // of the events
  Answered answered;

  void make(EventMaker& maker, ImportItem& item) {
    body = kBodyBegin;
    ends.clear();
    lines.clear();
    maker.begin(part);
    while (maker.next(item)) {
      if (!item.good()) {
        answered.refuse({item.line, item.column, item.code, item.message});
        continue;
      }
      if (!ends.empty()) body += ',';
      body += item.json;
      ends.push_back(body.size());
      lines.push_back(item.line);
    }
    body += kBodyEnd;
  }

  /// A body of events first..last only.
  std::string body_of(size_t first, size_t last) const {
    size_t begin = first == 0 ? kBodyBegin.size() : ends[first - 1] + 1;
    std::string some(kBodyBegin);
    return some.append(body, begin, ends[last - 1] - begin).append(kBodyEnd);
  }
};

/// One of the batches in flight, and what is used for one after the other.
struct Lane {
  std::unique_ptr<ImportConnection> connection;
  std::unique_ptr<EventMaker> maker;
  ImportItem item;
  Batch batch;
};

/// Does `work` on a thread of the pool; the caller goes on where it was. (co_spawn would hand the result back through
/// the pool's queue: behind the next work, which may wait for a pipe.)
template <class Work>
asio::awaitable<void> done_by(asio::thread_pool& pool, Work work) {
  auto begin = [&pool, work](auto handler) {
    asio::post(pool, [work, handler = std::move(handler)]() mutable {
      work();
      auto home = asio::get_associated_executor(handler);
      asio::post(home, std::move(handler));
    });
  };
  return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(begin, asio::use_awaitable);
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
        events_max_(std::clamp<size_t>(options.batch_events, 1, kBatchEventsMax)),
        read_at_start_(input.progress()),
        read_(read_at_start_),
        signals_(context_),
        ticker_(context_),
        makers_(std::max<size_t>(options.parallel, 1)) {}

  ImportResult run() {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    asio::co_spawn(context_, watch_signals(), asio::detached);
    asio::co_spawn(context_, tick(), asio::detached);
    lanes_ = std::max<size_t>({options_.in_flight, options_.parallel, 1});
    for (size_t i = lanes_; i > 0; --i) asio::co_spawn(context_, run_lane(), asio::detached);
    context_.run();
    input_.text().interrupt();
    cutter_.join();
    makers_.join();
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
    interrupted_at_ = SteadyClock::now();
    input_.text().interrupt();
    co_await signals_.async_wait(kAwait);
    context_.stop();
  }

  asio::awaitable<void> tick() {
    auto saved_at = SteadyClock::now();
    while (lanes_ > 0) {
      show();
      if (SteadyClock::now() - saved_at > std::chrono::seconds(1)) {
        save();
        saved_at = SteadyClock::now();
      }
      if (interrupted_at_ && SteadyClock::now() - *interrupted_at_ > kInterruptedWait) context_.stop();
      ticker_.expires_after(kTick);
      co_await ticker_.async_wait(kAwait);
    }
  }

  /// Cuts, makes, sends and completes one batch after the other.
  asio::awaitable<void> run_lane() {
    Lane lane;
    lane.maker = input_.make_maker();
    auto connection = options_.connect();
    if (!connection) stop(ImportEnd::refused, connection.error().message);
    if (connection) lane.connection = std::move(*connection);
    auto cutting = [this, &lane] { cut(lane.batch); };
    auto making = [&lane] { lane.batch.make(*lane.maker, lane.item); };
    while (!stopping()) {
      co_await done_by(cutter_, cutting);
      if (!lane.batch.found || stopping()) break;
      co_await done_by(makers_, making);
      read_ = lane.batch.read;
      bool delivered = co_await deliver(lane, 0, lane.batch.ends.size());
      if (!delivered) break;
      complete(std::exchange(lane.batch.answered, {}));
    }
    if (--lanes_ == 0) {
      signals_.cancel();
      ticker_.cancel();
    }
  }

  /// The one step whose order matters; on the cutter's thread, which alone reads the input.
  void cut(Batch& batch) {
    batch.found = input_.cut(batch.part, events_max_);
    batch.answered = Answered{sequence_++, batch.part.next, {}, {}};
    batch.read = input_.progress();
  }

  /// Sends events first..last until they are answered. False when the import ends before.
  asio::awaitable<bool> deliver(Lane& lane, size_t first, size_t last) {
    if (first == last) co_return true;
    std::string part;
    bool all = last - first == lane.batch.ends.size();
    if (!all) part = lane.batch.body_of(first, last);
    std::string& body = all ? lane.batch.body : part;
    milliseconds backoff = kFirstBackoff;
    while (true) {
      auto answer = co_await lane.connection->post(body);
      if (answer && answer->status == 200) {
        note_.clear();
        succeeded_at_ = SteadyClock::now();
        reached_ = true;
        record(*answer, lane.batch, first);
        co_return true;
      }
      if (answer && (answer->status == 400 || answer->status == 413)) {
        co_return co_await divide(lane, first, last, *answer);
      }
      milliseconds wait = backoff;
      if (!may_retry(answer, wait)) co_return false;
      co_await pause(wait);
      if (stopping()) co_return false;
      backoff = std::min(backoff * 2, kLongestBackoff);
    }
  }

  /// A refusal of the whole body is the fault of some event in it: halves find it, and its neighbours go through.
  asio::awaitable<bool> divide(Lane& lane, size_t first, size_t last, const BatchAnswer& answer) {
    if (last - first == 1) {
      std::string code = answer.code.empty() ? "http_" + std::to_string(answer.status) : answer.code;
      lane.batch.answered.refuse({lane.batch.lines[first], {}, code, answer.message});
      co_return true;
    }
    size_t middle = first + (last - first) / 2;
    bool delivered = co_await deliver(lane, first, middle);
    if (!delivered) co_return false;
    co_return co_await deliver(lane, middle, last);
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
    if (SteadyClock::now() - succeeded_at_ > patience) stop(ImportEnd::unreachable, note_);
    return !stopping();
  }

  /// Waits in slices, so that an interruption is not delayed by a long Retry-After.
  asio::awaitable<void> pause(milliseconds wait) {
    auto until = SteadyClock::now() + wait;
    asio::steady_timer timer(context_);
    while (!stopping() && SteadyClock::now() < until) {
      timer.expires_at(std::min(until, SteadyClock::now() + kTick));
      co_await timer.async_wait(kAwait);
    }
  }

  static void record(const BatchAnswer& answer, Batch& batch, size_t first) {
    batch.answered.counts.accepted += answer.counts.accepted;
    batch.answered.counts.duplicate += answer.counts.duplicate;
    for (const BatchAnswer::ItemError& error : answer.errors) {
      size_t index = first + error.index;
      uint64_t line = index < batch.lines.size() ? batch.lines[index] : 0;
      batch.answered.refuse({line, {}, error.code, error.message});
    }
  }

  /// Takes an answered batch; counts, report and place advance over all that are answered without a gap.
  void complete(Answered batch) {
    uint64_t sequence = batch.sequence;
    answered_ += batch.counts.total();
    done_.emplace(sequence, std::move(batch));
    while (!done_.empty() && done_.begin()->first == next_sequence_) {
      advance(done_.begin()->second);
      done_.erase(done_.begin());
      ++next_sequence_;
    }
  }

  void advance(Answered& batch) {
    std::stable_sort(batch.refusals.begin(), batch.refusals.end(),
                     [](const RefusedRow& a, const RefusedRow& b) { return a.line < b.line; });
    state_.counts.accepted += batch.counts.accepted;
    state_.counts.duplicate += batch.counts.duplicate;
    state_.counts.rejected += batch.counts.rejected;
    state_.place = batch.next;
    changed_ = true;
    for (const RefusedRow& row : batch.refusals) {
      auto added = report_.add(row);
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
    progress.read = read_;
    progress.read_at_start = read_at_start_;
    progress.counts = state_.counts;
    progress.answered_in_this_run = answered_;
    progress.elapsed = SteadyClock::now() - started_at_;
    progress.note = note_;
    observer_.show(progress);
  }

  ImportRunOptions options_;
  ImportInput& input_;
  ImportReport& report_;
  Checkpoint& state_;
  const ImportObserver& observer_;
  size_t events_max_;
  InputProgress read_at_start_, read_;
  asio::io_context context_{1};
  asio::signal_set signals_;
  asio::steady_timer ticker_;
  size_t lanes_ = 0;
  std::map<uint64_t, Answered> done_;  // answered before one that stands earlier in the file
  uint64_t next_sequence_ = 0;
  uint64_t answered_ = 0;
  bool changed_ = false;
  bool reached_ = false;
  SteadyClock::time_point started_at_ = SteadyClock::now();
  SteadyClock::time_point succeeded_at_ = SteadyClock::now();
  std::optional<SteadyClock::time_point> interrupted_at_;
  std::string note_;
  ImportResult result_;
  uint64_t sequence_ = 0;        // the cutter's
  asio::thread_pool cutter_{1};  // alone, because reading may wait for a pipe
  asio::thread_pool makers_;
};

}  // namespace

ImportResult run_import_batches(const ImportRunOptions& options, ImportInput& input, ImportReport& report,
                                Checkpoint& state, const ImportObserver& observer) {
  Run run(options, input, report, state, observer);
  return run.run();
}

}  // namespace tributary
