// The read handlers: from a request to its answer, on snapshots, without waiting for anything.
#pragma once

#include <string_view>
#include <utility>

#include "connectors/http/task.h"
#include "connectors/query/api_access.h"
#include "connectors/query/query_parameters.h"
#include "connectors/query/query_routes.h"

namespace tributary {

/// Thread: any.
class QueryHandlers {
 public:
  explicit QueryHandlers(QueryServices services) : services_(std::move(services)) {}

  /// What a route runs once its caller is known.
  using Handler = HttpResponse (QueryHandlers::*)(const HttpRequest& request, const ApiCaller& caller);
  HttpResponse look_up(const HttpRequest& request, const ApiCaller& caller);
  HttpResponse profile(const HttpRequest& request, const ApiCaller& caller);
  HttpResponse timeline(const HttpRequest& request, const ApiCaller& caller);
  HttpResponse orders(const HttpRequest& request, const ApiCaller& caller);
  HttpResponse interactions(const HttpRequest& request, const ApiCaller& caller);
  HttpResponse tickets(const HttpRequest& request, const ApiCaller& caller);
  HttpResponse history(const HttpRequest& request, const ApiCaller& caller);
  HttpResponse computed_traits(const HttpRequest& request, const ApiCaller& caller);
  HttpResponse rejected(const HttpRequest& request, const ApiCaller& caller);
  HttpResponse scale(const HttpRequest& request, const ApiCaller& caller);

  /// Waits for what it computes, so it asks for a role of administrators itself.
  Task<HttpResponse> compute_scale(HttpRequest& request);

  /// Streamed, so without a role of the route to be asked beforehand: it asks itself.
  Task<HttpResponse> export_all(HttpRequest& request);

  /// The handler's answer, or the refusal of a caller without a key of at least this role.
  HttpResponse answer(const HttpRequest& request, ApiRole required, Handler handler);

 private:
  /// A list of what one customer has, who is named in the path: `read` gives the page of (customer, query), `write` its
  /// JSON.
  template <class Query, class Read, class Write>
  HttpResponse page_of_customer(const HttpRequest& request, const Parsed<Query>& query, const Read& read,
                                const Write& write);

  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});
  HttpResponse refuse(const HttpRequest& request, const Error& error);

  QueryServices services_;
};

}  // namespace tributary
