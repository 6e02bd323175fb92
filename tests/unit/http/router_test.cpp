#include "connectors/http/router.h"

#include <gtest/gtest.h>

#include <set>

#include "connectors/http/answers.h"
#include "connectors/http/client_address.h"
#include "connectors/http/cors.h"
#include "connectors/http/key_ring.h"
#include "connectors/http/request_id.h"
#include "connectors/http/request_target.h"
#include "connectors/http/response_writer.h"
#include "connectors/http/retry_after.h"
#include "engine/base/keyed_hash.h"

namespace tributary {
namespace {

HttpRequest request_to(const std::string& method, const std::string& target) {
  HttpRequest request;
  request.method = method;
  EXPECT_FALSE(parse_target(target, request));
  return request;
}

Route route(std::string method, std::string pattern, CorsPolicy cors = CorsPolicy::none,
            ErrorStyle errors = ErrorStyle::problem) {
  return Route{std::move(method), std::move(pattern), cors, errors, {}};
}

Router sample_router() {
  Router router;
  router.add(route("POST", "/v1/batch", CorsPolicy::mirror, ErrorStyle::sdk));
  router.add(route("GET", "/v1/projects/{write_key}/settings", CorsPolicy::mirror, ErrorStyle::sdk));
  router.add(route("GET", "/v1/profiles/{customer_id}"));
  router.add(route("DELETE", "/v1/profiles/{customer_id}"));
  router.add(route("GET", "/v1/profiles/{customer_id}/events"));
  router.add(route("POST", "/v1/profiles/lookup"));
  router.add(route("GET", "/"));
  return router;
}

std::string matched(const Router& router, const std::string& method, const std::string& target) {
  RouteMatch match = router.match(request_to(method, target));
  return match.route == nullptr ? "" : match.route->pattern;
}

TEST(Router, FindsRoutesByPathAndMethod) {
  Router router = sample_router();
  EXPECT_EQ(matched(router, "POST", "//v1/batch/"), "/v1/batch");
  EXPECT_EQ(matched(router, "GET", "/"), "/");
  EXPECT_EQ(matched(router, "HEAD", "/"), "/");
  EXPECT_EQ(matched(router, "DELETE", "/v1/profiles/x"), "/v1/profiles/{customer_id}");
  EXPECT_EQ(matched(router, "GET", "/v1/profiles/x/events"), "/v1/profiles/{customer_id}/events");
  EXPECT_EQ(matched(router, "GET", "/v1/profiles"), "");
  EXPECT_EQ(matched(router, "GET", "/v1/profiles/x/y/z"), "");
  EXPECT_EQ(matched(router, "GET", "/V1/profiles/x"), "");
}

TEST(Router, ArgumentsAreDecodedSegments) {
  Router router = sample_router();
  RouteMatch match = router.match(request_to("GET", "/v1/projects/wk%2F1/settings"));
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.arguments, std::vector<std::string>{"wk/1"});
  EXPECT_EQ(match.cors, CorsPolicy::mirror);
}

TEST(Router, ALiteralPathHidesAPattern) {
  Router router = sample_router();
  EXPECT_EQ(matched(router, "POST", "/v1/profiles/lookup"), "/v1/profiles/lookup");
  RouteMatch match = router.match(request_to("GET", "/v1/profiles/lookup"));
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allow, "POST");
}

TEST(Router, AWrongMethodNamesTheAllowedOnes) {
  Router router = sample_router();
  EXPECT_EQ(router.match(request_to("PUT", "/v1/profiles/x")).allow, "DELETE, GET, HEAD");
  RouteMatch match = router.match(request_to("GET", "/v1/batch"));
  EXPECT_EQ(match.allow, "OPTIONS, POST");
  EXPECT_EQ(match.cors, CorsPolicy::mirror);
  EXPECT_EQ(match.errors, ErrorStyle::sdk);
}

TEST(Router, AnUnknownPathIsMirroredOnlyBesideMirroredRoutes) {
  Router router = sample_router();
  RouteMatch match = router.match(request_to("GET", "/nope"));
  EXPECT_EQ(match.cors, CorsPolicy::mirror);
  EXPECT_EQ(match.errors, ErrorStyle::sdk);
  EXPECT_EQ(match.allow, "");
  Router ops;
  ops.add(route("GET", "/livez"));
  match = ops.match(request_to("GET", "/nope"));
  EXPECT_EQ(match.cors, CorsPolicy::none);
  EXPECT_EQ(match.errors, ErrorStyle::problem);
}

TEST(Cors, AnswersMirrorTheOrigin) {
  HttpRequest request;
  std::string lines;
  append_cors_headers(request, lines);
  EXPECT_EQ(lines,
            "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\n"
            "Access-Control-Expose-Headers: Retry-After, X-Request-Id\r\nVary: Origin\r\n");
  request.headers = {{"origin", "https://shop.example"}};
  lines.clear();
  append_cors_headers(request, lines);
  EXPECT_TRUE(lines.starts_with("Access-Control-Allow-Origin: https://shop.example\r\n"));
}

