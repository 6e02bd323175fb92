#include "connectors/stream/feed.h"

#include <pthread.h>

#include <algorithm>

#include "connectors/sdk/event_metrics.h"
#include "engine/base/log_line.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kBatchesUnderWayMax = 4;
constexpr milliseconds kFetchPatience{200};       // nothing is under way
constexpr milliseconds kFetchPatienceBetween{2};  // something may become done any moment
constexpr milliseconds kRefusedFirst{20}, kRefusedLast{1000};
constexpr milliseconds kReconnectFirst{250}, kReconnectLast{30'000};
constexpr milliseconds kStopDeadline{3000};
constexpr std::chrono::seconds kHealthyAfter{30};
constexpr std::chrono::seconds kLagEvery{5};

/// A broker's words for logs and answers: readable, on one line, and not of any length.
std::string readable(std::string_view words) {
  constexpr size_t kWordsBytesMax = 500;
  std::string text = valid_utf8(words.substr(0, kWordsBytesMax));
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return words.size() > kWordsBytesMax ? text + "..." : text;
}

}  // namespace

std::string_view feed_state_name(FeedState state) {
  switch (state) {
    case FeedState::connecting:
      return "connecting";
    case FeedState::running:
      return "running";
    case FeedState::waiting:
      return "waiting";
    case FeedState::broken:
      return "broken";
    case FeedState::stopped:
      break;
  }
  return "stopped";
}

struct Feed::Answer {
  std::mutex mutex;
  std::condition_variable given;
  std::optional<IngestOutcome> outcome;

  void give(IngestOutcome now) {
    {
      std::lock_guard lock(mutex);
      outcome = std::move(now);
    }
    given.notify_all();
  }
  bool wait(milliseconds patience) {
    std::unique_lock lock(mutex);
    return given.wait_for(lock, patience, [this] { return outcome.has_value(); });
  }
};

Feed::Feed(std::shared_ptr<const StreamSource> source, const FeedServices& services)
    : source_(std::move(source)),
      services_(services),
      reader_(*source_, services_.engine.index_key(source_->source.workspace), services_.limits) {}

void Feed::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), ("trib-" + source_->source.id).substr(0, 15).c_str());
}

void Feed::announce_stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_.store(true);
  }
  wake_.notify_all();
}

void Feed::stop() {
  announce_stop();
  if (thread_.joinable()) thread_.join();
}

FeedStatus Feed::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void Feed::run() {
  while (!stopping()) {
    set_state(FeedState::connecting);
    auto ended = session();
    if (ended) continue;  // it is being stopped
    note_error(ended.error());
    pause_before_reconnect();
  }
  set_state(FeedState::stopped);
}

// From connecting to the first error, or to the end.
Result<void> Feed::session() {
  ConsumerHost host{[this] { return stored_positions(services_.engine, *source_); },
                    [this](milliseconds deadline) { return settle(deadline); }, [this] { return stopping(); }};
  std::unique_ptr<StreamConsumer> consumer = services_.make(*source_, host);
  consumer_ = consumer.get();
  auto ended = converse_or_fail(*consumer);
  under_way_.clear();  // what batches hold belongs to the consumer
  consumer.reset();    // may still ask whether all is settled
  consumer_ = nullptr;
  return ended;
}

/// Of one source that finds no memory or no thread the others must notice nothing.
Result<void> Feed::converse_or_fail(StreamConsumer& consumer) {
  try {
    return converse(consumer);
  } catch (const std::exception& error) {
    return Error{ErrorCode::unavailable, std::string("reading the source: ") + error.what()};
  }
}

Result<void> Feed::converse(StreamConsumer& consumer) {
  TRIBUTARY_TRY(consumer.open());
  auto began = steady_clock::now();
  {
    std::lock_guard lock(mutex_);
    status_.connections += 1;
    status_.state = FeedState::running;
  }
  log_line(LogLevel::info, "connected", {{"source", source_->source.id}});
  while (!stopping()) {
    // Some brokers refuse us only after they let us in.
    if (steady_clock::now() - began > kHealthyAfter) failures_ = 0;
    TRIBUTARY_TRY(fetch(consumer));
  }
  settle(kStopDeadline);
  return {};
}

Result<void> Feed::fetch(StreamConsumer& consumer) {
  bool full = under_way_.size() >= kBatchesUnderWayMax;
  TRIBUTARY_TRY(acknowledge_done(consumer, full ? kFetchPatience : milliseconds(0)));
  note_lag(consumer);
  if (under_way_.size() >= kBatchesUnderWayMax) return consumer.idle(milliseconds(0));
  auto batch = consumer.next_batch(under_way_.empty() ? kFetchPatience : kFetchPatienceBetween);
  if (!batch) return batch.error();
  if (*batch == nullptr) return {};
  return offer(consumer, std::move(*batch));
}

