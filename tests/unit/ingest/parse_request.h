// Runs one body through the parser as a connector does.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ingest/event_parser.h"

namespace tributary::testing {

constexpr Timestamp kReceivedAt{1'795'305'000'000'000};  // 2026-11-21T23:50:00Z

inline const KeyedHash& test_key() {
  static const KeyedHash key(std::string(32, 'k'));
  return key;
}

/// A request and everything around it; defaults are a browser source on a batch route.
struct Request {
  BodyShape shape = BodyShape::batch;
  std::optional<EventType> route_type;
  SourceTrust trust = SourceTrust::browser;
  std::string default_country = "CN";
  IngestLimits limits;
  std::optional<Timestamp> header_sent_at;
  bool shared_anonymous_id = false;
  bool identifiers_listed = false;
  std::vector<IdentifierPath> identifiers;
  std::string order_namespace;
  std::string channel;  // of the source
  std::shared_ptr<const TrackingPlan> tracking_plan;
};

/// What became of it. Owns the body, into which the items point.
struct Outcome {
  std::string body;
  std::optional<RequestRejection> refused;
  std::string write_key;
  std::vector<ParsedItem> items;
  ReadFindings findings;

  const Event& event(size_t i = 0) const { return std::get<Event>(items.at(i)); }
  const Rejected& rejected(size_t i = 0) const { return std::get<Rejected>(items.at(i)); }
  bool is_event(size_t i = 0) const { return i < items.size() && std::holds_alternative<Event>(items[i]); }
  std::string refused_code() const { return refused ? std::string(rejection_row(refused->code).name) : ""; }
  std::string item_code(size_t i = 0) const {
    if (i >= items.size()) return refused ? "refused: " + refused_code() : "no such item";
    return is_event(i) ? "" : std::string(rejection_row(rejected(i).code).name);
  }
};

inline std::unique_ptr<Outcome> parse_request(std::string_view body, const Request& request = {}) {
  auto outcome = std::make_unique<Outcome>();
  outcome->body.reserve(body.size() + kBodyPaddingBytes);
  outcome->body = body;
  EventParser parser(request.limits);
  outcome->refused = parser.parse(outcome->body, request.shape);
  if (outcome->refused) return outcome;
  outcome->write_key = parser.body_write_key();
  Source source;
  source.id = "web";
  source.workspace = WorkspaceId{7};
  source.trust = request.trust;
  source.default_country = request.default_country;
  source.identifiers = request.identifiers;
  source.order_namespace = request.order_namespace;
  source.channel = request.channel;
  source.tracking_plan = request.tracking_plan;
  ReceiveContext context;
  context.shape = request.shape;
  context.route_type = request.route_type;
  context.received_at = kReceivedAt;
  context.header_sent_at = request.header_sent_at;
  context.shared_anonymous_id = request.shared_anonymous_id;
  context.identifiers_listed = request.identifiers_listed;
  outcome->items = parser.read_events(source, test_key(), context);
  outcome->findings = parser.findings();
  return outcome;
}

inline Request single(EventType type, SourceTrust trust = SourceTrust::browser) {
  Request request;
  request.shape = BodyShape::single;
  request.route_type = type;
  request.trust = trust;
  return request;
}

inline std::unique_ptr<Outcome> track(std::string_view body) { return parse_request(body, single(EventType::track)); }

/// The value of the event's only identifier of this kind name, with its trust: `ann@example.com verified`. Several are
/// joined by `, `; empty when there is none.
inline std::string identifier(const Event& event, std::string_view kind) {
  std::string found;
  for (const EventIdentifier& member : event.identifiers) {
    if (kind_name(member.identifier.kind()) != kind) continue;
    if (!found.empty()) found += ", ";
    found += member.identifier.value() + (member.trust == Trust::verified ? " verified" : " claimed");
  }
  return found;
}

inline std::string trait(const Event& event, std::string_view key) {
  for (const TraitChange& change : event.traits) {
    if (change.key == key) return change.value_json;
  }
  return "(absent)";
}

}  // namespace tributary::testing
