#include "connectors/query/history_json.h"

#include "connectors/query/json_members.h"

namespace tributary {
namespace {

void append_history_entry(JsonOut& json, const HistoryEntry& entry) {
  json.begin_object().key("at").string(format_iso8601(entry.at)).key("what").string(entry.what);
  append_text_or_null(json, "subject", entry.subject);
  append_text_or_null(json, "from", entry.from);
  append_text_or_null(json, "to", entry.to);
  append_text_if_any(json, "by", entry.by);
  append_text_if_any(json, "source", entry.source);
  append_text_if_any(json, "message_id", entry.message_id);
  append_text_if_any(json, "reason", entry.reason);
  append_text_if_any(json, "evidence", entry.evidence);
  json.end_object();
}

}  // namespace

std::string history_json(const HistoryPage& page) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("customer_id").string(page.customer.text()).key("history").begin_array();
  for (const HistoryEntry& entry : page.entries) append_history_entry(json, entry);
  json.end_array().key("complete").boolean(page.complete);
  append_text_or_null(json, "next", page.next_cursor);
  json.end_object();
  return out;
}

}  // namespace tributary