// Until the engine takes it: what comes behind must not be stored before it.
Result<void> Feed::offer(StreamConsumer& consumer, std::unique_ptr<StreamBatch> batch) {
  refused_ = kRefusedFirst;
  while (true) {
    std::shared_ptr<Answer> answer = ingest(*batch);
    std::optional<RejectionCode> refused;
    if (answer->wait(milliseconds(0))) refused = answer->outcome->refused;
    if (!refused) {
      set_state(FeedState::running);
      under_way_.push_back({std::move(batch), std::move(answer)});
      return {};
    }
    if (stopping()) return {};  // delivered again
    TRIBUTARY_TRY(wait_refused(consumer, *refused));
  }
}

std::shared_ptr<Feed::Answer> Feed::ingest(const StreamBatch& batch) {
  auto answer = std::make_shared<Answer>();
  ReadMessages read;
  reader_.read(batch, system_clock().now(), read);
  if (read.ingest.items.empty() && read.ingest.positions.empty()) {
    answer->give({});
    return answer;
  }
  ItemErrors errors = item_errors(read.ingest.items, 0);
  Metrics& metrics = services_.metrics;
  auto done = [answer, errors = std::move(errors), findings = std::move(read.findings), source = source_->source.id,
               &metrics](IngestOutcome outcome) {
    if (!outcome.refused) {
      count_events(metrics, count_outcomes(outcome.items), errors);
      count_findings(metrics, source, findings);
    }
    answer->give(std::move(outcome));
  };
  services_.engine.ingest(std::move(read.ingest), std::move(done));
  return answer;
}

Result<void> Feed::wait_refused(StreamConsumer& consumer, RejectionCode refused) {
  {
    std::lock_guard lock(mutex_);
    status_.state = FeedState::waiting;
    status_.last_error = std::string("the engine takes nothing for now: ") += rejection_row(refused).name;
    status_.last_error_at = system_clock().now();
  }
  auto end = steady_clock::now() + refused_;
  refused_ = std::min(refused_ * 2, kRefusedLast);
  while (steady_clock::now() < end && !stopping()) {
    TRIBUTARY_TRY(acknowledge_done(consumer, milliseconds(0)));
    TRIBUTARY_TRY(consumer.idle(kRefusedFirst));
  }
  note_lag(consumer);
  return {};
}

Result<void> Feed::acknowledge_done(StreamConsumer& consumer, milliseconds patience) {
  while (!under_way_.empty()) {
    UnderWay& first = under_way_.front();
    if (!first.answer->wait(patience)) return {};
    patience = milliseconds(0);
    if (auto refused = first.answer->outcome->refused) {
      return Error{ErrorCode::unavailable,
                   std::string("the engine could not store a batch: ") += rejection_row(*refused).message};
    }
    TRIBUTARY_TRY(consumer.acknowledge(*first.batch));
    failures_ = 0;
    std::lock_guard lock(mutex_);
    status_.messages += first.batch->messages.size();
    status_.last_message_at = system_clock().now();
    under_way_.pop_front();
  }
  return {};
}

bool Feed::settle(milliseconds deadline) {
  auto end = steady_clock::now() + deadline;
  while (!under_way_.empty()) {
    auto left = std::chrono::duration_cast<milliseconds>(end - steady_clock::now());
    if (left <= milliseconds(0)) return false;
    if (!acknowledge_done(*consumer_, left)) return false;
  }
  return true;
}

void Feed::note_lag(StreamConsumer& consumer) {
  auto now = steady_clock::now();
  if (now - lag_noted_ < kLagEvery) return;
  lag_noted_ = now;
  std::vector<StreamLag> lag = consumer.lag();
  std::string trouble = readable(consumer.trouble());
  std::lock_guard lock(mutex_);
  status_.lag = std::move(lag);
  status_.trouble = std::move(trouble);
  if (status_.trouble.empty()) return;
  status_.last_error = status_.trouble;
  status_.last_error_at = system_clock().now();
}

void Feed::set_state(FeedState state) {
  std::lock_guard lock(mutex_);
  status_.state = state;
}

void Feed::note_error(const Error& error) {
  std::string words = readable(error.message);
  log_line(LogLevel::warn, "a source can't be read; trying again", {{"source", source_->source.id}, {"reason", words}});
  std::lock_guard lock(mutex_);
  status_.state = FeedState::broken;
  status_.last_error = std::move(words);
  status_.last_error_at = system_clock().now();
  status_.lag.clear();
}

// Half of it by chance, so that many feeds don't come back to one broker at once.
void Feed::pause_before_reconnect() {
  auto doubled = kReconnectFirst * (1 << std::min<size_t>(failures_, 10));
  failures_ += 1;
  auto most = std::min<milliseconds>(doubled, kReconnectLast).count();
  milliseconds pause(most / 2 + std::uniform_int_distribution<int64_t>(0, most / 2)(random_));
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, pause, [this] { return stopping(); });
}

}  // namespace tributary
