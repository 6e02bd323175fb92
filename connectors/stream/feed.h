// One source that is fetched from a broker: its thread, from connecting to acknowledging.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "connectors/stream/consumer.h"
#include "connectors/stream/consumers.h"
#include "connectors/stream/message_reader.h"
#include "engine/engine.h"

namespace tributary {

/// What feeds need. Everything outlives them.
struct FeedServices {
  Engine& engine;
  Metrics& metrics;
  const IngestLimits& limits;
  /// What reads a source's broker.
  std::function<std::unique_ptr<StreamConsumer>(const StreamSource&, const ConsumerHost&)> make = make_consumer;
};

enum class FeedState : uint8_t {
  connecting,
  running,
  waiting,  // the engine takes nothing more for now, so nothing is fetched
  broken,   // the connection failed; tried again after a pause
  stopped,  // disabled, or being shut down
};
std::string_view feed_state_name(FeedState state);

struct FeedStatus {
  FeedState state = FeedState::connecting;
  std::string last_error;  // the broker's words; stays for people to read when it is over
  std::string trouble;     // what a library is mending by itself
  std::optional<Timestamp> last_error_at, last_message_at;
  uint64_t messages = 0;     // durable and acknowledged since the process started
  uint64_t connections = 0;  // successful ones
  std::vector<StreamLag> lag;
};

/// Fetches batches, gives them to the engine in order, and acknowledges in the same order what is durable and folded.
///
/// Several batches are under way at once; when the engine refuses one, the same batch is offered again and nothing
/// behind it, so that a stored position never passes events that are not stored.
/// Lifecycle: start() -> stop(); used once. Thread: all methods from any thread; the work is on a thread of its own.
class Feed {
 public:
  Feed(std::shared_ptr<const StreamSource> source, const FeedServices& services);
  ~Feed() { stop(); }
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  void start();
  /// Asks it to end; stop() waits for that.
  void announce_stop();
  /// Returns when what is under way is durable and acknowledged, or after about 3 s: then it is delivered again.
  void stop();

  const StreamSource& source() const { return *source_; }
  FeedStatus status() const;

 private:
  /// What became of one batch in the engine. Shared, because the engine may answer after the feed has given up.
  struct Answer;
  struct UnderWay {
    std::unique_ptr<StreamBatch> batch;
    std::shared_ptr<Answer> answer;
  };

  void run();
  Result<void> session();
  Result<void> converse_or_fail(StreamConsumer& consumer);
  Result<void> converse(StreamConsumer& consumer);
  Result<void> fetch(StreamConsumer& consumer);
  Result<void> offer(StreamConsumer& consumer, std::unique_ptr<StreamBatch> batch);
  std::shared_ptr<Answer> ingest(const StreamBatch& batch);
  Result<void> wait_refused(StreamConsumer& consumer, RejectionCode refused);
  /// Acknowledges what is done at the front; waits for the first at most so long.
  Result<void> acknowledge_done(StreamConsumer& consumer, std::chrono::milliseconds patience);
  bool settle(std::chrono::milliseconds deadline);
  void note_lag(StreamConsumer& consumer);

  void set_state(FeedState state);
  void note_error(const Error& error);
  void pause_before_reconnect();
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  const std::shared_ptr<const StreamSource> source_;
  const FeedServices services_;
  MessageReader reader_;

  // Of the feed's thread.
  StreamConsumer* consumer_ = nullptr;  // of the session
  std::deque<UnderWay> under_way_;
  size_t failures_ = 0;                  // in a row
  std::chrono::milliseconds refused_{};  // how long the next wait for the engine is
  std::chrono::steady_clock::time_point lag_noted_{};
  std::mt19937 random_{std::random_device{}()};

  mutable std::mutex mutex_;
  std::condition_variable wake_;  // of the pause
  FeedStatus status_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tributary
