#include "connectors/stream/kafka_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "connectors/stream/consumer.h"

namespace tributary {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

StreamSource whole_source() {
  StreamSource source;
  source.source.id = "orders";
  source.servers = {"a:9092", "[::1]:9093"};
  source.topics = {"orders", "^shop\\.(a|b)"};
  source.group = "tributary";
  return source;
}

std::map<std::string, std::string> last_settings(const StreamSource& source) {
  std::map<std::string, std::string> last;
  for (const auto& [name, value] : kafka_settings(source)) last[name] = value;
  return last;
}

TEST(KafkaSettings, AWholeSourceHasNoFault) { EXPECT_THAT(check_kafka(whole_source()), IsEmpty()); }

TEST(KafkaSettings, EverythingThatIsMissingIsNamed) {
  EXPECT_THAT(check_kafka(StreamSource()), ElementsAre(HasSubstr("servers"), HasSubstr("topics"), HasSubstr("group")));
}

TEST(KafkaSettings, ServersAreHostAndPort) {
  for (const char* wrong : {"a", ":9092", "a:", "a:0", "a:65536", "a:x", "http://a:1", "a:1,b:2", "a :1", "a:123456"}) {
    StreamSource source = whole_source();
    source.servers = {wrong};
    EXPECT_THAT(check_kafka(source), ElementsAre(HasSubstr(wrong))) << wrong;
  }
}

TEST(KafkaSettings, TopicsAreNamesOrPatterns) {
  for (const std::string& wrong :
       {std::string(), std::string("a b"), std::string("^("), std::string(250, 'a'), std::string("a/b")}) {
    StreamSource source = whole_source();
    source.topics = {wrong};
    EXPECT_THAT(check_kafka(source), ElementsAre(HasSubstr("topics"))) << wrong;
  }
}

TEST(KafkaSettings, OptionsAreCheckedByTheLibrary) {
  StreamSource source = whole_source();
  source.options = {{"session.timeout.ms", "6000"},
                    {"fetch.max.byte", "1"},
                    {"session.timeout.ms", "soon"},
                    {"client.rack", "a"},
                    {"auto.offset.reset", "latest"}};
  EXPECT_THAT(check_kafka(source),
              ElementsAre(HasSubstr("did you mean \"fetch.max.bytes\"?"), HasSubstr("session.timeout.ms")));
}

TEST(KafkaSettings, WhatIsOursCantBeSet) {
  for (const char* owned : {"enable.auto.commit", "group.id", "bootstrap.servers", "isolation.level", "sasl.password",
                            "partition.assignment.strategy", "plugin.library.paths"}) {
    StreamSource source = whole_source();
    source.options = {{owned, "x"}};
    EXPECT_THAT(check_kafka(source), ElementsAre(HasSubstr(std::string(owned) + " can't be set"))) << owned;
  }
}

TEST(KafkaSettings, ASecretIsNotRepeated) {
  StreamSource source = whole_source();
  source.options = {{"ssl.key.pem", "hunter2"}, {"sasl.oauthbearer.method", "hunter3"}};
  for (const std::string& fault : check_kafka(source)) EXPECT_THAT(fault, Not(HasSubstr("hunter2")));
  EXPECT_FALSE(kafka_value_may_be_shown("sasl.oauthbearer.client.secret"));
  EXPECT_TRUE(kafka_value_may_be_shown("session.timeout.ms"));
}

TEST(KafkaSettings, CredentialsAndEncryptionChooseTheProtocol) {
  StreamSource source = whole_source();
  EXPECT_FALSE(last_settings(source).contains("security.protocol"));
  source.tls.enabled = true;
  EXPECT_EQ(last_settings(source)["security.protocol"], "ssl");
  source.username = "u";
  source.password = "p";
  auto both = last_settings(source);
  EXPECT_EQ(both["security.protocol"], "sasl_ssl");
  EXPECT_EQ(both["sasl.mechanism"], "PLAIN");
  EXPECT_EQ(both["sasl.username"], "u");
  source.tls.enabled = false;
  EXPECT_EQ(last_settings(source)["security.protocol"], "sasl_plaintext");
  source.options = {{"security.protocol", "SASL_SSL"}, {"sasl.mechanisms", "SCRAM-SHA-512"}};
  auto chosen = last_settings(source);
  EXPECT_EQ(chosen["security.protocol"], "SASL_SSL");
  EXPECT_FALSE(chosen.contains("sasl.mechanism"));
}

TEST(KafkaSettings, ContradictionsOfSecurityAreNamed) {
  StreamSource source = whole_source();
  source.username = "u";
  EXPECT_THAT(check_kafka(source), ElementsAre(HasSubstr("belong together")));
  source.password = "p";
  source.tls.enabled = true;
  source.options = {{"security.protocol", "plaintext"}};
  EXPECT_THAT(check_kafka(source), ElementsAre(HasSubstr("tls is enabled"), HasSubstr("there is a username")));
}

TEST(KafkaSettings, OptionsReplaceDefaultsButNotWhatWePromise) {
  StreamSource source = whole_source();
  EXPECT_EQ(last_settings(source)["auto.offset.reset"], "earliest");
  source.options = {{"auto.offset.reset", "latest"}};
  auto settings = last_settings(source);
  EXPECT_EQ(settings["auto.offset.reset"], "latest");
  EXPECT_EQ(settings["enable.auto.commit"], "false");
  EXPECT_EQ(settings["bootstrap.servers"], "a:9092,[::1]:9093");
}

}  // namespace
}  // namespace tributary
