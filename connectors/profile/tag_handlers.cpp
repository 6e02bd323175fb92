#include "connectors/profile/tag_handlers.h"

#include "connectors/http/answers.h"
#include "connectors/http/ingest_bridge.h"
#include "connectors/http/request_target.h"
#include "connectors/query/query_parameters.h"
#include "connectors/query/refusals.h"
#include "connectors/query/tags_json.h"

namespace tributary {
namespace {

constexpr size_t kTagReasonParameterBytesMax = 1000;
constexpr std::string_view kNoPathName = "the name cannot stand in the path of a decision about it";

void add_value(FactSaid& fact, TagField field, std::string_view text) {
  if (!text.empty()) fact.values.push_back({static_cast<uint8_t>(field), std::string(text)});
}

/// Fields in rising order.
WorkspaceFact library_word(TagAct act, std::string subject, const TagBody& body) {
  WorkspaceFact said{body.decision, {}};
  FactSaid& fact = said.fact;
  fact.kind = FactKind::tag;
  fact.act = static_cast<uint8_t>(act);
  fact.subject_text = std::move(subject);
  add_value(fact, TagField::type, body.type);
  add_value(fact, TagField::name, act == TagAct::renamed ? body.into : body.name);
  add_value(fact, TagField::note, body.decision.reason);
  add_value(fact, TagField::by, body.decision.author);
  add_value(fact, TagField::label_zh, body.label_zh);
  add_value(fact, TagField::label_en, body.label_en);
  add_value(fact, TagField::description, body.description);
  add_value(fact, TagField::exclusive_group, body.exclusive_group);
  if (body.needs_note) add_value(fact, TagField::needs_note, *body.needs_note ? "true" : "false");
  add_value(fact, TagField::into, tag_subject(body.into_type, body.into));
  return said;
}

ProfileAct addition(const TagBody& body) {
  ProfileAct act{"Tag Added", {}};
  JsonOut json(act.properties);
  json.begin_object().key("type").string(body.type).key("name").string(body.name);
  if (!body.note.empty()) json.key("note").string(body.note);
  if (!body.evidence.empty()) json.key("evidence").string(body.evidence);
  json.key("by").string(body.decision.author).key("origin").string(kTagOriginManual).end_object();
  return act;
}

ProfileAct removal(const TagBody& body) {
  ProfileAct act{"Tag Removed", {}};
  JsonOut json(act.properties);
  json.begin_object().key("type").string(body.type).key("name").string(body.name);
  json.key("reason").string(body.decision.reason).key("by").string(body.decision.author);
  json.key("origin").string(kTagOriginManual).end_object();
  return act;
}

std::string name_json(const TagEntry& entry) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("type").string(entry.type).key("name").string(entry.name).end_object();
  return out;
}

std::string_view told_why_impossible(TagAct act) {
  switch (act) {
    case TagAct::proposed:
      return "the tag is in the library, or proposed already";
    case TagAct::approved:
      return "only a proposed or a retired tag can be approved";
    case TagAct::rejected:
      return "only a proposed tag can be rejected";
    case TagAct::renamed:
      return "only a proposed tag can be renamed, and to a name that the library does not have";
    case TagAct::merged:
      return "only a proposed tag can be merged, and into an approved one";
    default:
      return "only an approved tag can be retired";
  }
}

/// Completes what a proposal is renamed to or merged into; nothing when it says what it must.
std::optional<std::string_view> mistake_in_target(TagAct act, TagBody& body) {
  bool renamed = act == TagAct::renamed;
  if (!renamed && act != TagAct::merged) {
    return body.into.empty() && body.into_type.empty()
               ? std::nullopt
               : std::optional("new_name, into and into_type are of other decisions");
  }
  if (renamed && !body.into_type.empty()) return "a tag that is renamed keeps its type";
  body.into_type = body.into_type.empty() ? body.type : tag_type_code(body.into_type);
  std::string target = tag_subject(body.into_type, body.into);
  if (target.empty()) return renamed ? "new_name is missing" : "into is missing, or into_type is no type";
  if (!can_be_segment(name_in_subject(target))) return kNoPathName;
  return std::nullopt;
}

}  // namespace