TEST(Cors, PreflightsMirrorWhatTheyAskFor) {
  HttpRequest request;
  request.headers = {{"origin", "null"},
                     {"access-control-request-headers", "authorization,x-retry-count"},
                     {"access-control-request-private-network", "true"}};
  std::string lines;
  append_preflight_headers(request, lines);
  EXPECT_EQ(lines,
            "Access-Control-Allow-Origin: null\r\nAccess-Control-Allow-Credentials: true\r\n"
            "Access-Control-Allow-Methods: GET, POST, PUT, OPTIONS, HEAD\r\n"
            "Access-Control-Allow-Headers: authorization,x-retry-count\r\nAccess-Control-Max-Age: 86400\r\n"
            "Access-Control-Allow-Private-Network: true\r\nVary: Origin, Access-Control-Request-Headers\r\n");
  request.headers.pop_back();
  lines.clear();
  append_preflight_headers(request, lines);
  EXPECT_EQ(lines.find("Private-Network"), std::string::npos);
}

TEST(Answers, SdkErrorsHaveAllFourMembers) {
  HttpRequest request;
  request.request_id = "r1";
  HttpResponse response = error_response(RejectionCode::invalid_write_key, ErrorStyle::sdk, request);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body,
            R"({"success":false,"code":"invalid_write_key","message":"invalid write key","error":"invalid write key",)"
            R"("request_id":"r1"})");
  EXPECT_TRUE(response.headers.empty());
}

TEST(Answers, ProblemsHaveThemToo) {
  HttpRequest request;
  request.request_id = "r1";
  HttpResponse response = error_response(RejectionCode::invalid_cursor, ErrorStyle::problem, request, "cut \"short\"");
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body,
            R"({"type":"urn:tributary:problem:invalid_cursor","title":"cursor is not valid","status":400,)"
            R"("detail":"cut \"short\"","instance":"r1","success":false,"code":"invalid_cursor",)"
            R"("message":"cut \"short\"","error":"cut \"short\"","request_id":"r1"})");
}

TEST(Answers, PassingConditionsSayWhenToComeBack) {
  for (RejectionCode code : {RejectionCode::rate_limited, RejectionCode::overloaded, RejectionCode::disk_full,
                             RejectionCode::shutting_down, RejectionCode::not_ready}) {
    HttpResponse response = error_response(code, ErrorStyle::sdk, HttpRequest{});
    ASSERT_EQ(response.headers.size(), 1u);
    EXPECT_EQ(response.headers[0].first, "Retry-After");
    int seconds = std::stoi(response.headers[0].second);
    EXPECT_TRUE(seconds >= 1 && seconds <= 300);
  }
  EXPECT_EQ(error_response(RejectionCode::disk_full, ErrorStyle::sdk, HttpRequest{}).headers[0].second, "5");
}

TEST(RetryAfter, DoublesForAClientThatKeepsComingBack) {
  RetryAfter waits;
  int64_t now = 1000;
  int longest = 0;
  for (int wanted : {1, 2, 4, 8, 16, 30, 30}) {
    int seconds = waits.next_seconds("client", now);
    EXPECT_GE(seconds, wanted);
    EXPECT_LE(seconds, wanted + wanted / 2);
    now += seconds;
    longest = std::max(longest, seconds);
  }
  EXPECT_LE(longest, 45);
  EXPECT_EQ(waits.next_seconds("another one", now), 1);
  EXPECT_EQ(waits.next_seconds("client", now + 200), 1);
}

TEST(RequestId, AWellFormedOneIsEchoed) {
  std::string id;
  choose_request_id("abc-123", id);
  EXPECT_EQ(id, "abc-123");
  choose_request_id(std::string(128, 'a'), id);
  EXPECT_EQ(id.size(), 128u);
  for (const std::string& offered :
       {std::string(), std::string(129, 'a'), std::string("a b"), std::string("a\"b"), std::string("\xc3\xa9")}) {
    choose_request_id(offered, id);
    EXPECT_EQ(id.size(), 26u);
    EXPECT_NE(id, offered);
  }
}

TEST(RequestId, MadeOnesDiffer) {
  std::set<std::string> ids;
  for (int i = 0; i < 5000; ++i) {
    std::string id;
    choose_request_id("", id);
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 5000u);
}

TEST(ResponseWriter, AHandlerCannotStartAHeaderOfTheClientsChoice) {
  HttpResponse response;
  response.headers = {{"Link", "x\r\nSet-Cookie: a=b"}, {"A\nB", "c"}, {"Good", "yes"}};
  std::string out;
  EXPECT_TRUE(append_response(response, ResponseFrame{}, out));
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 0\r\n"
            "X-Content-Type-Options: nosniff\r\nGood: yes\r\n\r\n");
}

