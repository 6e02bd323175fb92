// A configured source whose events are fetched from a broker.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/webhook/delivery.h"
#include "engine/engine.h"

namespace tributary {

struct Connector;

enum class StreamKind : uint8_t { kafka, nats, mqtt, rabbitmq, redis };

/// As the configuration spells it.
std::string_view stream_kind_name(StreamKind kind);
std::optional<StreamKind> parse_stream_kind(std::string_view name);

struct StreamTls {
  bool enabled = false;
  std::string ca_file, certificate_file, key_file;  // PEM; empty: the system's authorities, no certificate of our own
  friend bool operator==(const StreamTls&, const StreamTls&) = default;
};

/// Immutable once loaded; a reload makes new ones.
struct StreamSource {
  Source source;
  StreamKind kind = StreamKind::kafka;
  std::vector<std::string> servers;  // host:port
  std::vector<std::string> topics;   // topics, subjects, topic filters, queues or streams; of Kafka `^...` is a pattern
  std::string group;                 // consumer group, durable consumer or client id
  std::string username, password;
  StreamTls tls;
  std::vector<std::pair<std::string, std::string>> options;  // names that the kind knows; of Kafka those of librdkafka
  std::shared_ptr<const Connector> mapping;                  // null: messages are events as SDKs send them
  WebhookSettings settings;                                  // of the mapping
  std::string fingerprint;                                   // of everything above as it was written

  /// Null when there is no option of this name.
  const std::string* find_option(std::string_view name) const {
    for (const auto& [known, value] : options) {
      if (known == name) return &value;
    }
    return nullptr;
  }
};

/// What can't work in servers, topics and options, one text each; empty: nothing is known to be wrong. Connects
/// nowhere.
std::vector<std::string> check_stream(const StreamSource& source);

}  // namespace tributary
