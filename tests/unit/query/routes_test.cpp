// openapi.yaml describes every route that is served, and nothing else.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <map>
#include <set>

#include "connectors/identity/identity_routes.h"
#include "connectors/ops/ops_routes.h"
#include "connectors/profile/profile_routes.h"
#include "connectors/profile_api/profile_api_routes.h"
#include "connectors/query/export_runner.h"
#include "connectors/query/query_handlers.h"
#include "connectors/query/query_routes.h"
#include "connectors/query/scale_runner.h"
#include "connectors/sdk/sdk_routes.h"
#include "connectors/sql/sql_routes.h"
#include "connectors/stream/source_routes.h"
#include "connectors/webhook/webhook_routes.h"

namespace tributary {
namespace {

namespace json = boost::json;

/// Routes are only listed here, never called.
struct NoEngine : Engine {
  void ingest(IngestRequest, std::function<void(IngestOutcome)>) override { abort(); }
  SourceActivity activity(std::string_view) const override { return {}; }
  Result<std::vector<SourcePosition>> positions(WorkspaceId, std::string_view) override {
    return std::vector<SourcePosition>{};
  }
  const KeyedHash& index_key(WorkspaceId) override { abort(); }
  Result<bool> was_seen(WorkspaceId, const Identifier&) override { abort(); }
  bool is_suppressed(WorkspaceId, const Identifier&) override { abort(); }
  Result<ProfileView> profile_of(WorkspaceId, const Identifier&, std::optional<Timestamp>) override { abort(); }
  Result<ProfileView> profile(WorkspaceId, const CustomerId&) override { abort(); }
  Result<TimelinePage> timeline(WorkspaceId, const CustomerId&, const TimelineQuery&) override { abort(); }
  Result<OrdersPage> orders(WorkspaceId, const CustomerId&, const OrdersQuery&) override { abort(); }
  Result<WholeProfile> whole_profile(WorkspaceId, const NamedCustomer&, Timestamp) override { abort(); }
  Result<InteractionsPage> interactions(WorkspaceId, const CustomerId&, const PageQuery&) override { abort(); }
  Result<TicketsPage> tickets(WorkspaceId, const CustomerId&, const PageQuery&, Timestamp) override { abort(); }
  Result<FactsPage> facts(WorkspaceId, const CustomerId&, FactKind, const PageQuery&) override { abort(); }
  Result<HistoryPage> history(WorkspaceId, const CustomerId&, const PageQuery&, const ValueRules&, Timestamp) override {
    abort();
  }
  void decide_fact(WorkspaceId, WorkspaceFact, std::function<void(IngestOutcome)>) override { abort(); }
  Result<std::vector<Fact>> workspace_facts(WorkspaceId, FactKind) override { abort(); }
  Result<TagLibrary> tag_library(WorkspaceId) override { return TagLibrary(); }
  Result<RejectedPage> rejected_events(WorkspaceId, const RejectedQuery&) override { abort(); }
  void assert_identity(WorkspaceId, Assertion, std::function<void(IngestOutcome)>) override { abort(); }
  void change_rules(WorkspaceId, RuleSetChange, std::function<void(IngestOutcome)>) override { abort(); }
  Result<Erasure> list_for_erasure(WorkspaceId, const CustomerId&) override { abort(); }
  void erase(WorkspaceId, ErasureRecord, std::function<void(IngestOutcome)>) override { abort(); }
  Result<std::vector<ErasureView>> erasures(WorkspaceId) override { abort(); }
  Result<RulesView> rules(WorkspaceId) override { abort(); }
  Result<ExplainView> explain(WorkspaceId, const CustomerId&, const ExplainQuery&) override { abort(); }
  Result<ChangesPage> changes(WorkspaceId, const ChangesQuery&) override { abort(); }
  Result<PreviewView> preview(WorkspaceId, const PreviewQuery&, const std::function<bool()>&) override { abort(); }
  Result<DuplicatesView> search_duplicates(WorkspaceId, const DuplicateQuery&, const std::function<bool()>&) override {
    abort();
  }
  Result<std::unique_ptr<ProfileExport>> export_profiles(WorkspaceId, Timestamp) override { abort(); }
  Result<std::unique_ptr<EventExport>> export_events(WorkspaceId, const EventExportQuery&) override { abort(); }
  SqlOutcome run_sql(WorkspaceId, const SqlQuery&, SqlRows&, const std::function<bool()>&) override { abort(); }
  Result<std::shared_ptr<const RfmScale>> rfm_scale(WorkspaceId) override { abort(); }
  Result<RfmScale> compute_rfm_scale(WorkspaceId, const RfmScaleQuery&, const std::function<bool()>&) override {
    abort();
  }
  void record_rfm_scale(WorkspaceId, const RfmScale&, std::function<void(IngestOutcome)>) override { abort(); }
  TouchedCustomers::Taken take_touched(size_t) override { abort(); }
  Result<WatchedCustomer> watched_customer(WorkspaceId, const CustomerId&) override { abort(); }
  Result<WatchedCustomers> watched_customers(WorkspaceId, const std::optional<Hash128>&, size_t) override { abort(); }
  void record_profile_changes(WorkspaceId, const std::vector<ProfileChange>&,
                              std::function<void(IngestOutcome)>) override {
    abort();
  }
  Result<ProfileChangesPage> profile_changes(WorkspaceId, const ProfileChangesQuery&) override { abort(); }
  std::vector<ReadinessCheck> readiness() const override { abort(); }
  bool failed() const override { abort(); }
  void stop() override { abort(); }
};

class Routes : public testing::Test {
 protected:
  Routes() {
    add_sdk_routes(router, {engine, keys, metrics, {}, ""});
    add_query_routes(router, {engine, keys, metrics, {}, exports, scales});
    add_profile_routes(router, {engine, keys, metrics, {}, {*TimeZone::load("UTC"), {}}});
    add_profile_api_routes(router, {engine, keys, metrics, {}});
    add_identity_routes(router, {engine, keys, metrics, {}, previews, duplicates});
    add_webhook_routes(router, {engine, webhooks, metrics, {}});
    add_sql_routes(router, {engine, keys, metrics, sql});
    add_source_routes(router, {engine, keys, feeds});
    add_probe_routes(router, {});
  }

