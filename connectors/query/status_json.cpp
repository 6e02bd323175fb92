#include "connectors/query/status_json.h"

#include <algorithm>
#include <map>
#include <span>

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
  append_text_if_any(json, "via", request.via);
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
  append_text_if_any(json, "asked_via", change.asked_via);
  append_text_if_any(json, "approved_via", change.approved_via);
  if (change.reverted_at) {
    json.key("reverted_at").string(format_iso8601(*change.reverted_at)).key("reverted_by").string(change.reverted_by);
    append_text_if_any(json, "revert_remark", change.revert_remark);
    append_text_if_any(json, "reverted_via", change.reverted_via);
  }
  json.end_object();
}

/// Without the end of the object.
void append_standing(JsonOut& json, const CustomerStatus& status) {
  json.begin_object().key("current").string(status_name(status.current));
  append_time_or_null(json, "since", status.since);
  append_text_or_null(json, "actor", status.actor);
  json.key("open_requests_total").unsigned_number(status.open.size()).key("open_requests").begin_array();
  size_t left_out = status.open.size() - std::min(status.open.size(), kOpenRequestsShown);
  for (const StatusRequest& request : std::span(status.open).subspan(left_out)) append_request(json, request);
  json.end_array();
}

/// Where it stands in the list: older ones first, and nothing that an address cannot hold.
std::string place_of(const StatusRequest& request) {
  constexpr size_t kDigits = 20;  // of any number of 64 bits
  std::string since_the_first =
      std::to_string(static_cast<uint64_t>(request.at.micros) - static_cast<uint64_t>(INT64_MIN));
  std::string digits(kDigits - since_the_first.size(), '0');
  return digits + since_the_first + '-' + base32(Hash128::from_bytes(sha256(request.id)));
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

std::string status_requests_json(const ProfileView& profile, const ValueMoment& moment, const PageQuery& query) {
  CustomerStatus status = status_of(status_basis(profile, moment));
  std::map<std::string, const StatusRequest*> waiting;
  for (const StatusRequest& request : status.open) waiting.emplace(place_of(request), &request);
  auto next = waiting.upper_bound(query.cursor);
  std::string out, cursor;
  JsonOut json(out);
  json.begin_object().key("customer_id").string(profile.id.text()).key("requests").begin_array();
  for (size_t listed = 0; next != waiting.end() && listed < query.limit; ++next, ++listed) {
    append_request(json, *next->second);
    cursor = next->first;
  }
  json.end_array().key("total").unsigned_number(status.open.size());
  json.key("complete").boolean(profile.facts_complete && profile.orders_complete);
  append_text_or_null(json, "next", next == waiting.end() ? std::string() : cursor);
  json.end_object();
  return out;
}

std::string status_decision_json(const StatusDecision& decision) {
  std::string out;
  JsonOut json(out);
  std::string_view name = decision.act == StatusAct::approved ? "approved" : "rejected";
  json.begin_object().key("decision").string(decision.act == StatusAct::reverted ? "reverted" : name);
  json.key("at").string(format_iso8601(decision.at)).key("by").string(decision.by);
  append_text_if_any(json, "remark", decision.remark);
  append_text_if_any(json, "via", decision.source);
  json.end_object();
  return out;
}

}  // namespace tributary
