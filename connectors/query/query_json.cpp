#include "connectors/query/query_json.h"

#include <algorithm>

#include "connectors/query/computed_traits_json.h"
#include "connectors/query/engagement_json.h"
#include "connectors/query/facts_json.h"
#include "connectors/query/json_members.h"
#include "connectors/query/record_json.h"
#include "connectors/query/status_json.h"
#include "connectors/query/tags_json.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

void append_time(JsonOut& json, std::string_view name, Timestamp time) { json.key(name).string(format_iso8601(time)); }

// Null for what no event names: an identifier that only a decision knows, or a shared one without events of its own.
void append_seen(JsonOut& json, std::string_view name, Timestamp time) {
  if (time == Timestamp{}) {
    json.key(name).null();
  } else {
    append_time(json, name, time);
  }
}

void append_identifiers(JsonOut& json, const std::vector<IdentifierView>& identifiers) {
  json.key("identifiers").begin_array();
  for (const IdentifierView& identifier : identifiers) {
    json.begin_object().key("kind").string(kind_name(identifier.kind)).key("value").string(identifier.value);
    json.key("trust").string(identifier.trust == Trust::verified ? "verified" : "claimed");
    append_seen(json, "first_seen", identifier.first_seen);
    append_seen(json, "last_seen", identifier.last_seen);
    json.key("events").unsigned_number(identifier.events);
    if (identifier.from) append_time(json, "from", *identifier.from);
    if (identifier.shared) json.key("shared").boolean(true);
    json.end_object();
  }
  json.end_array();
}

void append_traits(JsonOut& json, const std::vector<TraitView>& traits, bool verbose) {
  json.begin_object();
  for (const TraitView& trait : traits) {
    json.key(trait.key);
    if (!verbose) {
      json.raw(trait.value_json);
      continue;
    }
    json.begin_object().key("value").raw(trait.value_json).key("source").string(trait.source);
    json.key("message_id").string(trait.message_id);
    append_time(json, "occurred_at", trait.occurred_at);
    json.end_object();
  }
  json.end_object();
}

void append_event_counts(JsonOut& json, const std::vector<EventCountView>& counts) {
  json.begin_object();
  for (const EventCountView& count : counts) json.key(count.name).unsigned_number(count.events);
  json.end_object();
}

void append_flags(JsonOut& json, uint8_t flags) {
  json.key("flags").begin_array();
  for (std::string_view name : flag_names(flags)) json.string(name);
  json.end_array();
}

void append_entry_members(JsonOut& json, const TimelineEntry& entry) {
  json.key("type").string(event_type_name(entry.type)).key("name").string(entry.name);
  json.key("message_id").string(entry.message_id).key("source").string(entry.source);
  append_text_or_null(json, "channel", valid_utf8(entry.channel));
  append_text_or_null(json, "touchpoint", valid_utf8(entry.touchpoint));
  append_time(json, "occurred_at", entry.occurred_at);
  append_time(json, "received_at", entry.received_at);
  append_flags(json, entry.flags);
  json.key("event").raw(entry.json);
}

void append_rejected_entry(JsonOut& json, const RejectedEntry& entry) {
  json.begin_object().key("id").string(entry.id).key("source").string(entry.source);
  json.key("code").string(rejection_row(entry.code).name);
  json.key("message").string(valid_utf8(entry.message)).key("path").string(valid_utf8(entry.path));
  json.key("message_id").string(valid_utf8(entry.message_id));
  append_time(json, "received_at", entry.received_at);
  json.key("raw").string(valid_utf8(entry.raw)).end_object();
}

}  // namespace

std::string profile_json(const ProfileView& profile, std::string_view workspace, bool verbose,
                         const ValueMoment& moment) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("customer_id").string(profile.id.text()).key("workspace").string(workspace);
  append_identifiers(json, profile.identifiers);
  json.key("traits");
  append_traits(json, profile.traits, verbose);
  json.key("computed_traits");
  append_computed_traits(json, profile.computed_traits, verbose);
  json.key("event_counts");
  append_event_counts(json, profile.event_counts);
  json.key("events").unsigned_number(profile.events);
  append_seen(json, "first_seen", profile.first_seen);
  append_seen(json, "last_seen", profile.last_seen);
  json.key("channels").begin_array();
  for (const std::string& channel : profile.channels) json.string(channel);
  json.end_array();
  auto record = record_of(profile, moment);
  CustomerValue value = value_of(profile.orders, moment.rules, moment.now, moment.scale.get());
  std::vector<Interaction> talks = interactions_of(facts_of(profile.facts, FactKind::interaction));
  CustomerPreferences preferences = preferences_of(profile, moment.now);
  append_record(json, profile, record, verbose);
  append_classification(
      json, classify({record ? &*record : nullptr, value, talks, preferences, moment.rules.zone, moment.now}));
  append_value(json, value, profile.orders_complete);
  append_engagement(json, profile, value, moment);
  append_interaction_figures(json, profile, talks, moment.now);
  append_service_figures(json, profile, moment);
  append_preferences(json, profile, preferences);
  append_tags(json, profile, moment);
  append_status(json, profile, moment);
  json.end_object();
  return out;
}

std::string timeline_json(const TimelinePage& page) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("customer_id").string(page.customer.text()).key("events").begin_array();
  for (const TimelineEntry& entry : page.entries) {
    json.begin_object();
    append_entry_members(json, entry);
    json.end_object();
  }
  json.end_array();
  append_text_or_null(json, "next", page.next_cursor);
  json.end_object();
  return out;
}

std::string exported_event_json(const ExportedEvent& event) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("customer_id");
  if (event.customer) {
    json.string(event.customer->text());
  } else {
    json.null();
  }
  append_entry_members(json, event.entry);
  json.end_object();
  return out;
}

std::string traits_json(const ProfileView& profile) {
  std::string out;
  JsonOut json(out);
  append_traits(json, profile.traits, false);
  return out;
}

std::string event_counts_json(const ProfileView& profile) {
  std::string out;
  JsonOut json(out);
  append_event_counts(json, profile.event_counts);
  return out;
}

std::string rejected_json(const RejectedPage& page) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("rejected").begin_array();
  for (const RejectedEntry& entry : page.entries) append_rejected_entry(json, entry);
  json.end_array();
  append_text_or_null(json, "next", page.next_cursor);
  json.end_object();
  return out;
}

}  // namespace tributary
