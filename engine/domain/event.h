// One immutable thing that happened, as accepted at the edge.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/strong_id.h"
#include "engine/base/time.h"
#include "engine/domain/fact.h"
#include "engine/domain/identifier.h"
#include "engine/domain/order.h"
#include "engine/domain/trust.h"

namespace tributary {

/// Stored: never renumber.
enum class EventType : uint8_t { identify = 1, track = 2, page = 3, screen = 4, group = 5, alias = 6, merge = 7 };

std::string_view event_type_name(EventType type);

/// One identifier as this event carries it.
struct EventIdentifier {
  Identifier identifier;
  Hash128 hash;
  Trust trust = Trust::claimed;
};

/// How a trait change joins what is known. Stored: never renumber.
enum class TraitOperation : uint8_t {
  set = 1,        // the latest by (trust, event time, message id) wins; the value `null` unsets
  set_once = 2,   // the earliest by (event time, message id) wins
  increment = 3,  // signed 64-bit integers are added
};

/// One trait that this event changes. `value_json` is the value's own text, minified JSON.
struct TraitChange {
  std::string key;
  std::string value_json;
  TraitOperation operation = TraitOperation::set;
};

/// What the time rule or the parser noticed; shown on the timeline, never a reason to refuse. Stored: bits.
struct EventFlags {
  static constexpr uint8_t kFutureClamped = 1;
  static constexpr uint8_t kBadTimestamp = 2;
  static constexpr uint8_t kGeneratedMessageId = 4;
  static constexpr uint8_t kReplacedSurrogate = 8;
  static constexpr uint8_t kPropertyMissing = 16;  // the catalogue asks for one
  static constexpr uint8_t kPropertyWrong = 32;    // one has a value that its name does not take
  static constexpr uint8_t kUnknownChannel = 64;   // its word for the channel is none of the list
  static constexpr uint8_t kPlanViolated = 128;    // its properties are not as the source's tracking plan has them
};

/// Of EventFlags, as answers have them.
inline std::vector<std::string_view> flag_names(uint8_t flags) {
  std::vector<std::string_view> names;
  if (flags & EventFlags::kFutureClamped) names.push_back("future_clamped");
  if (flags & EventFlags::kBadTimestamp) names.push_back("bad_timestamp");
  if (flags & EventFlags::kGeneratedMessageId) names.push_back("generated_message_id");
  if (flags & EventFlags::kReplacedSurrogate) names.push_back("replaced_surrogate");
  if (flags & EventFlags::kPropertyMissing) names.push_back("property_missing");
  if (flags & EventFlags::kPropertyWrong) names.push_back("property_wrong");
  if (flags & EventFlags::kUnknownChannel) names.push_back("unknown_channel");
  if (flags & EventFlags::kPlanViolated) names.push_back("plan_violated");
  return names;
}

/// Exists => valid; never judged again after ingest.
///
/// Lifetime: `json` points into the request body, or into `owned_json` where the bytes to store are not the bytes that
/// came (a member of the batch merged in, a lone surrogate replaced); Engine::ingest copies it into the record before
/// it returns.
struct Event {
  WorkspaceId workspace;
  std::string source;      // the id of a configured source, 1..64 bytes
  std::string message_id;  // 1.. bytes, trimmed, verbatim otherwise
  EventType type = EventType::track;
  std::string name;        // of a track: as the catalogue spells it; page or screen name; may be empty otherwise
  std::string channel;     // a code of channels(); empty when nothing tells
  std::string touchpoint;  // a place in the channel, `store:hz-01`; 0..kTouchpointBytesMax
  Timestamp occurred_at;
  Timestamp received_at;
  uint8_t flags = 0;
  std::vector<EventIdentifier> identifiers;  // 0..kIdentifiersPerEventMax, distinct, sorted by hash
  std::vector<TraitChange> traits;           // distinct (operation, key)
  std::optional<OrderSaid> order;
  std::vector<FactSaid> facts;                    // 0..kFactsPerEventMax, distinct (kind, subject)
  std::string_view json;                          // the event's own bytes
  std::shared_ptr<const std::string> owned_json;  // shared, because copies of an event keep pointing into it
};

constexpr size_t kIdentifiersPerEventMax = 20;
constexpr size_t kTouchpointBytesMax = 128;

}  // namespace tributary
