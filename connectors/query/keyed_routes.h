// Routes of handlers that wait, each behind an API key of some role.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "connectors/http/router.h"
#include "connectors/http/task.h"
#include "connectors/query/api_access.h"
#include "connectors/query/refusals.h"

namespace tributary {

/// What such a route runs once its caller is known. The request and the caller outlive it.
template <class Handlers>
using KeyedHandler = Task<HttpResponse> (Handlers::*)(const HttpRequest& request, const ApiCaller& caller);

/// The handler's answer, or the refusal of a caller without a key of at least this role.
template <class Handlers>
Task<HttpResponse> keyed_answer(Handlers& handlers, const HttpRequest& request, ApiRole required,
                                KeyedHandler<Handlers> handler) {
  ApiCaller caller = api_caller(handlers.services().keys, request, required);
  if (caller.key == nullptr) co_return refuse_api(handlers.services().metrics, request, caller.refusal);
  HttpResponse response = co_await (handlers.*handler)(request, caller);
  co_return std::move(response);
}

/// Adds routes to one set of handlers, which it makes of the services. They name these as `services()`, with `keys` and
/// `metrics`.
template <class Handlers>
class KeyedRoutes {
 public:
  template <class Services>
  KeyedRoutes(Router& router, const Services& services)
      : router_(router), handlers_(std::make_shared<Handlers>(services)) {}

  void operator()(std::string method, std::string pattern, ApiRole required, KeyedHandler<Handlers> handler,
                  std::chrono::seconds time_limit = {}) {
    HttpHandler run = [handlers = handlers_, required, handler](HttpRequest& request) {
      return keyed_answer(*handlers, request, required, handler);
    };
    router_.add(Route{std::move(method), std::move(pattern), CorsPolicy::none, ErrorStyle::problem, std::move(run),
                      time_limit});
  }

 private:
  Router& router_;
  std::shared_ptr<Handlers> handlers_;
};

}  // namespace tributary
