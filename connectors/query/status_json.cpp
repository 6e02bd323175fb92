#include "connectors/query/status_json.h"

#include "connectors/query/json_members.h"
#include "connectors/query/record_json.h"

namespace tributary {
namespace {

void append_request(JsonOut& json, const StatusRequest& request) {
  json.begin_object().key("request_id").string(request.id);
  json.key("kind").string(request.revert ? "revert" : "change").key("to").string(status_name(request.to));
  json.key("at").string(format_iso8601(request.at)).key("by").string(request.by);
  json.key("reason").string(request.reason);
  append_text_if_any(json, "text", request.text);
  append_text_if_any(json, "evidence", request.evidence);
  json.end_object();
}

void append_change(JsonOut& json, const StatusChange& change) {
  json.begin_object().key("request_id").string(change.id);
  json.key("from").string(status_name(change.from)).key("to").string(status_name(change.to));
  json.key("at").string(format_iso8601(change.at)).key("actor").string(change.actor);
  append_text_if_any(json, "approver", change.approver);
  append_text_if_any(json, "reason", change.reason);
  append_text_if_any(json, "text", change.text);
  append_text_if_any(json, "evidence", change.evidence);
  append_text_if_any(json, "remark", change.remark);
  if (change.reverted_at) {
    json.key("reverted_at").string(format_iso8601(*change.reverted_at)).key("reverted_by").string(change.reverted_by);
    append_text_if_any(json, "revert_remark", change.revert_remark);
  }
  json.end_object();
}

/// Without the end of the object.
void append_standing(JsonOut& json, const CustomerStatus& status) {
  json.begin_object().key("current").string(status_name(status.current));
  append_time_or_null(json, "since", status.since);
  append_text_or_null(json, "actor", status.actor);
  json.key("open_requests").begin_array();
  for (const StatusRequest& request : status.open) append_request(json, request);
  json.end_array();
}

}  // namespace

StatusBasis status_basis(const ProfileView& profile, const ValueMoment& moment) {
  StatusBasis basis{profile.facts, profile.orders, moment.rules, moment.now};
  basis.scale = moment.scale.get();
  if (auto record = record_of(profile, moment)) basis.take(*record);
  return basis;
}

void append_status(JsonOut& json, const ProfileView& profile, const ValueMoment& moment) {
  json.key("status");
  append_standing(json, status_of(status_basis(profile, moment)));
  json.end_object();
}

std::string status_json(const ProfileView& profile, const ValueMoment& moment) {
  std::string out;
  JsonOut json(out);
  CustomerStatus status = status_of(status_basis(profile, moment));
  json.begin_object().key("customer_id").string(profile.id.text()).key("status");
  append_standing(json, status);
  json.end_object().key("history").begin_array();
  for (const StatusChange& change : status.changes) append_change(json, change);
  json.end_array().key("complete").boolean(profile.facts_complete && profile.orders_complete).end_object();
  return out;
}

}  // namespace tributary
