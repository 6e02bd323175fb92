#include "connectors/profile/profile_routes.h"

#include "connectors/profile/status_handlers.h"
#include "connectors/profile/tag_handlers.h"
#include "connectors/query/refusals.h"

namespace tributary {
namespace {

template <class Handlers>
using ProfileHandler = Task<HttpResponse> (Handlers::*)(const HttpRequest& request, const ApiCaller& caller);

/// The handler's answer, or the refusal of a caller without a key of at least this role.
template <class Handlers>
Task<HttpResponse> profile_answer(Handlers& handlers, const HttpRequest& request, ApiRole required,
                                  ProfileHandler<Handlers> handler) {
  ApiCaller caller = api_caller(handlers.services().keys, request, required);
  if (caller.key == nullptr) co_return refuse_api(handlers.services().metrics, request, caller.refusal);
  HttpResponse response = co_await (handlers.*handler)(request, caller);
  co_return std::move(response);
}

/// Adds routes to one set of handlers.
template <class Handlers>
class ProfileRoutes {
 public:
  ProfileRoutes(Router& router, const ProfileServices& services)
      : router_(router), handlers_(std::make_shared<Handlers>(services)) {}

  void operator()(std::string method, std::string pattern, ApiRole required, ProfileHandler<Handlers> handler) {
    HttpHandler run = [handlers = handlers_, required, handler](HttpRequest& request) {
      return profile_answer(*handlers, request, required, handler);
    };
    router_.add(Route{std::move(method), std::move(pattern), CorsPolicy::none, ErrorStyle::problem, std::move(run)});
  }

 private:
  Router& router_;
  std::shared_ptr<Handlers> handlers_;
};

}  // namespace

void add_profile_routes(Router& router, const ProfileServices& services) {
  ProfileRoutes<TagHandlers> tags(router, services);
  ProfileRoutes<StatusHandlers> status(router, services);
  status("GET", "/v1/profiles/{customer_id}/status", ApiRole::analyst, &StatusHandlers::show);
  status("POST", "/v1/profiles/{customer_id}/status", ApiRole::analyst, &StatusHandlers::ask);
  status("POST", "/v1/profiles/{customer_id}/status/{request}/approve", ApiRole::admin, &StatusHandlers::approve);
  status("POST", "/v1/profiles/{customer_id}/status/{request}/reject", ApiRole::admin, &StatusHandlers::reject);
  status("POST", "/v1/profiles/{customer_id}/status/{request}/revert", ApiRole::admin, &StatusHandlers::revert);
  tags("GET", "/v1/tags", ApiRole::analyst, &TagHandlers::library);
  tags("POST", "/v1/tags", ApiRole::analyst, &TagHandlers::propose);
  tags("POST", "/v1/tags/{type}/{name}/approve", ApiRole::admin, &TagHandlers::approve);
  tags("POST", "/v1/tags/{type}/{name}/reject", ApiRole::admin, &TagHandlers::reject);
  tags("POST", "/v1/tags/{type}/{name}/retire", ApiRole::admin, &TagHandlers::retire);
  tags("GET", "/v1/profiles/{customer_id}/tags", ApiRole::analyst, &TagHandlers::of_customer);
  tags("GET", "/v1/profiles/{customer_id}/tags/history", ApiRole::analyst, &TagHandlers::history);
  tags("POST", "/v1/profiles/{customer_id}/tags", ApiRole::admin, &TagHandlers::add);
  tags("DELETE", "/v1/profiles/{customer_id}/tags/{type}/{name}", ApiRole::admin, &TagHandlers::remove);
}

}  // namespace tributary
