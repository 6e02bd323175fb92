#include "connectors/identity/erasure_handlers.h"

#include <algorithm>

#include "connectors/http/answers.h"
#include "connectors/http/ingest_bridge.h"
#include "connectors/identity/decision_handlers.h"
#include "connectors/identity/identity_json.h"
#include "connectors/identity/named_owner.h"
#include "connectors/query/refusals.h"

namespace tributary {

Task<HttpResponse> ErasureHandlers::erase(const HttpRequest& request, const ApiCaller& caller) {
  auto parsed = erasure_body(request.body);
  if (auto* fault = std::get_if<ParameterFault>(&parsed)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto& draft = std::get<ErasureDraft>(parsed);
  auto customer = customer_of(request, caller, draft);
  auto known = find(caller, draft.decision.id);
  if (!known) co_return refuse(request, code_of(known.error()));
  if (*known && !draft.dry_run) co_return repeated(request, **known, std::holds_alternative<CustomerId>(customer));
  if (auto* refusal = std::get_if<HttpResponse>(&customer)) co_return std::move(*refusal);
  const CustomerId id = std::get<CustomerId>(customer);
  if (draft.dry_run) {
    auto profile = services_.engine.profile(caller.key->workspace, id);
    co_return profile ? json_response(erasure_preview_json(*profile)) : refuse(request, code_of(profile.error()));
  }
  auto erasure = services_.engine.list_for_erasure(caller.key->workspace, id);
  if (!erasure) co_return refuse(request, code_of(erasure.error()));
  complete(draft.decision, caller);
  erasure->decision = draft.decision;
  ErasureRecord record = std::move(*erasure);
  IngestOutcome outcome =
      co_await async_decide(services_.engine, &Engine::erase, caller.key->workspace, std::move(record), kUseTask);
  if (outcome.refused == RejectionCode::event_too_large) {
    co_return refuse(request, *outcome.refused, "the customer has too many identifiers to be erased at once");
  }
  if (outcome.refused) co_return refuse(request, *outcome.refused);
  co_return erasure_answer(request, caller, draft.decision.id);
}

// Sent again because its answer got lost, it finds nobody any more.
HttpResponse ErasureHandlers::repeated(const HttpRequest& request, const ErasureView& known, bool somebody) {
  if (!somebody) return json_response(erasure_json(known));
  return refuse(request, RejectionCode::conflict, "id is that of an earlier erasure, and this customer is still there");
}

HttpResponse ErasureHandlers::erasure_answer(const HttpRequest& request, const ApiCaller& caller, std::string_view id) {
  auto done = find(caller, id);
  if (!done) return refuse(request, code_of(done.error()));
  return *done ? json_response(erasure_json(**done)) : refuse(request, RejectionCode::not_found);
}

// What only browsers say of somebody does not say who is to be erased.
std::variant<CustomerId, HttpResponse> ErasureHandlers::customer_of(const HttpRequest& request, const ApiCaller& caller,
                                                                    const ErasureDraft& draft) {
  if (draft.customer) {
    auto profile = services_.engine.profile(caller.key->workspace, *draft.customer);
    if (!profile) return refuse(request, code_of(profile.error()));
    return profile->id;
  }
  auto found = find_named(services_, caller, *draft.named);
  if (auto* nobody = std::get_if<NoOwner>(&found)) return refuse(request, nobody->code, nobody->message);
  const auto& [identifier, profile] = std::get<IdentifierOwner>(found);
  auto is_named = [&wanted = identifier](const IdentifierView& view) {
    return view.kind == wanted.kind() && view.value == wanted.value() && view.trust == Trust::verified;
  };
  if (std::any_of(profile.identifiers.begin(), profile.identifiers.end(), is_named)) return profile.id;
  return refuse(request, RejectionCode::conflict,
                "identifier is only claimed: nobody with a secret said whose it is; name the customer by customer_id");
}

Task<HttpResponse> ErasureHandlers::list(const HttpRequest& request, const ApiCaller& caller) {
  auto erasures = services_.engine.erasures(caller.key->workspace);
  return answered(erasures ? json_response(erasures_json(*erasures)) : refuse(request, code_of(erasures.error())));
}

Task<HttpResponse> ErasureHandlers::lift(const HttpRequest& request, const ApiCaller& caller) {
  auto parsed = lift_body(request.body);
  if (auto* fault = std::get_if<ParameterFault>(&parsed)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto& decision = std::get<Decision>(parsed);
  complete(decision, caller);
  const std::string id(request.arguments.at(0));
  ErasureRecord record = SuppressionLift{id, decision};
  IngestOutcome outcome =
      co_await async_decide(services_.engine, &Engine::erase, caller.key->workspace, std::move(record), kUseTask);
  if (outcome.refused) co_return refuse(request, *outcome.refused);
  co_return erasure_answer(request, caller, id);
}

Result<std::optional<ErasureView>> ErasureHandlers::find(const ApiCaller& caller, std::string_view id) {
  std::optional<ErasureView> none;
  if (id.empty()) return none;
  auto erasures = services_.engine.erasures(caller.key->workspace);
  if (!erasures) return erasures.error();
  auto is_it = [&](const ErasureView& each) { return each.decision.id == id; };
  auto found = std::find_if(erasures->begin(), erasures->end(), is_it);
  return found == erasures->end() ? none : std::optional(std::move(*found));
}

HttpResponse ErasureHandlers::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  return refuse_api(services_.metrics, request, code, message);
}

}  // namespace tributary
