#include "connectors/profile_api/profile_api_json.h"

#include <algorithm>

#include "connectors/profile_api/profile_api_answers.h"
#include "connectors/query/json_members.h"
#include "engine/base/utf8.h"
#include "engine/ingest/json_index.h"
#include "engine/ingest/json_repair.h"

namespace tributary {
namespace {

constexpr size_t kEventBytesMax = 2 << 20;  // of a record of the log
constexpr size_t kEventDepthMax = 1024;

/// An event's own bytes, indexed. Lifetime: that of the entry's text.
class EventDocument {
 public:
  explicit EventDocument(std::string_view json) : repair_(repair_json(json)), index_(kEventBytesMax) {
    bool good = !repair_.fault_at && index_.build(repair_.provable, json, kEventDepthMax) == JsonProof::valid;
    if (good) root_ = index_.root();
  }
  JsonValue operator[](std::string_view name) const { return find_member(root_, name); }
  std::string text(std::string_view name) const {
    std::string scratch;
    JsonValue value = (*this)[name];
    bool told = value.is(JsonKind::string) || value.is(JsonKind::number);
    return told ? std::string(value.text(scratch)) : std::string();
  }

 private:
  JsonRepair repair_;
  JsonIndex index_;
  JsonValue root_;
};

void append_object(JsonOut& json, std::string_view name, const JsonValue& value) {
  json.key(name).raw(value.is(JsonKind::object) ? value.raw() : std::string_view("{}"));
}

void append_said_id(JsonOut& json, std::string_view type, const std::string& id) {
  if (id.empty()) return;
  json.begin_object().key("collection").string("users").key("type").string(type);
  json.key("id").string(valid_utf8(id)).key("encoding").string("none").end_object();
}

}  // namespace

std::string profile_api_traits_json(const std::vector<ProfileApiTrait>& traits, const NamedPage& page,
                                    const HttpRequest& request) {
  std::string out, last, next;
  JsonOut json(out);
  size_t told = 0;
  json.begin_object().key("traits").begin_object();
  for (const ProfileApiTrait& trait : traits) {
    if (!page.wants(trait.name)) continue;
    if (told == page.limit) {
      next = position_text(last);
      break;
    }
    ++told;
    last = trait.name;
    json.key(trait.name);
    if (!page.verbose) {
      json.raw(trait.value_json);
      continue;
    }
    json.begin_object().key("value").raw(trait.value_json);
    append_text_or_null(json, "source_id", trait.source);
    json.key("updated_at").string(format_iso8601(trait.updated_at)).end_object();
  }
  json.end_object();
  append_page_cursor(json, request, page.limit, next);
  json.end_object();
  return out;
}

void append_external_id(JsonOut& json, const ProfileApiIdentifier& identifier) {
  json.begin_object();
  append_text_or_null(json, "source_id", identifier.source);
  json.key("collection").string("users").key("id").string(identifier.value).key("type").string(identifier.type);
  json.key("created_at");
  identifier.first_seen == Timestamp{} ? json.null() : json.string(format_iso8601(identifier.first_seen));
  json.key("encoding").string("none");
  append_text_or_null(json, "first_message_id", identifier.message_id);
  json.end_object();
}

std::string external_type(const IdentifierKind& kind) {
  return kind.family == IdentifierFamily::external_id ? kind.platform : kind_name(kind);
}

void append_profile_api_event(JsonOut& json, const TimelineEntry& entry, const CustomerId& customer) {
  EventDocument document(entry.json);
  json.begin_object().key("external_ids").begin_array();
  append_said_id(json, "user_id", document.text("userId"));
  append_said_id(json, "anonymous_id", document.text("anonymousId"));
  json.end_array();
  append_object(json, "context", document["context"]);
  json.key("type").string(event_type_name(entry.type)).key("message_id").string(valid_utf8(entry.message_id));
  json.key("source_id").string(entry.source).key("timestamp").string(format_iso8601(entry.occurred_at));
  append_object(json, "properties", document["properties"]);
  if (document["traits"].is(JsonKind::object)) append_object(json, "traits", document["traits"]);
  append_text_or_null(json, "event", valid_utf8(entry.name));
  json.key("related").begin_object().key("users").string(customer.text()).end_object().end_object();
}

std::string group_of(const TimelineEntry& entry) { return EventDocument(entry.json).text("groupId"); }

}  // namespace tributary
