// Three small clients of a Kafka broker for kafka_benchmark.py; each prints one line of JSON.
//   write    produces Segment events, one or a batch to a message
//   read     a bare consumer of librdkafka as its users write it: what the broker and the library can give
//   consume  the consumer of a feed, acknowledging at once: what is left of it before any event is parsed
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "benchmarks/load/request_maker.h"
#include "connectors/stream/consumer.h"

namespace tributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct KafkaToolOptions {
  std::string server, topic, group = "bench", compression = "none";
  uint64_t messages = 100'000;
  size_t batch = 1;
  uint64_t customers = 100'000;
};

[[noreturn]] void give_up(const std::string& words) {
  std::fprintf(stderr, "tributary_kafka: %s\n", words.c_str());
  std::exit(1);
}

double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// Counts from the first message on: joining a group takes seconds and is no speed.
class KafkaStopwatch {
 public:
  void count(uint64_t messages, uint64_t bytes) {
    if (messages_ == 0) begun_ = steady_clock::now(), processor_ = processor_seconds();
    messages_ += messages;
    bytes_ += bytes;
  }
  uint64_t messages() const { return messages_; }
  void print(const char* what) const {
    double seconds = std::chrono::duration<double>(steady_clock::now() - begun_).count();
    std::printf("{\"what\":\"%s\",\"messages\":%lu,\"bytes\":%lu,\"seconds\":%.4f,\"cpu_seconds\":%.3f}\n", what,
                messages_, bytes_, seconds, processor_seconds() - processor_);
  }

 private:
  steady_clock::time_point begun_;
  double processor_ = 0;
  uint64_t messages_ = 0, bytes_ = 0;
};

rd_kafka_t* make_client(rd_kafka_type_t type, std::initializer_list<std::pair<const char*, std::string>> settings) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> words{};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), words.data(), words.size()) != RD_KAFKA_CONF_OK) {
      give_up(words.data());
    }
  }
  rd_kafka_t* client = rd_kafka_new(type, conf, words.data(), words.size());
  if (client == nullptr) give_up(words.data());
  return client;
}

void write_messages(const KafkaToolOptions& options) {
  load::Workload workload;
  workload.batch = options.batch;
  workload.customers = options.customers;
  load::Population population(workload, static_cast<uint64_t>(steady_clock::now().time_since_epoch().count()));
  load::RequestMaker maker(workload, population);
  rd_kafka_t* client = make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", options.server},
                                                       {"linger.ms", "20"},
                                                       {"batch.size", "500000"},
                                                       {"compression.type", options.compression},
                                                       {"queue.buffering.max.messages", "100000"}});
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client, options.topic.c_str(), nullptr);
  KafkaStopwatch stopwatch;
  for (uint64_t i = 0; i < options.messages; ++i) {
    std::string_view request = maker.next();
    std::string_view body = request.substr(request.find("\r\n\r\n") + 4);
    while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, const_cast<char*>(body.data()),
                            body.size(), nullptr, 0, nullptr) != 0) {
      rd_kafka_poll(client, 10);
    }
    stopwatch.count(1, body.size());
    rd_kafka_poll(client, 0);
  }
  if (rd_kafka_flush(client, 120'000)) give_up("not everything was written");
  stopwatch.print("write");
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
}

void read_messages(const KafkaToolOptions& options) {
  rd_kafka_t* client = make_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", options.server},
                                                       {"group.id", options.group},
                                                       {"auto.offset.reset", "earliest"},
                                                       {"partition.assignment.strategy", "cooperative-sticky"}});
  rd_kafka_poll_set_consumer(client);
  rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, options.topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (rd_kafka_subscribe(client, topics)) give_up("subscribing");
  KafkaStopwatch stopwatch;
  while (stopwatch.messages() < options.messages) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client, 1'000);
    if (message == nullptr) continue;
    if (message->err) give_up(rd_kafka_message_errstr(message));
    stopwatch.count(1, message->len);
    rd_kafka_message_destroy(message);
  }
  stopwatch.print("read");
  rd_kafka_consumer_close(client);
  rd_kafka_topic_partition_list_destroy(topics);
  rd_kafka_destroy(client);
}

void consume_messages(const KafkaToolOptions& options) {
  StreamSource source;
  source.source.id = "bench";
  source.servers = {options.server};
  source.topics = {options.topic};
  source.group = options.group;
  ConsumerHost host;
  host.stored_positions = [] { return Result<std::vector<StreamPosition>>(std::vector<StreamPosition>{}); };
  host.settle = [](milliseconds) { return true; };
  auto consumer = make_kafka_consumer(source, host);
  if (auto opened = consumer->open(); !opened) give_up(opened.error().message);
  KafkaStopwatch stopwatch;
  while (stopwatch.messages() < options.messages) {
    auto batch = consumer->next_batch(milliseconds(1'000));
    if (!batch) give_up(batch.error().message);
    if (!*batch) continue;
    uint64_t bytes = 0;
    for (const StreamMessage& message : (*batch)->messages) bytes += message.value.size();
    stopwatch.count((*batch)->messages.size(), bytes);
    if (auto done = consumer->acknowledge(**batch); !done) give_up(done.error().message);
  }
  stopwatch.print("consume");
}

void add_options(CLI::App* command, KafkaToolOptions& options) {
  command->add_option("server", options.server, "host:port")->required();
  command->add_option("topic", options.topic)->required();
  command->add_option("--messages", options.messages);
  command->add_option("--batch", options.batch, "events in a message");
  command->add_option("--customers", options.customers);
  command->add_option("--compression", options.compression, "none, gzip, snappy, lz4, zstd");
  command->add_option("--group", options.group);
}

}  // namespace
}  // namespace tributary

int main(int argc, char** argv) {
  CLI::App app("Clients of a Kafka broker for benchmarks");
  tributary::KafkaToolOptions options;
  for (auto [name, run] : {std::pair{"write", &tributary::write_messages}, std::pair{"read", &tributary::read_messages},
                           std::pair{"consume", &tributary::consume_messages}}) {
    CLI::App* command = app.add_subcommand(name);
    tributary::add_options(command, options);
    command->callback([run = run, &options] { run(options); });
  }
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);
  return 0;
}
