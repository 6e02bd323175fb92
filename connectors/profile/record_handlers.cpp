#include "connectors/profile/record_handlers.h"

#include <algorithm>

#include "connectors/http/answers.h"
#include "connectors/query/profile_answer.h"
#include "connectors/query/query_json.h"
#include "connectors/query/record_json.h"
#include "connectors/query/refusals.h"
#include "engine/ingest/json_index.h"

namespace tributary {
namespace {

using enum RecordField;

constexpr size_t kRecordBytesMax = 64 << 10;
constexpr size_t kDepthNoted = 1024;
constexpr std::string_view kAnsweredBefore = "a request with this Idempotency-Key was answered before";

/// The members of `fields`, as they came.
struct RecordBody {
  std::vector<std::pair<std::string, std::string>> fields;  // name, JSON
  std::vector<RecordMistake> unknown;
};

/// Nothing for a body that is no object with an object `fields` and nothing else.
std::optional<RecordBody> record_body(const std::string& body) {
  JsonIndex index(kRecordBytesMax);
  if (index.build(body, body, kDepthNoted) != JsonProof::valid) return std::nullopt;
  JsonValue fields = find_member(index.root(), "fields");
  if (!fields.is(JsonKind::object) || index.root().size() != 1) return std::nullopt;
  RecordBody found;
  for_each_member(fields, [&](const JsonValue& key, const JsonValue& value) {
    std::string scratch;
    std::string name_said(key.text(scratch));
    if (!is_record_member(name_said)) found.unknown.push_back({name_said, "field_unknown"});
    found.fields.emplace_back(std::move(name_said), std::string(value.raw()));
  });
  return found;
}

ProfileAct save_of(const RecordBody& body, const ApiCaller& caller, bool partial, std::string_view number = {}) {
  ProfileAct act{"Customer Record Saved", {}};
  JsonOut json(act.properties);
  json.begin_object().key("partial").boolean(partial).key("source_kind").string("staff");
  json.key("actor").string(caller.key->id);
  for (const auto& [field, value] : body.fields) json.key(field).raw(value);
  if (!number.empty()) json.key("customer_no").string(number);
  json.end_object();
  return act;
}

/// True when the header names this record; `*` names any.
bool matches(std::string_view if_match, std::string_view etag) {
  while (!if_match.empty()) {
    size_t comma = std::min(if_match.find(','), if_match.size());
    std::string_view one = if_match.substr(0, comma);
    if_match.remove_prefix(std::min(comma + 1, if_match.size()));
    size_t first = one.find_first_not_of(" \t");
    if (first == one.npos) continue;
    one = one.substr(first, one.find_last_not_of(" \t") - first + 1);
    if (one == "*" || one == etag) return true;
  }
  return false;
}

}  // namespace

RecordHandlers::Turn::Turn(RecordHandlers& handlers, std::vector<Name> names) : handlers_(handlers) {
  std::lock_guard lock(handlers_.mutex_);
  for (Name& name : names) {
    if (handlers_.busy_.insert(name).second) {
      held_.push_back(std::move(name));
    } else {
      taken_ = false;
    }
  }
}

RecordHandlers::Turn::~Turn() {
  std::lock_guard lock(handlers_.mutex_);
  for (const Name& name : held_) handlers_.busy_.erase(name);
}

std::vector<RecordMistake> RecordHandlers::mistakes_in(const FactSaid& said,
                                                       const std::optional<CustomerRecord>& record) const {
  std::vector<RecordMistake> mistakes = refused_fields(said);
  if (!record) {
    auto lacks = [&](RecordField field) { return !says_value(said, field); };
    auto missing = missing_fields(says_organisation(said), lacks);
    mistakes.insert(mistakes.end(), missing.begin(), missing.end());
    return mistakes;
  }
  std::string_view status_now = record->text(status), status_said = said_value(said, status).value_or("");
  if (!status_now.empty() && !status_said.empty() && status_said != status_now) {
    mistakes.push_back({"status", "approval_needed"});
  }
  if (says_value(said, customer_no)) mistakes.push_back({"customer_no", "read_only"});
  // What is missing already was lost before; nothing else may be taken away.
  auto type = said_value(said, customer_type);
  bool organisation = type ? *type == "organisation" : record->organisation;
  auto lacks = [&](RecordField field) { return said_value(said, field).value_or(record->text(field)).empty(); };
  auto touched = [&](const RecordMistake& missing) {
    if (type) return true;
    if (missing.field == "phone_or_email")
      return said_value(said, phone).has_value() || said_value(said, email).has_value();
    return said_value(said, *find_record_field(missing.field)).has_value();
  };
  for (RecordMistake& missing : missing_fields(organisation, lacks)) {
    if (touched(missing)) mistakes.push_back(std::move(missing));
  }
  return mistakes;
}

std::variant<FactSaid, HttpResponse> RecordHandlers::checked(const HttpRequest& request, const ApiCaller& caller,
                                                             const ProfileAct& act,
                                                             const std::optional<CustomerRecord>& record) {
  auto facts = facts_of_act(services_, caller, act);
  if (auto* fault = std::get_if<ActOutcome>(&facts)) return refuse(request, *fault->refused, fault->message);
  auto& said = std::get<std::vector<FactSaid>>(facts);
  if (said.empty()) return refuse(request, RejectionCode::invalid_parameter, "fields has no value");
  auto mistakes = mistakes_in(said.front(), record);
  if (!mistakes.empty()) return refuse_fields(request, mistakes);
  return std::move(said.front());
}

Task<HttpResponse> RecordHandlers::change(const HttpRequest& request, const ApiCaller& caller) {
  auto id = CustomerId::parse(request.arguments.at(0));
  if (!id) co_return refuse(request, RejectionCode::not_found);
  if (!request.has_header("if-match")) co_return refuse(request, RejectionCode::precondition_required);
  auto body = record_body(request.body);
  if (!body) co_return refuse(request, RejectionCode::invalid_parameter, "body is not {\"fields\": {...}}");
  if (!body->unknown.empty()) co_return refuse_fields(request, body->unknown);
  auto found = services_.engine.profile(caller.key->workspace, *id);
  if (!found) co_return refuse(request, code_of(found.error()));
  Turn turn(*this, {Name(caller.key->workspace, found->id.anchor)});
  if (!turn.taken()) co_return refuse(request, RejectionCode::conflict, kBeingChanged);
  auto profile = services_.engine.profile(caller.key->workspace, *id);
  if (!profile) co_return refuse(request, code_of(profile.error()));
  auto record = record_of(*profile, {services_.value, system_clock().now()});
  std::string etag = record_etag(record);
  if (!matches(request.header("if-match"), etag)) {
    HttpResponse response = refuse(request, RejectionCode::precondition_failed);
    response.headers.emplace_back("ETag", std::move(etag));
    co_return std::move(response);
  }
  auto said = checked(request, caller, save_of(*body, caller, true), record);
  if (auto* refusal = std::get_if<HttpResponse>(&said)) co_return std::move(*refusal);
  const auto& change = std::get<FactSaid>(said);
  bool typed = said_value(change, customer_type).has_value() || !record;
  auto identifiers = identifiers_in(change, typed ? says_organisation(change) : record->organisation);
  auto named = held_by(caller.key->workspace, identifiers);
  std::erase(named, Name(caller.key->workspace, found->id.anchor));  // held already
  Turn names(*this, std::move(named));
  if (!names.taken()) co_return refuse(request, RejectionCode::conflict, kBeingChanged);
  auto erased = refuse_erased(request, caller, identifiers);
  if (erased) co_return std::move(*erased);
  auto owned = refuse_taken(request, caller, identifiers, profile->id);
  if (owned) co_return std::move(*owned);
  ProfileAct act = save_of(*body, caller, record.has_value());
  ActOutcome outcome = co_await record_act(services_, request, caller, *profile, std::move(act));
  if (outcome.refused) co_return refuse(request, *outcome.refused, outcome.message);
  if (outcome.duplicate) co_return refuse(request, RejectionCode::conflict, kAnsweredBefore);
  Timestamp now = system_clock().now();
  auto changed = services_.engine.whole_profile(caller.key->workspace, *id, now);
  if (!changed) co_return refuse(request, code_of(changed.error()));
  co_return profile_answer(services_.value, caller, *changed, false, now);
}

std::vector<RecordHandlers::Name> RecordHandlers::held_by(WorkspaceId workspace,
                                                          const std::vector<Identifier>& identifiers) {
  std::vector<Name> names;
  names.reserve(identifiers.size());
  const KeyedHash& key = services_.engine.index_key(workspace);
  for (const Identifier& each : identifiers) names.emplace_back(workspace, identifier_hash(key, each));
  return names;
}

std::optional<HttpResponse> RecordHandlers::refuse_taken(const HttpRequest& request, const ApiCaller& caller,
                                                         const std::vector<Identifier>& identifiers,
                                                         std::optional<CustomerId> mine) {
  for (const Identifier& each : identifiers) {
    auto owner = services_.engine.profile_of(caller.key->workspace, each, std::nullopt);
    if (!owner && owner.error().code == ErrorCode::not_found) continue;
    if (!owner) return refuse(request, code_of(owner.error()));
    if (owner->id == mine) continue;
    if (record_of(*owner, {services_.value, system_clock().now()})) return refuse_owned(request, owner->id);
  }
  return std::nullopt;
}

Task<HttpResponse> RecordHandlers::create(const HttpRequest& request, const ApiCaller& caller) {
  auto body = record_body(request.body);
  if (!body) co_return refuse(request, RejectionCode::invalid_parameter, "body is not {\"fields\": {...}}");
  if (!body->unknown.empty()) co_return refuse_fields(request, body->unknown);
  auto said = checked(request, caller, save_of(*body, caller, true), std::nullopt);
  if (auto* refusal = std::get_if<HttpResponse>(&said)) co_return std::move(*refusal);
  WorkspaceId workspace = caller.key->workspace;
  auto identifiers = identifiers_in(std::get<FactSaid>(said), says_organisation(std::get<FactSaid>(said)));
  Turn turn(*this, held_by(workspace, identifiers));
  if (!turn.taken()) co_return refuse(request, RejectionCode::conflict, kBeingChanged);
  auto erased = refuse_erased(request, caller, identifiers);
  if (erased) co_return std::move(*erased);
  auto owned = refuse_taken(request, caller, identifiers, std::nullopt);
  if (owned) co_return std::move(*owned);
  std::string wanted(said_value(std::get<FactSaid>(said), customer_no).value_or(""));
  auto number = wanted.empty() ? numbers_.next(workspace, services_.value.zone, system_clock().now())
                               : numbers_.take(workspace, wanted);
  if (!number) co_return refuse(request, code_of(number.error()));
  if (*number == nullptr)
    co_return refuse(request, RejectionCode::conflict, "the customer number was given out before");
  const Identifier by_number = Identifier::from_normalised({IdentifierFamily::customer_no, {}}, **number);
  std::vector<Identifier> names = identifiers;
  names.push_back(by_number);
  ProfileAct act = save_of(*body, caller, false, wanted.empty() ? **number : std::string_view());
  ActOutcome outcome = co_await record_first_act(services_, request, caller, names, std::move(act));
  if (outcome.refused) co_return refuse(request, *outcome.refused, outcome.message);
  if (outcome.duplicate) co_return refuse(request, RejectionCode::conflict, kAnsweredBefore);
  Timestamp now = system_clock().now();
  auto customer = services_.engine.whole_profile(workspace, IdentifierAt{by_number, std::nullopt}, now);
  if (!customer) erased = refuse_erased(request, caller, identifiers);  // it may have been erased meanwhile
  if (erased) co_return std::move(*erased);
  if (!customer) co_return refuse(request, code_of(customer.error()));
  HttpResponse response = profile_answer(services_.value, caller, *customer, false, now);
  response.status = 201;
  response.headers.emplace_back("Location", "/v1/profiles/" + customer->profile.id.text());
  co_return std::move(response);
}

HttpResponse RecordHandlers::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  return refuse_api(services_.metrics, request, code, message);
}