  NoEngine engine;
  CurrentKeyRing keys{std::make_shared<KeyRing>(std::vector<Source>{}, std::vector<ApiKey>{})};
  CurrentWebhooks webhooks{std::make_shared<WebhookDirectory>(std::vector<WebhookSource>{})};
  Metrics metrics;
  PreviewRunner previews{engine};
  DuplicateSearches duplicates{engine, keys};
  ExportRunner exports{engine};
  ScaleRunner scales{engine, metrics, {*TimeZone::load("UTC"), {}}};
  SqlRunner sql{engine, {*TimeZone::load("UTC"), {}}};
  IngestLimits limits;
  Feeds feeds{FeedServices{engine, metrics, limits}};
  Router router;
};

const json::value& resolved(const json::value& document, const json::value& node) {
  const json::value* reference = node.is_object() ? node.as_object().if_contains("$ref") : nullptr;
  if (reference == nullptr) return node;
  return document.at_pointer(std::string(reference->as_string()).substr(1));
}

/// The values of the {verb} of an operation's path; one empty value when it has none.
std::vector<std::string> verbs_of(const json::value& document, const json::value& operation) {
  const json::value* parameters = operation.as_object().if_contains("parameters");
  std::vector<std::string> verbs;
  if (parameters == nullptr) return {""};
  for (const json::value& given : parameters->as_array()) {
    const json::value& parameter = resolved(document, given);
    if (parameter.at("name").as_string() != "verb") continue;
    for (const json::value& verb : parameter.at_pointer("/schema/enum").as_array()) {
      verbs.emplace_back(verb.as_string());
    }
  }
  return verbs.empty() ? std::vector<std::string>{""} : verbs;
}

const std::map<std::string, std::string> kMethods = {{"delete", "DELETE"}, {"get", "GET"}, {"patch", "PATCH"},
                                                     {"post", "POST"},     {"put", "PUT"}, {"options", "OPTIONS"}};

std::set<std::string> described_routes() {
  json::value document = json::parse(json::string_view(openapi_json().data(), openapi_json().size()));
  std::set<std::string> routes;
  for (const auto& [path, given] : document.at("paths").as_object()) {
    for (const auto& [method, operation] : resolved(document, given).as_object()) {
      auto name = kMethods.find(std::string(method));
      if (name == kMethods.end()) continue;
      for (const std::string& verb : verbs_of(document, operation)) {
        std::string pattern(path);
        if (size_t at = pattern.find("{verb}"); at != pattern.npos) pattern.replace(at, 6, verb);
        routes.insert(name->second + " " + pattern);
      }
    }
  }
  return routes;
}

TEST_F(Routes, AreAllDescribed) {
  std::set<std::string> served;
  for (const Route& route : router.routes()) {
    EXPECT_TRUE(served.insert(route.method + " " + route.pattern).second) << "twice: " << route.pattern;
  }
  EXPECT_EQ(served, described_routes());
}

// The engine of this test aborts when it is asked, so a caller who is let in would show.
TEST_F(Routes, ARouteOfAHigherRoleRefusesAKeyOfALowerOne) {
  ApiKey analyst;
  analyst.id = "analyst", analyst.secret_sha256 = sha256("sk_analyst");
  keys.set(std::make_shared<KeyRing>(std::vector<Source>{}, std::vector<ApiKey>{analyst}));
  QueryHandlers handlers({engine, keys, metrics, {}, exports, scales});
  HttpRequest request;
  request.headers = {{"authorization", "Bearer sk_analyst"}};
  HttpResponse refused = handlers.answer(request, ApiRole::admin, &QueryHandlers::rejected);
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find(R"("code":"forbidden")"), std::string::npos);
  request.query = {{"limit", "none"}};
  EXPECT_EQ(handlers.answer(request, ApiRole::analyst, &QueryHandlers::rejected).status, 400) << "let in, then judged";
}

TEST_F(Routes, OnlyCollectionAnswersOtherOrigins) {
  const std::set<std::string> probes = {"/", "/health", "/robots.txt", "/version"};
  for (const Route& route : router.routes()) {
    bool reading = route.pattern.starts_with("/v1/profiles") || route.pattern.starts_with("/v1/identity/") ||
                   route.pattern.starts_with("/v1/erasures") || route.pattern.starts_with("/v1/rejected") ||
                   route.pattern == "/v1/rfm/scale" || route.pattern == "/v1/export" ||
                   route.pattern == "/v1/sources" || route.pattern.starts_with("/v1/channels") ||
                   route.pattern == "/v1/changes" || route.pattern.starts_with("/v1/tags") ||
                   route.pattern.starts_with("/v1/spaces/") || route.pattern == "/v1/computed-traits" ||
                   route.pattern == "/openapi.json" || route.pattern == "/v1/sql";
    bool webhook = route.pattern.starts_with("/v1/webhooks/");
    bool collection = !reading && !webhook && !probes.contains(route.pattern);
    EXPECT_EQ(route.cors, collection ? CorsPolicy::mirror : CorsPolicy::none) << route.pattern;
    EXPECT_EQ(route.errors, reading ? ErrorStyle::problem : ErrorStyle::sdk) << route.pattern;
  }
}

}  // namespace
}  // namespace tributary
