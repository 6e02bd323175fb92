// Sources of brokers: every mistake with the exact line an operator reads, and what a good one becomes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "config/settings.h"
#include "connectors/stream/stream_source.h"
#include "tests/unit/config/support.h"

namespace tributary {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kWhole = "servers: [\"127.0.0.1:9092\"], topics: [orders, \"^shop[.].*\"], group: tributary";

std::string source(const std::string& kind, const std::string& more) {
  return "sources:\n  - {id: a, workspace: w, kind: " + kind + ", " + more + "}\n";
}

std::shared_ptr<const StreamSource> read(const std::string& text) {
  auto loaded = parse_config(text, "t.yaml");
  if (auto mistakes = std::get_if<std::vector<ConfigMistake>>(&loaded)) {
    for (const ConfigMistake& mistake : *mistakes) ADD_FAILURE() << format_mistake(mistake);
    return nullptr;
  }
  const Config& config = std::get<Config>(loaded);
  return config.stream_sources.size() == 1 ? config.stream_sources[0] : nullptr;
}

TEST(StreamSources, AWholeOneBecomesASourceThatIsBelieved) {
  auto stream = read(source("kafka", kWhole + ", username: u, password: s3cr3t, options: {session.timeout.ms: 6000}"));
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(stream->kind, StreamKind::kafka);
  EXPECT_EQ(stream->source.trust, SourceTrust::server);
  EXPECT_EQ(stream->source.kind, "kafka");
  EXPECT_THAT(stream->topics, ElementsAre("orders", "^shop[.].*"));
  ASSERT_NE(stream->find_option("session.timeout.ms"), nullptr);
  EXPECT_EQ(*stream->find_option("session.timeout.ms"), "6000");
  EXPECT_EQ(stream->mapping, nullptr);
}

TEST(StreamSources, EveryKindOfTheConfigurationHasAConsumer) {
  std::istringstream words{std::string(kStreamKinds)};
  size_t kinds = 0;
  for (std::string word; words >> word; ++kinds) {
    auto kind = parse_stream_kind(word);
    ASSERT_TRUE(kind.has_value()) << word;
    EXPECT_EQ(stream_kind_name(*kind), word);
    for (std::string_view kinds_of_a_key : {kAllKinds, kKindsWithTrust, kKindsWithConnector}) {
      EXPECT_TRUE(is_one_of(word, kinds_of_a_key)) << word << ", " << kinds_of_a_key;
    }
  }
  EXPECT_EQ(kinds, 5u);
}

TEST(StreamSources, MayBeBelievedLess) {
  auto stream = read(source("mqtt", "servers: [\"h:1883\"], topics: [t], group: g, trust: browser"));
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(stream->source.trust, SourceTrust::browser);
}

TEST(StreamSources, WhatIsMissingIsNamed) {
  auto lines = mistakes_of(source("redis", "servers: [\"h:6379\"]"));
  EXPECT_THAT(lines, ElementsAre("t.yaml:2:5: sources[0]: \"topics\" is missing",
                                 "t.yaml:2:5: sources[0]: \"group\" is missing"));
}

TEST(StreamSources, WhatBelongsToOtherKindsIsNamed) {
  EXPECT_THAT(mistakes_of(source("nats", "servers: [\"h:4222\"], topics: [t], group: g, write_keys: [abcdefgh]")),
              Contains(HasSubstr("sources[0].write_keys: a source of kind nats does not have it")));
  EXPECT_THAT(mistakes_of("sources:\n  - {id: a, workspace: w, write_keys: [abcdefgh], topics: [t]}\n"),
              Contains(HasSubstr("sources[0].topics: a source of kind sdk does not have it")));
}

TEST(StreamSources, TheBrokersOwnChecksAreAsked) {
  EXPECT_THAT(mistakes_of(source("kafka", kWhole + ", options: {enable.auto.commit: true}")),
              Contains(HasSubstr("enable.auto.commit")));
  EXPECT_THAT(mistakes_of(source("redis", "servers: [nowhere], topics: [t], group: g")),
              Contains(HasSubstr("nowhere")));
}

TEST(StreamSources, AMappingIsAConnectorFile) {
  EXPECT_THAT(mistakes_of(source("kafka", kWhole + ", mapping: clodevents")),
              Contains(HasSubstr("did you mean \"cloudevents\"?")));
  EXPECT_THAT(mistakes_of(source("kafka", kWhole + ", settings: {x: 1}")),
              Contains(HasSubstr("settings belong to a mapping")));
  auto stream = read(source("kafka", kWhole + ", mapping: cloudevents"));
  ASSERT_NE(stream, nullptr);
  EXPECT_NE(stream->mapping, nullptr);
}

TEST(StreamSources, FilesForTlsNeedTls) {
  EXPECT_THAT(mistakes_of(source("kafka", kWhole + ", ca_file: /nowhere/ca.pem")),
              ::testing::AllOf(Contains(HasSubstr("tls is not true")), Contains(HasSubstr("can't be read"))));
}

TEST(StreamSources, AReloadTellsWhatChanged) {
  auto before = read(source("kafka", kWhole)), same = read(source("kafka", kWhole));
  auto other = read(source("kafka", kWhole + ", enabled: false"));
  ASSERT_TRUE(before != nullptr && same != nullptr && other != nullptr);
  EXPECT_EQ(before->fingerprint, same->fingerprint);
  EXPECT_NE(before->fingerprint, other->fingerprint);
  EXPECT_NE(before->fingerprint, read(source("kafka", kWhole + ", channel: store"))->fingerprint);
  EXPECT_NE(before->fingerprint, read(source("kafka", kWhole + ", order_namespace: shop"))->fingerprint);
  TemporaryFile plan("events: {E: {}}");
  const std::string planned = source("kafka", kWhole + ", tracking_plan: '" + plan.path() + "'");
  auto first = read(planned);
  EXPECT_NE(first->source.tracking_plan, nullptr);
  EXPECT_EQ(first->fingerprint, read(planned)->fingerprint);
  std::ofstream(plan.path()) << "events: {F: {}}";
  EXPECT_NE(first->fingerprint, read(planned)->fingerprint);
}

}  // namespace
}  // namespace tributary
