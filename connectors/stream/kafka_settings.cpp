#include "connectors/stream/kafka_settings.h"

#include <librdkafka/rdkafka.h>
#include <regex.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include "connectors/stream/consumer.h"
#include "engine/base/nearest_word.h"
#include "engine/base/text.h"

namespace tributary {
namespace {

struct OwnedSetting {
  std::string_view name;
  std::string_view instead;  // what the user is told
};

/// Options that would contradict what this consumer promises, or that have a field of their own.
constexpr std::array kOwnedSettings = {
    OwnedSetting{"bootstrap.servers", "write it as servers"},
    OwnedSetting{"metadata.broker.list", "write it as servers"},
    OwnedSetting{"group.id", "write it as group"},
    OwnedSetting{"sasl.username", "write it as username"},
    OwnedSetting{"sasl.password", "write it as password"},
    OwnedSetting{"ssl.ca.location", "write it as ca_file"},
    OwnedSetting{"ssl.certificate.location", "write it as certificate_file"},
    OwnedSetting{"ssl.key.location", "write it as key_file"},
    OwnedSetting{"enable.ssl.certificate.verification", "the broker's certificate is always checked, see ca_file"},
    OwnedSetting{"enable.auto.commit", "offsets are committed when their events are durable"},
    OwnedSetting{"auto.commit.enable", "offsets are committed when their events are durable"},
    OwnedSetting{"auto.commit.interval.ms", "offsets are committed when their events are durable"},
    OwnedSetting{"enable.auto.offset.store", "offsets are committed when their events are durable"},
    OwnedSetting{"offset.store.method", "offsets are committed when their events are durable"},
    OwnedSetting{"offset.store.path", "offsets are committed when their events are durable"},
    OwnedSetting{"partition.assignment.strategy", "partitions are always assigned by cooperative-sticky"},
    OwnedSetting{"isolation.level", "only committed messages are read"},
    OwnedSetting{"enable.partition.eof", "it is of no use here"},
    OwnedSetting{"enabled_events", "it is of no use here"},
    OwnedSetting{"log.queue", "it is of no use here"},
    OwnedSetting{"internal.termination.signal", "it is of no use here"},
    OwnedSetting{"plugin.library.paths", "no foreign code is loaded"},
    OwnedSetting{"ssl.engine.location", "no foreign code is loaded"},
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kDefaultSettings = {{
    {"auto.offset.reset", "earliest"},
    {"session.timeout.ms", "10000"},
    {"topic.metadata.refresh.interval.ms", "10000"},  // when a topic that is new, or of a pattern, is found
    {"reconnect.backoff.max.ms", "2000"},
    {"socket.keepalive.enable", "true"},
    {"socket.timeout.ms", "20000"},  // when a silent broker is given up
    {"socket.connection.setup.timeout.ms", "10000"},
    {"log.connection.close", "false"},  // of an idle connection; others are reported anyway
    // Memory. What is fetched ahead may exceed its bound by one answer of each broker.
    {"queued.max.messages.kbytes", "16384"},
    {"fetch.max.bytes", "4194304"},
    {"fetch.message.max.bytes", "1048576"},
    {"fetch.error.backoff.ms", "200"},
    {"fetch.wait.max.ms", "250"},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kDecidedSettings = {{
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"partition.assignment.strategy", "cooperative-sticky"},
    {"isolation.level", "read_committed"},
    {"enable.partition.eof", "false"},
}};

using KafkaConf = std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)>;

/// The names in the library's own table of settings.
std::vector<std::string> kafka_option_names() {
  char* text = nullptr;
  size_t size = 0;
  FILE* stream = ::open_memstream(&text, &size);
  if (stream == nullptr) return {};
  rd_kafka_conf_properties_show(stream);
  std::fclose(stream);
  std::string_view rest(text, size);
  std::vector<std::string> names;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    std::string_view name = trim(line.substr(0, line.find('|')));
    if (line.find('|') != std::string_view::npos && name != "Property") names.emplace_back(name);
  }
  std::free(text);
  return names;
}

std::optional<std::string> unknown_option(const std::string& name) {
  std::string text = "options: unknown option \"" + name + "\"";
  if (auto near = nearest_word(name, kafka_option_names())) text += ", did you mean \"" + *near + "\"?";
  return text;
}

std::optional<std::string> fault_of_option(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  for (const OwnedSetting& owned : kOwnedSettings) {
    if (owned.name == name) return "options: " + name + " can't be set: " + std::string(owned.instead);
  }
  std::array<char, 512> words{};
  switch (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), words.data(), words.size())) {
    case RD_KAFKA_CONF_OK:
      return std::nullopt;
    case RD_KAFKA_CONF_UNKNOWN:
      return unknown_option(name);
    default:
      return "options: " + name + ": " + (kafka_value_may_be_shown(name) ? words.data() : "the value can't be used");
  }
}

bool is_server(std::string_view server) {
  size_t colon = server.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  std::string_view port = server.substr(colon + 1);
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos) return false;
  int number = std::stoi(std::string(port));
  return number >= 1 && number <= 65535 && server.find_first_of(", \t/") == std::string_view::npos;
}

