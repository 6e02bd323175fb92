#include "connectors/profile/profile_act.h"

#include <algorithm>
#include <vector>

#include "connectors/http/ingest_bridge.h"
#include "engine/base/keyed_hash.h"

namespace tributary {
namespace {

/// An identifier by which events reach the customer now: its anchor if it may be, because that stays with the
/// customer's id.
const IdentifierView* name_of(Engine& engine, WorkspaceId workspace, const ProfileView& customer) {
  const KeyedHash& key = engine.index_key(workspace);
  std::vector<const IdentifierView*> candidates;
  for (const IdentifierView& identifier : customer.identifiers) {
    if (!identifier.shared) candidates.push_back(&identifier);
  }
  std::stable_partition(candidates.begin(), candidates.end(), [&](const IdentifierView* identifier) {
    return identifier_hash(key, identifier->kind, identifier->value) == customer.id.anchor;
  });
  for (const IdentifierView* identifier : candidates) {
    auto owner =
        engine.profile_of(workspace, Identifier::from_normalised(identifier->kind, identifier->value), std::nullopt);
    if (owner && owner->id == customer.id) return identifier;
  }
  return nullptr;
}

Source source_of(const ApiKey& key) {
  Source source;
  source.id = "api:" + key.id;
  source.kind = "api";
  source.workspace = key.workspace;
  source.workspace_name = key.workspace_name;
  source.trust = SourceTrust::server;
  return source;
}

std::string event_json(const IdentifierView& name, const ProfileAct& act, std::string_view message_id) {
  std::string body;
  JsonOut json(body);
  json.begin_object().key("type").string("track").key("event").string(act.event);
  if (!message_id.empty()) json.key("messageId").string(message_id);
  json.key("context").begin_object().key("externalId").begin_array().begin_object();
  json.key("id").string(name.value).key("type").string(kind_name(name.kind));
  json.key("claimed").boolean(name.trust == Trust::claimed).end_object().end_array().end_object();
  json.key("properties").raw(act.properties).end_object();
  body.reserve(body.size() + kBodyPaddingBytes);
  return body;
}

ActOutcome refused_as(RejectionCode code, std::string message = {}) { return {code, std::move(message), false}; }

/// The one item that the body holds; the body outlives it.
std::variant<ParsedItem, ActOutcome> parse_act(const ProfileServices& services, const ApiKey& key,
                                               std::string_view body) {
  EventParser parser(services.limits);
  if (auto rejection = parser.parse(body, BodyShape::single)) return refused_as(rejection->code, rejection->message);
  ReceiveContext context;
  context.shape = BodyShape::single;
  context.received_at = system_clock().now();
  context.identifiers_listed = true;
  Source source = source_of(key);
  auto items = parser.read_events(source, services.engine.index_key(key.workspace), context);
  if (auto* rejected = std::get_if<Rejected>(&items.front())) return refused_as(rejected->code, rejected->message);
  return std::move(items.front());
}

}  // namespace

Task<ActOutcome> record_act(const ProfileServices& services, const HttpRequest& request, const ApiCaller& caller,
                            const ProfileView& customer, ProfileAct act) {
  const IdentifierView* name = name_of(services.engine, caller.key->workspace, customer);
  if (name == nullptr) {
    co_return refused_as(RejectionCode::conflict, "no identifier names this customer and nobody else");
  }
  std::string body = event_json(*name, act, request.header("idempotency-key"));
  auto parsed = parse_act(services, *caller.key, body);
  if (auto* refusal = std::get_if<ActOutcome>(&parsed)) co_return std::move(*refusal);
  IngestRequest ingest;
  ingest.items.push_back(std::get<ParsedItem>(std::move(parsed)));
  ingest.workspace = caller.key->workspace;
  std::function<void()> copied = [] {};
  IngestOutcome outcome = co_await async_ingest(services.engine, std::move(ingest), std::move(copied), kUseTask);
  ActOutcome done;
  done.refused = outcome.refused;
  done.duplicate = !outcome.items.empty() && outcome.items.front() == ItemOutcome::duplicate;
  co_return done;
}

}  // namespace tributary
