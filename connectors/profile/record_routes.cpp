#include "connectors/profile/record_routes.h"

#include "connectors/profile/record_handlers.h"
#include "connectors/query/refusals.h"

namespace tributary {
namespace {

using RecordHandler = Task<HttpResponse> (RecordHandlers::*)(const HttpRequest& request, const ApiCaller& caller);

Task<HttpResponse> record_answer(RecordHandlers& handlers, const HttpRequest& request, RecordHandler handler) {
  ApiCaller caller = api_caller(handlers.services().keys, request, ApiRole::admin);
  if (caller.key == nullptr) co_return refuse_api(handlers.services().metrics, request, caller.refusal);
  HttpResponse response = co_await (handlers.*handler)(request, caller);
  co_return std::move(response);
}

}  // namespace

void add_record_routes(Router& router, const ProfileServices& services) {
  auto handlers = std::make_shared<RecordHandlers>(services);
  auto add = [&](std::string method, std::string pattern, RecordHandler handler) {
    HttpHandler run = [handlers, handler](HttpRequest& request) { return record_answer(*handlers, request, handler); };
    router.add(Route{std::move(method), std::move(pattern), CorsPolicy::none, ErrorStyle::problem, std::move(run)});
  };
  add("POST", "/v1/profiles", &RecordHandlers::create);
  add("PATCH", "/v1/profiles/{customer_id}", &RecordHandlers::change);
}

}  // namespace tributary
