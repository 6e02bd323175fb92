// The members of one item by name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/ingest/json_index.h"

namespace tributary {

/// Members of an item that somebody reads; others are stored, never interpreted.
enum class Field : uint8_t {
  type,
  message_id,
  anonymous_id,
  user_id,
  previous_id,
  group_id,
  event,
  name,
  category,
  channel,
  touchpoint,
  timestamp,
  original_timestamp,
  sent_at,
  context,
  properties,
  traits,
  integrations,
  merge_properties,
};
constexpr size_t kFieldCount = 19;

/// The spelling on the wire: `messageId`.
std::string_view field_name(Field field);

/// The last member of each name, as JSON.parse has it.
struct ItemFields {
  std::array<JsonValue, kFieldCount> values;
  /// An identity field that stands twice with different values: another parser may see another person.
  bool conflicting = false;
  Field conflict = Field::type;

  const JsonValue& operator[](Field field) const { return values[static_cast<size_t>(field)]; }
};

ItemFields read_item_fields(const JsonValue& item);

/// The members of `context` that somebody reads; all absent when it is no object.
struct ContextFields {
  JsonValue traits, device, external_ids, external_id, channel, touchpoint, library, os, page;
};

ContextFields read_context_fields(const JsonValue& context);

}  // namespace tributary
