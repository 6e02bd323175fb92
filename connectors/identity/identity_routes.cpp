#include "connectors/identity/identity_routes.h"

#include "connectors/identity/decision_handlers.h"
#include "connectors/identity/erasure_handlers.h"
#include "connectors/identity/explain_handlers.h"
#include "connectors/identity/suggestion_handlers.h"
#include "connectors/query/refusals.h"

namespace tributary {
namespace {

using std::chrono_literals::operator""s;

constexpr std::chrono::seconds kWaitLimit = ExplainHandlers::kWaitMax + 5s;
constexpr std::chrono::seconds kPreviewLimit = 900s;  // a minute per million customers
constexpr std::chrono::seconds kSearchLimit = 900s;   // of which one may run by itself before

template <class Handlers>
using IdentityHandler = Task<HttpResponse> (Handlers::*)(const HttpRequest& request, const ApiCaller& caller);

/// The handler's answer, or the refusal of a caller without a key of at least this role.
template <class Handlers>
Task<HttpResponse> answer(Handlers& handlers, const HttpRequest& request, ApiRole required,
                          IdentityHandler<Handlers> handler) {
  ApiCaller caller = api_caller(handlers.services().keys, request, required);
  if (caller.key == nullptr) co_return refuse_api(handlers.services().metrics, request, caller.refusal);
  HttpResponse response = co_await (handlers.*handler)(request, caller);
  co_return std::move(response);
}

/// Adds routes to one set of handlers.
template <class Handlers>
class Adder {
 public:
  Adder(Router& router, const IdentityServices& services)
      : router_(router), handlers_(std::make_shared<Handlers>(services)) {}

  void operator()(std::string method, std::string pattern, ApiRole required, IdentityHandler<Handlers> handler,
                  std::chrono::seconds time_limit = {}) {
    HttpHandler run = [handlers = handlers_, required, handler](HttpRequest& request) {
      return answer(*handlers, request, required, handler);
    };
    router_.add(Route{std::move(method), std::move(pattern), CorsPolicy::none, ErrorStyle::problem, std::move(run),
                      time_limit});
  }

 private:
  Router& router_;
  std::shared_ptr<Handlers> handlers_;
};

}  // namespace

void add_identity_routes(Router& router, IdentityServices services) {
  Adder<ExplainHandlers> reads(router, services);
  reads("GET", "/v1/profiles/{customer_id}/explain", ApiRole::analyst, &ExplainHandlers::explain);
  reads("GET", "/v1/profiles/{customer_id}/history", ApiRole::analyst, &ExplainHandlers::history);
  reads("GET", "/v1/identity/changes", ApiRole::analyst, &ExplainHandlers::changes, kWaitLimit);
  reads("GET", "/v1/identity/rules", ApiRole::analyst, &ExplainHandlers::rules);
  Adder<DecisionHandlers> decisions(router, services);
  decisions("POST", "/v1/identity/assertions", ApiRole::admin, &DecisionHandlers::decide);
  decisions("PUT", "/v1/identity/rules", ApiRole::admin, &DecisionHandlers::change_rules);
  decisions("POST", "/v1/identity/preview", ApiRole::admin, &DecisionHandlers::preview, kPreviewLimit);
  Adder<SuggestionHandlers> suggestions(router, services);
  suggestions("GET", "/v1/identity/suggestions", ApiRole::analyst, &SuggestionHandlers::list);
  suggestions("POST", "/v1/identity/suggestions/search", ApiRole::admin, &SuggestionHandlers::search, kSearchLimit);
  suggestions("POST", "/v1/identity/suggestions/{suggestion_id}/accept", ApiRole::admin, &SuggestionHandlers::accept);
  suggestions("POST", "/v1/identity/suggestions/{suggestion_id}/reject", ApiRole::admin, &SuggestionHandlers::reject);
  Adder<ErasureHandlers> erasures(router, services);
  erasures("POST", "/v1/erasures", ApiRole::admin, &ErasureHandlers::erase);
  erasures("GET", "/v1/erasures", ApiRole::admin, &ErasureHandlers::list);
  erasures("POST", "/v1/erasures/{erasure_id}/lift", ApiRole::admin, &ErasureHandlers::lift);
}

}  // namespace tributary
