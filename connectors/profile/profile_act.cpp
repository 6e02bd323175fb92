#include "connectors/profile/profile_act.h"

#include <algorithm>
#include <vector>

#include "connectors/http/ingest_bridge.h"
#include "connectors/http/request_target.h"
#include "connectors/query/refusals.h"
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

/// The default country of the workspace's sources; empty when they have several, or none.
std::string only_country(const KeyRing& ring, WorkspaceId workspace) {
  std::string country;
  for (const Source& source : ring.sources()) {
    if (source.workspace != workspace || source.default_country.empty()) continue;
    if (!country.empty() && country != source.default_country) return {};
    country = source.default_country;
  }
  return country;
}

std::string source_id_of(const ApiCaller& caller) { return "api:" + caller.key->id; }

Source source_of(const ApiCaller& caller) {
  const ApiKey& key = *caller.key;
  Source source;
  source.id = source_id_of(caller);
  source.kind = "api";
  source.workspace = key.workspace;
  source.workspace_name = key.workspace_name;
  source.trust = SourceTrust::server;
  source.default_country = only_country(*caller.ring, key.workspace);
  return source;
}

void append_act(JsonOut& json, const std::vector<ActName>& names, const ProfileAct& act) {
  json.begin_object().key("type").string(act.event.empty() ? "identify" : "track");
  if (!act.event.empty()) json.key("event").string(act.event);
  if (!act.message_id.empty()) json.key("messageId").string(act.message_id);
  if (act.at) json.key("timestamp").string(format_iso8601(*act.at));
  json.key("context").begin_object().key("externalId").begin_array();
  for (const ActName& name : names) {
    json.begin_object().key("id").string(name.identifier.value()).key("type").string(kind_name(name.identifier.kind()));
    json.key("claimed").boolean(name.trust == Trust::claimed).end_object();
  }
  json.end_array().end_object();
  json.key(act.event.empty() ? "traits" : "properties").raw(act.properties).end_object();
}

std::string event_json(const std::vector<ActName>& names, const ProfileAct& act) {
  std::string body;
  JsonOut json(body);
  append_act(json, names, act);
  body.reserve(body.size() + kBodyPaddingBytes);
  return body;
}

ActOutcome refused_as(RejectionCode code, std::string message = {}) { return {code, std::move(message), false}; }

/// What the body holds, which outlives it.
std::variant<std::vector<ParsedItem>, ActOutcome> parse_acts(const ProfileServices& services, const ApiCaller& caller,
                                                             std::string_view body, BodyShape shape) {
  EventParser parser(services.limits);
  if (auto rejection = parser.parse(body, shape)) return refused_as(rejection->code, rejection->message);
  ReceiveContext context;
  context.shape = shape;
  context.received_at = system_clock().now();
  context.identifiers_listed = true;
  Source source = source_of(caller);
  return parser.read_events(source, services.engine.index_key(source.workspace), context);
}

/// The one item that the body holds; the body outlives it.
std::variant<ParsedItem, ActOutcome> parse_act(const ProfileServices& services, const ApiCaller& caller,
                                               std::string_view body) {
  auto parsed = parse_acts(services, caller, body, BodyShape::single);
  if (auto* refusal = std::get_if<ActOutcome>(&parsed)) return std::move(*refusal);
  auto& items = std::get<std::vector<ParsedItem>>(parsed);
  if (auto* rejected = std::get_if<Rejected>(&items.front())) return refused_as(rejected->code, rejected->message);
  return std::move(items.front());
}

/// A body of all the acts.
class ActsBody {
 public:
  ActsBody() { json_.begin_object().key("batch").begin_array(); }
  void add(const std::vector<ActName>& names, const ProfileAct& act) { append_act(json_, names, act); }
  const std::string& end() {
    json_.end_array().end_object();
    body_.reserve(body_.size() + kBodyPaddingBytes);
    return body_;
  }

 private:
  std::string body_;
  JsonOut json_{body_};
};

/// One key may stand for another act, and for the same one on another customer; empty: one is to be made.
std::string message_id_of(const HttpRequest& request, std::string_view event, const std::string& customer) {
  std::string id(request.header("idempotency-key"));
  return id.empty() ? id : id + ' ' + std::string(event) + ' ' + customer;
}

Task<ActOutcome> ingest_act(const ProfileServices& services, const ApiCaller& caller, std::vector<ActName> names,
                            ProfileAct act, std::string message_id) {
  if (act.message_id.empty()) act.message_id = std::move(message_id);
  std::string body = event_json(names, act);
  auto parsed = parse_act(services, caller, body);
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

constexpr size_t kDecisionIdOfHeaderBytesMax = 64;

std::string turn_of(const ApiCaller& caller, const CustomerId& customer) {
  return std::to_string(caller.key->workspace.value()) + ' ' + customer.text();
}

}  // namespace

void complete_decision(Decision& decision, const HttpRequest& request, const ApiCaller& caller) {
  decision.at = system_clock().now();
  if (decision.id.empty()) decision.id = decision_id(request, decision.at);
  if (decision.author.empty()) decision.author = caller.key->id;
}

