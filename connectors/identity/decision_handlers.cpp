#include "connectors/identity/decision_handlers.h"

#include "connectors/http/answers.h"
#include "connectors/http/ingest_bridge.h"
#include "connectors/identity/identity_json.h"
#include "connectors/identity/named_owner.h"
#include "connectors/identity/rules_document.h"
#include "connectors/query/refusals.h"

namespace tributary {
namespace {

std::string_view told_why_rejected(AssertionSubject subject) {
  if (subject == AssertionSubject::pair || subject == AssertionSubject::hub) return "an identifier was erased";
  if (subject != AssertionSubject::cut) return "there is no such evidence";
  return "the log does not hold all events of this identifier any more, or they were erased: they cannot be divided";
}

/// From a place in the rules to the place in the body that holds them.
DocumentMistake in_body(DocumentMistake mistake, const RawPart& part) {
  bool in_first_line = mistake.line <= 1;
  mistake.line = in_first_line ? part.line : part.line + mistake.line - 1;
  if (in_first_line) mistake.column = mistake.column <= 1 ? part.column : part.column + mistake.column - 1;
  return mistake;
}

/// Everything that is wrong with the rules, as a document and as rules.
std::variant<Rules, std::vector<DocumentMistake>> checked_rules(const RawPart& part) {
  auto parsed = parse_rules(part.text);
  auto* mistakes = std::get_if<std::vector<DocumentMistake>>(&parsed);
  if (mistakes != nullptr) {
    for (DocumentMistake& mistake : *mistakes) mistake = in_body(std::move(mistake), part);
    return parsed;
  }
  std::vector<DocumentMistake> found;
  for (std::string& text : mistakes_of(std::get<Rules>(parsed))) {
    found.push_back({part.line, part.column, std::move(text)});
  }
  if (!found.empty()) return found;
  return parsed;
}

}  // namespace

void complete(Decision& decision, const ApiCaller& caller) {
  decision.at = system_clock().now();
  if (decision.id.empty()) decision.id = make_uuid_v7(decision.at.micros / 1000);
  if (decision.author.empty()) decision.author = caller.key->id;
}

bool is_accepted(const IngestOutcome& outcome) {
  return outcome.items.empty() || outcome.items.front() != ItemOutcome::rejected;
}

Task<HttpResponse> DecisionHandlers::decide(const HttpRequest& request, const ApiCaller& caller) {
  auto draft = assertion_body(request.body);
  if (auto* fault = std::get_if<ParameterFault>(&draft)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto resolved = resolve(request, caller, std::get<AssertionDraft>(std::move(draft)));
  if (auto* refusal = std::get_if<HttpResponse>(&resolved)) co_return std::move(*refusal);
  auto& assertion = std::get<Assertion>(resolved);
  complete(assertion.decision, caller);
  if (assertion.subject == AssertionSubject::cut && assertion.cut_at > assertion.decision.at) {
    co_return refuse(request, RejectionCode::invalid_parameter, "from is in the future");
  }
  const AssertionSubject subject = assertion.subject;
  const Decision decision = assertion.decision;
  const std::vector<AssertedIdentifier> identifiers = assertion.identifiers;
  IngestOutcome outcome = co_await async_decide(services_.engine, &Engine::assert_identity, caller.key->workspace,
                                                std::move(assertion), kUseTask);
  if (outcome.refused) co_return refuse(request, *outcome.refused);
  if (!is_accepted(outcome)) {
    bool cut = subject == AssertionSubject::cut;
    co_return refuse(request, cut ? RejectionCode::conflict : RejectionCode::not_found, told_why_rejected(subject));
  }
  co_return json_response(assertion_json(decision, customers_of(caller, identifiers)));
}

std::variant<Assertion, HttpResponse> DecisionHandlers::resolve(const HttpRequest& request, const ApiCaller& caller,
                                                                AssertionDraft draft) {
  const KeyedHash& key = services_.engine.index_key(caller.key->workspace);
  std::vector<AssertedIdentifier>& identifiers = draft.assertion.identifiers;
  for (const NamedIdentifier& named : draft.named) {
    auto found = find_named(services_, caller, named);
    if (auto* nobody = std::get_if<NoOwner>(&found)) return refuse(request, nobody->code, nobody->message);
    Identifier& identifier = std::get<IdentifierOwner>(found).identifier;
    Hash128 hash = identifier_hash(key, identifier);
    if (!identifiers.empty() && identifiers.front().hash == hash) {
      return refuse(request, RejectionCode::invalid_parameter, named.member + " is the same identifier as the other");
    }
    identifiers.push_back({hash, std::move(identifier)});
  }
  return std::move(draft.assertion);
}

std::vector<std::optional<CustomerId>> DecisionHandlers::customers_of(
    const ApiCaller& caller, const std::vector<AssertedIdentifier>& identifiers) {
  std::vector<std::optional<CustomerId>> customers;
  for (const AssertedIdentifier& each : identifiers) {
    auto profile = services_.engine.profile_of(caller.key->workspace, each.identifier, std::nullopt);
    customers.push_back(profile ? std::optional(profile->id) : std::nullopt);
  }
  return customers;
}

Task<HttpResponse> DecisionHandlers::change_rules(const HttpRequest& request, const ApiCaller& caller) {
  auto parsed = rules_body(request.body);
  if (auto* fault = std::get_if<ParameterFault>(&parsed)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto& draft = std::get<RulesDraft>(parsed);
  auto rules = read_rules(request, draft.rules);
  if (auto* refusal = std::get_if<HttpResponse>(&rules)) co_return std::move(*refusal);
  complete(draft.decision, caller);
  RuleSetChange change{draft.based_on, draft.decision, encode_rules(std::get<Rules>(rules))};
  IngestOutcome outcome = co_await async_decide(services_.engine, &Engine::change_rules, caller.key->workspace,
                                                std::move(change), kUseTask);
  if (outcome.refused) co_return refuse(request, *outcome.refused);
  co_return rules_answer(request, caller, draft.decision, is_accepted(outcome));
}

/// A retry of a change that was made is told the same as the first time: its id is that of the active rules.
HttpResponse DecisionHandlers::rules_answer(const HttpRequest& request, const ApiCaller& caller,
                                            const Decision& decision, bool accepted) {
  auto view = services_.engine.rules(caller.key->workspace);
  if (!view) return refuse(request, code_of(view.error()));
  if (accepted || view->decision.id == decision.id) return json_response(rules_view_json(*view));
  return refuse(request, RejectionCode::conflict,
                "based_on is not the active version, which is " + std::to_string(view->version));
}

std::variant<Rules, HttpResponse> DecisionHandlers::read_rules(const HttpRequest& request, const RawPart& part) {
  auto rules = checked_rules(part);
  auto* mistakes = std::get_if<std::vector<DocumentMistake>>(&rules);
  if (mistakes == nullptr) return std::get<Rules>(std::move(rules));
  HttpResponse response = refuse(request, RejectionCode::invalid_rules);
  add_member(response, "mistakes", mistakes_json(*mistakes));
  return response;
}

Task<HttpResponse> DecisionHandlers::preview(const HttpRequest& request, const ApiCaller& caller) {
  auto query = preview_query(request, caller);
  if (auto* refusal = std::get_if<HttpResponse>(&query)) co_return std::move(*refusal);
  auto& asked = std::get<PreviewQuery>(query);
  auto view = co_await services_.previews.run(request, caller.key->workspace, std::move(asked));
  co_return preview_answer(request, view);
}

HttpResponse DecisionHandlers::preview_answer(const HttpRequest& request, const Result<PreviewView>& view) {
  if (view) return json_response(preview_json(*view));
  const Error& error = view.error();
  if (error.code == ErrorCode::overloaded) return refuse(request, RejectionCode::rate_limited, error.message);
  return refuse(request, code_of(error));
}

std::variant<PreviewQuery, HttpResponse> DecisionHandlers::preview_query(const HttpRequest& request,
                                                                         const ApiCaller& caller) {
  auto parsed = preview_body(request.body);
  if (auto* fault = std::get_if<ParameterFault>(&parsed)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto& draft = std::get<PreviewDraft>(parsed);
  PreviewQuery query;
  query.samples = draft.samples;
  if (draft.rules) {
    auto rules = read_rules(request, *draft.rules);
    if (auto* refusal = std::get_if<HttpResponse>(&rules)) return std::move(*refusal);
    query.rules = std::get<Rules>(std::move(rules));
  }
  for (AssertionDraft& each : draft.assertions) {
    auto resolved = resolve(request, caller, std::move(each));
    if (auto* refusal = std::get_if<HttpResponse>(&resolved)) return std::move(*refusal);
    query.assertions.push_back(std::get<Assertion>(std::move(resolved)));
    complete(query.assertions.back().decision, caller);
  }
  return query;
}

HttpResponse DecisionHandlers::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  return refuse_api(services_.metrics, request, code, message);
}

}  // namespace tributary
