// Messages of Kafka as a batch that needs the client library no longer.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "connectors/stream/consumer.h"
#include "connectors/stream/kafka_offsets.h"

namespace tributary {

/// Owns a copy of what its views point into, so that it may outlive the consumer, and so that a batch that waits does
/// not hold the library's much larger answer of the broker.
class KafkaBatch final : public StreamBatch {
 public:
  struct Part {
    KafkaPartition partition;
    uint64_t assignment = 0;
    int64_t next = 0;
  };
  std::vector<Part> parts;  // one for each of `positions`, in the same order

 private:
  friend class KafkaBatchMaker;
  std::unique_ptr<char[]> bytes_;
};

}  // namespace tributary
