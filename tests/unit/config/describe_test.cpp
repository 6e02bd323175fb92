// The sample and the schema against the table, and the files in config/ against the sample.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <regex>

#include "config/settings.h"
#include "tests/unit/config/support.h"

namespace tributary {
namespace {

namespace json = boost::json;

TEST(ConfigSample, ParsesToTheDefaults) {
  Config config = config_of(config_sample());
  EXPECT_EQ(settings_that_differ(Config(), config), std::vector<std::string>{});
  EXPECT_TRUE(config.sources.empty());
  EXPECT_TRUE(config.api_keys.empty());
}

TEST(ConfigSample, IsTheFileInTheRepository) {
  EXPECT_EQ(read_whole_file(TRIBUTARY_TEST_DATA "/../config/tributary.yaml"), config_sample())
      << "run: tributary config sample > config/tributary.yaml";
}

TEST(ConfigSample, NamesEverySetting) {
  std::string sample = config_sample();
  for (const auto& setting : config_settings()) {
    std::string key(setting.path.substr(setting.path.rfind('.') + 1));
    EXPECT_THAT(sample, ::testing::HasSubstr(
                            "\n" + std::string(2 * std::count(setting.path.begin(), setting.path.end(), '.'), ' ') +
                            key + ": "));
  }
}

TEST(ConfigSample, ExamplesOfListsWorkWhenUncommented) {
  std::string text = config_sample();
  for (const char* name : {"sources", "api_keys"}) {
    size_t at = text.find("\n" + std::string(name) + ": []");
    ASSERT_NE(at, std::string::npos);
    text.replace(text.find(" []", at), 3, "");
  }
  size_t at = text.find("\n  workspaces: {}");
  ASSERT_NE(at, std::string::npos);
  text.replace(text.find(" {}", at), 3, "");
  text = std::regex_replace(text, std::regex("\n#  "), "\n  ");
  for (const char* file : {"config/identity.yaml\"\n", "config/plans/example.yaml\"\n"}) {
    text.replace(text.find(file), 0, TRIBUTARY_TEST_DATA "/../");
  }
  Config config = config_of(text);
  ASSERT_EQ(config.sources.size(), 3u);
  EXPECT_EQ(config.sources[0].id, "web");
  EXPECT_EQ(config.sources[1].id, "shop");
  EXPECT_EQ(config.sources[2].id, "orders");
  EXPECT_EQ(config.stream_sources.size(), 1u);
  EXPECT_EQ(config.webhook_sources.size(), 1u);
  EXPECT_EQ(config.sources[0].sdk_http_config_json, R"({"rateLimitConfig":{"enabled":true,"maxRetryCount":100}})");
  ASSERT_EQ(config.sources[0].identifiers.size(), 1u);
  EXPECT_EQ(kind_name(config.sources[0].identifiers[0].kind), "member_card");
  ASSERT_EQ(config.api_keys.size(), 1u);
  EXPECT_EQ(config.api_keys[0].role, ApiRole::analyst);
  ASSERT_EQ(config.identity.workspaces.size(), 1u);
  EXPECT_EQ(config.identity.workspaces[0].workspace, "default");
  EXPECT_FALSE(config.identity.workspaces[0].automatic);
}

TEST(ConfigSample, HasNoLineThatAnEditorWouldWrap) {
  std::istringstream lines(config_sample());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 120u) << line;
}

TEST(ConfigSchema, DescribesEverySettingWithItsDefault) {
  json::value schema = json::parse(config_schema());
  EXPECT_EQ(schema.at("$schema"), "https://json-schema.org/draft/2020-12/schema");
  for (const auto& setting : config_settings()) {
    json::value property = schema;
    for (const std::string& part : split_words(std::regex_replace(std::string(setting.path), std::regex("\\."), " "))) {
      EXPECT_EQ(property.at("additionalProperties"), false);
      json::value next = property.at("properties").at(part);
      property = next;
    }
    EXPECT_TRUE(property.at("description").is_string()) << setting.path;
    EXPECT_TRUE(property.as_object().contains("default")) << setting.path;
  }
}

TEST(ConfigSchema, ItemsRefuseUnknownKeysAndAskForOneFormOfASecret) {
  json::value schema = json::parse(config_schema());
  json::value source = schema.at("properties").at("sources").at("items");
  EXPECT_EQ(source.at("additionalProperties"), false);
  EXPECT_EQ(source.at("required"), json::parse(R"(["id","workspace"])"));
  json::value broker = source.at("else");
  EXPECT_EQ(broker.at("if").at("properties").at("kind").at("enum").as_array().size(), 5u);
  EXPECT_EQ(broker.at("then").at("required"), json::parse(R"(["servers","topics","group"])"));
  json::value keys = broker.at("else");
  EXPECT_EQ(keys.at("oneOf"), json::parse(R"([{"required":["write_keys"]},{"required":["write_keys_file"]}])"));
  EXPECT_EQ(source.at("if").at("properties").at("kind").at("const"), "webhook");
  EXPECT_EQ(source.at("then").at("required"), json::parse(R"(["connector"])"));
  EXPECT_TRUE(source.at("properties").as_object().contains("write_keys_file"));
}

TEST(ConfigSchema, PlacesOfIdentifiersAreDescribed) {
  json::value source = json::parse(config_schema()).at("properties").at("sources").at("items");
  json::value place = source.at("properties").at("identifiers").at("items");
  EXPECT_EQ(place.at("additionalProperties"), false);
  EXPECT_EQ(place.at("required"), json::parse(R"(["kind","path"])"));
  EXPECT_FALSE(place.as_object().contains("oneOf"));
  EXPECT_EQ(place.at("properties").at("trust").at("enum"), json::parse(R"(["claimed","verified"])"));
}

TEST(ConfigSchema, WorkspacesMayHaveRulesOfTheirOwn) {
  json::value identity = json::parse(config_schema()).at("properties").at("identity").at("properties");
  json::value entry = identity.at("workspaces").at("additionalProperties");
  EXPECT_EQ(entry.at("additionalProperties"), false);
  EXPECT_EQ(entry.at("properties").at("apply").at("enum"), json::parse(R"(["auto","propose"])"));
  EXPECT_EQ(entry.at("properties").as_object().size(), workspace_rules_settings().size());
}

TEST(ConfigDemo, Works) {
  ConfigInput input;
  input.file = TRIBUTARY_TEST_DATA "/../config/demo.yaml";
  auto loaded = load_config(input);
  ASSERT_TRUE(std::holds_alternative<Config>(loaded));
  EXPECT_EQ(std::get<Config>(loaded).sources.size(), 6u);
  EXPECT_EQ(std::get<Config>(loaded).webhook_sources.size(), 2u);
}

}  // namespace
}  // namespace tributary