TEST(ResponseWriter, NoContentHasNoLengthAndNoBody) {
  HttpResponse response;
  response.status = 204;
  response.body = "ignored";
  std::string out;
  EXPECT_TRUE(append_response(response, ResponseFrame{}, out));
  EXPECT_EQ(out.find("Content-Length"), std::string::npos) << out;
  EXPECT_TRUE(out.ends_with("\r\n\r\n")) << out;
}

TEST(ResponseWriter, HeadHasTheLengthButNotTheBody) {
  HttpResponse response;
  response.status = 404;
  response.body = "0123456789";
  ResponseFrame frame;
  frame.without_body = true;
  frame.close = true;
  std::string out;
  EXPECT_TRUE(append_response(response, frame, out));
  EXPECT_TRUE(out.starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_NE(out.find("Content-Length: 10\r\n"), std::string::npos);
  EXPECT_TRUE(out.ends_with("Connection: close\r\n\r\n"));
}

Source source(std::string id, std::vector<std::string> keys) {
  Source made;
  made.id = std::move(id);
  made.write_keys = std::move(keys);
  return made;
}

TEST(KeyRing, FindsSourcesByTheirKeys) {
  KeyRing ring({source("web", {"wk_web", "wk_web_next"}), source("app", {"app:secret"})}, {});
  ASSERT_NE(ring.source_of("wk_web"), nullptr);
  EXPECT_EQ(ring.source_of("wk_web")->id, "web");
  EXPECT_EQ(ring.source_of("wk_web_next:")->id, "web");
  EXPECT_EQ(ring.source_of("app:secret")->id, "app");
  for (const char* key : {"", ":", "wk_we", "wk_web2", "wk_web:x", "app", "app:", "app:wrong", "WK_WEB"}) {
    EXPECT_EQ(ring.source_of(key), nullptr) << key;
  }
}

TEST(KeyRing, FindsApiKeysByTheirSecret) {
  ApiKey analyst;
  analyst.id = "analyst";
  analyst.secret_sha256 = sha256("sk_analyst");
  KeyRing ring({source("web", {"wk_web"})}, {analyst});
  ASSERT_NE(ring.api_key_of("sk_analyst"), nullptr);
  EXPECT_EQ(ring.api_key_of("sk_analyst")->id, "analyst");
  for (const char* secret : {"", "sk_analys", "sk_analyst:", "wk_web"}) EXPECT_EQ(ring.api_key_of(secret), nullptr);
}

HttpRequest forwarded(std::vector<std::string> values) {
  HttpRequest request;
  request.remote_address = "unset";
  for (std::string& value : values) request.headers.emplace_back("x-forwarded-for", std::move(value));
  request.headers.emplace_back("x-forwarded-proto", "https");
  return request;
}

std::string client_of(const std::vector<std::string>& proxies, const std::string& peer,
                      std::vector<std::string> forwarded_for) {
  auto trusted = TrustedProxies::parse(proxies);
  EXPECT_TRUE(trusted);
  HttpRequest request = forwarded(std::move(forwarded_for));
  trusted->apply(boost::asio::ip::make_address(peer), request);
  EXPECT_EQ(request.tls, request.remote_address != "unset");
  return request.remote_address;
}

TEST(TrustedProxies, TheRightmostUntrustedHopIsTheClient) {
  EXPECT_EQ(client_of({"10.0.0.0/8"}, "10.0.0.1", {"6.6.6.6, 203.0.113.9, 10.1.1.1"}), "203.0.113.9");
  EXPECT_EQ(client_of({"10.0.0.0/8"}, "10.0.0.1", {"6.6.6.6", "203.0.113.9"}), "203.0.113.9");
  EXPECT_EQ(client_of({"10.0.0.1"}, "10.0.0.1", {"203.0.113.9:4711"}), "203.0.113.9");
  EXPECT_EQ(client_of({"fd00::/8"}, "fd00::1", {"[2001:db8::7]:80"}), "2001:db8::7");
  EXPECT_EQ(client_of({"10.0.0.1"}, "10.0.0.1", {}), "10.0.0.1");
  EXPECT_EQ(client_of({"10.0.0.1"}, "10.0.0.1", {"1.2.3.4, <script>"}), "10.0.0.1");
}

TEST(TrustedProxies, AHeaderFromElsewhereCountsForNothing) {
  EXPECT_EQ(client_of({"10.0.0.0/8"}, "11.0.0.1", {"1.2.3.4"}), "unset");
  EXPECT_EQ(client_of({}, "127.0.0.1", {"1.2.3.4"}), "unset");
}

TEST(TrustedProxies, MistakesAreNamed) {
  for (const char* entry : {"proxy", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "::1/129"}) {
    auto trusted = TrustedProxies::parse({entry});
    ASSERT_FALSE(trusted) << entry;
    EXPECT_NE(trusted.error().message.find(entry), std::string::npos);
  }
}

}  // namespace
}  // namespace tributary
