#include "connectors/identity/suggestion_handlers.h"

#include <algorithm>

#include "connectors/http/answers.h"
#include "connectors/http/ingest_bridge.h"
#include "connectors/identity/decision_handlers.h"
#include "connectors/identity/identity_json.h"
#include "connectors/query/refusals.h"

namespace tributary {

Task<HttpResponse> SuggestionHandlers::list(const HttpRequest& request, const ApiCaller& caller) {
  co_return list_now(request, caller);
}

HttpResponse SuggestionHandlers::list_now(const HttpRequest& request, const ApiCaller& caller) {
  auto query = page_query(request);
  if (auto* fault = std::get_if<ParameterFault>(&query)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  const auto& wanted = std::get<PageQuery>(query);
  auto last = services_.duplicates.last(caller.key->workspace);
  SuggestionsPage page;
  page.searched_at = last->searched_at;
  page.complete = last->complete;
  auto next = std::ranges::upper_bound(last->open, wanted.cursor, {}, &Suggestion::id);
  for (; next != last->open.end(); ++next) {
    if (page.suggestions.size() == wanted.limit) {
      page.next_cursor = page.suggestions.back().id;
      break;
    }
    Suggestion suggestion = *next;
    auto open = is_open(caller, suggestion.pair);
    if (!open) return refuse(request, code_of(open.error()));
    if (*open) page.suggestions.push_back(std::move(suggestion));
  }
  return json_response(suggestions_json(page));
}

/// False when they are one by now, or one was erased: a list is as old as its search. The pair is told by the ids that
/// its customers have now.
Result<bool> SuggestionHandlers::is_open(const ApiCaller& caller, DuplicatePair& pair) {
  for (DuplicateSide* side : {&pair.a, &pair.b}) {
    auto profile = services_.engine.profile(caller.key->workspace, side->customer);
    if (!profile && profile.error().code == ErrorCode::not_found) return false;
    if (!profile) return profile.error();
    side->customer = profile->id;
  }
  return pair.a.customer != pair.b.customer;
}

Task<HttpResponse> SuggestionHandlers::search(const HttpRequest& request, const ApiCaller& caller) {
  auto summary = co_await services_.duplicates.run(request, caller.key->workspace);
  if (summary) co_return json_response(duplicate_summary_json(*summary));
  const Error& error = summary.error();
  if (error.code == ErrorCode::overloaded) co_return refuse(request, RejectionCode::rate_limited, error.message);
  co_return refuse(request, code_of(error));
}

Task<HttpResponse> SuggestionHandlers::accept(const HttpRequest& request, const ApiCaller& caller) {
  return decide(request, caller, PairState::must);
}

Task<HttpResponse> SuggestionHandlers::reject(const HttpRequest& request, const ApiCaller& caller) {
  return decide(request, caller, PairState::cannot);
}

Task<HttpResponse> SuggestionHandlers::decide(const HttpRequest& request, const ApiCaller& caller, PairState state) {
  auto body = answer_body(request.body);
  if (auto* fault = std::get_if<ParameterFault>(&body)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  const WorkspaceId workspace = caller.key->workspace;
  std::string key = std::to_string(workspace.value());
  Turns::Turn turn = co_await services_.turns->take(key);
  if (!turn.taken()) co_return refuse(request, RejectionCode::overloaded);
  auto last = services_.duplicates.last(workspace);
  const std::string& id = request.arguments.at(0);
  const Suggestion* suggestion = last->find(id);
  if (const SuggestionAnswer* before = last->answer_to(id); before != nullptr && suggestion == nullptr) {
    HttpResponse refusal = refuse(request, RejectionCode::conflict, "somebody answered it before");
    add_member(refusal, "answer", suggestion_answer_json(*before));
    co_return std::move(refusal);
  }
  if (suggestion == nullptr) co_return refuse(request, RejectionCode::not_found);
  DuplicatePair pair = suggestion->pair;
  auto open = is_open(caller, pair);
  if (!open) co_return refuse(request, code_of(open.error()));
  if (!*open) co_return refuse(request, RejectionCode::not_found);

  Assertion assertion;
  assertion.pair = state;
  assertion.identifiers = {{{}, pair.a.identifier}, {{}, pair.b.identifier}};
  assertion.decision = std::get<Decision>(std::move(body));
  if (assertion.decision.reason.empty()) {
    assertion.decision.reason = std::string(state == PairState::must ? "accepted" : "rejected") +
                                " suggestion of rule " + std::string(duplicate_rule_name(pair.rule));
  }
  complete(assertion.decision, caller);
  const Decision decision = assertion.decision;
  IngestOutcome outcome =
      co_await async_decide(services_.engine, &Engine::assert_identity, workspace, std::move(assertion), kUseTask);
  if (outcome.refused) co_return refuse(request, *outcome.refused);
  const SuggestionAnswer answer{suggestion->id, decision.at, state == PairState::must, decision.author};
  services_.duplicates.answered(workspace, answer);
  std::vector<std::optional<CustomerId>> customers;
  for (const DuplicateSide* side : {&pair.a, &pair.b}) {
    auto profile = services_.engine.profile(workspace, side->customer);
    customers.push_back(profile ? std::optional(profile->id) : std::nullopt);
  }
  co_return json_response(assertion_json(decision, customers));
}

HttpResponse SuggestionHandlers::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  return refuse_api(services_.metrics, request, code, message);
}

}  // namespace tributary
