#include "connectors/webhook/receiver.h"

#include "connectors/http/answers.h"
#include "connectors/http/ingest_bridge.h"
#include "connectors/sdk/event_metrics.h"
#include "connectors/webhook/connector.h"
#include "connectors/webhook/digests.h"
#include "connectors/webhook/mapping.h"
#include "engine/base/json_out.h"
#include "engine/base/keyed_hash.h"

namespace tributary {
namespace {

HttpResponse response_of(WebhookAnswer answer) {
  HttpResponse response;
  response.status = answer.status;
  response.content_type = std::move(answer.content_type);
  response.body = std::move(answer.body);
  response.headers = std::move(answer.headers);
  return response;
}

/// The events of one delivery were bounded when they were made, and no platform knows the limits of a batch.
IngestLimits limits_of_deliveries(const WebhookServices& services) {
  IngestLimits limits = services.limits;
  limits.batch_events_max = 0;
  limits.decompressed_bytes_max = std::max(limits.decompressed_bytes_max, services.body_bytes_max * 8);
  return limits;
}

Counter& fault_counter(Metrics& metrics, SignatureFault fault) {
  switch (fault) {
    case SignatureFault::missing:
      return metrics.webhook_unsigned;
    case SignatureFault::mismatch:
      return metrics.webhook_wrongly_signed;
    case SignatureFault::too_old:
      return metrics.webhook_too_old;
    case SignatureFault::too_new:
      return metrics.webhook_too_new;
    case SignatureFault::malformed:
      break;
  }
  return metrics.webhook_malformed;
}

/// What is kept of a body that a stranger may have sent: enough to recognise it.
std::string fingerprint_json(std::string_view body, std::string_view reason) {
  std::string text;
  JsonOut out(text);
  out.begin_object().key("reason").string(reason).key("body_bytes").unsigned_number(body.size());
  out.key("body_sha256").string(hex_text(sha256(body))).end_object();
  return text;
}

}  // namespace

WebhookReceiver::Tools::Tools(const WebhookServices& services)
    : mapper(std::make_unique<Mapper>(services.body_bytes_max)), parser(limits_of_deliveries(services)) {}
WebhookReceiver::Tools::~Tools() = default;

WebhookReceiver::WebhookReceiver(WebhookServices services) : services_(services) {}

Task<HttpResponse> WebhookReceiver::receive(HttpRequest& request) {
  std::shared_ptr<const WebhookDirectory> directory = services_.webhooks.get();
  const WebhookEntry* entry = directory->find(request.arguments.at(0));
  if (entry == nullptr) co_return refuse(request, RejectionCode::not_found, "no webhook source has this path");
  if (!entry->webhook.source.enabled) co_return refuse(request, RejectionCode::source_disabled);
  if (request.body.size() > services_.body_bytes_max) co_return refuse(request, RejectionCode::payload_too_large);
  Call call{request, *entry, system_clock().now(), {}, {}, {}, {}, {}};
  prepare(call, tools_.get([this] { return std::make_unique<Tools>(services_); }));
  if (call.ingest.items.empty()) co_return answer(call, {}, {});
  ItemErrors errors = item_errors(call.ingest.items, services_.limits.errors_listed_max);
  std::function<void()> copied = [] {};
  IngestOutcome outcome = co_await async_ingest(services_.engine, std::move(call.ingest), std::move(copied), kUseTask);
  co_return answer(call, errors, outcome);
}

void WebhookReceiver::prepare(Call& call, Tools& tools) {
  if (answer_unsigned_handshake(call, tools)) return;
  const WebhookSource& webhook = call.entry.webhook;
  Verification verification = verify(webhook.connector->signature, call.request, webhook.settings, call.received_at);
  if (verification.fault) return refuse_signature(call, *verification.fault);
  if (verification.answer) {
    services_.metrics.webhook_handshakes.increment();
    call.answer = response_of(std::move(*verification.answer));
    return;
  }
  if (verification.once_key && !once_.accepts(webhook.path + '/' + *verification.once_key, call.request.body)) {
    services_.metrics.webhook_repeated_with_other_body.increment();
    return refuse_signature(call, SignatureFault::mismatch);
  }
  services_.metrics.webhook_deliveries.increment();
  if (verification.secret > 0) services_.metrics.webhook_old_secret.increment();
  bool claimed = verification.trust == SignatureTrust::weak;
  call.body = std::move(verification.body);
  map(call, tools, claimed ? call.entry.claimed_source : webhook.source, call.body ? *call.body : call.request.body);
}

bool WebhookReceiver::answer_unsigned_handshake(Call& call, Tools& tools) {
  const WebhookSource& webhook = call.entry.webhook;
  if (!may_handshake(*webhook.connector, call.request.method, false)) return false;
  WebhookDelivery delivery{call.request, call.request.body, webhook.settings, webhook.source.id, call.received_at};
  if (!tools.mapper->read(*webhook.connector, delivery)) return false;  // a signature may tell what it is
  std::optional<WebhookAnswer> handshake = tools.mapper->handshake(false);
  if (!handshake) return false;
  services_.metrics.webhook_handshakes.increment();
  call.answer = response_of(std::move(*handshake));
  return true;
}

/// Recorded, so that an operator sees who can't get in; a flood of such calls is only counted.
void WebhookReceiver::refuse_signature(Call& call, SignatureFault fault) {
  fault_counter(services_.metrics, fault).increment();
  call.genuine = false;
  call.answer = refuse(call.request, RejectionCode::bad_signature);
  if (!call.entry.refusals.take(call.received_at)) return;
  reject(call, RejectionCode::bad_signature, std::string(rejection_row(RejectionCode::bad_signature).message), {},
         fingerprint_json(call.request.body, signature_fault_name(fault)));
}

void WebhookReceiver::map(Call& call, Tools& tools, const Source& source, std::string_view body) {
  const WebhookSource& webhook = call.entry.webhook;
  WebhookDelivery delivery{call.request, body, webhook.settings, source.id, call.received_at};
  Mapper& mapper = *tools.mapper;
  if (auto read = mapper.read(*webhook.connector, delivery); !read) {
    services_.metrics.webhook_not_mapped.increment();
    return reject(call, RejectionCode::not_mapped, read.error().message, {}, std::string(body));
  }
  if (std::optional<WebhookAnswer> handshake = mapper.handshake(true)) {
    services_.metrics.webhook_handshakes.increment();
    call.answer = response_of(std::move(*handshake));
    return;
  }
  MappedDelivery mapped = mapper.map();
  services_.metrics.webhook_unmapped.increment(static_cast<double>(mapped.unmapped));
  services_.metrics.webhook_ignored.increment(static_cast<double>(mapped.ignored));
  services_.metrics.webhook_not_mapped.increment(static_cast<double>(mapped.faults.size()));
  // Another call may use the mapper before this one is answered.
  if (webhook.connector->answer) call.answer = response_of(mapper.success_answer(0, 0, 0));
  call.events = std::move(mapped.events);
  if (mapped.event_count > 0) read_events(call, tools.parser, source);
  for (MappingFault& fault : mapped.faults) {
    reject(call, RejectionCode::not_mapped, std::move(fault.message), std::move(fault.path), std::move(fault.element));
  }
}

/// From here on an event of a webhook is like every other.
void WebhookReceiver::read_events(Call& call, EventParser& parser, const Source& source) {
  if (auto rejection = parser.parse(call.events, BodyShape::batch)) {
    return reject(call, RejectionCode::not_mapped, rejection->message, {}, call.events);
  }
  ReceiveContext context;
  context.received_at = call.received_at;
  context.identifiers_listed = true;
  call.ingest.items = parser.read_events(source, services_.engine.index_key(source.workspace), context);
  count_identifiers(services_.metrics, parser.blocked_count(), parser.invalid_count());
}

void WebhookReceiver::reject(Call& call, RejectionCode code, std::string message, std::string path, std::string raw) {
  const Source& source = call.entry.webhook.source;
  raw.resize(std::min(raw.size(), services_.limits.event_bytes_max));
  Rejected rejected;
  rejected.workspace = source.workspace;
  rejected.source = source.id;
  rejected.code = code;
  rejected.message = std::move(message);
  rejected.path = std::move(path);
  rejected.received_at = call.received_at;
  rejected.raw = call.kept.emplace_back(std::move(raw));
  call.ingest.items.emplace_back(std::move(rejected));
}

HttpResponse WebhookReceiver::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  services_.metrics.refused(code).increment();
  return error_response(code, ErrorStyle::sdk, request, message);
}

HttpResponse WebhookReceiver::answer(Call& call, const ItemErrors& errors, const IngestOutcome& outcome) {
  // That a stranger's call could not be recorded is nothing to tell him.
  if (outcome.refused && call.genuine) return refuse(call.request, *outcome.refused);
  OutcomeCounts counts = count_outcomes(outcome.items);
  count_events(services_.metrics, counts, errors);
  if (call.answer) return std::move(*call.answer);
  return json_response(success_envelope(counts, errors));
}

}  // namespace tributary