Task<HttpResponse> TagHandlers::library(const HttpRequest& request, const ApiCaller& caller) {
  auto library = services_.engine.tag_library(caller.key->workspace);
  if (!library) co_return refuse(request, code_of(library.error()));
  co_return json_response(tag_library_json(*library, request.parameter("state"), request.parameter("type")));
}

Task<HttpResponse> TagHandlers::propose(const HttpRequest& request, const ApiCaller& caller) {
  auto parsed = tag_body(request.body);
  if (auto* fault = std::get_if<ParameterFault>(&parsed)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  HttpResponse response = co_await decide(request, caller, TagAct::proposed, std::get<TagBody>(std::move(parsed)));
  co_return std::move(response);
}

Task<HttpResponse> TagHandlers::approve(const HttpRequest& request, const ApiCaller& caller) {
  return decide_about_named(request, caller, TagAct::approved);
}

Task<HttpResponse> TagHandlers::reject(const HttpRequest& request, const ApiCaller& caller) {
  return decide_about_named(request, caller, TagAct::rejected);
}

Task<HttpResponse> TagHandlers::rename(const HttpRequest& request, const ApiCaller& caller) {
  return decide_about_named(request, caller, TagAct::renamed);
}

Task<HttpResponse> TagHandlers::merge(const HttpRequest& request, const ApiCaller& caller) {
  return decide_about_named(request, caller, TagAct::merged);
}

Task<HttpResponse> TagHandlers::retire(const HttpRequest& request, const ApiCaller& caller) {
  return decide_about_named(request, caller, TagAct::retired);
}

Task<HttpResponse> TagHandlers::decide_about_named(const HttpRequest& request, const ApiCaller& caller, TagAct act) {
  auto parsed = tag_body(request.body);
  if (auto* fault = std::get_if<ParameterFault>(&parsed)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  TagBody body = std::get<TagBody>(std::move(parsed));
  body.type = tag_type_code(request.arguments.at(0));
  body.name = request.arguments.at(1);
  if (auto mistake = mistake_in_target(act, body)) {
    co_return refuse(request, RejectionCode::invalid_parameter, *mistake);
  }
  bool ends = act == TagAct::rejected || act == TagAct::retired;
  if (ends && body.decision.reason.empty()) {
    co_return refuse(request, RejectionCode::invalid_parameter, "reason is missing: say why, in up to 4000 bytes");
  }
  HttpResponse response = co_await decide(request, caller, act, std::move(body));
  co_return std::move(response);
}

Task<HttpResponse> TagHandlers::decide(const HttpRequest& request, const ApiCaller& caller, TagAct act, TagBody body) {
  std::string subject = tag_subject(body.type, body.name);
  if (subject.empty() && act == TagAct::proposed) {
    co_return refuse(request, RejectionCode::invalid_parameter, "type and name are needed");
  }
  if (act == TagAct::proposed && !can_be_segment(name_in_subject(subject))) {
    co_return refuse(request, RejectionCode::invalid_parameter, kNoPathName);
  }
  std::string key = std::to_string(caller.key->workspace.value()) + " tags";
  Turns::Turn turn = co_await services_.turns->take(key);
  if (!turn.taken()) co_return refuse(request, RejectionCode::overloaded);
  complete_decision(body.decision, request, caller);
  auto library = services_.engine.tag_library(caller.key->workspace);
  if (!library) co_return refuse(request, code_of(library.error()));
  const TagEntry* entry = library->find(subject);
  if (entry == nullptr && act != TagAct::proposed) co_return refuse(request, RejectionCode::not_found);
  const TagEntry* into = library->find(tag_subject(body.into_type, body.into));
  TagDecision judged = judge_tag_decision(entry, act, body.decision.author, into);
  if (judged == TagDecision::self_approval) co_return refuse(request, RejectionCode::self_approval);
  if (judged != TagDecision::possible) co_return refuse(request, RejectionCode::conflict, told_why_impossible(act));
  WorkspaceFact said = library_word(act, subject, body);
  IngestOutcome outcome =
      co_await async_decide(services_.engine, &Engine::decide_fact, caller.key->workspace, std::move(said), kUseTask);
  if (outcome.refused) co_return refuse(request, *outcome.refused);
  library = services_.engine.tag_library(caller.key->workspace);
  if (!library) co_return refuse(request, code_of(library.error()));
  entry = library->find(subject);
  co_return entry != nullptr ? json_response(tag_entry_json(*entry)) : refuse(request, RejectionCode::conflict);
}

Task<HttpResponse> TagHandlers::of_customer(const HttpRequest& request, const ApiCaller& caller) {
  auto moment = moment_parameter(request);
  if (auto* fault = std::get_if<ParameterFault>(&moment)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto customer = customer_in(request, caller);
  if (auto* refusal = std::get_if<HttpResponse>(&customer)) co_return std::move(*refusal);
  auto library = services_.engine.tag_library(caller.key->workspace);
  if (!library) co_return refuse(request, code_of(library.error()));
  co_return json_response(customer_tags_json(std::get<ProfileView>(customer), *library, std::get<Timestamp>(moment)));
}

Task<HttpResponse> TagHandlers::history(const HttpRequest& request, const ApiCaller& caller) {
  auto query = page_query(request);
  if (auto* fault = std::get_if<ParameterFault>(&query)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto id = CustomerId::parse(request.arguments.at(0));
  if (!id) co_return refuse(request, RejectionCode::not_found);
  auto page = services_.engine.facts(caller.key->workspace, *id, FactKind::tag, std::get<PageQuery>(query));
  co_return page ? json_response(tag_history_json(*page)) : refuse(request, code_of(page.error()));
}

Task<HttpResponse> TagHandlers::add(const HttpRequest& request, const ApiCaller& caller) {
  auto parsed = tag_body(request.body);
  if (auto* fault = std::get_if<ParameterFault>(&parsed)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  TagBody body = std::get<TagBody>(std::move(parsed));
  std::string subject = tag_subject(body.type, body.name);
  if (subject.empty()) co_return refuse(request, RejectionCode::invalid_parameter, "type and name are needed");
  CustomerInTurn in_turn = co_await customer_in_turn(services_, request, caller);
  if (!in_turn.customer) co_return refuse(request, in_turn.refusal);
  const ProfileView& view = *in_turn.customer;
  auto library = services_.engine.tag_library(caller.key->workspace);
  if (!library) co_return refuse(request, code_of(library.error()));
  complete_decision(body.decision, request, caller);
  if (library->find_approved(subject) == nullptr) {
    HttpResponse response = co_await refuse_unknown(request, caller, std::move(body));
    co_return std::move(response);
  }
  if (auto refusal = refusal_of_addition(request, view, *library, body)) co_return std::move(*refusal);
  HttpResponse response = co_await record(request, caller, view, addition(body));
  co_return std::move(response);
}

/// Proposes it when the caller asks for that; the tag is refused in any case.
Task<HttpResponse> TagHandlers::refuse_unknown(const HttpRequest& request, const ApiCaller& caller, TagBody body) {
  HttpResponse refusal = refuse(request, RejectionCode::tag_not_in_library);
  if (!body.propose) co_return std::move(refusal);
  body.decision.id = make_uuid_v7(body.decision.at.micros / 1000);  // the request's own is that of the tag
  HttpResponse proposal = co_await decide(request, caller, TagAct::proposed, std::move(body));
  if (proposal.status == 400) co_return std::move(proposal);  // nobody could decide about it
  if (proposal.status == 200) add_member(refusal, "proposal", proposal.body);
  co_return std::move(refusal);
}

std::optional<HttpResponse> TagHandlers::refusal_of_addition(const HttpRequest& request, const ProfileView& customer,
                                                             const TagLibrary& library, const TagBody& body) {
  const TagEntry& wanted = *library.find_approved(tag_subject(body.type, body.name));
  if (wanted.needs_note && body.note.empty() && body.evidence.empty()) {
    return refuse(request, RejectionCode::invalid_parameter, "this tag needs a note or an event as evidence");
  }
  if (wanted.exclusive_group.empty()) return std::nullopt;
  for (const CustomerTag& tag : tags_of(facts_of(customer.facts, FactKind::tag), library, body.decision.at)) {
    bool present = tag.standing == TagStanding::held || tag.standing == TagStanding::conflicting;
    bool rival = present && tag.entry->exclusive_group == wanted.exclusive_group && tag.entry != &wanted;
    if (!rival) continue;
    HttpResponse refusal = refuse(request, RejectionCode::tag_conflict);
    add_member(refusal, "present", name_json(*tag.entry));
    return refusal;
  }
  return std::nullopt;
}

Task<HttpResponse> TagHandlers::remove(const HttpRequest& request, const ApiCaller& caller) {
  TagBody body;
  body.type = tag_type_code(request.arguments.at(1));
  body.name = request.arguments.at(2);
  body.decision.reason = request.parameter("reason");
  body.decision.author = request.parameter("author");
  if (body.decision.reason.empty() || body.decision.reason.size() > kTagReasonParameterBytesMax) {
    co_return refuse(request, RejectionCode::invalid_parameter, "reason is missing: say why, in up to 1000 bytes");
  }
  CustomerInTurn in_turn = co_await customer_in_turn(services_, request, caller);
  if (!in_turn.customer) co_return refuse(request, in_turn.refusal);
  const ProfileView& view = *in_turn.customer;
  complete_decision(body.decision, request, caller);
  auto library = services_.engine.tag_library(caller.key->workspace);
  if (!library) co_return refuse(request, code_of(library.error()));
  std::string subject = tag_subject(body.type, body.name);
  const TagEntry* wanted = library->find_in_force(subject);
  bool there = false;
  for (const CustomerTag& tag : tags_of(facts_of(view.facts, FactKind::tag), *library, body.decision.at)) {
    bool is_it = wanted != nullptr ? tag.entry == wanted : tag.told.subject_text == subject;
    there = there || (is_it && tag.standing != TagStanding::removed);
  }
  if (!there) co_return refuse(request, RejectionCode::not_found, "the customer has no such tag");
  HttpResponse response = co_await record(request, caller, view, removal(body));
  co_return std::move(response);
}

Task<HttpResponse> TagHandlers::record(const HttpRequest& request, const ApiCaller& caller, const ProfileView& customer,
                                       ProfileAct act) {
  ActOutcome outcome = co_await record_act(services_, request, caller, customer, std::move(act));
  if (outcome.refused) co_return refuse(request, *outcome.refused, outcome.message);
  auto profile = services_.engine.profile(caller.key->workspace, customer.id);
  if (!profile) co_return refuse(request, code_of(profile.error()));
  auto library = services_.engine.tag_library(caller.key->workspace);
  if (!library) co_return refuse(request, code_of(library.error()));
  co_return json_response(customer_tags_json(*profile, *library, system_clock().now()));
}

TagHandlers::OrRefusal<ProfileView> TagHandlers::customer_in(const HttpRequest& request, const ApiCaller& caller) {
  auto id = CustomerId::parse(request.arguments.at(0));
  if (!id) return refuse(request, RejectionCode::not_found);
  auto profile = services_.engine.profile(caller.key->workspace, *id);
  if (!profile) return refuse(request, code_of(profile.error()));
  return std::move(*profile);
}

HttpResponse TagHandlers::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  return refuse_api(services_.metrics, request, code, message);
}

}  // namespace tributary
