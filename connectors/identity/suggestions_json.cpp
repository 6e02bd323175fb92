#include "connectors/identity/identity_json.h"
#include "connectors/query/json_members.h"

namespace tributary {
namespace {

void append_side(JsonOut& json, std::string_view name, const DuplicateSide& side) {
  json.key(name).begin_object();
  json.key("customer_id").string(side.customer.text());
  append_text_or_null(json, "name", side.name);
  append_text_or_null(json, "contact_name", side.contact);
  append_text_or_null(json, "phone", masked_phone(side.phone));
  json.end_object();
}

void append_suggestion(JsonOut& json, const Suggestion& suggestion) {
  const DuplicatePair& pair = suggestion.pair;
  json.begin_object();
  json.key("id").string(suggestion.id);
  json.key("rule").string(duplicate_rule_name(pair.rule));
  json.key("kind").string(duplicate_kind_name(pair.kind));
  json.key("guards").begin_array();
  for (DuplicateGuard guard : pair.guards) json.string(duplicate_guard_name(guard));
  json.end_array();
  append_side(json, "a", pair.a);
  append_side(json, "b", pair.b);
  json.end_object();
}

}  // namespace

std::string masked_phone(std::string_view phone) {
  constexpr size_t kFront = 3, kBack = 4, kHiddenMin = 2;
  constexpr std::string_view kChina = "+86";
  if (phone.starts_with(kChina)) phone.remove_prefix(kChina.size());
  if (phone.empty()) return "";
  if (phone.size() < kFront + kHiddenMin + kBack) return "****";
  return std::string(phone.substr(0, kFront)) + "****" + std::string(phone.substr(phone.size() - kBack));
}

std::string suggestions_json(const SuggestionsPage& page) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("searched_at");
  page.searched_at == Timestamp{} ? json.null() : json.string(format_iso8601(page.searched_at));
  json.key("complete").boolean(page.complete);
  json.key("suggestions").begin_array();
  for (const Suggestion& suggestion : page.suggestions) append_suggestion(json, suggestion);
  json.end_array();
  append_text_or_null(json, "next", page.next_cursor);
  json.end_object();
  return out;
}

std::string suggestion_answer_json(const SuggestionAnswer& answer) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("answer").string(answer.accepted ? "accepted" : "rejected");
  json.key("at").string(format_iso8601(answer.at)).key("by").string(answer.author).end_object();
  return out;
}

std::string duplicate_summary_json(const DuplicateSummary& summary) {
  std::string out;
  JsonOut json(out);
  json.begin_object();
  json.key("searched_at").string(format_iso8601(summary.searched_at));
  json.key("customers").unsigned_number(summary.customers);
  json.key("merged").unsigned_number(summary.merged);
  json.key("suggested").unsigned_number(summary.suggested);
  json.key("groups_left_out").unsigned_number(summary.groups_left_out);
  json.key("complete").boolean(summary.complete);
  json.end_object();
  return out;
}

}  // namespace tributary
