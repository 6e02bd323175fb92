#include "connectors/ops/ops_routes.h"

#include <algorithm>
#include <utility>

#include "connectors/http/answers.h"

namespace tributary {
namespace {

namespace asio = boost::asio;

HttpResponse text_response(std::string body, int status = 200) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

bool is_ready(const std::vector<ReadinessCheck>& checks) {
  return !checks.empty() && std::all_of(checks.begin(), checks.end(), [](const auto& check) { return check.ok; });
}

bool is_degraded(const std::vector<ReadinessCheck>& checks) {
  return std::any_of(checks.begin(), checks.end(), [](const auto& check) { return check.degraded; });
}

std::string verbose_text(const std::vector<ReadinessCheck>& checks) {
  std::string text;
  for (const ReadinessCheck& check : checks) {
    text += !check.ok ? "[-]" : check.degraded ? "[!]" : "[+]";
    text += check.name;
    text += !check.ok ? " failed" : check.degraded ? " degraded" : " ok";
    if (!check.detail.empty()) text += ": " + check.detail;
    text += '\n';
  }
  text += is_ready(checks) ? "readyz check passed\n" : "readyz check failed\n";
  return text;
}

std::string short_text(const std::vector<ReadinessCheck>& checks) {
  if (!is_ready(checks)) return "not ready\n";
  return is_degraded(checks) ? "degraded\n" : "ok\n";
}

HttpResponse readiness_response(const std::vector<ReadinessCheck>& checks, bool verbose) {
  int status = is_ready(checks) ? 200 : 503;
  HttpResponse response = text_response(verbose ? verbose_text(checks) : short_text(checks), status);
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

// The names of the failed checks, not their details: those may hold paths, and anybody may ask here.
std::string failed_names(const std::vector<ReadinessCheck>& checks) {
  std::string names;
  for (const ReadinessCheck& check : checks) {
    if (!check.ok) names += (names.empty() ? "" : ", ") + check.name;
  }
  return names.empty() ? "starting" : names;
}

// g++ 12.2: a coroutine must not be a capturing closure, whose captures die with the call; so each handler is a plain
// function of the request that wraps a finished answer.
void add_get(Router& router, std::string pattern, ErrorStyle errors,
             std::function<HttpResponse(const HttpRequest&)> answer) {
  Route route;
  route.method = "GET";
  route.pattern = std::move(pattern);
  route.errors = errors;
  route.handler = [answer = std::move(answer)](HttpRequest& request) { return answered(answer(request)); };
  router.add(std::move(route));
}

HttpResponse health_response(const HttpRequest& request, const std::vector<ReadinessCheck>& checks) {
  if (is_ready(checks)) return json_response(is_degraded(checks) ? R"({"status":"degraded"})" : R"({"status":"ok"})");
  return error_response(RejectionCode::not_ready, ErrorStyle::sdk, request, "not ready: " + failed_names(checks));
}

}  // namespace

void add_ops_routes(Router& router, const OpsSources& sources) {
  add_get(router, "/livez", ErrorStyle::problem, [](const HttpRequest&) { return text_response("ok\n"); });
  for (const char* pattern : {"/readyz", "/healthz"}) {
    add_get(router, pattern, ErrorStyle::problem, [sources](const HttpRequest& request) {
      return readiness_response(sources.readiness(), request.has_parameter("verbose"));
    });
  }
  add_get(router, "/metrics", ErrorStyle::problem, [sources](const HttpRequest&) {
    HttpResponse response = text_response(sources.metrics_text());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return response;
  });
  add_get(router, "/version", ErrorStyle::problem,
          [sources](const HttpRequest&) { return json_response(sources.version_json()); });
}

void add_probe_routes(Router& router, const OpsSources& sources) {
  add_get(router, "/health", ErrorStyle::sdk,
          [sources](const HttpRequest& request) { return health_response(request, sources.readiness()); });
  add_get(router, "/version", ErrorStyle::sdk,
          [sources](const HttpRequest&) { return json_response(sources.version_json()); });
  add_get(router, "/robots.txt", ErrorStyle::sdk,
          [](const HttpRequest&) { return text_response("User-agent: *\nDisallow: /\n"); });
  add_get(router, "/", ErrorStyle::sdk, [](const HttpRequest&) { return text_response("Tributary\n"); });
}

}  // namespace tributary
