#include "connectors/sdk/collector.h"

#include "connectors/http/answers.h"
#include "connectors/http/ingest_bridge.h"
#include "connectors/http/task.h"
#include "connectors/http/unwrap.h"
#include "connectors/sdk/event_metrics.h"
#include "connectors/sdk/pixel.h"

namespace tributary {
namespace {

ReceiveContext receive_context(const HttpRequest& request, const CollectRoute& route) {
  ReceiveContext context;
  context.shape = route.shape;
  context.route_type = route.type;
  context.received_at = system_clock().now();
  context.header_sent_at = parse_iso8601(request.header("sentat"));
  context.shared_anonymous_id = route.shared_anonymous_id;
  return context;
}

/// A text this small stays with its connection, which needs the memory again for the next request.
constexpr size_t kKeptBytes = 128ull << 10;

/// The engine has its own copy: waiting for the disk needs neither the body nor what was unwrapped from it. They stay
/// charged until the answer, because that copy lives as long.
void release_texts(HttpRequest& request, std::string& text) {
  if (request.body.capacity() > kKeptBytes) std::string().swap(request.body);
  std::string().swap(text);
}

}  // namespace

Collector::Collector(SdkServices services) : services_(std::move(services)) {}

Task<HttpResponse> Collector::collect(HttpRequest& request, CollectRoute route) {
  Prepared prepared;
  std::optional<HttpResponse> refusal = prepare(request, route, nullptr, prepared);
  if (refusal) co_return std::move(*refusal);
  std::function<void()> copied = [&request, &prepared] { release_texts(request, prepared.body); };
  IngestOutcome outcome =
      co_await async_ingest(services_.engine, std::move(prepared.ingest), std::move(copied), kUseTask);
  co_return answer(request, route, prepared.errors, outcome);
}

Task<HttpResponse> Collector::collect_pixel(HttpRequest& request, CollectRoute route, std::string event_json) {
  Prepared prepared;
  event_json.reserve(event_json.size() + kBodyPaddingBytes);
  std::optional<HttpResponse> refusal = prepare(request, route, &event_json, prepared);
  if (!refusal) {
    std::function<void()> copied = [&event_json] { std::string().swap(event_json); };
    IngestOutcome outcome =
        co_await async_ingest(services_.engine, std::move(prepared.ingest), std::move(copied), kUseTask);
    refusal = answer(request, route, prepared.errors, outcome);
  }
  HttpResponse image = pixel_answer();
  image.cors = refusal->cors;
  co_return image;
}

std::optional<HttpResponse> Collector::prepare(const HttpRequest& request, const CollectRoute& route,
                                               const std::string* given_body, Prepared& prepared) {
  auto ring = services_.keys.get();
  WriteKeyFinding finding = find_write_key(request);
  if (finding.malformed) return refuse(request, RejectionCode::invalid_write_key);
  // A key that is known to be wrong is refused before anything is decompressed or parsed for it.
  std::optional<Access> known;
  if (!finding.key.empty()) {
    known = access(*ring, request, finding.key);
    if (known->refusal) return refuse(request, *known->refusal);
  }
  std::string_view body;
  if (given_body != nullptr) {
    body = *given_body;
  } else if (auto rejection = unwrap_body(request, services_.limits, prepared.body, body)) {
    return refuse(request, rejection->code, rejection->message);
  }
  EventParser& parser = parsers_.get([this] { return std::make_unique<EventParser>(services_.limits); });
  if (auto rejection = parser.parse(body, route.shape)) return refuse(request, rejection->code, rejection->message);
  if (!known) known = access(*ring, request, parser.body_write_key());
  if (known->refusal == RejectionCode::missing_write_key && finding.bearer) {
    return refuse(request, *known->refusal, "a write key is expected as the user name of Basic, not as a Bearer token");
  }
  if (known->refusal) return refuse(request, *known->refusal);
  read_items(request, route, *known->source, parser, prepared);
  return std::nullopt;
}

void Collector::read_items(const HttpRequest& request, const CollectRoute& route, const Source& source,
                           EventParser& parser, Prepared& prepared) {
  const KeyedHash& index_key = services_.engine.index_key(source.workspace);
  prepared.ingest.items = parser.read_events(source, index_key, receive_context(request, route));
  prepared.errors = item_errors(prepared.ingest.items, services_.limits.errors_listed_max);
  count_findings(services_.metrics, source.id, parser.findings());
}

Collector::Access Collector::access(const KeyRing& ring, const HttpRequest& request, std::string_view key) {
  if (key.empty()) return {nullptr, RejectionCode::missing_write_key};
  const Source* source = source_of_write_key(ring, key);
  if (source == nullptr) return {nullptr, RejectionCode::invalid_write_key};
  if (!source->enabled) return {source, RejectionCode::source_disabled};
  if (!origin_allowed(*source, request)) return {source, RejectionCode::origin_not_allowed};
  return {source, std::nullopt};
}

HttpResponse Collector::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  services_.metrics.refused(code).increment();
  HttpResponse response = error_response(code, ErrorStyle::sdk, request, message);
  response.cors = code != RejectionCode::origin_not_allowed;
  return response;
}

HttpResponse Collector::answer(const HttpRequest& request, const CollectRoute& route, const ItemErrors& errors,
                               const IngestOutcome& outcome) {
  if (outcome.refused) return refuse(request, *outcome.refused);
  OutcomeCounts counts = count_outcomes(outcome.items);
  count_events(services_.metrics, counts, errors);
  if (route.shape == BodyShape::single && !errors.codes.empty()) {
    return error_response(errors.codes.front(), ErrorStyle::sdk, request, errors.first_message);
  }
  return json_response(success_envelope(counts, errors));
}

}  // namespace tributary
