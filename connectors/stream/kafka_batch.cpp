#include "connectors/stream/kafka_batch.h"

#include <librdkafka/rdkafka.h>

#include <cstring>

#include "connectors/stream/kafka_batch_maker.h"

namespace tributary {
namespace {

/// What a JSON parser may read behind a value.
constexpr size_t kReadableBehind = 64;

size_t bytes_of_headers(const rd_kafka_headers_t* headers) {
  size_t bytes = 0, size = 0;
  const char* name = nullptr;
  const void* value = nullptr;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    bytes += std::strlen(name) + size;
  }
  return bytes;
}

/// Null when it has none.
rd_kafka_headers_t* headers_of(const rd_kafka_message_t* message) {
  rd_kafka_headers_t* headers = nullptr;
  return rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR ? headers : nullptr;
}

size_t bytes_of(const rd_kafka_message_t* message) {
  const rd_kafka_headers_t* headers = headers_of(message);
  return message->len + message->key_len + (headers != nullptr ? bytes_of_headers(headers) : 0);
}

/// Copies one after the other into memory that was measured before.
class KafkaCopy {
 public:
  explicit KafkaCopy(char* at) : at_(at) {}
  std::string_view operator()(const void* bytes, size_t size) {
    if (size > 0) std::memcpy(at_, bytes, size);
    std::string_view view(at_, size);
    at_ += size;
    return view;
  }

 private:
  char* at_;
};

StreamMessage message_of(const rd_kafka_message_t* from, std::string_view topic, KafkaCopy& copy) {
  StreamMessage message;
  message.value = copy(from->payload, from->len);
  message.key = copy(from->key, from->key_len);
  message.topic = topic;
  message.place.reserve(topic.size() + 40);
  message.place.append(topic).append("/").append(std::to_string(from->partition));
  message.place.append("/").append(std::to_string(from->offset));
  rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  int64_t sent_millis = rd_kafka_message_timestamp(from, &kind);
  if (kind != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && sent_millis > 0) {
    message.sent_at = Timestamp{sent_millis * 1000};
    // A topic that is made anew begins at 0 again.
    message.place.append("@").append(std::to_string(sent_millis));
  }
  if (const rd_kafka_headers_t* headers = headers_of(from)) {
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      std::string_view copied_name = copy(name, std::strlen(name));
      message.headers.emplace_back(copied_name, copy(value, size));
    }
  }
  return message;
}

}  // namespace

KafkaBatchMaker::~KafkaBatchMaker() {
  for (rd_kafka_message_t* message : taken_) rd_kafka_message_destroy(message);
}

void KafkaBatchMaker::add(rd_kafka_message_t* message) {
  taken_.push_back(message);
  bytes_ += bytes_of(message);
}

size_t KafkaBatchMaker::part_of(KafkaBatch& batch, const rd_kafka_message_t* message) {
  auto is_of = [&](size_t part) {
    return topics_[part] == message->rkt && batch.parts[part].partition.second == message->partition;
  };
  if (last_part_ < batch.parts.size() && is_of(last_part_)) return last_part_;
  for (last_part_ = 0; last_part_ < batch.parts.size(); ++last_part_) {
    if (is_of(last_part_)) return last_part_;
  }
  KafkaPartition partition(rd_kafka_topic_name(message->rkt), message->partition);
  uint64_t assignment = offsets_.assignment_of(partition);
  batch.parts.push_back({std::move(partition), assignment, 0});
  topics_.push_back(message->rkt);
  return last_part_;
}

std::unique_ptr<StreamBatch> KafkaBatchMaker::make() {
  auto batch = std::make_unique<KafkaBatch>();
  for (const rd_kafka_message_t* message : taken_) batch->parts[part_of(*batch, message)].next = message->offset + 1;
  batch->bytes_ = std::make_unique_for_overwrite<char[]>(bytes_ + kReadableBehind);
  std::memset(batch->bytes_.get() + bytes_, 0, kReadableBehind);
  KafkaCopy copy(batch->bytes_.get());
  batch->messages.reserve(taken_.size());
  for (const rd_kafka_message_t* message : taken_) {
    // A tombstone says that a key is gone: no event.
    if (message->payload == nullptr) continue;
    const std::string& topic = batch->parts[part_of(*batch, message)].partition.first;
    batch->messages.push_back(message_of(message, topic, copy));
  }
  for (const KafkaBatch::Part& part : batch->parts) {
    batch->positions.push_back({kafka_stream_name(part.partition), static_cast<uint64_t>(part.next)});
  }
  return batch;
}

}  // namespace tributary
