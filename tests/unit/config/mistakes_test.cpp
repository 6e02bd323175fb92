// Every kind of mistake, with the exact line an operator reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/support.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Case {
  const char* name;
  const char* text;
  std::vector<std::string> expected;
};

class ConfigMistakes : public ::testing::TestWithParam<Case> {};

TEST_P(ConfigMistakes, AreNamedWithFileLineAndColumn) { EXPECT_EQ(mistakes_of(GetParam().text), GetParam().expected); }

const Case kCases[] = {
    {"UnknownKey",
     "server:\n  listn: \"127.0.0.1:0\"\n",
     {"t.yaml:2:3: unknown key \"listn\", did you mean \"listen\"?"}},
    {"NoTimeOfDay",
     "profile: {rfm_recompute_at: \"3 o'clock\"}\n",
     {"t.yaml:1:29: profile.rfm_recompute_at: neither a time of day such as 03:00 nor off"}},
    {"UnknownKeyWithoutNeighbour", "elephants: 1\n", {"t.yaml:1:1: unknown key \"elephants\""}},
    {"UnknownSection",
     "sever: {listen: \"127.0.0.1:0\"}\n",
     {"t.yaml:1:1: unknown key \"sever\", did you mean \"server\"?"}},
    {"UnknownKeyOfASource",
     "sources:\n  - {id: a, workspace: w, write_key: [k]}\n",
     {"t.yaml:2:5: sources[0]: \"write_keys\" is missing",
      "t.yaml:2:27: unknown key \"write_key\", did you mean \"write_keys\"?"}},
    {"DuplicateKey", "io_threads: 1\nio_threads: 2\n", {"t.yaml:2:1: the key \"io_threads\" stands twice"}},
    {"DuplicateSection", "ops: {}\nserver: {}\nops: {}\n", {"t.yaml:3:1: the key \"ops\" stands twice"}},
    {"SecondDocument",
     "io_threads: 1\n---\nio_threads: 2\n",
     {"t.yaml:2:1: a second document; the file must hold one"}},
    {"MergeKeyIsNotApplied",
     "x: &x {io_threads: 1}\n<<: *x\n",
     {"t.yaml:1:1: unknown key \"x\"", "t.yaml:2:1: unknown key \"<<\""}},
    {"NotYaml", "server: {listen: \n", {"t.yaml:2:1: not valid YAML: end of map flow not found"}},
    {"StrayCommas", ",,,\n", {"t.yaml:1:1: a second document; the file must hold one"}},
    {"StrayCommaBehindTheSettings",
     "io_threads: 1\n---\n,\n",
     {"t.yaml:2:1: a second document; the file must hold one"}},
    {"NotAMap", "- a\n- b\n", {"t.yaml:1:1: the file: expected a map of settings"}},
    {"SectionIsAScalar", "server: 8080\n", {"t.yaml:1:9: server: expected a map of settings"}},
    {"ScalarIsAMap", "data_dir: {a: b}\n", {"t.yaml:1:11: data_dir: expected one value"}},
    {"ValueIsMissing", "data_dir:\n", {"t.yaml:1:1: data_dir: a value is missing"}},
    {"EmptyDirectory", "data_dir: \"\"\n", {"t.yaml:1:11: data_dir: a value is missing"}},
    {"LeadingZero", "io_threads: 010\n", {"t.yaml:1:13: io_threads: a number must not begin with 0, got \"010\""}},
    {"NotANumber", "io_threads: 12 abc\n", {"t.yaml:1:13: io_threads: expected a whole number, got \"12 abc\""}},
    {"Hexadecimal", "partitions: 0x1f\n", {"t.yaml:1:13: partitions: expected a whole number, got \"0x1f\""}},
    {"TooSmall", "partitions: 0\n", {"t.yaml:1:13: partitions: expected 1 to 64, got \"0\""}},
    {"TooLarge", "partitions: 65\n", {"t.yaml:1:13: partitions: expected 1 to 64, got \"65\""}},
    {"Negative", "io_threads: -1\n", {"t.yaml:1:13: io_threads: expected 0 to 256, got \"-1\""}},
    {"SizeOutOfRange",
     "ingest: {max_body_bytes: 2GiB}\n",
     {"t.yaml:1:26: ingest.max_body_bytes: expected 1KiB to 1GiB, got \"2GiB\""}},
    {"NotASize",
     "ingest:\n  max_event_bytes: 5 apples\n",
     {"t.yaml:2:20: ingest.max_event_bytes: expected a size such as 65536, 64KiB or 4MB, got \"5 apples\""}},
    {"DurationWithoutUnit",
     "dedup: {window: 7}\n",
     {"t.yaml:1:17: dedup.window: a unit is missing, expected a duration such as 250ms, 10s or 7d, got \"7\""}},
    {"DurationOutOfRange",
     "shutdown: {announce: 6s}\n",
     {"t.yaml:1:22: shutdown.announce: expected 0 to 5s, got \"6s\""}},
    {"FractionOfASecond", "http: {idle_timeout: 1500ms}\n", {"t.yaml:1:22: http.idle_timeout: expected whole seconds"}},
    {"NotABoolean", "log: {seal: yes}\n", {"t.yaml:1:13: log.seal: expected true or false, got \"yes\""}},
    {"NotAListenAddress",
     "server:\n  listen: 8080\n",
     {"t.yaml:2:11: server.listen: expected host:port, such as 127.0.0.1:8080, got \"8080\""}},
    {"SameAddressTwice",
     "server: {listen: \"127.0.0.1:80\"}\nops: {listen: \"127.0.0.1:80\"}\n",
     {"t.yaml:2:15: ops.listen: the same address as server.listen"}},
    {"NotAUrl",
     "server: {public_url: events.example.com}\n",
     {"t.yaml:1:22: server.public_url: expected http:// or https:// and a host, got "
      "\"events.example.com\""}},
    {"NotAnAddress",
     "server: {trusted_proxies: [10.0.0.1, proxy]}\n",
     {"t.yaml:1:38: server.trusted_proxies[1]: expected an IP address or a network such as 10.0.0.0/8, got \"proxy\""}},
    {"NotAList", "server: {trusted_proxies: 10.0.0.1}\n", {"t.yaml:1:27: server.trusted_proxies: expected a list"}},
    {"SourcesAreAMap", "sources: {id: a}\n", {"t.yaml:1:10: sources: expected a list"}},
    {"EmptySource",
     "sources:\n  - {}\n",
     {"t.yaml:2:5: sources[0]: \"id\" is missing", "t.yaml:2:5: sources[0]: \"workspace\" is missing",
      "t.yaml:2:5: sources[0]: \"write_keys\" is missing"}},
    {"BadIdentifier",
     "sources:\n  - {id: a b, workspace: w, write_keys: [k]}\n",
     {"t.yaml:2:10: sources[0].id: expected 1 to 64 of A-Z a-z 0-9 _ . -"}},
    {"SameSourceTwice",
     "sources:\n  - {id: a, workspace: w, write_keys: [k]}\n  - {id: a, workspace: v, write_keys: [l]}\n",
     {"t.yaml:3:10: sources[1].id: \"a\" is already the id of sources[0]"}},
    {"SameWriteKeyTwice",
     "sources:\n  - {id: a, workspace: w, write_keys: [k1]}\n  - {id: b, workspace: w, write_keys: [k2, k1]}\n",
     {"t.yaml:3:44: sources[1].write_keys[1]: the same key already belongs to sources[0]"}},
    {"WriteKeyThatReads",
     "sources:\n  - {id: a, workspace: w, write_keys: [k1]}\napi_keys:\n  - {id: b, workspace: w, role: admin, secret: "
     "k1}\n",
     {"t.yaml:4:48: api_keys[0].secret: the same key already belongs to sources[0]"}},
    {"NoWriteKey",
     "sources:\n  - {id: a, workspace: w, write_keys: []}\n",
     {"t.yaml:2:39: sources[0].write_keys: at least one key is needed"}},
    {"SecretWithBlanks",
     "api_keys:\n  - {id: b, workspace: w, role: admin, secret: \"hush hush\"}\n",
     {"t.yaml:2:48: api_keys[0].secret: a secret must be printable ASCII without spaces"}},
    {"EmptySecret",
     "api_keys:\n  - {id: b, workspace: w, role: admin, secret: \"\"}\n",
     {"t.yaml:2:48: api_keys[0].secret: a secret must not be empty"}},
    {"UnknownRole",
     "api_keys:\n  - {id: b, workspace: w, role: admn, secret: s}\n",
     {"t.yaml:2:33: api_keys[0].role: expected analyst or admin, got \"admn\", did you mean \"admin\"?"}},
    {"UnknownTrust",
     "sources:\n  - {id: a, workspace: w, write_keys: [k], trust: full}\n",
     {"t.yaml:2:51: sources[0].trust: expected browser or server, got \"full\""}},
    {"UnknownKind",
     "sources:\n  - {id: a, workspace: w, kind: webhok, connector: shopify, secrets: [s]}\n",
     {"t.yaml:2:33: sources[0].kind: expected sdk or webhook or kafka or nats or mqtt or rabbitmq or redis, got "
      "\"webhok\", did you mean \"webhook\"?"}},
    {"UnknownCountry",
     "sources:\n  - {id: a, workspace: w, write_keys: [k], default_country: cn}\n",
     {"t.yaml:2:61: sources[0].default_country: expected a country code of ISO 3166-1 such as CN, got \"cn\""}},
    {"SecretBesideItsFile",
     "api_keys:\n  - {id: b, workspace: w, role: admin, secret: s, secret_file: /nowhere}\n",
     {"t.yaml:2:51: \"secret\" and \"secret_file\" exclude each other"}},
    {"SecretFileIsMissing",
     "api_keys:\n  - {id: b, workspace: w, role: admin, secret_file: /nowhere/x}\n",
     {"t.yaml:2:53: api_keys[0].secret_file: reading /nowhere/x: No such file or directory"}},
    {"KeyWithoutCertificate",
     "server: {tls: {key_file: /dev/null}}\n",
     {"t.yaml:1:26: server.tls.key_file needs server.tls.certificate_file beside it"}},
    {"NotACertificate",
     "server:\n  tls: {certificate_file: /dev/null, key_file: /dev/null}\n",
     {"t.yaml:2:27: server.tls: reading certificate /dev/null: no start line (PEM routines)"}},
    {"UnreadableCertificate",
     "server:\n  tls:\n    certificate_file: /nowhere/c\n    key_file: /dev/null\n",
     {"t.yaml:3:23: server.tls.certificate_file: reading /nowhere/c: No such file or directory"}},
    {"SdkConfigIsNoMap",
     "sources:\n  - {id: a, workspace: w, write_keys: [k], sdk_http_config: 1}\n",
     {"t.yaml:2:61: sources[0].sdk_http_config: expected a map"}},
};

