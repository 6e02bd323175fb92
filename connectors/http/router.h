// Which handler serves which path.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/http/message.h"
#include "connectors/http/task.h"

namespace tributary {

/// Answers one request. The request outlives the coroutine. Thread: the session's I/O thread.
using HttpHandler = std::function<Task<HttpResponse>(HttpRequest& request)>;

/// What a handler returns that has its answer already.
inline Task<HttpResponse> answered(HttpResponse response) { co_return std::move(response); }

/// Who may read an answer from another origin.
enum class CorsPolicy {
  none,    // query, admin and ops routes: no CORS header, ever
  mirror,  // collection and start-up routes: the request's origin and headers are echoed, errors included
};

/// What the answer to a fault looks like on a route.
enum class ErrorStyle {
  sdk,      // {"success":false,"code","message","error","request_id"}
  problem,  // application/problem+json with type, title, status, detail, instance, plus the four members above
};

struct Route {
  std::string method;   // "GET", "POST"; a GET route also answers HEAD
  std::string pattern;  // "/v1/projects/{write_key}/settings": {name} matches one segment
  CorsPolicy cors = CorsPolicy::none;
  ErrorStyle errors = ErrorStyle::problem;
  HttpHandler handler;
  std::chrono::seconds time_limit{0};  // for the answer of a handler that takes long; the server's when that is more
  /// Requests whose body the handler reads from `request.source`, at any length; called as soon as the head is there.
  /// The time limit then counts from one piece to the next.
  std::function<bool(const HttpRequest&)> streams = {};
};

/// A match: the route and the decoded values of its {names}, in pattern order.
struct RouteMatch {
  const Route* route = nullptr;  // null: no route with this path and method
  std::vector<std::string> arguments;
  std::string allow;                   // methods of this path, for 405; empty when no route has this path
  CorsPolicy cors = CorsPolicy::none;  // of the path, whatever the method
  ErrorStyle errors = ErrorStyle::problem;
};

/// A path that stands literally hides a pattern with {names} that would match it too. A path that no route has counts
/// as collection path (mirrored, sdk errors) on a router with at least one mirrored route: SDKs must be able to read
/// the 404.
///
/// Immutable after start. Thread: any.
class Router {
 public:
  void add(Route route);
  RouteMatch match(const HttpRequest& request) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  /// The routes of one path, one per method.
  struct Path {
    std::vector<std::string> pattern;
    std::vector<size_t> routes;
  };
  const Path* find_path(const std::vector<std::string>& path) const;

  std::vector<Route> routes_;
  // Sorted by pattern. Not hashed: the key is text of the request.
  std::vector<Path> literal_paths_;
  std::vector<Path> parameter_paths_;
  bool has_mirrored_routes_ = false;
};

}  // namespace tributary
