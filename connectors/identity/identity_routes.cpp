#include "connectors/identity/identity_routes.h"

#include "connectors/identity/decision_handlers.h"
#include "connectors/identity/erasure_handlers.h"
#include "connectors/identity/explain_handlers.h"
#include "connectors/identity/suggestion_handlers.h"
#include "connectors/query/keyed_routes.h"

namespace tributary {
namespace {

constexpr std::chrono::seconds kWaitLimit = ExplainHandlers::kWaitMax + std::chrono::seconds{5};
constexpr std::chrono::seconds kPreviewLimit{900};  // a minute per million customers
constexpr std::chrono::seconds kSearchLimit{900};   // of which one may run by itself before

}  // namespace

void add_identity_routes(Router& router, const IdentityServices& services) {
  KeyedRoutes<ExplainHandlers> reads(router, services);
  reads("GET", "/v1/profiles/{customer_id}/explain", ApiRole::analyst, &ExplainHandlers::explain);
  reads("GET", "/v1/profiles/{customer_id}/changes", ApiRole::analyst, &ExplainHandlers::history);
  reads("GET", "/v1/identity/changes", ApiRole::analyst, &ExplainHandlers::changes, kWaitLimit);
  reads("GET", "/v1/identity/rules", ApiRole::analyst, &ExplainHandlers::rules);
  KeyedRoutes<DecisionHandlers> decisions(router, services);
  decisions("POST", "/v1/identity/assertions", ApiRole::admin, &DecisionHandlers::decide);
  decisions("PUT", "/v1/identity/rules", ApiRole::admin, &DecisionHandlers::change_rules);
  decisions("POST", "/v1/identity/preview", ApiRole::admin, &DecisionHandlers::preview, kPreviewLimit);
  KeyedRoutes<SuggestionHandlers> suggestions(router, services);
  suggestions("GET", "/v1/identity/suggestions", ApiRole::analyst, &SuggestionHandlers::list);
  suggestions("POST", "/v1/identity/suggestions/search", ApiRole::admin, &SuggestionHandlers::search, kSearchLimit);
  suggestions("POST", "/v1/identity/suggestions/{suggestion_id}/accept", ApiRole::admin, &SuggestionHandlers::accept);
  suggestions("POST", "/v1/identity/suggestions/{suggestion_id}/reject", ApiRole::admin, &SuggestionHandlers::reject);
  KeyedRoutes<ErasureHandlers> erasures(router, services);
  erasures("POST", "/v1/erasures", ApiRole::admin, &ErasureHandlers::erase);
  erasures("GET", "/v1/erasures", ApiRole::admin, &ErasureHandlers::list);
  erasures("POST", "/v1/erasures/{erasure_id}/lift", ApiRole::admin, &ErasureHandlers::lift);
}

}  // namespace tributary
