#include "connectors/query/query_routes.h"

#include "connectors/http/answers.h"
#include "connectors/query/profile_changes_routes.h"
#include "connectors/query/query_handlers.h"

namespace tributary {
namespace {

constexpr std::chrono::seconds kScaleLimit{900};  // a minute per million customers

HttpResponse openapi_answer() {
  HttpResponse response = json_response(std::string(openapi_json()));
  response.headers.emplace_back("Cache-Control", "public, max-age=300");
  return response;
}

}  // namespace

void add_query_routes(Router& router, const QueryServices& services) {
  auto handlers = std::make_shared<QueryHandlers>(services);
  auto add = [&](std::string method, std::string pattern, ApiRole required, QueryHandlers::Handler handler) {
    HttpHandler run = [handlers, required, handler](HttpRequest& request) {
      return answered(handlers->answer(request, required, handler));
    };
    router.add(Route{std::move(method), std::move(pattern), CorsPolicy::none, ErrorStyle::problem, std::move(run)});
  };
  add("POST", "/v1/profiles/lookup", ApiRole::analyst, &QueryHandlers::look_up);
  add("GET", "/v1/profiles/{customer_id}", ApiRole::analyst, &QueryHandlers::profile);
  add("GET", "/v1/profiles/{customer_id}/events", ApiRole::analyst, &QueryHandlers::timeline);
  add("GET", "/v1/profiles/{customer_id}/orders", ApiRole::analyst, &QueryHandlers::orders);
  add("GET", "/v1/profiles/{customer_id}/history", ApiRole::analyst, &QueryHandlers::history);
  add("GET", "/v1/profiles/{customer_id}/interactions", ApiRole::analyst, &QueryHandlers::interactions);
  add("GET", "/v1/profiles/{customer_id}/tickets", ApiRole::analyst, &QueryHandlers::tickets);
  add("GET", "/v1/computed-traits", ApiRole::analyst, &QueryHandlers::computed_traits);
  add("GET", "/v1/rejected", ApiRole::analyst, &QueryHandlers::rejected);
  add("GET", "/v1/rfm/scale", ApiRole::analyst, &QueryHandlers::scale);
  add_profile_changes_routes(router, services);
  router.add(Route{"POST", "/v1/rfm/scale", CorsPolicy::none, ErrorStyle::problem,
                   [handlers](HttpRequest& request) { return handlers->compute_scale(request); }, kScaleLimit});
  router.add(Route{"GET", "/v1/export", CorsPolicy::none, ErrorStyle::problem,
                   [handlers](HttpRequest& request) { return handlers->export_all(request); }});
  router.add(Route{"GET", "/openapi.json", CorsPolicy::none, ErrorStyle::problem,
                   [](HttpRequest&) { return answered(openapi_answer()); }});
}

}  // namespace tributary
