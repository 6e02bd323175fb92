#include "engine/ingest/item_fields.h"

#include <optional>

namespace tributary {
namespace {

constexpr std::array<std::string_view, kFieldCount> kNames = {
    "type",    "messageId",  "anonymousId", "userId",       "previousId",     "groupId",           "event",
    "name",    "category",   "channel",     "touchpoint",   "timestamp",      "originalTimestamp", "sentAt",
    "context", "properties", "traits",      "integrations", "mergeProperties"};

std::optional<Field> same(std::string_view key, Field field) {
  if (key == field_name(field)) return field;
  return std::nullopt;
}

/// By length first: the lengths tell almost all names apart.
std::optional<Field> field_of(std::string_view key) {
  switch (key.size()) {
    case 4:
      return key[0] == 't' ? same(key, Field::type) : same(key, Field::name);
    case 5:
      return same(key, Field::event);
    case 6:
      return key[0] == 'u'   ? same(key, Field::user_id)
             : key[0] == 's' ? same(key, Field::sent_at)
                             : same(key, Field::traits);
    case 7:
      return key[0] == 'g'   ? same(key, Field::group_id)
             : key[1] == 'o' ? same(key, Field::context)
                             : same(key, Field::channel);
    case 8:
      return same(key, Field::category);
    case 9:
      return key[0] == 'm' ? same(key, Field::message_id) : same(key, Field::timestamp);
    case 10:
      return key[2] == 'o'   ? same(key, Field::properties)
             : key[0] == 't' ? same(key, Field::touchpoint)
                             : same(key, Field::previous_id);
    case 11:
      return same(key, Field::anonymous_id);
    case 12:
      return same(key, Field::integrations);
    case 15:
      return same(key, Field::merge_properties);
    case 17:
      return same(key, Field::original_timestamp);
    default:
      return std::nullopt;
  }
}

bool carries_identity(Field field) {
  return field == Field::user_id || field == Field::anonymous_id || field == Field::type || field == Field::event ||
         field == Field::message_id;
}

bool differ(const JsonValue& a, const JsonValue& b) {
  std::string scratch_a, scratch_b;
  return a.kind() != b.kind() || a.text(scratch_a) != b.text(scratch_b);
}

}  // namespace

std::string_view field_name(Field field) { return kNames[static_cast<size_t>(field)]; }

ItemFields read_item_fields(const JsonValue& item) {
  ItemFields fields;
  std::string scratch;
  for_each_member(item, [&](const JsonValue& key, const JsonValue& value) {
    std::optional<Field> field = field_of(key.text(scratch));
    if (!field) return;
    JsonValue& slot = fields.values[static_cast<size_t>(*field)];
    if (!slot.is(JsonKind::absent) && carries_identity(*field) && differ(slot, value)) {
      fields.conflicting = true;
      fields.conflict = *field;
    }
    slot = value;
  });
  return fields;
}

ContextFields read_context_fields(const JsonValue& context) {
  ContextFields fields;
  std::string scratch;
  for_each_member(context, [&](const JsonValue& key, const JsonValue& value) {
    std::string_view name = key.text(scratch);
    if (name == "traits") fields.traits = value;
    if (name == "device") fields.device = value;
    if (name == "externalIds") fields.external_ids = value;
    if (name == "externalId") fields.external_id = value;
    if (name == "channel") fields.channel = value;
    if (name == "touchpoint") fields.touchpoint = value;
    if (name == "library") fields.library = value;
    if (name == "os") fields.os = value;
    if (name == "page") fields.page = value;
  });
  return fields;
}

}  // namespace tributary
