// Gathers messages of the Kafka client library and makes a batch of them.
#pragma once

#include <memory>
#include <vector>

#include "connectors/stream/kafka_batch.h"
#include "connectors/stream/kafka_offsets.h"

struct rd_kafka_message_s;
struct rd_kafka_topic_s;

namespace tributary {

/// For one batch. Owner: the consumer's thread.
class KafkaBatchMaker {
 public:
  explicit KafkaBatchMaker(const KafkaOffsets& offsets) : offsets_(offsets) {}
  ~KafkaBatchMaker();
  KafkaBatchMaker(const KafkaBatchMaker&) = delete;
  KafkaBatchMaker& operator=(const KafkaBatchMaker&) = delete;

  /// Takes the message over.
  void add(rd_kafka_message_s* message);
  bool is_empty() const { return taken_.empty(); }
  bool is_full() const { return taken_.size() >= kStreamBatchMessagesMax || bytes_ > kStreamBatchBytesMax; }

  /// Copies what was added. Values without bytes of their own, tombstones, are no messages but move the position.
  std::unique_ptr<StreamBatch> make();

 private:
  size_t part_of(KafkaBatch& batch, const rd_kafka_message_s* message);

  const KafkaOffsets& offsets_;
  std::vector<rd_kafka_message_s*> taken_;
  size_t bytes_ = 0;
  std::vector<const rd_kafka_topic_s*> topics_;  // of each part
  size_t last_part_ = 0;                         // messages come in runs of one partition
};

}  // namespace tributary
