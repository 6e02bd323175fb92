// A cluster of librdkafka's mock brokers, and what tests do with it.
#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/check.h"

namespace tributary {

/// Brokers are threads of this process on loopback ports; they keep groups, offsets and messages in memory.
class KafkaCluster {
 public:
  explicit KafkaCluster(int brokers = 1) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    set(conf, "client.id", "mock");
    rd_kafka_conf_set_log_cb(conf, nullptr);
    owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
    cluster_ = rd_kafka_mock_cluster_new(owner_, brokers);
    producer_ = make(RD_KAFKA_PRODUCER, {{"linger.ms", "1"}});
  }
  ~KafkaCluster() {
    rd_kafka_purge(producer_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(producer_);
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(owner_);
  }
  KafkaCluster(const KafkaCluster&) = delete;
  KafkaCluster& operator=(const KafkaCluster&) = delete;

  std::string servers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  rd_kafka_mock_cluster_t* mock() { return cluster_; }
  rd_kafka_t* producer() { return producer_; }

  void create(const std::string& topic, int partitions) {
    TRIBUTARY_CHECK(!rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1));
  }

  /// Not yet sent: flush() sends. A null value is a tombstone.
  void produce(const std::string& topic, int partition, const char* value, std::string_view key = {},
               const std::vector<std::pair<std::string, std::string>>& headers = {}) {
    rd_kafka_headers_t* list = rd_kafka_headers_new(headers.size());
    for (const auto& [name, text] : headers) rd_kafka_header_add(list, name.c_str(), -1, text.data(), text.size());
    std::string_view bytes = value != nullptr ? value : "";
    auto failed = rd_kafka_producev(
        producer_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_KEY(key.data(), key.size()),
        RD_KAFKA_V_VALUE(value != nullptr ? const_cast<char*>(bytes.data()) : nullptr, bytes.size()), RD_KAFKA_V_END);
    TRIBUTARY_CHECK(!failed);
  }
  void flush() { TRIBUTARY_CHECK(!rd_kafka_flush(producer_, 20'000)); }

  /// `first`, `first` + 1, ... as values.
  void produce_numbers(const std::string& topic, int partition, int first, int count) {
    for (int i = first; i < first + count; ++i) produce(topic, partition, std::to_string(i).c_str());
    flush();
  }

  /// What the group committed, -1 for nothing.
  int64_t committed(const std::string& group, const std::string& topic, int partition) {
    rd_kafka_t* asker = make(RD_KAFKA_CONSUMER, {{"group.id", group}});
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic.c_str(), partition);
    auto failed = rd_kafka_committed(asker, list, 10'000);
    TRIBUTARY_CHECK(!failed);
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(asker);
    return offset < 0 ? -1 : offset;
  }

 private:
  static void set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
    TRIBUTARY_CHECK(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), nullptr, 0) == RD_KAFKA_CONF_OK);
  }
  rd_kafka_t* make(rd_kafka_type_t type, const std::vector<std::pair<std::string, std::string>>& settings) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", servers());
    for (const auto& [name, value] : settings) set(conf, name, value);
    rd_kafka_t* made = rd_kafka_new(type, conf, nullptr, 0);
    TRIBUTARY_CHECK(made != nullptr);
    return made;
  }

  rd_kafka_t* owner_;
  rd_kafka_mock_cluster_t* cluster_;
  rd_kafka_t* producer_;
};

}  // namespace tributary