HttpResponse RecordHandlers::refuse_fields(const HttpRequest& request, const std::vector<RecordMistake>& mistakes,
                                           std::string_view message) {
  bool asks_for_status = std::ranges::find(mistakes, "approval_needed", &RecordMistake::code) != mistakes.end();
  if (asks_for_status) message = "a change of status needs a request: POST /v1/profiles/{customer_id}/status";
  HttpResponse response = refuse(request, RejectionCode::invalid_record, message);
  std::string list;
  JsonOut json(list);
  json.begin_array();
  for (const RecordMistake& mistake : mistakes) {
    json.begin_object().key("field").string(mistake.field).key("code").string(mistake.code).end_object();
  }
  json.end_array();
  add_member(response, "mistakes", list);
  return response;
}

std::optional<HttpResponse> RecordHandlers::refuse_erased(const HttpRequest& request, const ApiCaller& caller,
                                                          const std::vector<Identifier>& identifiers) {
  std::vector<RecordMistake> mistakes;
  for (const Identifier& each : identifiers) {
    // Fields are called like the identifiers that they hold.
    if (services_.engine.is_suppressed(caller.key->workspace, each)) {
      mistakes.push_back({kind_name(each.kind()), "erased_identifier"});
    }
  }
  if (mistakes.empty()) return std::nullopt;
  return refuse_fields(request, mistakes,
                       "a customer who had one of these identifiers was erased: none is taken until that is lifted, "
                       "POST /v1/erasures/{erasure_id}/lift");
}

HttpResponse RecordHandlers::refuse_owned(const HttpRequest& request, const CustomerId& owner) {
  HttpResponse response =
      refuse(request, RejectionCode::conflict, "another record has the same phone, e-mail or credit code");
  add_member(response, "customer_id", '"' + owner.text() + '"');
  return response;
}

}  // namespace tributary
