#include "connectors/webhook/receiver.h"

#include "connectors/http/answers.h"
#include "connectors/http/ingest_bridge.h"
#include "connectors/sdk/event_metrics.h"
#include "connectors/webhook/connector.h"
#include "connectors/webhook/digests.h"
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

WebhookReceiver::WebhookReceiver(WebhookServices services) : services_(services) {}

Task<HttpResponse> WebhookReceiver::receive(HttpRequest& request) {
  std::shared_ptr<const WebhookDirectory> directory = services_.webhooks.get();
  const WebhookEntry* entry = directory->find(request.arguments.at(0));
  if (entry == nullptr) co_return refuse(request, RejectionCode::not_found, "no webhook source has this path");
  if (!entry->webhook.source.enabled) co_return refuse(request, RejectionCode::source_disabled);
  if (request.body.size() > services_.body_bytes_max) co_return refuse(request, RejectionCode::payload_too_large);
  Call call{request, *entry, system_clock().now(), {}, {}, {}, {}};
  prepare(call);
  if (call.ingest.items.empty()) co_return answer(call, {}, {});
  ItemErrors errors = item_errors(call.ingest.items, services_.limits.errors_listed_max);
  std::function<void()> copied = [] {};
  IngestOutcome outcome = co_await async_ingest(services_.engine, std::move(call.ingest), std::move(copied), kUseTask);
  co_return answer(call, errors, outcome);
}

void WebhookReceiver::prepare(Call& call) {
  CallReader& reader =
      readers_.get([this] { return std::make_unique<CallReader>(services_.limits, services_.body_bytes_max); });
  const KeyedHash& index_key = services_.engine.index_key(call.entry.webhook.source.workspace);
  auto goes_on = [&](const Verification& verification) { return is_genuine(call, verification); };
  reader.read({call.entry, call.request, call.received_at, index_key, true, goes_on}, call.read);
  if (!call.genuine) return;
  if (call.read.handshake) {
    services_.metrics.webhook_handshakes.increment();
    call.answer = response_of(std::move(*call.read.handshake));
  } else if (call.read.unreadable) {
    services_.metrics.webhook_not_mapped.increment();
    reject(call, RejectionCode::not_mapped, std::move(*call.read.unreadable), {}, std::string(call.read.body));
  } else {
    take_mapped(call);
  }
}

bool WebhookReceiver::is_genuine(Call& call, const Verification& verification) {
  if (verification.fault) {
    refuse_signature(call, *verification.fault);
    return false;
  }
  if (verification.answer) return true;
  const std::string& path = call.entry.webhook.path;
  if (verification.once_key && !once_.accepts(path + '/' + *verification.once_key, call.request.body)) {
    services_.metrics.webhook_repeated_with_other_body.increment();
    refuse_signature(call, SignatureFault::mismatch);
    return false;
  }
  services_.metrics.webhook_deliveries.increment();
  if (verification.secret > 0) services_.metrics.webhook_old_secret.increment();
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

void WebhookReceiver::take_mapped(Call& call) {
  MappedDelivery& mapped = call.read.mapped;
  services_.metrics.webhook_unmapped.increment(static_cast<double>(mapped.unmapped));
  services_.metrics.webhook_ignored.increment(static_cast<double>(mapped.ignored));
  services_.metrics.webhook_not_mapped.increment(static_cast<double>(mapped.faults.size()));
  count_findings(services_.metrics, call.entry.webhook.source.id, call.read.findings);
  if (call.read.answer) call.answer = response_of(std::move(*call.read.answer));
  call.ingest.items = std::move(call.read.items);
  if (call.read.refused) reject(call, RejectionCode::not_mapped, std::move(*call.read.refused), {}, mapped.events);
  for (MappingFault& fault : mapped.faults) {
    reject(call, RejectionCode::not_mapped, std::move(fault.message), std::move(fault.path), std::move(fault.element));
  }
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
