#include "engine/app/webhook_commands.h"

#include <cstdio>
#include <iostream>
#include <iterator>
#include <optional>

#include "config/config.h"
#include "config/secret_file.h"
#include "connectors/http/request_target.h"
#include "connectors/webhook/connector_library.h"
#include "connectors/webhook/file_tests.h"
#include "connectors/webhook/shipped_files.h"
#include "connectors/webhook/trial.h"
#include "engine/app/exit_code.h"
#include "engine/base/ascii.h"
#include "engine/base/text.h"

namespace tributary {
namespace {

constexpr size_t kPayloadBytesMax = 16 << 20;

void say(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

void say_mistakes(const std::vector<ConnectorMistake>& mistakes) {
  for (const ConnectorMistake& mistake : mistakes) {
    std::string where = mistake.origin;
    if (mistake.line > 0) where += ":" + std::to_string(mistake.line) + ":" + std::to_string(mistake.column);
    say(where + ": " + mistake.message);
  }
}

/// By name or, when it looks like one, by path. Nothing after its mistakes were printed.
std::shared_ptr<const Connector> load_or_tell(const WebhookFlags& flags) {
  bool is_path = flags.connector.find('/') != std::string::npos || flags.connector.ends_with(".yaml");
  LoadedConnector loaded =
      is_path ? load_connector_file(flags.connector) : load_connector(flags.connector, flags.directory);
  if (auto connector = std::get_if<std::shared_ptr<const Connector>>(&loaded)) return *connector;
  say_mistakes(std::get<std::vector<ConnectorMistake>>(loaded));
  return nullptr;
}

/// A source, and the limits of the server that has it.
struct SourceToTry {
  WebhookSource webhook;
  TrialOptions options;
};

/// The source as configured, or nothing after a line that says why not.
std::optional<SourceToTry> configured_source(const WebhookFlags& flags) {
  ConfigInput input;
  input.file = flags.config;
  input.environment = process_environment();
  auto loaded = load_config(input);
  if (auto mistakes = std::get_if<std::vector<ConfigMistake>>(&loaded)) {
    for (const ConfigMistake& mistake : *mistakes) say(format_mistake(mistake));
    return std::nullopt;
  }
  const Config& config = std::get<Config>(loaded);
  for (const WebhookSource& webhook : config.webhook_sources) {
    if (webhook.source.id != flags.source) continue;
    return SourceToTry{webhook, {.limits = config.ingest, .body_bytes_max = config.webhooks.body_bytes_max}};
  }
  say(flags.config + " has no webhook source \"" + flags.source + "\"");
  return std::nullopt;
}

/// `name` and `value` of `name:value`.
std::optional<std::pair<std::string, std::string>> split_at(const std::string& text, char separator) {
  size_t at = text.find(separator);
  if (at == std::string::npos || at == 0) {
    say("webhook test: expected NAME" + std::string(1, separator) + "VALUE, not \"" + text + "\"");
    return std::nullopt;
  }
  return std::pair(text.substr(0, at), std::string(trim(std::string_view(text).substr(at + 1))));
}

bool add_flags(const WebhookFlags& flags, WebhookSource& webhook) {
  for (const std::string& text : flags.settings) {
    auto setting = split_at(text, '=');
    if (!setting) return false;
    if (auto fault = setting_fault(*webhook.connector, setting->first)) {
      say("webhook test: " + *fault);
      return false;
    }
    // Before what the configuration gives, so that it counts.
    webhook.settings.values.insert(webhook.settings.values.begin(), std::move(*setting));
  }
  if (!flags.secrets.empty()) webhook.settings.secrets = flags.secrets;
  if (!flags.public_url.empty()) webhook.settings.public_url = flags.public_url;
  return true;
}

std::optional<SourceToTry> source_to_try(const WebhookFlags& flags) {
  std::optional<SourceToTry> made;
  if (!flags.config.empty()) {
    made = configured_source(flags);
  } else if (auto connector = load_or_tell(flags)) {
    WebhookSource& webhook = made.emplace().webhook;
    webhook.source.id = webhook.path = connector->name;
    webhook.source.trust = SourceTrust::server;
    webhook.connector = std::move(connector);
  }
  if (made && !add_flags(flags, made->webhook)) return std::nullopt;
  return made;
}

std::optional<std::string> read_payload(const std::string& file) {
  if (file.empty()) return std::string();
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  auto text = read_small_file(file, kPayloadBytesMax);
  if (text) return std::move(*text);
  say("webhook test: " + text.error().message);
  return std::nullopt;
}

std::optional<HttpRequest> request_to_try(const WebhookFlags& flags, const std::string& path) {
  HttpRequest request;
  request.method = flags.method;
  request.target = flags.target.empty() ? "/v1/webhooks/" + path : flags.target;
  if (parse_target(request.target, request)) {
    say("webhook test: \"" + request.target + "\" is no path");
    return std::nullopt;
  }
  for (const std::string& text : flags.headers) {
    auto header = split_at(text, ':');
    if (!header) return std::nullopt;
    header->first = ascii_lowered(header->first);
    request.headers.push_back(std::move(*header));
  }
  auto payload = read_payload(flags.payload);
  if (!payload) return std::nullopt;
  request.body = std::move(*payload);
  request.body.reserve(request.body.size() + kBodyPaddingBytes);
  return request;
}

}  // namespace

int list_webhook_connectors(const WebhookFlags& flags) {
  bool good = true;
  for (const std::string& name : connector_names(flags.directory)) {
    LoadedConnector loaded = load_connector(name, flags.directory);
    if (auto connector = std::get_if<std::shared_ptr<const Connector>>(&loaded)) {
      std::printf("%-20s %s\n", name.c_str(), (*connector)->title.c_str());
    } else {
      say_mistakes(std::get<std::vector<ConnectorMistake>>(loaded));
      good = false;
    }
  }
  return good ? kExitOk : kExitConfig;
}

int show_webhook_connector(const WebhookFlags& flags) {
  std::string own = own_connector_file(flags.connector, flags.directory);
  if (!own.empty()) {
    auto text = read_small_file(own, kPayloadBytesMax);
    if (!text) {
      say(text.error().message);
      return kExitConfig;
    }
    std::fwrite(text->data(), 1, text->size(), stdout);
    return kExitOk;
  }
  for (const ShippedFile& file : shipped_files()) {
    if (file.name != flags.connector) continue;
    std::fwrite(file.text.data(), 1, file.text.size(), stdout);
    return kExitOk;
  }
  load_or_tell(flags);  // says what was probably meant
  return kExitUsage;
}

int check_webhook_connector(const WebhookFlags& flags) {
  auto connector = load_or_tell(flags);
  if (!connector) return kExitConfig;
  FileTestReport report = run_file_tests(*connector);
  for (const std::string& failure : report.failures) say(failure);
  for (const std::string& rule : report.not_reached) say("no test reaches " + rule);
  say(flags.connector + ": " + std::to_string(connector->tests.size()) + " tests, " +
      std::to_string(report.failures.size()) + " failed");
  return report.failures.empty() ? kExitOk : kExitConfig;
}

int test_webhook(const WebhookFlags& flags) {
  auto made = source_to_try(flags);
  if (!made) return kExitConfig;
  const WebhookSource& webhook = made->webhook;
  auto request = request_to_try(flags, webhook.path);
  if (!request) return kExitUsage;
  bool can_verify = !webhook.settings.secrets.empty() || webhook.connector->signature.none;
  if (flags.sign && !can_verify) {
    say("webhook test: --sign needs --secret");
    return kExitUsage;
  }
  if (!can_verify) say("webhook test: no secret is given, so the signature is not checked");
  made->options.sign = flags.sign;
  made->options.skip_signature = !can_verify;
  auto tried = try_call(webhook, std::move(*request), made->options, system_clock().now());
  if (!tried) {
    say("webhook test: " + tried.error().message);
    return exit_code_of(tried.error().code);
  }
  std::printf("%s\n", tried->json.c_str());
  return tried->good ? kExitOk : kExitDamaged;
}

}  // namespace tributary
