#include "connectors/query/record_json.h"

#include <algorithm>

#include "connectors/query/json_members.h"

namespace tributary {
namespace {

using enum RecordField;

/// Digits stand for numbers; the caller gives no text that is none.
void append_budget(JsonOut& json, std::string_view budget) {
  size_t blank = std::min(budget.find(' '), budget.size());
  json.begin_object().key("minor").raw(budget.substr(0, blank));
  json.key("currency").string(budget.substr(std::min(blank + 1, budget.size()))).end_object();
}

void append_field_value(JsonOut& json, RecordField field, std::string_view value) {
  if (value.empty()) {
    json.null();
  } else if (field == employee_count) {
    json.raw(value);
  } else if (field == annual_budget) {
    append_budget(json, value);
  } else {
    json.string(value);
  }
}

void append_word(JsonOut& json, RecordField field, const RecordWord& word) {
  json.begin_object().key("value");
  append_field_value(json, field, word.value);
  json.key("source").string(word.said->source).key("message_id").string(word.said->message_id);
  json.key("occurred_at").string(format_iso8601(word.said->at));
  std::string_view by = word.said->text(actor), kind = word.said->text(source_kind);
  if (!by.empty()) json.key("actor").string(by);
  if (!kind.empty()) json.key("source_kind").string(kind);
}

void append_fields(JsonOut& json, const CustomerRecord& record, bool verbose) {
  json.key("fields").begin_object();
  for (const RecordFieldState& state : record.fields) {
    if (!verbose && state.winner.value.empty()) continue;
    json.key(record_field_name(state.field));
    if (!verbose) {
      append_field_value(json, state.field, state.winner.value);
      continue;
    }
    append_word(json, state.field, state.winner);
    json.key("candidates").begin_array();
    for (const RecordWord& word : state.candidates) {
      append_word(json, state.field, word);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_object();
}

void append_record_flags(JsonOut& json, const CustomerRecord& record) {
  json.key("flags").begin_array();
  for (const RecordFlag& flag : record.flags) {
    json.begin_object().key("field").string(record_field_name(flag.field)).key("code").string(flag.code);
    if (flag.said != nullptr) json.key("message_id").string(flag.said->message_id);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

std::optional<CustomerRecord> record_of(const ProfileView& profile, const ValueMoment& moment) {
  return customer_record(facts_of(profile.facts, FactKind::record), moment.rules.zone, moment.now);
}

void append_classification(JsonOut& json, const Classification& is) {
  json.key("classification").begin_object();
  append_text_or_null(json, "industry", is.industry);
  append_text_or_null(json, "industry_detail", is.industry_detail);
  append_text_or_null(json, "size", is.size);
  append_text_or_null(json, "region", is.region);
  append_text_or_null(json, "province", is.province);
  append_text_or_null(json, "city", is.city);
  append_text_or_null(json, "enterprise_type", is.enterprise_type);
  json.key("interaction_level").string(is.interaction_level);
  append_text_or_null(json, "product_focus", is.product_focus);
  append_text_or_null(json, "preferred_channel", is.preferred_channel);
  append_text_or_null(json, "budget_band", is.budget_band);
  append_text_or_null(json, "cooperation_band", is.cooperation_band);
  json.key("repeat_band").string(is.repeat_band).end_object();
}

std::string record_etag(const std::optional<CustomerRecord>& record) {
  return '"' + (record ? record->version() : std::string("unregistered")) + '"';
}

void append_record(JsonOut& json, const ProfileView& profile, const std::optional<CustomerRecord>& record,
                   bool verbose) {
  bool known = std::any_of(profile.identifiers.begin(), profile.identifiers.end(), names_a_person);
  json.key("grade").string(record_grade(record.has_value(), known)).key("record");
  if (!record) {
    json.null();
    return;
  }
  json.begin_object().key("customer_type").string(record->organisation ? "organisation" : "person");
  append_fields(json, *record, verbose);
  json.key("completeness").number(record->completeness);
  json.key("completion_state").string(completion_state_name(record->completion));
  json.key("missing").begin_array();
  for (std::string_view name_missing : record->missing) json.string(name_missing);
  json.end_array();
  append_time_or_null(json, "completion_due_at", record->due_at);
  append_record_flags(json, *record);
  json.key("created_at").string(format_iso8601(record->created_at));
  json.key("updated_at").string(format_iso8601(record->updated_at)).end_object();
}

}  // namespace tributary
