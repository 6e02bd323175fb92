#include "config/config.h"

#include <gtest/gtest.h>

#include "engine/domain/workspace.h"
#include "tests/unit/config/support.h"

namespace tributary {
namespace {

constexpr const char* kIssueFile = R"(data_dir: ./data
server: {listen: "127.0.0.1:0"}
ops: {listen: "127.0.0.1:0"}
sources:
  - {id: web, workspace: default, kind: sdk, write_keys: [wk_web], default_country: CN}
  - {id: app, workspace: default, kind: sdk, write_keys: [wk_app], default_country: CN, trust: server}
api_keys:
  - {id: analyst, workspace: default, role: analyst, secret: sk_analyst}
  - {id: admin, workspace: default, role: admin, secret: sk_admin}
)";

TEST(Config, SmallestUsefulFileWorks) {
  Config config = config_of(kIssueFile);
  EXPECT_EQ(config.engine.data_dir, "./data");
  EXPECT_EQ(config.server.listen, "127.0.0.1:0");
  EXPECT_EQ(config.ops.listen, "127.0.0.1:0");
  ASSERT_EQ(config.sources.size(), 2u);
  const Source& web = config.sources[0];
  EXPECT_EQ(web.id, "web");
  EXPECT_EQ(web.name, "web");
  EXPECT_EQ(web.workspace_name, "default");
  EXPECT_EQ(web.workspace, workspace_id("default"));
  EXPECT_EQ(web.trust, SourceTrust::browser);
  EXPECT_TRUE(web.enabled);
  EXPECT_EQ(web.write_keys, std::vector<std::string>{"wk_web"});
  EXPECT_EQ(web.default_country, "CN");
  EXPECT_EQ(config.sources[1].trust, SourceTrust::server);
  ASSERT_EQ(config.api_keys.size(), 2u);
  EXPECT_EQ(config.api_keys[0].role, ApiRole::analyst);
  EXPECT_EQ(config.api_keys[1].role, ApiRole::admin);
  EXPECT_EQ(config.api_keys[1].secret_sha256, sha256("sk_admin"));
}

TEST(Config, EveryKindOfValueReachesItsField) {
  Config config = config_of(R"(
io_threads: 3
partitions: 4
server:
  public_url: https://events.example.com
  trusted_proxies: [10.0.0.0/8, "::1"]
ingest: {max_body_bytes: 1MiB, max_batch_events: 0, max_json_depth: 32}
time: {max_future: 1h, max_past_public: 90d}
dedup: {window: 14d}
http: {drain_limit_bytes: 64KiB, header_timeout: 7s}
log: {segment_bytes: 16MiB, seal: false, spare_segments: 3}
state: {front_table_bytes: 32MiB, flush_interval: 500ms}
shutdown: {announce: 100ms}
)");
  EXPECT_EQ(config.io_threads, 3u);
  EXPECT_EQ(config.engine.partitions, 4);
  EXPECT_EQ(config.public_url, "https://events.example.com");
  EXPECT_EQ(config.server.trusted_proxies, (std::vector<std::string>{"10.0.0.0/8", "::1"}));
  EXPECT_EQ(config.ingest.body_bytes_max, 1u << 20);
  EXPECT_EQ(config.server.body_bytes_max, 1u << 20);
  EXPECT_EQ(config.ingest.batch_events_max, 0u);
  EXPECT_EQ(config.ingest.json_depth_max, 32u);
  EXPECT_EQ(config.ingest.future_micros_max, kMicrosPerHour);
  EXPECT_EQ(config.ingest.public_past_micros_max, 90 * kMicrosPerDay);
  EXPECT_EQ(config.engine.dedup_window_micros, 14 * kMicrosPerDay);
  EXPECT_EQ(config.server.drain_bytes_max, 64u << 10);
  EXPECT_EQ(config.server.header_timeout, std::chrono::seconds(7));
  EXPECT_EQ(config.engine.log.segment_bytes, 16u << 20);
  EXPECT_FALSE(config.engine.log.seal);
  EXPECT_EQ(config.engine.log.spare_segments, 3u);
  EXPECT_EQ(config.engine.front_table_bytes, 32u << 20);
  EXPECT_EQ(config.engine.state_flush_micros, 500'000);
  EXPECT_EQ(config.shutdown_announce, std::chrono::milliseconds(100));
}

TEST(Config, AnEmptyFileMeansAllDefaults) {
  for (const char* text : {"", "# nothing\n", "server:\nsources:\napi_keys:\n", "{}"}) {
    Config config = config_of(text);
    EXPECT_TRUE(settings_that_differ(Config(), config).empty()) << text;
    EXPECT_TRUE(config.sources.empty());
  }
}

TEST(Config, RetentionNeedsSealing) {
  EXPECT_EQ(config_of("log: {retention_age: 30d}").engine.log.retention_micros, 30 * kMicrosPerDay);
  EXPECT_EQ(config_of("log: {seal: false, retention_age: 0, retention_bytes: 0}").engine.log.retention_micros, 0);
  EXPECT_EQ(mistakes_of("log: {seal: false, retention_age: 30d, retention_bytes: 1GiB}"),
            (std::vector<std::string>{
                "t.yaml:1:35: log.retention_age deletes sealed log files only; it needs log.seal: true",
                "t.yaml:1:57: log.retention_bytes deletes sealed log files only; it needs log.seal: true"}));
}

TEST(Config, SegmentStrictTightensLimitsAndNeverLoosensThem) {
  Config config = config_of("ingest: {segment_strict: true, max_batch_events: 100}");
  EXPECT_EQ(config.ingest.event_bytes_max, 32u << 10);
  EXPECT_EQ(config.ingest.body_bytes_max, 500u << 10);
  EXPECT_EQ(config.server.body_bytes_max, 500u << 10);
  EXPECT_EQ(config.ingest.batch_events_max, 100u);
  EXPECT_EQ(config_of("ingest: {segment_strict: true, max_batch_events: 0}").ingest.batch_events_max, 2500u);
}

TEST(Config, FlagsWinOverEnvironmentAndEnvironmentOverTheFile) {
  ConfigInput overrides;
  overrides.environment = {{"PATH", "/bin"},
                           {"TRIBUTARY__DATA_DIR", "/env"},
                           {"TRIBUTARY__SERVER__LISTEN", "127.0.0.1:2"},
                           {"TRIBUTARY__SERVER__TRUSTED_PROXIES", "10.0.0.2,10.0.0.3"}};
  overrides.flags = {{"server.listen", "127.0.0.1:3"}};
  Config config = config_of(
      "data_dir: /file\nio_threads: 7\nserver: {listen: \"127.0.0.1:1\", trusted_proxies: [10.0.0.1]}", overrides);
  EXPECT_EQ(config.io_threads, 7u);
  EXPECT_EQ(config.engine.data_dir, "/env");
  EXPECT_EQ(config.server.listen, "127.0.0.1:3");
  EXPECT_EQ(config.server.trusted_proxies, (std::vector<std::string>{"10.0.0.2", "10.0.0.3"}));
}

TEST(Config, MistakesOfOverridesNameTheirOrigin) {
  ConfigInput overrides;
  overrides.environment = {{"TRIBUTARY__SERVER__LISTN", "127.0.0.1:2"}, {"TRIBUTARY__IO_THREADS", "many"}};
  overrides.flags = {{"server.listen", "here"}};
  EXPECT_EQ(mistakes_of("", overrides),
            (std::vector<std::string>{
                "environment: unknown variable TRIBUTARY__SERVER__LISTN, did you mean TRIBUTARY__SERVER__LISTEN?",
                "environment: TRIBUTARY__IO_THREADS: expected a whole number, got \"many\"",
                "command line: server.listen: expected host:port, such as 127.0.0.1:8080, got \"here\""}));
}

TEST(Config, SecretsMayStandInFiles) {
  TemporaryFile secret("sk_from_file\n");
  TemporaryFile keys("wk_one\n\n  wk_two  \r\n");
  Config config =
      config_of("sources:\n  - {id: a, workspace: w, write_keys_file: " + keys.path() +
                "}\napi_keys:\n  - {id: b, workspace: w, role: admin, secret_file: " + secret.path() + "}\n");
  EXPECT_EQ(config.sources[0].write_keys, (std::vector<std::string>{"wk_one", "wk_two"}));
  EXPECT_EQ(config.api_keys[0].secret_sha256, sha256("sk_from_file"));
}

TEST(Config, SecretFilesThatHoldNoSecretAreMistakes) {
  TemporaryFile empty("\n");
  TemporaryFile two("sk_a\nsk_b\n");
  std::string key = "api_keys:\n  - {id: b, workspace: w, role: admin, secret_file: ";
  EXPECT_EQ(mistakes_of(key + empty.path() + "}"),
            std::vector<std::string>{"t.yaml:2:53: api_keys[0].secret_file: reading " + empty.path() +
                                     ": the file holds no secret"});
  EXPECT_EQ(
      mistakes_of(key + two.path() + "}"),
      std::vector<std::string>{"t.yaml:2:53: api_keys[0].secret_file: reading " + two.path() + ": expected one line"});
  EXPECT_EQ(mistakes_of(key + testing::TempDir() + "}").size(), 1u) << "a directory is no file";
}

TEST(Config, SdkHttpConfigBecomesJsonWithItsTypes) {
  Config config = config_of(
      "sources:\n  - id: a\n    workspace: w\n    write_keys: [k]\n    sdk_http_config:\n"
      "      rateLimitConfig: {enabled: true, maxRetryCount: 100, base: 0.5, name: \"1\", zip: 007, none: null}\n"
      "      codes: [1, -2, x, .5, 2., 1e3]\n");
  EXPECT_EQ(config.sources[0].sdk_http_config_json,
            R"({"rateLimitConfig":{"enabled":true,"maxRetryCount":100,"base":0.5,"name":"1","zip":"007","none":null},)"
            R"("codes":[1,-2,"x",".5","2.",1e3]})");
}

TEST(Config, DifferencesNameWhatNeedsARestart) {
  Config before = config_of(kIssueFile);
  Config after = config_of(std::string(kIssueFile) + "io_threads: 2\nlog: {seal: false}\n");
  EXPECT_EQ(settings_that_differ(before, after), (std::vector<std::string>{"io_threads", "log.seal"}));
  after.sources.clear();
  EXPECT_EQ(settings_that_differ(before, after).size(), 2u);
}

TEST(Config, ProcessEnvironmentHoldsOnlyOurVariables) {
  setenv("TRIBUTARY__IO_THREADS", "5", 1);
  auto variables = process_environment();
  unsetenv("TRIBUTARY__IO_THREADS");
  ASSERT_EQ(variables.size(), 1u);
  EXPECT_EQ(variables[0], (std::pair<std::string, std::string>{"TRIBUTARY__IO_THREADS", "5"}));
}

}  // namespace
}  // namespace tributary
