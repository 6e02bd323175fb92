#include "connectors/http/router.h"

#include <algorithm>

#include "connectors/http/request_target.h"
#include "engine/base/check.h"

namespace tributary {
namespace {

bool is_parameter(const std::string& segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::vector<std::string> split_pattern(const std::string& pattern) {
  HttpRequest request;
  TRIBUTARY_CHECK(!parse_target(pattern, request));
  return std::move(request.path);
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  return std::equal(
      pattern.begin(), pattern.end(), path.begin(), path.end(),
      [](const std::string& wanted, const std::string& given) { return is_parameter(wanted) || wanted == given; });
}

bool serves(const Route& route, const std::string& method) {
  return route.method == method || (route.method == "GET" && method == "HEAD");
}

std::string allowed_methods(const std::vector<Route>& routes, const std::vector<size_t>& indexes, CorsPolicy cors) {
  std::vector<std::string> methods;
  for (size_t index : indexes) {
    methods.push_back(routes[index].method);
    if (routes[index].method == "GET") methods.push_back("HEAD");
  }
  if (cors == CorsPolicy::mirror) methods.push_back("OPTIONS");
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  std::string allow;
  for (const std::string& method : methods) allow += (allow.empty() ? "" : ", ") + method;
  return allow;
}

}  // namespace

void Router::add(Route route) {
  std::vector<std::string> pattern = split_pattern(route.pattern);
  bool has_parameters = std::any_of(pattern.begin(), pattern.end(), is_parameter);
  if (route.cors == CorsPolicy::mirror) has_mirrored_routes_ = true;
  size_t index = routes_.size();
  routes_.push_back(std::move(route));
  auto& paths = has_parameters ? parameter_paths_ : literal_paths_;
  auto at = std::lower_bound(paths.begin(), paths.end(), pattern,
                             [](const Path& path, const auto& wanted) { return path.pattern < wanted; });
  if (at == paths.end() || at->pattern != pattern) at = paths.insert(at, Path{std::move(pattern), {}});
  at->routes.push_back(index);
}

// A literal path hides a pattern that would match it too: /v1/profiles/lookup is never the customer "lookup".
const Router::Path* Router::find_path(const std::vector<std::string>& path) const {
  auto at = std::lower_bound(literal_paths_.begin(), literal_paths_.end(), path,
                             [](const Path& known, const auto& wanted) { return known.pattern < wanted; });
  if (at != literal_paths_.end() && at->pattern == path) return &*at;
  for (const Path& known : parameter_paths_) {
    if (matches(known.pattern, path)) return &known;
  }
  return nullptr;
}

RouteMatch Router::match(const HttpRequest& request) const {
  RouteMatch match;
  const Path* path = find_path(request.path);
  if (path == nullptr) {
    match.cors = has_mirrored_routes_ ? CorsPolicy::mirror : CorsPolicy::none;
    match.errors = has_mirrored_routes_ ? ErrorStyle::sdk : ErrorStyle::problem;
    return match;
  }
  match.errors = routes_[path->routes.front()].errors;
  for (size_t index : path->routes) {
    const Route& route = routes_[index];
    if (route.cors == CorsPolicy::mirror) match.cors = CorsPolicy::mirror;
    if (match.route == nullptr && serves(route, request.method)) match.route = &route;
  }
  if (match.route == nullptr) {
    match.allow = allowed_methods(routes_, path->routes, match.cors);
    return match;
  }
  match.errors = match.route->errors;
  for (size_t i = 0; i < path->pattern.size(); ++i) {
    if (is_parameter(path->pattern[i])) match.arguments.push_back(request.path[i]);
  }
  return match;
}

}  // namespace tributary
