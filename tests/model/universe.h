// Events and decisions for model tests: made by hand for scenarios, events also at random.
#pragma once

#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/domain/assertion.h"
#include "engine/domain/event.h"

namespace tributary::model {

struct Id {
  std::string kind;  // as kind_name() spells it
  std::string value;
  Trust trust = Trust::verified;
};

/// What a test says about an event. Times are seconds after a base.
struct EventSketch {
  std::vector<Id> ids = {};
  int64_t at = 0;
  std::string message_id = {};
  std::string source = "shop";
  EventType type = EventType::track;
  std::string name = {};
  std::string channel = {};
  std::vector<TraitChange> traits = {};
  std::optional<OrderSaid> order = {};  // without its hash
  std::vector<FactSaid> facts = {};     // without their hashes
};

/// 2026-01-01T00:00:00Z: what the seconds of a sketch count from.
constexpr int64_t kBaseMicros = 1'767'225'600 * kMicrosPerSecond;

/// An event with hashed, sorted, distinct identifiers; of two trusts for one identifier the greater one stays.
Event make_event(const EventSketch& sketch, const KeyedHash& index_key);

/// The keyed hash that decisions name this event's evidence by.
Hash128 evidence_of(const Event& event, const KeyedHash& index_key);

Assertion decide_pair(const Identifier& a, const Identifier& b, PairState state, Decision decision,
                      const KeyedHash& index_key);
Assertion decide_hub(const Identifier& identifier, HubState state, Decision decision, const KeyedHash& index_key);
/// From this time on it is another one.
Assertion decide_cut(const Identifier& identifier, Timestamp at, Decision decision, const KeyedHash& index_key);
/// About the evidence of this event; names all its members.
Assertion decide_evidence(const Event& event, EvidenceState state, Decision decision, const KeyedHash& index_key);

/// 5 to 80 distinct events over a few people: a third repeat an earlier evidence, times are often equal, some events
/// carry no identifier, some are about orders, some say facts. Every draw comes from `random`.
std::vector<Event> random_events(std::mt19937_64& random, const KeyedHash& index_key);

}  // namespace tributary::model
