// Which partitions a Kafka consumer holds, and up to where each is to be committed. Knows no library.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tributary {

/// Topic and number.
using KafkaPartition = std::pair<std::string, int32_t>;

/// `orders/3`: how the rest of the program calls a partition.
std::string kafka_stream_name(const KafkaPartition& partition);
/// The other way round; the topic is what stands before the last '/'.
std::optional<KafkaPartition> kafka_partition_of(const std::string& stream);

struct KafkaOffset {
  KafkaPartition partition;
  int64_t next = 0;
};

/// Where a partition that was just assigned goes on.
struct KafkaStart {
  std::optional<int64_t> offset;  // nothing: where the group stands, or auto.offset.reset
  bool recreated = false;         // what we stored is not of this partition
};

/// `committed`: of the group; `stored`: beside the events; `low` and `high`: what the broker has, none when it could
/// not say. The newer of the two counts; what was stored only while the broker has messages up to there.
KafkaStart choose_kafka_start(std::optional<int64_t> committed, std::optional<int64_t> stored,
                              std::optional<std::pair<int64_t, int64_t>> low_and_high);

/// Owner: the consumer's thread.
class KafkaOffsets {
 public:
  /// A partition is ours, from now on under a name of its own: what a batch of an earlier assignment acknowledges is
  /// not committed in this one.
  void assign(const KafkaPartition& partition, std::optional<int64_t> start, std::optional<int64_t> committed);
  void revoke(const KafkaPartition& partition) { held_.erase(partition); }
  bool holds(const KafkaPartition& partition) const { return held_.contains(partition); }
  size_t size() const { return held_.size(); }
  std::vector<KafkaPartition> partitions() const;

  /// The assignment by which the partition is held, to be given back in acknowledge(); 0: it is not held.
  uint64_t assignment_of(const KafkaPartition& partition) const;
  /// Everything below `next` is durable. Ignored when the partition was taken away since.
  void acknowledge(const KafkaPartition& partition, uint64_t assignment, int64_t next);

  /// What is to be committed now; it counts as sent.
  std::vector<KafkaOffset> take_uncommitted();
  bool has_uncommitted() const;
  /// The answer to one of those. One that failed is to be committed again.
  void committed(const KafkaPartition& partition, int64_t next, bool succeeded);
  bool has_unanswered() const;

  /// Where reading began, if a place was chosen.
  std::optional<int64_t> start_of(const KafkaPartition& partition) const;

 private:
  struct Held {
    uint64_t assignment = 0;
    std::optional<int64_t> start;
    std::optional<int64_t> acknowledged, sent, committed;
  };
  std::map<KafkaPartition, Held> held_;
  uint64_t assignments_ = 0;
};

}  // namespace tributary
