// What a track event of the catalogue says beside an order: its facts.
#pragma once

#include "engine/base/keyed_hash.h"
#include "engine/domain/event.h"
#include "engine/domain/source.h"
#include "engine/ingest/json_index.h"

namespace tributary {

struct FactReading {
  const Source& source;
  const KeyedHash& index_key;
};

/// Adds to `event.facts` and `event.flags`. The event has its canonical name and message id. One that lacks what its
/// name needs says no fact.
void read_facts(const JsonValue& properties, const FactReading& reading, Event& event);

}  // namespace tributary