Task<CustomerInTurn> customer_in_turn(const ProfileServices& services, const HttpRequest& request,
                                      const ApiCaller& caller) {
  CustomerInTurn found;
  auto id = CustomerId::parse(request.arguments.at(0));
  if (!id) co_return std::move(found);
  auto customer = services.engine.profile(caller.key->workspace, *id);
  // Turns go by the id that a customer has, and it may become part of somebody else while its turn is awaited.
  std::optional<CustomerId> in_turn;
  while (customer && in_turn != customer->id) {
    in_turn = customer->id;
    found.turn.reset();
    std::string key = turn_of(caller, *in_turn);
    Turns::Turn turn = co_await services.turns->take(key);
    if (!turn.taken()) {
      found.refusal = RejectionCode::overloaded;
      co_return std::move(found);
    }
    found.turn.emplace(std::move(turn));
    customer = services.engine.profile(caller.key->workspace, *id);
  }
  if (customer) {
    found.customer = std::move(*customer);
  } else {
    found.refusal = code_of(customer.error());
  }
  co_return std::move(found);
}

std::string decision_id(const HttpRequest& request, Timestamp now) {
  std::string key(request.header("idempotency-key"));
  if (key.empty()) return make_uuid_v7(now.micros / 1000);
  bool fits = key.size() <= kDecisionIdOfHeaderBytesMax && can_be_segment(key);
  return fits ? key : base32(Hash128::from_bytes(sha256(key)));
}

bool is_word_of(const HttpRequest& request, const ApiCaller& caller, const CustomerId& customer, std::string_view event,
                std::string_view source, std::string_view message_id) {
  return !message_id.empty() && source == source_id_of(caller) &&
         message_id == message_id_of(request, event, customer.text());
}

Task<ActOutcome> record_act(const ProfileServices& services, const HttpRequest& request, const ApiCaller& caller,
                            const ProfileView& customer, ProfileAct act) {
  auto name = act_name(services, caller.key->workspace, customer);
  if (!name) co_return refused_as(RejectionCode::conflict, "no identifier names this customer and nobody else");
  std::string id = message_id_of(request, act.event, customer.id.text());
  std::vector<ActName> names;
  names.push_back(std::move(*name));
  ActOutcome outcome = co_await ingest_act(services, caller, std::move(names), std::move(act), std::move(id));
  co_return outcome;
}

Task<ActOutcome> record_first_act(const ProfileServices& services, const HttpRequest& request, const ApiCaller& caller,
                                  const std::vector<Identifier>& names, ProfileAct act) {
  std::string id = message_id_of(request, act.event, "new");
  std::vector<ActName> verified;
  verified.reserve(names.size());
  for (const Identifier& name : names) verified.push_back({name, Trust::verified});
  ActOutcome outcome = co_await ingest_act(services, caller, std::move(verified), std::move(act), std::move(id));
  co_return outcome;
}

std::variant<std::vector<FactSaid>, ActOutcome> facts_of_act(const ProfileServices& services, const ApiCaller& caller,
                                                             const ProfileAct& act) {
  std::string body = event_json({}, act);
  auto parsed = parse_act(services, caller, body);
  if (auto* refusal = std::get_if<ActOutcome>(&parsed)) return std::move(*refusal);
  return std::move(std::get<Event>(std::get<ParsedItem>(parsed)).facts);
}

Task<ActsOutcome> record_acts(const ProfileServices& services, const ApiCaller& caller, std::vector<NamedAct> acts) {
  ActsOutcome done;
  if (acts.empty()) co_return done;
  ActsBody all;
  for (const NamedAct& named : acts) all.add(named.names, named.act);
  auto parsed = parse_acts(services, caller, all.end(), BodyShape::batch);
  if (auto* refusal = std::get_if<ActOutcome>(&parsed)) {
    done.refused = refusal->refused;
    done.message = std::move(refusal->message);
    co_return done;
  }
  IngestRequest ingest;
  ingest.items = std::get<std::vector<ParsedItem>>(std::move(parsed));
  ingest.workspace = caller.key->workspace;
  std::function<void()> copied = [] {};
  IngestOutcome outcome = co_await async_ingest(services.engine, std::move(ingest), std::move(copied), kUseTask);
  done.refused = outcome.refused;
  done.items = std::move(outcome.items);
  co_return done;
}

std::optional<ActName> act_name(const ProfileServices& services, WorkspaceId workspace, const ProfileView& customer) {
  const IdentifierView* name = name_of(services.engine, workspace, customer);
  if (name == nullptr) return std::nullopt;
  return ActName{Identifier::from_normalised(name->kind, name->value), name->trust};
}

std::variant<std::vector<std::variant<std::vector<FactSaid>, ActOutcome>>, ActOutcome> facts_of_acts(
    const ProfileServices& services, const ApiCaller& caller, const std::vector<ProfileAct>& acts) {
  ActsBody all;
  for (const ProfileAct& act : acts) all.add({}, act);
  auto parsed = parse_acts(services, caller, all.end(), BodyShape::batch);
  if (auto* refusal = std::get_if<ActOutcome>(&parsed)) return std::move(*refusal);
  std::vector<std::variant<std::vector<FactSaid>, ActOutcome>> facts;
  for (ParsedItem& item : std::get<std::vector<ParsedItem>>(parsed)) {
    if (auto* rejected = std::get_if<Rejected>(&item)) {
      facts.emplace_back(refused_as(rejected->code, std::string(rejected->message)));
    } else {
      facts.emplace_back(std::move(std::get<Event>(item).facts));
    }
  }
  return facts;
}

}  // namespace tributary
