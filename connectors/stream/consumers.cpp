#include "connectors/stream/consumers.h"

#include <array>

namespace tributary {
namespace {

struct StreamKindRow {
  StreamKind kind;
  std::string_view name;
  std::unique_ptr<StreamConsumer> (*make)(const StreamSource&, const ConsumerHost&);
  std::vector<std::string> (*check)(const StreamSource&);
};

constexpr std::array kKinds = {
    StreamKindRow{StreamKind::kafka, "kafka", make_kafka_consumer, check_kafka},
    StreamKindRow{StreamKind::nats, "nats", make_nats_consumer, check_nats},
    StreamKindRow{StreamKind::mqtt, "mqtt", make_mqtt_consumer, check_mqtt},
    StreamKindRow{StreamKind::rabbitmq, "rabbitmq", make_rabbitmq_consumer, check_rabbitmq},
    StreamKindRow{StreamKind::redis, "redis", make_redis_consumer, check_redis},
};

const StreamKindRow& row_of(StreamKind kind) { return kKinds.at(static_cast<size_t>(kind)); }

}  // namespace

std::string_view stream_kind_name(StreamKind kind) { return row_of(kind).name; }

std::optional<StreamKind> parse_stream_kind(std::string_view name) {
  for (const StreamKindRow& row : kKinds) {
    if (row.name == name) return row.kind;
  }
  return std::nullopt;
}

std::vector<std::string> check_stream(const StreamSource& source) { return row_of(source.kind).check(source); }

std::unique_ptr<StreamConsumer> make_consumer(const StreamSource& source, const ConsumerHost& host) {
  return row_of(source.kind).make(source, host);
}

Result<std::vector<StreamPosition>> stored_positions(Engine& engine, const StreamSource& source) {
  auto stored = engine.positions(source.source.workspace, source.source.id);
  if (!stored) return stored.error();
  std::vector<StreamPosition> positions;
  for (SourcePosition& each : *stored) positions.push_back({std::move(each.stream), each.next});
  return positions;
}

}  // namespace tributary
