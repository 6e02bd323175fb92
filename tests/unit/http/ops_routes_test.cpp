#include "connectors/ops/ops_routes.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "connectors/http/request_target.h"

namespace tributary {
namespace {

namespace asio = boost::asio;

class OpsRoutes : public testing::Test {
 protected:
  HttpResponse get(const Router& router, const std::string& target) {
    HttpRequest request;
    request.method = "GET";
    EXPECT_FALSE(parse_target(target, request));
    RouteMatch match = router.match(request);
    EXPECT_NE(match.route, nullptr) << target;
    EXPECT_EQ(match.cors, CorsPolicy::none);
    asio::io_context context;
    HttpResponse answer;
    auto keep = [&answer](std::exception_ptr error, HttpResponse response) {
      EXPECT_EQ(error, nullptr);
      answer = std::move(response);
    };
    asio::co_spawn(context, match.route->handler(request), keep);
    context.run();
    return answer;
  }

  OpsSources sources() {
    return {[this] { return checks; }, [] { return std::string("a_total 1\n"); },
            [] { return std::string(R"({"version":"1"})"); }};
  }

  std::vector<ReadinessCheck> checks = {{"log", true, ""}, {"disk", true, ""}};
};

TEST_F(OpsRoutes, LivenessDependsOnNothing) {
  Router router;
  add_ops_routes(router, OpsSources{});
  EXPECT_EQ(get(router, "/livez").status, 200);
}

TEST_F(OpsRoutes, ReadinessNamesEachCheck) {
  Router router;
  add_ops_routes(router, sources());
  EXPECT_EQ(get(router, "/readyz").body, "ok\n");
  EXPECT_EQ(get(router, "/readyz?verbose").body, "[+]log ok\n[+]disk ok\nreadyz check passed\n");
  checks[1] = {"disk", false, "12 MiB free, 512 MiB needed"};
  for (const char* target : {"/readyz", "/healthz"}) {
    HttpResponse response = get(router, target);
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.body, "not ready\n");
  }
  EXPECT_EQ(get(router, "/readyz?verbose").body,
            "[+]log ok\n[-]disk failed: 12 MiB free, 512 MiB needed\nreadyz check failed\n");
  checks.clear();
  EXPECT_EQ(get(router, "/readyz").status, 503);
}

TEST_F(OpsRoutes, ADegradedServerIsReadyAndSaysSo) {
  Router router;
  add_ops_routes(router, sources());
  add_probe_routes(router, sources());
  checks.push_back({"source orders", true, "broken: nobody answers", true});
  HttpResponse response = get(router, "/readyz");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "degraded\n");
  EXPECT_EQ(get(router, "/readyz?verbose").body,
            "[+]log ok\n[+]disk ok\n[!]source orders degraded: broken: nobody answers\nreadyz check passed\n");
  EXPECT_EQ(get(router, "/health").body, R"({"status":"degraded"})");
  checks[0].ok = false;
  EXPECT_EQ(get(router, "/readyz").status, 503);
}

TEST_F(OpsRoutes, MetricsAndVersionHaveTheirTypes) {
  Router router;
  add_ops_routes(router, sources());
  HttpResponse metrics = get(router, "/metrics");
  EXPECT_EQ(metrics.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(metrics.body, "a_total 1\n");
  EXPECT_EQ(get(router, "/version").body, R"({"version":"1"})");
}

TEST_F(OpsRoutes, ProbesTellStrangersOnlyNames) {
  Router router;
  add_probe_routes(router, sources());
  EXPECT_EQ(get(router, "/health").body, R"({"status":"ok"})");
  EXPECT_EQ(get(router, "/robots.txt").body, "User-agent: *\nDisallow: /\n");
  EXPECT_EQ(get(router, "/").status, 200);
  checks[0] = {"log", false, "/var/lib/secret/path"};
  HttpResponse response = get(router, "/health");
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(response.body.find("not ready: log"), std::string::npos);
  EXPECT_EQ(response.body.find("secret"), std::string::npos);
  checks.clear();
  EXPECT_NE(get(router, "/health").body.find("not ready: starting"), std::string::npos);
}

}  // namespace
}  // namespace tributary