INSTANTIATE_TEST_SUITE_P(All, ConfigMistakes, ::testing::ValuesIn(kCases),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(ConfigMistakesTogether, AreAllNamedInTheFilesOrder) {
  EXPECT_THAT(
      mistakes_of("ops: {listen: x}\nsources:\n  - {id: a, workspace: w, write_keys: [k], trust: x}\nio_threads: x\n"),
      ElementsAre(HasSubstr("t.yaml:1:15: "), HasSubstr("t.yaml:3:51: "), HasSubstr("t.yaml:4:13: ")));
}

TEST(ConfigMistakesTogether, WorkspacesWithOneNumberAreRefused) {
  // Two names whose SHA-256 begins with the same four bytes, found by search.
  EXPECT_THAT(mistakes_of("sources:\n  - {id: a, workspace: w29009, write_keys: [k]}\n"
                          "  - {id: b, workspace: w116065, write_keys: [l]}\n"),
              ElementsAre("t.yaml:3:24: sources[1].workspace: \"w116065\" and \"w29009\" have the same number; "
                          "rename one"));
}

TEST(ConfigMistakesTogether, NeverShowASecret) {
  ConfigInput overrides;
  overrides.environment = {{"TRIBUTARY__API_KEYS__0__SECRET", "hush_env"}};
  for (const std::string& line :
       mistakes_of("sources:\n  - {id: a, workspace: w, write_keys: [hush_1, hush_1, 'hush 2', {hush_3: 1}]}\n"
                   "api_keys:\n  - {id: b, workspace: w, role: admin, secret: hush_1}\n"
                   "  - {id: b, workspace: w, role: admin, secret: [hush_4]}\n",
                   overrides)) {
    EXPECT_THAT(line, ::testing::Not(HasSubstr("hush")));
  }
}

TEST(ConfigMistakesTogether, ADocumentThatContainsItselfEnds) {
  EXPECT_THAT(mistakes_of("sources:\n  - {id: a, workspace: w, write_keys: [k], sdk_http_config: &x {a: *x}}\n"),
              ElementsAre(HasSubstr("nested too deeply")));
}

TEST(ConfigMistakesTogether, AMissingFileIsOneMistake) {
  ConfigInput input;
  input.file = "/nowhere/tributary.yaml";
  auto loaded = load_config(input);
  auto mistakes = std::get<std::vector<ConfigMistake>>(loaded);
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_EQ(format_mistake(mistakes[0]),
            "/nowhere/tributary.yaml: reading /nowhere/tributary.yaml: No such file or directory");
}

}  // namespace
}  // namespace tributary
