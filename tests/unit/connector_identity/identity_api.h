// The routes of identity over an engine that a test scripts.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <map>
#include <optional>

#include "connectors/http/request_target.h"
#include "connectors/identity/identity_routes.h"
#include "engine/base/keyed_hash.h"
#include "tests/unit/http/engine_without_customers.h"

namespace tributary::fixtures {

inline Identifier identifier(const std::string& kind, const std::string& value) {
  return Identifier::from_normalised(*parse_kind(kind), value);
}

inline CustomerId customer(uint8_t number) {
  CustomerId id;
  id.anchor.bytes[0] = number;
  return id;
}

/// Knows the identifiers of `owners` and answers what the test put into the other members.
class ScriptedEngine : public EngineWithoutCustomers {
 public:
  void ingest(IngestRequest, std::function<void(IngestOutcome)> done) override { done({RejectionCode::not_ready, {}}); }
  Result<ProfileView> profile_of(WorkspaceId, const Identifier& asked, std::optional<Timestamp>) override {
    auto owner = owners.find(asked);
    if (owner == owners.end()) return Error(ErrorCode::not_found, "");
    return profile({}, owner->second);
  }
  Result<ProfileView> profile(WorkspaceId, const CustomerId& id) override {
    for (const auto& [known, owner] : owners) {
      if (owner != id) continue;
      ProfileView view;
      view.id = id;
      return view;
    }
    return Error(ErrorCode::not_found, "");
  }
  void assert_identity(WorkspaceId, Assertion assertion, std::function<void(IngestOutcome)> done) override {
    assertions.push_back(std::move(assertion));
    done(outcome);
  }
  void change_rules(WorkspaceId, RuleSetChange change, std::function<void(IngestOutcome)> done) override {
    rule_changes.push_back(std::move(change));
    done(outcome);
  }
  Result<RulesView> rules(WorkspaceId) override { return rules_view; }
  Result<ExplainView> explain(WorkspaceId, const CustomerId& id, const ExplainQuery& query) override {
    explained.push_back(query);
    explain_view.customer = id;
    return explain_view;
  }
  Result<ChangesPage> changes(WorkspaceId, const ChangesQuery& query) override {
    changes_asked.push_back(query);
    if (query.cursor == "forged") return Error(ErrorCode::invalid, "");
    if (pages.empty()) return ChangesPage{{}, "end", true};
    ChangesPage page = std::move(pages.front());
    pages.erase(pages.begin());
    return page;
  }
  Result<PreviewView> preview(WorkspaceId, const PreviewQuery& query, const std::function<bool()>& cancelled) override {
    return on_preview ? on_preview(query, cancelled) : PreviewView{};
  }

  std::map<Identifier, CustomerId> owners = {{identifier("user_id", "A"), customer(1)},
                                             {identifier("user_id", "B"), customer(2)},
                                             {identifier("email", "ann+x@example.com"), customer(1)},
                                             {identifier("phone", "+8613812345678"), customer(1)},
                                             {identifier("external_id/crm", "7:7"), customer(2)}};
  IngestOutcome outcome{std::nullopt, {ItemOutcome::accepted}};
  RulesView rules_view{1, default_rules(), {}, false};
  ExplainView explain_view;
  std::vector<ChangesPage> pages;
  std::function<Result<PreviewView>(const PreviewQuery&, const std::function<bool()>&)> on_preview;

  std::vector<Assertion> assertions;
  std::vector<RuleSetChange> rule_changes;
  std::vector<ExplainQuery> explained;
  std::vector<ChangesQuery> changes_asked;
};

class IdentityApi : public testing::Test {
 protected:
  IdentityApi() { add_identity_routes(router, {engine, keys, metrics, {}, previews, duplicates}); }

  static std::shared_ptr<const KeyRing> ring() {
    Source web;
    web.id = "web", web.write_keys = {"wk_web"}, web.default_country = "NZ";
    Source shop;
    shop.id = "shop", shop.default_country = "CN";
    ApiKey analyst;
    analyst.id = "analyst", analyst.secret_sha256 = sha256("sk_analyst");
    ApiKey admin;
    admin.id = "admin", admin.role = ApiRole::admin, admin.secret_sha256 = sha256("sk_admin");
    return std::make_shared<KeyRing>(std::vector<Source>{web, shop}, std::vector<ApiKey>{analyst, admin});
  }

  static HttpRequest request_to(const std::string& method, const std::string& target, std::string body,
                                const std::string& key) {
    HttpRequest request;
    request.method = method, request.body = std::move(body);
    EXPECT_FALSE(parse_target(target, request));
    if (!key.empty()) request.headers = {{"authorization", "Bearer " + key}};
    return request;
  }

  /// Starts the handler of a request that outlives it; the answer is there when the context has run.
  void start(boost::asio::io_context& context, HttpRequest& request, std::optional<HttpResponse>& answer) {
    RouteMatch match = router.match(request);
    ASSERT_NE(match.route, nullptr);
    request.arguments = match.arguments;
    auto keep = [&answer](std::exception_ptr error, HttpResponse response) {
      EXPECT_EQ(error, nullptr);
      answer = std::move(response);
    };
    boost::asio::co_spawn(context, match.route->handler(request), keep);
  }

  HttpResponse run(HttpRequest request) {
    boost::asio::io_context context(1);
    std::optional<HttpResponse> answer;
    start(context, request, answer);
    context.run();
    return answer.value_or(HttpResponse{});
  }

  HttpResponse get(const std::string& target, const std::string& key = "sk_analyst") {
    return run(request_to("GET", target, "", key));
  }
  HttpResponse post(const std::string& target, std::string body, const std::string& key = "sk_admin") {
    return run(request_to("POST", target, std::move(body), key));
  }
  HttpResponse put(const std::string& target, std::string body, const std::string& key = "sk_admin") {
    return run(request_to("PUT", target, std::move(body), key));
  }

  static boost::json::object json_of(const HttpResponse& response) {
    return boost::json::parse(boost::json::string_view(response.body)).as_object();
  }
  /// `400 invalid_parameter: a is not known`.
  static std::string refusal_of(const HttpResponse& response) {
    if (response.status == 200) return "none";
    boost::json::object body = json_of(response);
    EXPECT_EQ(response.content_type, "application/problem+json");
    return std::to_string(response.status) + " " + std::string(body.at("code").as_string()) + ": " +
           std::string(body.at("detail").as_string());
  }

  ScriptedEngine engine;
  CurrentKeyRing keys{ring()};
  Metrics metrics;
  PreviewRunner previews{engine};
  DuplicateSearches duplicates{engine, keys};
  Router router;
};

}  // namespace tributary::fixtures
