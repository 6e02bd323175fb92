#include "connectors/webhook/call_reader.h"

#include <algorithm>

namespace tributary {
namespace {

/// The events of one delivery were bounded when they were made, and no platform knows the limits of a batch.
IngestLimits limits_of_deliveries(IngestLimits limits, size_t body_bytes_max) {
  limits.batch_events_max = 0;
  limits.decompressed_bytes_max = std::max(limits.decompressed_bytes_max, body_bytes_max * 8);
  return limits;
}

}  // namespace

CallReader::CallReader(const IngestLimits& limits, size_t body_bytes_max)
    : mapper_(body_bytes_max), parser_(limits_of_deliveries(limits, body_bytes_max)) {}

void CallReader::read(const CallToRead& call, ReadCall& read) {
  read.handshake = unsigned_handshake(call);
  if (read.handshake) return;
  const WebhookSource& webhook = call.entry.webhook;
  read.body = call.request.body;
  bool claimed = false;
  if (call.check_signature) {
    read.verification = verify(webhook.connector->signature, call.request, webhook.settings, call.received_at);
    if (!call.goes_on(*read.verification)) return;
    read.handshake = std::move(read.verification->answer);
    if (read.handshake) return;
    if (read.verification->body) read.body = *read.verification->body;
    claimed = read.verification->trust == SignatureTrust::weak;
  }
  map(call, claimed ? call.entry.claimed_source : webhook.source, read);
}

std::optional<WebhookAnswer> CallReader::unsigned_handshake(const CallToRead& call) {
  const WebhookSource& webhook = call.entry.webhook;
  if (!may_handshake(*webhook.connector, call.request.method, false)) return std::nullopt;
  WebhookDelivery delivery{call.request, call.request.body, webhook.settings, webhook.source.id, call.received_at};
  if (!mapper_.read(*webhook.connector, delivery)) return std::nullopt;  // a signature may tell what it is
  return mapper_.handshake(false);
}

void CallReader::map(const CallToRead& call, const Source& source, ReadCall& read) {
  const WebhookSource& webhook = call.entry.webhook;
  WebhookDelivery delivery{call.request, read.body, webhook.settings, source.id, call.received_at};
  if (auto decoded = mapper_.read(*webhook.connector, delivery); !decoded) {
    read.unreadable = decoded.error().message;
    return;
  }
  read.handshake = mapper_.handshake(true);
  if (read.handshake) return;
  read.mapped = mapper_.map();
  // Another call may use the mapper before this one is answered.
  if (webhook.connector->answer) read.answer = mapper_.success_answer(0, 0, 0);
  if (read.mapped.event_count > 0) read_events(call, source, read);
}

/// From here on an event of a webhook is like every other.
void CallReader::read_events(const CallToRead& call, const Source& source, ReadCall& read) {
  if (auto rejection = parser_.parse(read.mapped.events, BodyShape::batch)) {
    read.refused = rejection->message.empty() ? std::string(rejection_row(rejection->code).message)
                                              : std::move(rejection->message);
    return;
  }
  ReceiveContext context;
  context.received_at = call.received_at;
  context.identifiers_listed = true;
  read.items = parser_.read_events(source, call.index_key, context);
  read.findings = parser_.findings();
}

}  // namespace tributary
