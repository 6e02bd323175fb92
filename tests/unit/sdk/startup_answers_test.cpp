#include "connectors/sdk/startup_answers.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

HttpRequest request_for(std::string host, bool tls = false) {
  HttpRequest request;
  request.headers = {{"host", std::move(host)}};
  request.tls = tls;
  return request;
}

TEST(PublicAddress, ComesFromTheSettingWithoutSchemeAndSlash) {
  PublicAddress address = public_address("https://cdp.example.com:8443/base/", request_for("other"));
  EXPECT_EQ(address.protocol, "https");
  EXPECT_EQ(address.host, "cdp.example.com:8443/base");
  EXPECT_TRUE(address.configured);
  EXPECT_EQ(public_address("http://cdp.example.com", request_for("other")).protocol, "http");
}

TEST(PublicAddress, ElseFromTheRequest) {
  PublicAddress address = public_address("", request_for("127.0.0.1:8080"));
  EXPECT_EQ(address.protocol, "http");
  EXPECT_EQ(address.host, "127.0.0.1:8080");
  EXPECT_FALSE(address.configured);
  EXPECT_EQ(public_address("", request_for("cdp.example", true)).protocol, "https");
}

TEST(Settings, HoldWhatAnalyticsNextNeedsToSend) {
  HttpResponse answer = settings_answer(Source{}, "wk", {"http", "127.0.0.1:8080", false});
  EXPECT_EQ(answer.body,
            R"({"integrations":{"Segment.io":{"apiKey":"wk","apiHost":"127.0.0.1:8080/v1","protocol":"http"}},)"
            R"("plan":{"track":{"__default":{"enabled":true}},"identify":{"__default":{"enabled":true}},)"
            R"("group":{"__default":{"enabled":true}}},)"
            R"("consentSettings":{"allCategories":[],"hasUnmappedDestinations":true},"metrics":{"sampleRate":0}})");
}

TEST(Settings, AreCachedOnlyForAConfiguredAddress) {
  auto cache_control = [](bool configured) {
    return settings_answer(Source{}, "wk", {"http", "h", configured}).headers.at(0).second;
  };
  EXPECT_EQ(cache_control(true), "public, max-age=300");
  EXPECT_EQ(cache_control(false), "no-store");
}

TEST(Settings, CarryTheSourcesRetrySettings) {
  Source source;
  source.sdk_http_config_json = R"({"backoffConfig":{"maxRetryCount":3}})";
  HttpResponse answer = settings_answer(source, "wk", {"https", "h", true});
  EXPECT_NE(answer.body.find(R"("protocol":"https","httpConfig":{"backoffConfig":{"maxRetryCount":3}}}})"),
            answer.body.npos);
}

TEST(SourceConfig, HoldsWhatTheSdksValidatorNeeds) {
  Source source;
  source.id = "web", source.workspace_name = "default";
  EXPECT_EQ(source_config_answer(source, "wk").body,
            R"({"source":{"id":"web","name":"web","writeKey":"wk","workspaceId":"default","enabled":true,)"
            R"("config":{"statsCollection":{"errors":{"enabled":false},"metrics":{"enabled":false}}},)"
            R"("destinations":[]}})");
  source.enabled = false;
  EXPECT_NE(source_config_answer(source, "wk").body.find(R"("enabled":false)"), std::string::npos);
}

}  // namespace
}  // namespace tributary
