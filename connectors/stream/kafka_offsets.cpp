#include "connectors/stream/kafka_offsets.h"

#include <algorithm>
#include <charconv>
#include <ranges>

namespace tributary {

std::string kafka_stream_name(const KafkaPartition& partition) {
  return partition.first + "/" + std::to_string(partition.second);
}

std::optional<KafkaPartition> kafka_partition_of(const std::string& stream) {
  size_t slash = stream.rfind('/');
  if (slash == std::string::npos || slash == 0) return std::nullopt;
  int32_t number = 0;
  const char* end = stream.data() + stream.size();
  auto [read, error] = std::from_chars(stream.data() + slash + 1, end, number);
  if (error != std::errc() || read != end || number < 0) return std::nullopt;
  return KafkaPartition(stream.substr(0, slash), number);
}

KafkaStart choose_kafka_start(std::optional<int64_t> committed, std::optional<int64_t> stored,
                              std::optional<std::pair<int64_t, int64_t>> low_and_high) {
  // Without an offset of the group it may be another cluster, or a topic made anew: what comes again is dropped by its
  // place, what is passed over is lost.
  if (!stored || !committed || *committed >= *stored || !low_and_high) return {committed, false};
  bool inside = low_and_high->first <= *stored && *stored <= low_and_high->second;
  if (!inside) return {committed, true};
  return {stored, false};
}

void KafkaOffsets::assign(const KafkaPartition& partition, std::optional<int64_t> start,
                          std::optional<int64_t> committed) {
  Held& held = held_[partition];
  held = {};
  held.assignment = ++assignments_;
  held.start = start;
  held.acknowledged = start;
  held.sent = held.committed = committed;
}

std::vector<KafkaPartition> KafkaOffsets::partitions() const {
  auto names = std::views::keys(held_);
  return {names.begin(), names.end()};
}

uint64_t KafkaOffsets::assignment_of(const KafkaPartition& partition) const {
  auto held = held_.find(partition);
  return held == held_.end() ? 0 : held->second.assignment;
}

void KafkaOffsets::acknowledge(const KafkaPartition& partition, uint64_t assignment, int64_t next) {
  auto held = held_.find(partition);
  if (held != held_.end() && held->second.assignment == assignment) held->second.acknowledged = next;
}

std::vector<KafkaOffset> KafkaOffsets::take_uncommitted() {
  std::vector<KafkaOffset> taken;
  for (auto& [partition, held] : held_) {
    if (held.acknowledged == held.sent) continue;
    held.sent = held.acknowledged;
    taken.push_back({partition, *held.acknowledged});
  }
  return taken;
}

bool KafkaOffsets::has_uncommitted() const {
  return std::ranges::any_of(held_, [](const auto& entry) { return entry.second.acknowledged != entry.second.sent; });
}

void KafkaOffsets::committed(const KafkaPartition& partition, int64_t next, bool succeeded) {
  auto found = held_.find(partition);
  if (found == held_.end()) return;
  Held& held = found->second;
  if (succeeded) {
    held.committed = next;
  } else if (held.sent == next) {
    held.sent = held.committed;
  }
}

bool KafkaOffsets::has_unanswered() const {
  return std::ranges::any_of(held_, [](const auto& entry) { return entry.second.sent != entry.second.committed; });
}

std::optional<int64_t> KafkaOffsets::start_of(const KafkaPartition& partition) const {
  auto held = held_.find(partition);
  return held == held_.end() ? std::nullopt : held->second.start;
}

}  // namespace tributary
