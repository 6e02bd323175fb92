#include "engine/domain/record.h"

#include <algorithm>

#include "engine/base/hash_bytes.h"

namespace tributary {
namespace {

// Of events.
constexpr uint8_t kPayloadVersion = 3;
constexpr uint8_t kFirstVersionWithTouchpointAndFacts = 3;
constexpr uint8_t kFirstVersionWithOrders = 2;
constexpr uint8_t kRejectedPayloadVersion = 1;

Hash128 evidence_hash(const KeyedHash& index_key, const std::vector<EventIdentifier>& identifiers) {
  if (identifiers.empty()) return {};
  std::string members = "evidence";
  for (const EventIdentifier& member : identifiers) {
    members += static_cast<char>(member.trust);
    members += member.hash.view();
  }
  return index_key(members);
}

void encode_order(const OrderSaid& order, ByteWriter& out) {
  out.u8(static_cast<uint8_t>(order.act));
  out.raw(order.order.view());
  out.text(order.order_namespace);
  out.text(order.order_id);
  out.text(order.refund_id);
  out.text(order.refund_amount);
  out.varint(order.values.size());
  for (const OrderSaid::Value& value : order.values) {
    out.u8(static_cast<uint8_t>(value.field));
    out.text(value.text);
  }
}

void decode_order(ByteReader& in, std::optional<RecordOrder>& into) {
  uint8_t act = in.u8();
  if (act == 0) return;
  RecordOrder& order = into.emplace();
  order.act = static_cast<OrderAct>(act);
  order.order = read_hash(in);
  order.order_namespace = in.text();
  order.order_id = in.text();
  order.refund_id = in.text();
  order.refund_amount = in.text();
  uint64_t n = in.varint();
  order.values.reserve(std::min<uint64_t>(n, in.rest().size() / 2));  // a value has 2 bytes or more
  for (; n > 0 && in.ok(); --n) {
    auto field = static_cast<OrderField>(in.u8());
    order.values.push_back({field, in.text()});
  }
}

}  // namespace

std::string_view event_type_name(EventType type) {
  switch (type) {
    case EventType::identify:
      return "identify";
    case EventType::track:
      return "track";
    case EventType::page:
      return "page";
    case EventType::screen:
      return "screen";
    case EventType::group:
      return "group";
    case EventType::alias:
      return "alias";
    case EventType::merge:
      return "merge";
  }
  return "unknown";
}

Hash128 order_hash(const KeyedHash& index_key, std::string_view order_namespace, std::string_view order_id) {
  std::string subject = "order";
  subject += '\0';
  subject += order_namespace;
  subject += '\0';
  subject += order_id;
  return index_key(subject);
}

Hash128 message_hash(const KeyedHash& index_key, std::string_view source, std::string_view message_id) {
  std::string subject = "message";
  subject += '\0';
  subject += source;
  subject += '\0';
  subject += message_id;
  return index_key(subject);
}

void encode_event(const Event& event, const KeyedHash& index_key, std::string& payload) {
  ByteWriter out(payload);
  out.u8(kPayloadVersion);
  out.u8(static_cast<uint8_t>(event.type));
  out.u8(event.flags);
  out.i64(event.occurred_at.micros);
  out.raw(message_hash(index_key, event.source, event.message_id).view());
  out.raw(evidence_hash(index_key, event.identifiers).view());
  out.text(event.source);
  out.text(event.message_id);
  out.text(event.name);
  out.text(event.channel);
  out.text(event.touchpoint);
  out.varint(event.identifiers.size());
  for (const EventIdentifier& member : event.identifiers) {
    out.u8(static_cast<uint8_t>(member.identifier.kind().family));
    out.u8(static_cast<uint8_t>(member.trust));
    out.raw(member.hash.view());
    out.text(member.identifier.kind().platform);
    out.text(member.identifier.value());
  }
  out.varint(event.traits.size());
  for (const TraitChange& trait : event.traits) {
    out.u8(static_cast<uint8_t>(trait.operation));
    out.text(trait.key);
    out.text(trait.value_json);
  }
  if (event.order) {
    encode_order(*event.order, out);
  } else {
    out.u8(0);
  }
  out.varint(event.facts.size());
  for (const FactSaid& fact : event.facts) write(fact, out);
  out.raw(event.json);
}

void encode_rejected(const Rejected& rejected, const KeyedHash& index_key, std::string& payload) {
  ByteWriter out(payload);
  out.u8(kRejectedPayloadVersion);
  out.u8(static_cast<uint8_t>(rejected.code));
  Hash128 hash;
  if (!rejected.message_id.empty()) hash = message_hash(index_key, "rejected " + rejected.source, rejected.message_id);
  out.raw(hash.view());
  out.text(rejected.source);
  out.text(rejected.message_id);
  out.text(rejected.message);
  out.text(rejected.path);
  out.raw(rejected.raw.substr(0, kRejectedRawMax));
}

Result<void> decode_event(std::string_view payload, EventView& into) {
  ByteReader in(payload);
  uint8_t version = in.u8();
  if (version == 0 || version > kPayloadVersion) {
    return Error{ErrorCode::corrupt, "event record has an unknown version"};
  }
  into.type = static_cast<EventType>(in.u8());
  into.flags = in.u8();
  into.occurred_at = Timestamp{in.i64()};
  into.message_hash = read_hash(in);
  into.evidence = read_hash(in);
  into.source = in.text();
  into.message_id = in.text();
  into.name = in.text();
  into.channel = in.text();
  into.touchpoint = version >= kFirstVersionWithTouchpointAndFacts ? in.text() : std::string_view();
  into.identifiers.clear();
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    auto family = static_cast<IdentifierFamily>(in.u8());
    auto trust = static_cast<Trust>(in.u8());
    Hash128 hash = read_hash(in);
    std::string_view platform = in.text();
    into.identifiers.push_back({hash, trust, family, platform, in.text()});
  }
  into.traits.clear();
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    auto operation = static_cast<TraitOperation>(in.u8());
    std::string_view key = in.text();
    into.traits.push_back({operation, key, in.text()});
  }
  into.order.reset();
  if (version >= kFirstVersionWithOrders) decode_order(in, into.order);
  into.facts.clear();
  if (version >= kFirstVersionWithTouchpointAndFacts) {
    for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) into.facts.push_back(read_fact_statement(in));
  }
  into.json = in.rest();
  if (!in.ok()) return Error{ErrorCode::corrupt, "event record is cut short"};
  return {};
}

Result<RejectedView> decode_rejected(std::string_view payload) {
  ByteReader in(payload);
  if (in.u8() != kRejectedPayloadVersion)
    return Error{ErrorCode::corrupt, "rejected-event record has an unknown version"};
  RejectedView view;
  view.code = static_cast<RejectionCode>(in.u8());
  view.message_hash = read_hash(in);
  view.source = in.text();
  view.message_id = in.text();
  view.message = in.text();
  view.path = in.text();
  view.raw = in.rest();
  if (!in.ok()) return Error{ErrorCode::corrupt, "rejected-event record is cut short"};
  return view;
}

}  // namespace tributary
