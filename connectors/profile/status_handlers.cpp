#include "connectors/profile/status_handlers.h"

#include <algorithm>

#include "connectors/http/answers.h"
#include "connectors/query/json_body.h"
#include "connectors/query/query_parameters.h"
#include "connectors/query/refusals.h"
#include "connectors/query/status_json.h"

namespace tributary {
namespace {

constexpr size_t kStatusMemberBytesMax = 4000;

struct StatusBody {
  std::string to, reason, text, evidence, remark, author;
};

Parsed<StatusBody> status_body(std::string_view body) {
  StatusBody read;
  if (body.empty()) return read;
  auto object = object_of(body);
  if (!object) return ParameterFault{"the body is not a JSON object"};
  const std::pair<std::string_view, std::string*> members[] = {{"to", &read.to},         {"reason", &read.reason},
                                                               {"text", &read.text},     {"evidence", &read.evidence},
                                                               {"remark", &read.remark}, {"author", &read.author}};
  for (const auto& [name, value] : *object) {
    auto member = std::find_if(std::begin(members), std::end(members),
                               [&](const auto& known) { return known.first == std::string_view(name); });
    if (member == std::end(members)) return ParameterFault{"the body has a member that is not known"};
    if (!value.is_string()) return ParameterFault{std::string(member->first) + " is not a string"};
    if (value.get_string().size() > kStatusMemberBytesMax) {
      return ParameterFault{std::string(member->first) + " is longer than 4000 bytes"};
    }
    *member->second = std::string(value.get_string());
  }
  return read;
}

ProfileAct asked_change(const StatusBody& body, const std::string& id) {
  ProfileAct act{"Status Change Requested", {}};
  JsonOut json(act.properties);
  json.begin_object().key("request_id").string(id).key("to").string(body.to).key("reason").string(body.reason);
  if (!body.text.empty()) json.key("text").string(body.text);
  if (!body.evidence.empty()) json.key("evidence").string(body.evidence);
  json.key("by").string(body.author).end_object();
  return act;
}

ProfileAct decided_change(std::string_view event, std::string_view id, const StatusBody& body) {
  ProfileAct act{std::string(event), {}};
  JsonOut json(act.properties);
  json.begin_object().key("request_id").string(id).key("by").string(body.author);
  if (!body.remark.empty()) json.key("remark").string(body.remark);
  json.end_object();
  return act;
}

std::string names_json(const std::vector<Status>& targets) {
  std::string out;
  JsonOut json(out);
  json.begin_array();
  for (Status target : targets) json.string(status_name(target));
  json.end_array();
  return out;
}

/// Nothing: the body says what it must for this target.
std::optional<std::string_view> mistake_in(const StatusBody& body) {
  auto to = find_status(body.to);
  if (!to) return "to is none of potential, interested, won and lost, or a vague word for one";
  if (body.reason.empty()) return "reason is missing: say why";
  if (*to == Status::lost && !find_loss_reason(body.reason)) {
    return "reason is none of price, competitor, need_gone, service, time_conflict, content_difficulty, no_contact "
           "and other";
  }
  return std::nullopt;
}

/// Whom a decision about this request or change must not come from; nothing: it does not wait for this decision.
std::optional<std::string> asker_of(const CustomerStatus& status, std::string_view id, std::string_view event) {
  bool revert = event == "Status Change Reverted";
  for (const StatusRequest& open : status.open) {
    if (open.id != id) continue;
    bool fits = open.revert ? event != "Status Change Approved" : !revert;
    if (fits) return open.by;
  }
  if (!revert) return std::nullopt;
  for (const StatusChange& change : status.changes) {
    if (change.id == id && !change.reverted_at) return change.actor;
  }
  return std::nullopt;
}

}  // namespace

Task<HttpResponse> StatusHandlers::show(const HttpRequest& request, const ApiCaller& caller) {
  co_return read(request, caller, status_json);
}

Task<HttpResponse> StatusHandlers::requests(const HttpRequest& request, const ApiCaller& caller) {
  auto query = page_query(request);
  if (auto* fault = std::get_if<ParameterFault>(&query)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto page = [&query](const ProfileView& customer, const ValueMoment& moment) {
    return status_requests_json(customer, moment, std::get<PageQuery>(query));
  };
  co_return read(request, caller, page);
}

HttpResponse StatusHandlers::read(const HttpRequest& request, const ApiCaller& caller,
                                  const std::function<std::string(const ProfileView&, const ValueMoment&)>& shown) {
  auto moment = moment_parameter(request);
  if (auto* fault = std::get_if<ParameterFault>(&moment)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto id = CustomerId::parse(request.arguments.at(0));
  if (!id) return refuse(request, RejectionCode::not_found);
  auto customer = services_.engine.profile(caller.key->workspace, *id);
  if (!customer) return refuse(request, code_of(customer.error()));
  auto as_of = value_moment(services_.engine, services_.value, caller.key->workspace, std::get<Timestamp>(moment));
  if (!as_of) return refuse(request, code_of(as_of.error()));
  return json_response(shown(*customer, *as_of));
}

Task<HttpResponse> StatusHandlers::ask(const HttpRequest& request, const ApiCaller& caller) {
  auto parsed = status_body(request.body);
  if (auto* fault = std::get_if<ParameterFault>(&parsed)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  StatusBody body = std::get<StatusBody>(std::move(parsed));
  if (auto mistake = mistake_in(body)) co_return refuse(request, RejectionCode::invalid_parameter, *mistake);
  if (body.author.empty()) body.author = caller.key->id;
  auto customer_id = CustomerId::parse(request.arguments.at(0));
  if (!customer_id) co_return refuse(request, RejectionCode::not_found);
  auto customer = services_.engine.profile(caller.key->workspace, *customer_id);
  if (!customer) co_return refuse(request, code_of(customer.error()));
  auto now = value_moment(services_.engine, services_.value, caller.key->workspace, system_clock().now());
  if (!now) co_return refuse(request, code_of(now.error()));
  std::string reason(find_loss_reason(body.reason).value_or(body.reason));
  auto targets = allowed_targets(status_basis(*customer, *now), reason, body.text);
  if (std::find(targets.begin(), targets.end(), *find_status(body.to)) == targets.end()) {
    HttpResponse refusal = refuse(request, RejectionCode::transition_not_allowed);
    add_member(refusal, "allowed", names_json(targets));
    co_return std::move(refusal);
  }
  std::string id = decision_id(request, now->now);
  ProfileAct act = asked_change(body, id);
  HttpResponse response = co_await record(request, caller, *customer, std::move(act));
  co_return std::move(response);
}

Task<HttpResponse> StatusHandlers::approve(const HttpRequest& request, const ApiCaller& caller) {
  return decide(request, caller, "Status Change Approved");
}

Task<HttpResponse> StatusHandlers::reject(const HttpRequest& request, const ApiCaller& caller) {
  return decide(request, caller, "Status Change Rejected");
}

Task<HttpResponse> StatusHandlers::revert(const HttpRequest& request, const ApiCaller& caller) {
  return decide(request, caller, "Status Change Reverted");
}

Task<HttpResponse> StatusHandlers::decide(const HttpRequest& request, const ApiCaller& caller, std::string_view event) {
  auto parsed = status_body(request.body);
  if (auto* fault = std::get_if<ParameterFault>(&parsed)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  StatusBody body = std::get<StatusBody>(std::move(parsed));
  if (body.remark.empty() && event != "Status Change Approved") {
    co_return refuse(request, RejectionCode::invalid_parameter, "remark is missing: say why");
  }
  if (body.author.empty()) body.author = caller.key->id;
  CustomerInTurn in_turn = co_await customer_in_turn(services_, request, caller);
  if (!in_turn.customer) co_return refuse(request, in_turn.refusal);
  const ProfileView& customer = *in_turn.customer;
  auto now = value_moment(services_.engine, services_.value, caller.key->workspace, system_clock().now());
  if (!now) co_return refuse(request, code_of(now.error()));
  const std::string& id = request.arguments.at(1);
  StatusBasis basis = status_basis(customer, *now);
  auto asker = asker_of(status_of(basis), id, event);
  if (!asker) {
    auto standing = decision_about(basis, id);
    if (!standing) co_return refuse(request, RejectionCode::not_found, "nothing of this id waits for that");
    bool retried = is_word_of(request, caller, customer.id, event, standing->source, standing->message_id);
    if (retried) co_return json_response(status_json(customer, *now));
    HttpResponse refusal = refuse(request, RejectionCode::conflict, "somebody decided about it before");
    add_member(refusal, "decision", status_decision_json(*standing));
    co_return std::move(refusal);
  }
  if (*asker == body.author) co_return refuse(request, RejectionCode::self_approval);
  ProfileAct act = decided_change(event, id, body);
  HttpResponse response = co_await record(request, caller, customer, std::move(act));
  co_return std::move(response);
}

Task<HttpResponse> StatusHandlers::record(const HttpRequest& request, const ApiCaller& caller,
                                          const ProfileView& customer, ProfileAct act) {
  ActOutcome outcome = co_await record_act(services_, request, caller, customer, std::move(act));
  if (outcome.refused) co_return refuse(request, *outcome.refused, outcome.message);
  auto profile = services_.engine.profile(caller.key->workspace, customer.id);
  if (!profile) co_return refuse(request, code_of(profile.error()));
  auto now = value_moment(services_.engine, services_.value, caller.key->workspace, system_clock().now());
  if (!now) co_return refuse(request, code_of(now.error()));
  co_return json_response(status_json(*profile, *now));
}

HttpResponse StatusHandlers::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  return refuse_api(services_.metrics, request, code, message);
}

}  // namespace tributary
