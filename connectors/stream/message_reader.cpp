#include "connectors/stream/message_reader.h"

#include <algorithm>

#include "connectors/webhook/connector.h"
#include "engine/base/ascii.h"

namespace tributary {
namespace {

/// A broker bounds its messages by itself, and what it gives again and again must not be refused for its size.
constexpr size_t kMessageBytesMax = 16 << 20;

IngestLimits limits_of_messages(IngestLimits limits) {
  limits.batch_events_max = 0;
  limits.decompressed_bytes_max = std::max(limits.decompressed_bytes_max, kMessageBytesMax * 8);
  return limits;
}

/// CloudEvents over a broker that does not allow `-` in names are spelled like those over HTTP.
/// Source: CloudEvents 1.0, Kafka protocol binding 3.2.3 and AMQP protocol binding 3.1.3.
std::string header_name(std::string_view spelled) {
  std::string name = ascii_lowered(spelled);
  for (std::string_view prefix : {"ce_", "cloudevents:", "cloudevents_"}) {
    if (name.starts_with(prefix)) return "ce-" + name.substr(prefix.size());
  }
  return name;
}

void add_findings(const ReadFindings& found, ReadFindings& sum) {
  sum.identifiers_blocked += found.identifiers_blocked;
  sum.identifiers_invalid += found.identifiers_invalid;
  sum.unknown_channels += found.unknown_channels;
  sum.plan.insert(sum.plan.end(), found.plan.begin(), found.plan.end());
}

}  // namespace

MessageReader::MessageReader(const StreamSource& source, const KeyedHash& index_key, const IngestLimits& limits)
    : source_(source),
      index_key_(index_key),
      limits_(limits),
      parser_(limits_of_messages(limits)),
      mapper_(kMessageBytesMax) {}

void MessageReader::read(const StreamBatch& batch, Timestamp now, ReadMessages& read) {
  now_ = now;
  size_t bytes = kBodyPaddingBytes;
  for (const StreamMessage& message : batch.messages) bytes += message.value.size();
  std::string& bodies = read.texts.emplace_back();
  bodies.reserve(bytes);  // what follows a body can be read, though it is not its own
  for (const StreamMessage& message : batch.messages) {
    size_t begin = bodies.size();
    bodies += message.value;
    std::string_view body(bodies.data() + begin, message.value.size());
    if (source_.mapping == nullptr) {
      read_events(message, body, false, read);
    } else {
      map(message, body, read);
    }
  }
  read.ingest.workspace = source_.source.workspace;
  for (const StreamPosition& position : batch.positions) {
    read.ingest.positions.push_back({source_.source.id, position.stream, position.next});
  }
}

/// From here on an event of a broker is like every other. `listed`: by a mapping, with all its identifiers.
void MessageReader::read_events(const StreamMessage& message, std::string_view body, bool listed, ReadMessages& read) {
  if (auto rejection = parser_.parse(body, BodyShape::batch)) {
    std::string why = rejection->message.empty() ? std::string(rejection_row(rejection->code).message)
                                                 : std::move(rejection->message);
    return reject(message, std::move(why), {}, body, read);
  }
  ReceiveContext context;
  context.received_at = now_;
  context.identifiers_listed = listed;
  std::vector<ParsedItem> items = parser_.read_events(source_.source, index_key_, context);
  add_findings(parser_.findings(), read.findings);
  name_by_place(message, items);
  std::move(items.begin(), items.end(), std::back_inserter(read.ingest.items));
}

void MessageReader::map(const StreamMessage& message, std::string_view body, ReadMessages& read) {
  HttpRequest request = request_of(message);
  WebhookDelivery delivery{request, body, source_.settings, source_.source.id, now_, message.place};
  if (auto decoded = mapper_.read(*source_.mapping, delivery); !decoded) {
    return reject(message, decoded.error().message, {}, body, read);
  }
  MappedDelivery mapped = mapper_.map();
  if (mapped.event_count > 0) {
    std::string& events = read.texts.emplace_back(std::move(mapped.events));
    events.reserve(events.size() + kBodyPaddingBytes);
    read_events(message, events, true, read);
  }
  for (MappingFault& fault : mapped.faults) {
    std::string_view element = read.texts.emplace_back(std::move(fault.element));
    reject(message, std::move(fault.message), std::move(fault.path), element, read);
  }
}

/// A message that is delivered again must be known again.
void MessageReader::name_by_place(const StreamMessage& message, std::vector<ParsedItem>& items) const {
  if (message.place.empty()) return;
  for (size_t i = 0; i < items.size(); ++i) {
    if (auto* event = std::get_if<Event>(&items[i])) {
      if ((event->flags & EventFlags::kGeneratedMessageId) == 0) continue;
      event->message_id = numbered_place(message.place, i);
      event->flags &= static_cast<uint8_t>(~EventFlags::kGeneratedMessageId);
    } else {
      auto& rejected = std::get<Rejected>(items[i]);
      if (rejected.message_id.empty()) rejected.message_id = numbered_place(message.place, i);
      rejected.message += " (at " + message.place + ')';
    }
  }
}

void MessageReader::reject(const StreamMessage& message, std::string why, std::string path, std::string_view raw,
                           ReadMessages& read) {
  Rejected rejected;
  rejected.workspace = source_.source.workspace;
  rejected.source = source_.source.id;
  rejected.code = RejectionCode::not_mapped;
  rejected.message = std::move(why);
  if (!message.place.empty()) {
    rejected.message += " (at " + message.place + ')';
    rejected.message_id = path.empty() ? message.place : message.place + path;
  }
  rejected.path = std::move(path);
  rejected.received_at = now_;
  rejected.raw = raw.substr(0, limits_.event_bytes_max);
  read.ingest.items.emplace_back(std::move(rejected));
}

/// A mapping reads a message as it reads a platform's call: its headers, and what the broker knows beside them.
HttpRequest MessageReader::request_of(const StreamMessage& message) const {
  HttpRequest request;
  request.method = "POST";
  for (const auto& [name, value] : message.headers) request.headers.emplace_back(header_name(name), value);
  if (!request.has_header("content-type")) request.headers.emplace_back("content-type", "application/json");
  request.headers.emplace_back("tributary-topic", message.topic);
  if (!message.key.empty()) request.headers.emplace_back("tributary-key", message.key);
  if (!message.place.empty()) request.headers.emplace_back("tributary-place", message.place);
  if (message.sent_at) request.headers.emplace_back("tributary-sent-at", format_iso8601(*message.sent_at));
  return request;
}

}  // namespace tributary
