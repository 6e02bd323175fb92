// The one interface of all brokers: next batch, acknowledge. One file pair per broker stands behind it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/stream/stream_source.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace tributary {

/// One message as a broker delivers it. Lifetime of every view: its batch.
struct StreamMessage {
  std::string_view value;  // as received, decompressed by the broker's protocol
  std::string_view key;    // of Kafka; empty elsewhere
  std::string_view topic;  // topic, subject, routing key or stream
  /// What the broker calls the message at every delivery, such as `orders/3/42@1767323045000`: the message id of an
  /// event that has none. Empty where a broker has no such name; then a message that is delivered twice without an id
  /// counts twice.
  std::string place;
  std::optional<Timestamp> sent_at;                                    // by the broker's record
  std::vector<std::pair<std::string_view, std::string_view>> headers;  // in order, as spelled
};

/// How far a stream of the broker (a partition, where order is by partition) is taken.
struct StreamPosition {
  std::string stream;  // `orders/3`
  uint64_t next = 0;   // the first that was not taken
};

/// What one call of next_batch() gives; consumers derive from it to keep what the views point into.
class StreamBatch {
 public:
  StreamBatch() = default;
  virtual ~StreamBatch() = default;
  StreamBatch(const StreamBatch&) = delete;
  StreamBatch& operator=(const StreamBatch&) = delete;

  std::vector<StreamMessage> messages;    // in the broker's order within a stream; may be empty if positions are not
  std::vector<StreamPosition> positions;  // of ordered streams: behind the last message of each; stored with the events
};

constexpr size_t kStreamBatchMessagesMax = 5'000;
constexpr size_t kStreamBatchBytesMax = 4 << 20;  // a batch ends with the message that passes it

struct StreamLag {
  std::string stream;
  int64_t messages = 0;  // that wait at the broker
};

/// What a consumer may ask of the feed that owns it. Both on the consumer's thread.
struct ConsumerHost {
  /// Where each stream of the source goes on, as far as it was stored with the events. Newer than what the broker knows
  /// when a process died between storing and acknowledging. Errors: those of the store.
  std::function<Result<std::vector<StreamPosition>>()> stored_positions;
  /// Waits until every batch given so far is durable, and acknowledges them: acknowledge() is called meanwhile. False
  /// when that took longer. For a broker that takes a stream away, before it is let go.
  std::function<bool(std::chrono::milliseconds deadline)> settle;
  /// Whether whoever waits for long may as well give up, because the source is being stopped.
  std::function<bool()> stopping = [] { return false; };
};

/// A connection to one broker, for one source. Owner: one thread, the feed's; threads of a client library stay inside.
///
/// At least once: a message is delivered again until it is acknowledged; the engine drops what it has.
class StreamConsumer {
 public:
  /// Closes, gracefully where open() succeeded, within about 4 s. What was not acknowledged is delivered again.
  virtual ~StreamConsumer() = default;

  /// Connects and subscribes, within about 10 s. Called once; after any error the consumer is destroyed and another one
  /// made later. Errors: unavailable, with the broker's words and without secrets.
  virtual Result<void> open() = 0;

  /// Waits at most `patience` for the first message, and gives what is there, within the bounds above; null when
  /// nothing came. Errors: unavailable when the connection is lost, and nothing can be expected of this consumer any
  /// more; what a library mends by itself is none.
  virtual Result<std::unique_ptr<StreamBatch>> next_batch(std::chrono::milliseconds patience) = 0;

  /// All events of the batch are durable. Batches come in the order in which they were given. Errors: as next_batch().
  virtual Result<void> acknowledge(StreamBatch& batch) = 0;

  /// Called instead of next_batch() while the engine takes nothing: stays a member, keeps the connection, fetches
  /// nothing more. Returns after at most `patience`. Errors: as next_batch().
  virtual Result<void> idle(std::chrono::milliseconds patience) = 0;

  /// What waits at the broker, as far as it is known without asking for long; empty when it is not. May ask the broker,
  /// within 1 s; called every few seconds.
  virtual std::vector<StreamLag> lag() = 0;

  /// What is wrong although next_batch() gives no error, because a library mends it by itself: a broker that is away, a
  /// topic that does not exist yet. Empty: nothing is known to be.
  virtual std::string trouble() const { return {}; }
};

/// Each in the file of its name.
std::unique_ptr<StreamConsumer> make_kafka_consumer(const StreamSource& source, const ConsumerHost& host);
std::unique_ptr<StreamConsumer> make_nats_consumer(const StreamSource& source, const ConsumerHost& host);
std::unique_ptr<StreamConsumer> make_mqtt_consumer(const StreamSource& source, const ConsumerHost& host);
std::unique_ptr<StreamConsumer> make_rabbitmq_consumer(const StreamSource& source, const ConsumerHost& host);
std::unique_ptr<StreamConsumer> make_redis_consumer(const StreamSource& source, const ConsumerHost& host);

/// What check_stream() asks of each.
std::vector<std::string> check_kafka(const StreamSource& source);
std::vector<std::string> check_nats(const StreamSource& source);
std::vector<std::string> check_mqtt(const StreamSource& source);
std::vector<std::string> check_rabbitmq(const StreamSource& source);
std::vector<std::string> check_redis(const StreamSource& source);

}  // namespace tributary
