#include "engine/ingest/event_reader.h"

#include <array>

#include "engine/base/utf8.h"
#include "engine/ingest/catalogue.h"
#include "engine/ingest/channel.h"
#include "engine/ingest/fact_reader.h"
#include "engine/ingest/identifier_extraction.h"
#include "engine/ingest/json_repair.h"
#include "engine/ingest/json_text.h"
#include "engine/ingest/normalise.h"
#include "engine/ingest/order_reader.h"
#include "engine/ingest/property_check.h"
#include "engine/ingest/text_fold.h"
#include "engine/ingest/time_rule.h"
#include "engine/ingest/traits.h"

namespace tributary {
namespace {

using enum RejectionCode;

std::string pointer_to(Field field) { return "/" + std::string(field_name(field)); }

ItemFault wrong_form(Field field, std::string_view expected) {
  return {invalid_field, std::string(field_name(field)) + " must be " + std::string(expected), pointer_to(field)};
}

std::optional<EventType> type_of_word(std::string_view word) {
  constexpr std::array kTypes = {EventType::identify, EventType::track, EventType::page, EventType::screen,
                                 EventType::group,    EventType::alias, EventType::merge};
  for (EventType type : kTypes) {
    std::string_view name = event_type_name(type);
    if (name.size() != word.size()) continue;
    bool same = true;
    for (size_t i = 0; i < name.size(); ++i) same = same && ascii_lower(word[i]) == name[i];
    if (same) return type;
  }
  return std::nullopt;
}

/// Known objects are objects or absent.
std::optional<ItemFault> check_forms(const ItemFields& fields) {
  for (Field field : {Field::context, Field::properties, Field::traits, Field::integrations}) {
    const JsonValue& value = fields[field];
    if (!value.missing() && !value.is(JsonKind::object)) return wrong_form(field, "an object");
  }
  return std::nullopt;
}

struct FieldTime {
  std::optional<Timestamp> time;
  bool unreadable = false;
};

FieldTime time_in(const JsonValue& value) {
  if (value.missing()) return {};
  std::string scratch;
  std::optional<Timestamp> time = value.is(JsonKind::string) ? parse_iso8601(value.text(scratch)) : std::nullopt;
  return {time, !time};
}

bool is_blank(const JsonValue& value) {
  if (value.missing()) return true;
  std::string scratch;
  return value.is(JsonKind::string) && trim_white_space(value.text(scratch)).empty();
}

/// True when a character of an id may have been a lone surrogate, of which only U+FFFD is left: ids that were different
/// would be one.
bool lost_a_character(const Event& event, std::string_view id) {
  return (event.flags & EventFlags::kReplacedSurrogate) != 0 &&
         id.find(kReplacementCharacter) != std::string_view::npos;
}

/// True for two entries that each name a value of a kind.
bool is_pair_to_merge(const JsonValue& merge_properties) {
  size_t named = 0;
  for_each_element(merge_properties, [&](const JsonValue& entry) {
    std::string scratch;
    bool kind = find_member(entry, "type").is(JsonKind::string) && parse_kind(find_member(entry, "type").text(scratch));
    if (kind && !find_member(entry, "value").missing()) ++named;
  });
  return named == 2 && merge_properties.size() == 2;
}

}  // namespace

std::optional<ItemFault> EventReader::read(const JsonValue& item, Event& event) {
  ItemFields fields = read_item_fields(item);
  if (fields.conflicting) return ItemFault{duplicate_key, {}, pointer_to(fields.conflict)};
  if (auto fault = read_type(fields, event)) return fault;
  if (auto fault = check_forms(fields)) return fault;
  if (auto fault = check_ids(fields, event)) return fault;
  if (auto fault = read_message_id(fields, event)) return fault;
  if (auto fault = read_name(fields, event)) return fault;
  if (auto fault = check_sizes(fields)) return fault;
  if (auto fault = follow_plan(fields, event)) return fault;
  event.workspace = facts_.source.workspace;
  event.source = facts_.source.id;
  event.received_at = facts_.context.received_at;
  read_times(fields, event);
  ContextFields context = read_context_fields(fields[Field::context]);
  ChannelReading channel = read_channel(fields, context, facts_.source.channel);
  event.channel = channel.code;
  if (channel.unknown) {
    event.flags |= EventFlags::kUnknownChannel;
    ++findings_.unknown_channels;
  }
  event.touchpoint = read_touchpoint(fields, context, event.flags);
  read_catalogue(fields, event);
  if (event.type == EventType::identify) {
    event.traits =
        read_traits(facts_.context.shared_anonymous_id ? JsonValue{} : context.traits, fields[Field::traits]);
  }
  return read_identifiers(fields, context, event);
}

std::optional<ItemFault> EventReader::read_type(const ItemFields& fields, Event& event) const {
  const ReceiveContext& context = facts_.context;
  const JsonValue& type = fields[Field::type];
  if (context.shape == BodyShape::single && context.route_type) {
    event.type = *context.route_type;
  } else {
    if (type.missing()) return ItemFault{missing_type, {}, pointer_to(Field::type)};
    std::string scratch;
    std::string_view word = type.text(scratch);
    std::optional<EventType> known = type.is(JsonKind::string) ? type_of_word(trim_white_space(word)) : std::nullopt;
    if (!known) {
      return ItemFault{unknown_type, "type \"" + quoted_for_message(word) + "\" is not known", pointer_to(Field::type)};
    }
    event.type = *known;
  }
  if (event.type == EventType::merge && facts_.source.trust != SourceTrust::server) {
    return ItemFault{not_allowed, "merge needs the key of a server source", pointer_to(Field::type)};
  }
  return std::nullopt;
}

std::optional<ItemFault> EventReader::check_ids(const ItemFields& fields, const Event& event) const {
  EventType type = event.type;
  std::array<bool, kFieldCount> present{};
  for (Field field : {Field::user_id, Field::anonymous_id, Field::previous_id, Field::group_id}) {
    const JsonValue& value = fields[field];
    if (value.missing()) continue;
    if (!value.is(JsonKind::string) && !value.is(JsonKind::number)) return wrong_form(field, "a string");
    std::string scratch, clean_scratch;
    CleanId id = clean_id(value.text(scratch), facts_.limits.identifier_bytes_max, clean_scratch);
    if (id.fault == IdFault::has_nul) return wrong_form(field, "free of U+0000");
    if (id.fault == IdFault::too_long) {
      return wrong_form(field, "at most " + std::to_string(facts_.limits.identifier_bytes_max) + " bytes");
    }
    if (lost_a_character(event, id.text)) return wrong_form(field, "free of lone surrogates");
    present[static_cast<size_t>(field)] = !id.text.empty();
  }
  auto has = [&](Field field) { return present[static_cast<size_t>(field)]; };
  if (type == EventType::merge) {
    if (is_pair_to_merge(fields[Field::merge_properties])) return std::nullopt;
    return wrong_form(Field::merge_properties, "two objects with type and value");
  }
  if (type == EventType::alias && !has(Field::user_id)) return ItemFault{missing_id, "alias needs a userId", {}};
  bool named = has(Field::user_id) || has(Field::anonymous_id);
  if (!named && !facts_.context.identifiers_listed && !named_by_external_ids(fields)) {
    return ItemFault{missing_id, {}, {}};
  }
  if (type == EventType::group && !has(Field::group_id))
    return ItemFault{missing_group_id, {}, pointer_to(Field::group_id)};
  return std::nullopt;
}

bool EventReader::named_by_external_ids(const ItemFields& fields) const {
  if (facts_.source.trust != SourceTrust::server) return false;
  if (!is_blank(fields[Field::user_id]) || !is_blank(fields[Field::anonymous_id])) return false;
  ContextFields context = read_context_fields(fields[Field::context]);
  auto has_entry = [](const JsonValue& list) { return list.is(JsonKind::array) && list.size() > 0; };
  return has_entry(context.external_ids) || has_entry(context.external_id);
}

std::optional<ItemFault> EventReader::read_message_id(const ItemFields& fields, Event& event) const {
  const JsonValue& value = fields[Field::message_id];
  if (!value.missing()) {
    if (!value.is(JsonKind::string) && !value.is(JsonKind::number)) return wrong_form(Field::message_id, "a string");
    std::string scratch;
    CleanId id = clean_message_id(value.text(scratch), facts_.limits.identifier_bytes_max);
    if (id.fault == IdFault::has_nul) return wrong_form(Field::message_id, "free of U+0000");
    if (id.fault == IdFault::too_long) {
      return wrong_form(Field::message_id, "at most " + std::to_string(facts_.limits.identifier_bytes_max) + " bytes");
    }
    if (lost_a_character(event, id.text)) return wrong_form(Field::message_id, "free of lone surrogates");
    event.message_id = id.text;
  }
  if (event.message_id.empty()) {
    event.message_id = make_uuid_v7(facts_.context.received_at.micros / 1000);
    event.flags |= EventFlags::kGeneratedMessageId;
  }
  return std::nullopt;
}

std::optional<ItemFault> EventReader::read_name(const ItemFields& fields, Event& event) const {
  std::string scratch;
  if (event.type == EventType::track) {
    const JsonValue& name = fields[Field::event];
    if (is_blank(name)) return ItemFault{missing_event, {}, pointer_to(Field::event)};
    if (!name.is(JsonKind::string)) return wrong_form(Field::event, "a string");
    event.name = name.text(scratch);
    if (event.name.size() > facts_.limits.event_name_bytes_max) {
      return wrong_form(Field::event, "at most " + std::to_string(facts_.limits.event_name_bytes_max) + " bytes");
    }
    if (const CatalogueEvent* known = find_catalogue_event(event.name)) event.name = known->name;
  }
  if (event.type == EventType::page || event.type == EventType::screen) {
    for (Field field : {Field::name, Field::category}) {
      const JsonValue& name = fields[field];
      if (name.missing()) continue;
      if (!name.is(JsonKind::string)) return wrong_form(field, "a string");
      std::string_view text = name.text(scratch);
      // Titles of pages are as long as their authors like: one too long to count by is left out, not refused.
      if (event.name.empty() && text.size() <= facts_.limits.event_name_bytes_max) event.name = text;
    }
  }
  return std::nullopt;
}

/// Judges a track event by the source's plan, if there is one. Identifiers, traits and orders are read afterwards, from
/// what is left.
std::optional<ItemFault> EventReader::follow_plan(ItemFields& fields, Event& event) {
  const TrackingPlan* plan = facts_.source.tracking_plan.get();
  if (plan == nullptr || event.type != EventType::track) return std::nullopt;
  const PlannedEvent* planned = plan->find(event.name);
  if (planned == nullptr) {
    if (!plan->quarantines_unplanned()) return std::nullopt;
    findings_.plan.push_back({{}, PlanAct::quarantine});
    return ItemFault{tracking_plan, "\"" + quoted_for_message(event.name) + "\" is not in the tracking plan",
                     pointer_to(Field::event)};
  }
  JsonValue& properties = fields.values[static_cast<size_t>(Field::properties)];
  std::vector<SchemaFault> faults = check_schema(planned->schema, properties);
  if (faults.empty()) return std::nullopt;
  findings_.plan.push_back({event.name, planned->on_violation});
  if (planned->on_violation == PlanAct::quarantine) {
    return ItemFault{tracking_plan, describe_faults(event.name, faults),
                     pointer_to(Field::properties) + faults.front().path};
  }
  event.flags |= EventFlags::kPlanViolated;
  if (planned->on_violation == PlanAct::strip) strip(faults, properties);
  return std::nullopt;
}

void EventReader::strip(const std::vector<SchemaFault>& faults, JsonValue& properties) {
  if (!properties.is(JsonKind::object)) return;
  stripped_text_ = without_members(properties, faults);
  stripped_text_.reserve(stripped_text_.size() + kBodyPaddingBytes);
  // The parts are proven; only numbers and escapes that had to be repaired need the same care again.
  JsonRepair repaired = repair_json(stripped_text_);
  bool proven = !repaired.fault_at &&
                stripped_.build(repaired.provable, stripped_text_, facts_.limits.json_depth_max) == JsonProof::valid;
  properties = proven ? stripped_.root() : JsonValue{};
}

/// What the catalogue knows of a track event. Whatever is wrong with it is noted, never refused.
void EventReader::read_catalogue(const ItemFields& fields, Event& event) const {
  if (event.type != EventType::track) return;
  const CatalogueEvent* known = find_catalogue_event(event.name);
  if (known == nullptr) return;
  event.flags |= check_properties(*known, fields[Field::properties]);
  OrderReading reading{facts_.source, facts_.index_key, facts_.limits.identifier_bytes_max};
  event.order = read_order(event.name, fields[Field::properties], reading, event.flags);
  tributary::read_facts(fields[Field::properties], {facts_.source, facts_.index_key}, event);
}

std::optional<ItemFault> EventReader::check_sizes(const ItemFields& fields) const {
  size_t members_max = facts_.limits.properties_max;
  if (members_max == 0) return std::nullopt;
  for (Field field : {Field::properties, Field::traits}) {
    if (fields[field].size() > members_max) return ItemFault{too_many_properties, {}, pointer_to(field)};
  }
  return std::nullopt;
}

void EventReader::read_times(const ItemFields& fields, Event& event) const {
  FieldTime timestamp = time_in(fields[Field::timestamp]);
  FieldTime original = time_in(fields[Field::original_timestamp]);
  FieldTime sent = time_in(fields[Field::sent_at]);
  bool unreadable = timestamp.unreadable || original.unreadable || sent.unreadable;
  if (!sent.time) {
    FieldTime batch_sent = time_in(facts_.batch_sent_at);
    unreadable = unreadable || batch_sent.unreadable;
    sent.time = batch_sent.time ? batch_sent.time : facts_.context.header_sent_at;
  }
  TimeLimits limits;
  limits.future_micros_max = facts_.limits.future_micros_max;
  if (facts_.source.trust == SourceTrust::browser) limits.past_micros_max = facts_.limits.public_past_micros_max;
  OccurredAt occurred =
      occurred_at({timestamp.time, original.time, sent.time, unreadable}, facts_.context.received_at, limits);
  event.occurred_at = occurred.time;
  event.flags |= occurred.flags;
}

std::optional<ItemFault> EventReader::read_identifiers(const ItemFields& fields, const ContextFields& context,
                                                       Event& event) {
  bool has_replaced = (event.flags & EventFlags::kReplacedSurrogate) != 0;
  IdentifierCollector collector(facts_.index_key, facts_.source.default_country, facts_.limits.identifier_bytes_max,
                                has_replaced);
  ExtractionRules rules;
  rules.source_trust = facts_.source.trust == SourceTrust::server ? Trust::verified : Trust::claimed;
  rules.shared_anonymous_id = facts_.context.shared_anonymous_id;
  rules.listed_only = facts_.context.identifiers_listed;
  rules.paths = facts_.source.identifiers;
  bool saves_record = !event.facts.empty() && event.facts.front().kind == FactKind::record;
  if (saves_record) rules.record = &event.facts.front();
  extract_identifiers(event.type, fields, context, rules, collector);
  findings_.identifiers_blocked += collector.blocked();
  findings_.identifiers_invalid += collector.invalid();
  if (collector.overflown()) {
    return ItemFault{
        invalid_field, "event carries more than " + std::to_string(kIdentifiersPerEventMax) + " identifiers", {}};
  }
  event.identifiers = collector.take();
  if (event.identifiers.empty() && !facts_.context.identifiers_listed && named_by_external_ids(fields)) {
    return ItemFault{missing_id, "no external id of the event is an identifier", pointer_to(Field::context)};
  }
  return std::nullopt;
}

std::string EventReader::readable_message_id(const JsonValue& item) const {
  JsonValue value = find_member(item, field_name(Field::message_id));
  if (!value.is(JsonKind::string) && !value.is(JsonKind::number)) return {};
  std::string scratch;
  CleanId id = clean_message_id(value.text(scratch), facts_.limits.identifier_bytes_max);
  return id.fault == IdFault::none ? std::string(id.text) : std::string();
}

}  // namespace tributary
