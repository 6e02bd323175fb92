#include "connectors/webhook/trial.h"

#include "connectors/webhook/connector.h"
#include "connectors/webhook/mapping.h"
#include "connectors/webhook/signer.h"
#include "connectors/webhook/verifier.h"
#include "engine/base/json_out.h"
#include "engine/base/keyed_hash.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

constexpr size_t kTrialBodyBytesMax = 16 << 20;

void write_answer(JsonOut& out, const WebhookAnswer& answer) {
  out.begin_object().key("status").number(answer.status).key("content_type").string(answer.content_type);
  out.key("body").string(valid_utf8(answer.body)).end_object();
}

void write_request(JsonOut& out, const HttpRequest& request) {
  out.begin_object().key("method").string(request.method).key("target").string(valid_utf8(request.target));
  out.key("headers").begin_object();
  for (const auto& [name, value] : request.headers) out.key(valid_utf8(name)).string(valid_utf8(value));
  out.end_object().key("body").string(valid_utf8(request.body)).end_object();
}

void write_verification(JsonOut& out, const Verification& verification) {
  out.begin_object().key("genuine").boolean(!verification.fault);
  if (verification.fault) {
    out.key("fault").string(signature_fault_name(*verification.fault));
  } else {
    out.key("secret").unsigned_number(verification.secret);
    bool weak = verification.trust == SignatureTrust::weak;
    out.key("identifiers_at_most").string(weak ? "claimed" : "verified");
  }
  if (verification.skew_micros) out.key("skew_seconds").number(*verification.skew_micros / kMicrosPerSecond);
  out.end_object();
}

void write_identifiers(JsonOut& out, const Event& event) {
  out.key("identifiers").begin_array();
  for (const EventIdentifier& member : event.identifiers) {
    out.begin_object().key("kind").string(kind_name(member.identifier.kind()));
    out.key("value").string(member.identifier.value());
    out.key("trust").string(member.trust == Trust::verified ? "verified" : "claimed").end_object();
  }
  out.end_array();
}

void write_items(JsonOut& out, const std::vector<ParsedItem>& items) {
  for (const ParsedItem& item : items) {
    out.begin_object();
    if (auto rejected = std::get_if<Rejected>(&item)) {
      out.key("rejected").string(rejection_row(rejected->code).name).key("message").string(rejected->message);
      out.key("event").raw(rejected->raw).end_object();
      continue;
    }
    const Event& event = std::get<Event>(item);
    write_identifiers(out, event);
    out.key("occurred_at").string(format_iso8601(event.occurred_at)).key("event").raw(event.json).end_object();
  }
}

void write_events(JsonOut& out, const MappedDelivery& mapped, const Source& source, Timestamp now) {
  out.key("events").begin_array();
  EventParser parser{IngestLimits{}};
  if (mapped.event_count > 0 && !parser.parse(mapped.events, BodyShape::batch)) {
    ReceiveContext context;
    context.received_at = now;
    context.identifiers_listed = true;
    KeyedHash index_key(std::string(32, 'k'));  // hashes are not shown
    write_items(out, parser.read_events(source, index_key, context));
  }
  out.end_array().key("ignored").unsigned_number(mapped.ignored).key("unmapped").unsigned_number(mapped.unmapped);
  out.key("faults").begin_array();
  for (const MappingFault& fault : mapped.faults) {
    out.begin_object().key("message").string(fault.message).key("path").string(fault.path).end_object();
  }
  out.end_array();
}

/// What comes of a body that is taken for genuine. False when it can't be read.
bool write_mapping(JsonOut& out, const WebhookSource& webhook, const Source& source, const WebhookDelivery& delivery) {
  Mapper mapper(kTrialBodyBytesMax);
  if (auto read = mapper.read(*webhook.connector, delivery); !read) {
    out.key("unreadable").string(read.error().message);
    return false;
  }
  if (auto handshake = mapper.handshake(true)) {
    out.key("handshake");
    write_answer(out, *handshake);
    return true;
  }
  MappedDelivery mapped = mapper.map();
  write_events(out, mapped, source, delivery.received_at);
  if (webhook.connector->answer) {
    out.key("answer");
    write_answer(out, mapper.success_answer(0, 0, 0));
  }
  return mapped.faults.empty();
}

}  // namespace

Result<Trial> try_call(const WebhookSource& webhook, HttpRequest request, const TrialOptions& options, Timestamp now) {
  Trial trial;
  JsonOut out(trial.json);
  out.begin_object().key("connector").string(webhook.connector->name);
  if (options.sign) {
    TRIBUTARY_TRY(sign(webhook.connector->signature, request, webhook.settings, now));
    request.body.reserve(request.body.size() + kBodyPaddingBytes);
    out.key("request");
    write_request(out, request);
  }
  if (may_handshake(*webhook.connector, request.method, false)) {
    Mapper mapper(kTrialBodyBytesMax);
    WebhookDelivery delivery{request, request.body, webhook.settings, webhook.source.id, now};
    auto handshake = mapper.read(*webhook.connector, delivery) ? mapper.handshake(false) : std::nullopt;
    if (handshake) {
      out.key("handshake");
      write_answer(out, *handshake);
      out.end_object();
      return trial;
    }
  }
  Verification verification;
  if (!options.skip_signature) {
    verification = verify(webhook.connector->signature, request, webhook.settings, now);
    out.key("verification");
    write_verification(out, verification);
  }
  trial.good = !verification.fault;
  if (verification.answer) {
    out.key("handshake");
    write_answer(out, *verification.answer);
  } else {
    Source source = webhook.source;
    if (verification.trust == SignatureTrust::weak) source.trust = SourceTrust::browser;
    std::string_view body = verification.body ? *verification.body : request.body;
    bool readable = write_mapping(out, webhook, source, {request, body, webhook.settings, source.id, now});
    trial.good = trial.good && readable;
  }
  out.end_object();
  return trial;
}

}  // namespace tributary
