#include "connectors/query/tags_json.h"

#include <map>

#include "connectors/query/json_members.h"

namespace tributary {
namespace {

std::string_view standing_name(TagStanding standing) {
  switch (standing) {
    case TagStanding::held:
      return "held";
    case TagStanding::conflicting:
      return "conflicting";
    case TagStanding::replaced:
      return "replaced";
    case TagStanding::not_in_library:
      return "not_in_library";
    case TagStanding::retired:
      return "retired";
    case TagStanding::removed:
      return "removed";
  }
  return "unknown";
}

/// As the library spells it; what it does not know as it was said.
void append_tag_name(JsonOut& json, const CustomerTag& tag) {
  json.key("type").string(tag.entry != nullptr ? tag.entry->type : tag.text(TagField::type));
  json.key("name").string(tag.entry != nullptr ? tag.entry->name : tag.text(TagField::name));
}

void append_customer_tag(JsonOut& json, const CustomerTag& tag) {
  bool removed = tag.standing == TagStanding::removed;
  json.begin_object();
  append_tag_name(json, tag);
  json.key(removed ? "removed_at" : "added_at").string(format_iso8601(tag.told.at));
  append_text_if_any(json, removed ? "removed_by" : "added_by", tag.text(TagField::by));
  append_text_if_any(json, removed ? "reason" : "note", tag.text(TagField::note));
  append_text_if_any(json, "evidence", tag.text(TagField::evidence));
  append_text_if_any(json, "origin", tag.text(TagField::origin));
  json.key("flags").begin_array();
  if (!removed && is_subjective(tag.text(TagField::note))) json.string("note_subjective");
  json.end_array();
}

void append_conflicts(JsonOut& json, const std::vector<CustomerTag>& tags) {
  std::map<std::string_view, std::vector<const CustomerTag*>> groups;
  for (const CustomerTag& tag : tags) {
    if (tag.standing == TagStanding::conflicting) groups[tag.entry->exclusive_group].push_back(&tag);
  }
  json.key("tag_conflicts").begin_array();
  for (const auto& [group, rivals] : groups) {
    json.begin_object().key("exclusive_group").string(group).key("tags").begin_array();
    for (const CustomerTag* tag : rivals) {
      append_customer_tag(json, *tag);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
}

std::string_view tag_act_name(uint8_t act) {
  return act == static_cast<uint8_t>(TagAct::removed) ? "removed" : "added";
}

void append_tag_word(JsonOut& json, const Fact& word) {
  bool added = word.act == static_cast<uint8_t>(TagAct::added);
  json.begin_object().key("act").string(tag_act_name(word.act));
  json.key("type").string(word.text(TagField::type)).key("name").string(word.text(TagField::name));
  json.key("at").string(format_iso8601(word.at));
  append_text_if_any(json, "by", word.text(TagField::by));
  append_text_if_any(json, added ? "note" : "reason", word.text(TagField::note));
  append_text_if_any(json, "evidence", word.text(TagField::evidence));
  append_text_if_any(json, "origin", word.text(TagField::origin));
  json.key("source").string(word.source).key("message_id").string(word.message_id).end_object();
}

void append_successor(JsonOut& json, std::string_view subject) {
  std::string_view name = name_in_subject(subject);
  json.key("replaced_by").begin_object().key("type").string(subject.substr(0, subject.size() - name.size() - 1));
  json.key("name").string(name).end_object();
}

void append_entry(JsonOut& json, const TagEntry& entry) {
  json.begin_object().key("type").string(entry.type).key("name").string(entry.name);
  json.key("state").string(tag_state_name(entry.state));
  append_text_if_any(json, "label_zh", entry.label_zh);
  append_text_if_any(json, "label_en", entry.label_en);
  append_text_if_any(json, "description", entry.description);
  append_text_if_any(json, "exclusive_group", entry.exclusive_group);
  json.key("needs_note").boolean(entry.needs_note);
  append_text_if_any(json, "proposer", entry.proposer);
  if (entry.proposed_at) json.key("proposed_at").string(format_iso8601(*entry.proposed_at));
  append_text_if_any(json, "decided_by", entry.decided_by);
  if (entry.decided_at) json.key("decided_at").string(format_iso8601(*entry.decided_at));
  append_text_if_any(json, "reason", entry.reason);
  if (!entry.replaced_by.empty()) append_successor(json, entry.replaced_by);
  json.end_object();
}

}  // namespace

std::string_view tag_state_name(TagState state) {
  switch (state) {
    case TagState::proposed:
      return "proposed";
    case TagState::approved:
      return "approved";
    case TagState::rejected:
      return "rejected";
    case TagState::retired:
      return "retired";
    case TagState::replaced:
      return "replaced";
  }
  return "unknown";
}

void append_tags(JsonOut& json, const ProfileView& profile, const ValueMoment& moment) {
  static const TagLibrary kEmpty;
  const TagLibrary& library = moment.tags != nullptr ? *moment.tags : kEmpty;
  std::vector<CustomerTag> tags = tags_of(facts_of(profile.facts, FactKind::tag), library, moment.now);
  json.key("tags").begin_array();
  for (const CustomerTag& tag : tags) {
    if (tag.standing != TagStanding::held) continue;
    append_customer_tag(json, tag);
    json.end_object();
  }
  json.end_array();
  append_conflicts(json, tags);
}

std::string customer_tags_json(const ProfileView& profile, const TagLibrary& library, Timestamp now) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("customer_id").string(profile.id.text()).key("tags").begin_array();
  for (const CustomerTag& tag : tags_of(facts_of(profile.facts, FactKind::tag), library, now)) {
    append_customer_tag(json, tag);
    json.key("standing").string(standing_name(tag.standing)).end_object();
  }
  json.end_array().key("complete").boolean(profile.facts_complete).end_object();
  return out;
}

std::string tag_history_json(const FactsPage& page) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("customer_id").string(page.customer.text()).key("history").begin_array();
  for (const Fact& word : page.facts) append_tag_word(json, word);
  json.end_array().key("complete").boolean(page.complete);
  append_text_or_null(json, "next", page.next_cursor);
  json.end_object();
  return out;
}

std::string tag_entry_json(const TagEntry& entry) {
  std::string out;
  JsonOut json(out);
  append_entry(json, entry);
  return out;
}

std::string tag_library_json(const TagLibrary& library, std::string_view state, std::string_view type) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("tags").begin_array();
  for (const auto& [subject, entry] : library.entries()) {
    bool wanted = (state.empty() || tag_state_name(entry.state) == state) && (type.empty() || entry.type == type);
    if (wanted) append_entry(json, entry);
  }
  json.end_array().end_object();
  return out;
}

}  // namespace tributary
