// One handle of the Kafka client library: made, asked whether anybody answers, closed within bounds.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connectors/stream/stream_source.h"
#include "engine/base/result.h"

struct rd_kafka_s;
struct rd_kafka_queue_s;
struct rd_kafka_message_s;
struct rd_kafka_topic_partition_list_s;

namespace tributary {

struct KafkaGroupTimes;

/// What the library tells, on the consumer's thread, while it is polled.
class KafkaListener {
 public:
  virtual ~KafkaListener() = default;
  /// Partitions are given to us or to be taken away; the list is to be copied.
  virtual void on_rebalance(bool assigned, const rd_kafka_topic_partition_list_s* partitions) = 0;
  /// An error of the library's own, which it mends by itself. `everybody`: no broker is left.
  virtual void on_error(const std::string& words, bool everybody) = 0;
};

/// Owner: the consumer's thread. The library's own threads call nothing of ours but the log.
class KafkaConnection {
 public:
  /// Errors: unavailable, with the library's words: a file of keys that can't be read, settings that contradict.
  static Result<std::unique_ptr<KafkaConnection>> make(const StreamSource& source, KafkaListener& listener);
  /// Ends the library's threads, within about 2 s; the listener hears nothing more.
  ~KafkaConnection();
  KafkaConnection(const KafkaConnection&) = delete;
  KafkaConnection& operator=(const KafkaConnection&) = delete;

  rd_kafka_s* handle() const { return handle_; }

  /// Asks any broker for the state of the cluster. Before subscribe(). `given_up` is asked between attempts.
  bool is_answered(std::chrono::milliseconds patience, const std::function<bool()>& given_up);
  Result<void> subscribe(const std::vector<std::string>& topics);

  /// The next message or error of the group, or null; the listener is called meanwhile. It ends early when there was a
  /// rebalance. The caller destroys the message.
  rd_kafka_message_s* poll(std::chrono::milliseconds patience);

  /// Gives the partitions back, the listener answers, and leaves the group; waits at most `patience` for the broker.
  void leave_group(std::chrono::milliseconds patience);

  /// Whether the group was asked to take us (again) and has not told yet what is ours; at most half a minute.
  bool is_joining() const;
  /// Whether the group is being asked, or was just now, if it is to be joined again. Bounded like is_joining().
  bool may_join_soon() const;

  /// Called by the listener's owner once partitions were given to us: from then on the library can be ended safely.
  void was_assigned() { assigned_ = true; }

  /// The library asks for more only now and then once its queue was full, up to 1 s late. This makes it look at once;
  /// for whoever has just taken messages out. Some microseconds.
  void look_for_more();

 private:
  KafkaConnection(rd_kafka_s* handle, const StreamSource& source, bool looks_by_itself, const KafkaGroupTimes& times);
  void note_membership();

  rd_kafka_s* handle_;
  rd_kafka_queue_s* queue_ = nullptr;  // of the group; null before subscribe()
  std::string username_, password_;
  bool looks_by_itself_;
  const KafkaGroupTimes& times_;  // of the library's threads
  bool joined_ = false;
  bool assigned_ = false;
};

}  // namespace tributary
