#include "engine/ingest/identifier_extraction.h"

#include <algorithm>
#include <array>
#include <string>

#include "engine/domain/customer_record.h"
#include "engine/ingest/normalise.h"

namespace tributary {
namespace {

const IdentifierKind kUserId{IdentifierFamily::user_id, {}};
const IdentifierKind kAnonymousId{IdentifierFamily::anonymous_id, {}};
const IdentifierKind kEmail{IdentifierFamily::email, {}};
const IdentifierKind kPhone{IdentifierFamily::phone, {}};
const IdentifierKind kDeviceId{IdentifierFamily::device_id, {}};
const IdentifierKind kPushToken{IdentifierFamily::push_token, {}};

/// A string or a number can be an identifier; a number is its own text.
bool can_identify(const JsonValue& value) { return value.is(JsonKind::string) || value.is(JsonKind::number); }

void add_value(const IdentifierKind& kind, const JsonValue& value, Trust trust, IdentifierCollector& collector) {
  if (!can_identify(value)) return;
  std::string scratch;
  collector.add(kind, value.text(scratch), trust);
}

void add_contacts(const JsonValue& object, Trust trust, IdentifierCollector& collector) {
  JsonValue email, phone;
  std::string scratch;
  for_each_member(object, [&](const JsonValue& key, const JsonValue& value) {
    std::string_view name = key.text(scratch);
    if (name == "email") email = value;
    if (name == "phone") phone = value;
  });
  add_value(kEmail, email, trust, collector);
  add_value(kPhone, phone, trust, collector);
}

void add_device(const JsonValue& device, Trust trust, IdentifierCollector& collector) {
  JsonValue id, advertising_id, token;
  std::string scratch;
  for_each_member(device, [&](const JsonValue& key, const JsonValue& value) {
    std::string_view name = key.text(scratch);
    if (name == "id") id = value;
    if (name == "advertisingId") advertising_id = value;
    if (name == "token") token = value;
  });
  add_value(kDeviceId, id, trust, collector);
  add_value(kDeviceId, advertising_id, trust, collector);
  add_value(kPushToken, token, trust, collector);
}

// Types of external ids that have a kind of their own under another name, and ones that name no person at all.
// Source: the default external ids of Segment's identity settings.
struct TypeAlias {
  std::string_view type;
  IdentifierFamily family;
};
constexpr std::array kTypeAliases = {
    TypeAlias{"android.id", IdentifierFamily::device_id},
    TypeAlias{"android.idfa", IdentifierFamily::device_id},
    TypeAlias{"android.push_token", IdentifierFamily::push_token},
    TypeAlias{"ios.id", IdentifierFamily::device_id},
    TypeAlias{"ios.idfa", IdentifierFamily::device_id},
    TypeAlias{"ios.push_token", IdentifierFamily::push_token},
};
constexpr std::array<std::string_view, 9> kNamesOfNobody = {
    "group_id", "order_id", "ticket_id", "interaction_no", "ip", "name", "first_name", "last_name", "session_id"};

std::optional<IdentifierKind> kind_of_external_type(std::string_view type) {
  for (const TypeAlias& alias : kTypeAliases) {
    if (alias.type == type) return IdentifierKind{alias.family, {}};
  }
  std::optional<IdentifierKind> kind = parse_kind(type);
  if (!kind || kind->family != IdentifierFamily::external_id) return kind;
  for (std::string_view nobody : kNamesOfNobody) {
    if (kind->platform == nobody) return std::nullopt;
  }
  return kind;
}

struct ExternalId {
  JsonValue id, type, collection, encoding, scope, claimed;
};

ExternalId read_external_id(const JsonValue& entry) {
  ExternalId found;
  std::string scratch;
  for_each_member(entry, [&](const JsonValue& key, const JsonValue& value) {
    std::string_view name = key.text(scratch);
    if (name == "id") found.id = value;
    if (name == "type") found.type = value;
    if (name == "collection") found.collection = value;
    if (name == "encoding") found.encoding = value;
    if (name == "scope") found.scope = value;
    if (name == "claimed") found.claimed = value;
  });
  return found;
}

void add_external_id(const ExternalId& entry, Trust trust, IdentifierCollector& collector) {
  if (!can_identify(entry.id) || !entry.type.is(JsonKind::string)) return;
  std::string scratch, scope_scratch;
  std::optional<IdentifierKind> kind = kind_of_external_type(entry.type.text(scratch));
  if (!kind) return;
  if (entry.claimed.raw() == "true") trust = Trust::claimed;  // of some of what it says a source may be less sure
  std::string_view value = entry.id.text(scratch);
  if (entry.scope.is(JsonKind::string) && !entry.scope.missing()) {
    collector.add_scoped(*kind, entry.scope.text(scope_scratch), value, trust);
  } else {
    collector.add(*kind, value, trust);
  }
}

/// Segment wants all four members; a collection of accounts names no person.
bool is_segment_user_id(const ExternalId& entry) {
  return entry.collection.raw() == "\"users\"" && entry.encoding.raw() == "\"none\"";
}

void add_external_ids(const ContextFields& context, Trust trust, IdentifierCollector& collector) {
  for_each_element(context.external_ids, [&](const JsonValue& entry) {
    ExternalId external_id = read_external_id(entry);
    if (is_segment_user_id(external_id)) add_external_id(external_id, trust, collector);
  });
  for_each_element(context.external_id,
                   [&](const JsonValue& entry) { add_external_id(read_external_id(entry), trust, collector); });
}

/// The id an alias leaves behind: a cookie when it says so or looks like one, otherwise an account.
void add_previous_id(const ItemFields& fields, Trust trust, IdentifierCollector& collector) {
  const JsonValue& previous = fields[Field::previous_id];
  if (previous.missing() || !can_identify(previous)) return;
  std::string scratch, anonymous_scratch;
  std::string_view id = previous.text(scratch);
  const JsonValue& anonymous = fields[Field::anonymous_id];
  bool cookie = is_uuid_shaped(id) || (!anonymous.missing() && id == anonymous.text(anonymous_scratch));
  collector.add(cookie ? kAnonymousId : kUserId, id, trust);
}

/// The identifier `names` levels below `root`, the first name being the root's own.
void add_below(JsonValue root, const IdentifierPath& place, Trust trust, IdentifierCollector& collector) {
  for (size_t i = 1; i < place.names.size(); ++i) root = find_member(root, place.names[i]);
  if (!can_identify(root)) return;
  std::string scratch;
  std::string_view value = root.text(scratch);
  std::string_view scope = place.scope;
  bool carries_scope = value.size() > scope.size() && value.starts_with(scope) && value[scope.size()] == ':';
  if (scope.empty() || carries_scope) {
    collector.add(place.kind, value, trust);
  } else {
    collector.add_scoped(place.kind, scope, value, trust);
  }
}

void add_at_path(EventType type, const ItemFields& fields, const ContextFields& context, const ExtractionRules& rules,
                 const IdentifierPath& place, IdentifierCollector& collector) {
  Trust trust = std::min(rules.source_trust, place.trust);
  const std::string& root = place.names.front();
  if (root == field_name(Field::traits)) {
    if (type != EventType::group) add_below(fields[Field::traits], place, trust, collector);
    if (!rules.shared_anonymous_id) add_below(context.traits, place, trust, collector);
  } else if (root == field_name(Field::properties)) {
    add_below(fields[Field::properties], place, trust, collector);
  } else if (root == field_name(Field::context)) {
    bool shared = rules.shared_anonymous_id && place.names[1] == field_name(Field::traits);
    if (!shared) add_below(fields[Field::context], place, trust, collector);
  }
}

std::string_view value_in_record(const FactSaid& record, RecordField field) {
  auto found = std::ranges::find(record.values, static_cast<uint8_t>(field), &FactSaid::Value::field);
  return found == record.values.end() ? std::string_view() : found->text;
}

/// A change of some fields that does not say of whom leaves phone and e-mail claimed, as those of other events are.
void add_from_properties(const ItemFields& fields, const ExtractionRules& rules, IdentifierCollector& collector) {
  if (rules.record == nullptr) return add_contacts(fields[Field::properties], Trust::claimed, collector);
  for (auto [field, family] : {std::pair(RecordField::customer_no, IdentifierFamily::customer_no),
                               std::pair(RecordField::uscc, IdentifierFamily::uscc)}) {
    std::string_view value = value_in_record(*rules.record, field);
    if (!value.empty()) collector.add({family, {}}, value, rules.source_trust);
  }
  std::string_view type = value_in_record(*rules.record, RecordField::customer_type);
  if (type == "organisation") return;
  add_contacts(fields[Field::properties], type.empty() ? Trust::claimed : rules.source_trust, collector);
}

/// The places where SDKs put identifiers.
void add_well_known(EventType type, const ItemFields& fields, const ContextFields& context,
                    const ExtractionRules& rules, IdentifierCollector& collector) {
  Trust trust = rules.source_trust;
  const JsonValue& user_id = fields[Field::user_id];
  if (!user_id.missing()) add_value(kUserId, user_id, trust, collector);
  const JsonValue& anonymous_id = fields[Field::anonymous_id];
  bool anonymous_is_data = rules.shared_anonymous_id && !user_id.missing();
  if (!anonymous_id.missing() && !anonymous_is_data) add_value(kAnonymousId, anonymous_id, trust, collector);
  if (type == EventType::alias) add_previous_id(fields, trust, collector);
  if (type != EventType::group) add_contacts(fields[Field::traits], trust, collector);
  if (!rules.shared_anonymous_id) add_contacts(context.traits, trust, collector);
  add_from_properties(fields, rules, collector);
  add_device(context.device, trust, collector);
}

}  // namespace

void extract_identifiers(EventType type, const ItemFields& fields, const ContextFields& context,
                         const ExtractionRules& rules, IdentifierCollector& collector) {
  Trust trust = rules.source_trust;
  if (!rules.listed_only) add_well_known(type, fields, context, rules, collector);
  if (type == EventType::merge) {
    for_each_element(fields[Field::merge_properties], [&](const JsonValue& entry) {
      ExternalId side = read_external_id(entry);
      side.id = find_member(entry, "value");
      add_external_id(side, trust, collector);
    });
  }
  add_external_ids(context, trust, collector);
  for (const IdentifierPath& place : rules.paths) add_at_path(type, fields, context, rules, place, collector);
}

}  // namespace tributary