/// As the library will compile it.
std::optional<std::string> fault_of_pattern(const std::string& pattern) {
  regex_t compiled;
  int failed = ::regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB);
  if (failed == 0) {
    ::regfree(&compiled);
    return std::nullopt;
  }
  std::array<char, 128> words{};
  ::regerror(failed, &compiled, words.data(), words.size());
  return "topics: \"" + pattern + "\": " + words.data();
}

std::optional<std::string> fault_of_topic(const std::string& topic) {
  constexpr std::string_view kTopicLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (topic.empty()) return "topics: a topic's name is empty";
  if (topic[0] == '^') return fault_of_pattern(topic);
  if (topic.size() > 249) return "topics: \"" + topic.substr(0, 40) + "...\" is longer than 249 letters";
  if (topic.find_first_not_of(kTopicLetters) == std::string::npos) return std::nullopt;
  return "topics: \"" + topic + "\": a name has letters, digits, '.', '_' and '-'; a pattern begins with '^'";
}

void check_credentials(const StreamSource& source, std::vector<std::string>& faults) {
  if (source.username.empty() != source.password.empty()) faults.emplace_back("username and password belong together");
  const std::string* protocol = source.find_option("security.protocol");
  if (protocol == nullptr) return;
  bool encrypted = protocol->find("ssl") != std::string::npos || protocol->find("SSL") != std::string::npos;
  if (source.tls.enabled && !encrypted) {
    faults.push_back("tls is enabled, but options say security.protocol: " + *protocol);
  }
  bool signs_in = protocol->find("sasl") != std::string::npos || protocol->find("SASL") != std::string::npos;
  if (!source.username.empty() && !signs_in) {
    faults.push_back("there is a username, but options say security.protocol: " + *protocol);
  }
}

void add_security(const StreamSource& source, std::vector<std::pair<std::string, std::string>>& settings) {
  bool signs_in = !source.username.empty();
  if (source.find_option("security.protocol") == nullptr && (signs_in || source.tls.enabled)) {
    std::string protocol = signs_in ? "sasl_" : "";
    settings.emplace_back("security.protocol", protocol + (source.tls.enabled ? "ssl" : "plaintext"));
  }
  if (signs_in) {
    if (!source.find_option("sasl.mechanism") && !source.find_option("sasl.mechanisms")) {
      settings.emplace_back("sasl.mechanism", "PLAIN");
    }
    settings.emplace_back("sasl.username", source.username);
    settings.emplace_back("sasl.password", source.password);
  }
  if (!source.tls.ca_file.empty()) settings.emplace_back("ssl.ca.location", source.tls.ca_file);
  if (!source.tls.certificate_file.empty()) {
    settings.emplace_back("ssl.certificate.location", source.tls.certificate_file);
  }
  if (!source.tls.key_file.empty()) settings.emplace_back("ssl.key.location", source.tls.key_file);
}

std::string joined_servers(const StreamSource& source) {
  std::string joined;
  for (const std::string& server : source.servers) joined += (joined.empty() ? "" : ",") + server;
  return joined;
}

}  // namespace

bool kafka_value_may_be_shown(const std::string& name) {
  for (std::string_view secret : {"password", "secret", "pem", "config", "kinit"}) {
    if (name.find(secret) != std::string::npos) return false;
  }
  return true;
}

std::vector<std::pair<std::string, std::string>> kafka_settings(const StreamSource& source) {
  std::vector<std::pair<std::string, std::string>> settings;
  settings.emplace_back("client.id", "tributary-" + source.source.id);
  for (const auto& [name, value] : kDefaultSettings) settings.emplace_back(name, value);
  settings.insert(settings.end(), source.options.begin(), source.options.end());
  settings.emplace_back("bootstrap.servers", joined_servers(source));
  settings.emplace_back("group.id", source.group);
  add_security(source, settings);
  for (const auto& [name, value] : kDecidedSettings) settings.emplace_back(name, value);
  return settings;
}

std::vector<std::string> check_kafka(const StreamSource& source) {
  std::vector<std::string> faults;
  if (source.servers.empty()) faults.emplace_back("servers: there is none");
  for (const std::string& server : source.servers) {
    if (!is_server(server)) faults.push_back("servers: \"" + server + "\" is not host:port");
  }
  if (source.topics.empty()) faults.emplace_back("topics: there is none");
  for (const std::string& topic : source.topics) {
    if (auto fault = fault_of_topic(topic)) faults.push_back(*fault);
  }
  if (source.group.empty()) faults.emplace_back("group: a consumer group is needed, it is where Kafka keeps offsets");
  KafkaConf conf(rd_kafka_conf_new(), &rd_kafka_conf_destroy);
  for (const auto& [name, value] : source.options) {
    if (auto fault = fault_of_option(conf.get(), name, value)) faults.push_back(*fault);
  }
  check_credentials(source, faults);
  return faults;
}

}  // namespace tributary
