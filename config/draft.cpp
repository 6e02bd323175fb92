// Overrides from the environment and the command line, and the comparisons after everything was read.
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <map>
#include <set>

#include "config/assign.h"
#include "config/reader.h"
#include "connectors/http/tls.h"
#include "engine/base/money.h"
#include "engine/base/nearest_word.h"
#include "engine/base/time_zone.h"
#include "engine/domain/workspace.h"

namespace tributary {
namespace {

constexpr std::string_view kPrefix = "TRIBUTARY__";
constexpr size_t kStrictEventBytes = 32 << 10, kStrictBodyBytes = 500 << 10, kStrictBatchEvents = 2500;

std::string variable_name(std::string_view path) {
  std::string name(kPrefix);
  for (char c : path) {
    if (c == '.') {
      name += "__";
    } else {
      name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
  }
  return name;
}

void override_value(ConfigDraft& draft, const Setting<Config>& setting, const std::string& label,
                    const std::string& value, const std::string& origin) {
  ConfigPosition position{origin, 0, 0};
  draft.positions[std::string(setting.path)] = position;
  SettingField field = setting.field(draft.config);
  if (!is_list(setting.type)) {
    if (auto mistake = assign(rule_of(setting), field, value)) draft.mistake(position, label + ": " + *mistake);
    return;
  }
  std::get<std::vector<std::string>*>(field)->clear();
  for (size_t start = 0; start < value.size();) {
    size_t end = std::min(value.find(',', start), value.size());
    if (auto mistake = assign(rule_of(setting), field, value.substr(start, end - start))) {
      draft.mistake(position, label + ": " + *mistake);
    }
    start = end + 1;
  }
}

const Setting<Config>* find_setting(std::string_view path) {
  for (const Setting<Config>& setting : config_settings()) {
    if (setting.path == path) return &setting;
  }
  return nullptr;
}

/// The comparisons over all sources and keys. A missing value was reported when it was read, so empty ones are skipped.
class Finisher {
 public:
  explicit Finisher(ConfigDraft& draft) : draft_(draft) {}

  void run() {
    check_listeners();
    check_retention();
    check_profile();
    for (size_t i = 0; i < draft_.sources.size(); ++i) add_source(i);
    for (size_t i = 0; i < draft_.api_keys.size(); ++i) add_api_key(i);
    tighten_limits();
  }

 private:
  void check_listeners() {
    const Config& config = draft_.config;
    const std::string& certificate = config.server.tls_certificate_file;
    const std::string& key = config.server.tls_key_file;
    if (certificate.empty() != key.empty()) {
      std::string given = key.empty() ? "server.tls.certificate_file" : "server.tls.key_file";
      std::string missing = key.empty() ? "server.tls.key_file" : "server.tls.certificate_file";
      mistake(given, given + " needs " + missing + " beside it");
    }
    bool readable = check_readable("server.tls.certificate_file", certificate);
    readable = check_readable("server.tls.key_file", key) && readable;
    if (readable && !certificate.empty() && !key.empty()) {
      auto tls = make_tls_context(certificate, key);
      if (!tls) mistake("server.tls.certificate_file", "server.tls: " + tls.error().message);
    }
    bool fixed_port = !config.server.listen.ends_with(":0");
    if (fixed_port && config.server.listen == config.ops.listen) {
      mistake("ops.listen", "ops.listen: the same address as server.listen");
    }
    if (config.engine.data_dir.empty()) mistake("data_dir", "data_dir: a value is missing");
  }

  // What is never sealed is never deleted, and a disk that fills up would be the first to tell.
  void check_retention() {
    const SegmentLogOptions& log = draft_.config.engine.log;
    if (log.seal) return;
    std::string why = " deletes sealed log files only; it needs log.seal: true";
    if (log.retention_bytes != 0) mistake("log.retention_bytes", "log.retention_bytes" + why);
    if (log.retention_micros != 0) mistake("log.retention_age", "log.retention_age" + why);
  }

  void check_profile() {
    ProfileConfig& profile = draft_.config.profile;
    if (!TimeZone::load(profile.time_zone)) {
      mistake("profile.time_zone", "profile.time_zone: not a time zone that this system knows");
    }
    if (profile.rfm_recompute_at != "off" && !parse_time_of_day(profile.rfm_recompute_at)) {
      mistake("profile.rfm_recompute_at", "profile.rfm_recompute_at: neither a time of day such as 03:00 nor off");
    }
    if (!parse_spend_tiers(profile.membership_tiers)) {
      mistake("profile.membership_tiers",
              "profile.membership_tiers: not names with whole amounts that rise, such as silver 1000, gold 5000");
    }
    if (profile.base_currency.empty()) return;
    auto code = parse_currency(profile.base_currency);
    if (!code || !minor_unit_digits(*code)) {
      mistake("profile.base_currency", "profile.base_currency: no currency of ISO 4217");
    } else {
      profile.base_currency = std::move(*code);
    }
  }

  bool check_readable(const std::string& path, const std::string& file) {
    if (file.empty() || access(file.c_str(), R_OK) == 0) return true;
    mistake(path, path + ": " + errno_error("reading " + file, errno).message);
    return false;
  }

  void add_source(size_t index) {
    SourceItem& item = draft_.sources[index];
    std::string path = "sources[" + std::to_string(index) + "]";
    check_id(path, item.id, source_ids_);
    check_workspace(path, item.workspace);
    for (size_t k = 0; k < item.write_keys.size(); ++k) {
      std::string key_path = path + ".write_keys[" + std::to_string(k) + "]";
      check_secret(key_path, item.write_keys[k], "sources[" + std::to_string(index) + "]");
    }
    std::string keys_path = path + ".write_keys";
    if (item.kind == kSdkKind && item.write_keys.empty() && draft_.positions.contains(keys_path) &&
        !draft_.has_mistake_at(keys_path)) {
      mistake(keys_path, keys_path + ": at least one key is needed");
    }
    Source source;
    source.id = item.id;
    source.name = item.name.empty() ? item.id : item.name;
    source.kind = item.kind;
    source.workspace_name = item.workspace;
    source.workspace = workspace_id(item.workspace);
    bool believed = item.trust.empty() ? is_one_of(item.kind, kStreamKinds) : item.trust == "server";
    source.trust = believed ? SourceTrust::server : SourceTrust::browser;
    source.enabled = item.enabled;
    source.write_keys = item.write_keys;
    source.default_country = item.default_country;
    source.allowed_origins = item.allowed_origins;
    source.sdk_http_config_json = item.sdk_http_config;
    source.order_namespace = item.order_namespace;
    source.channel = item.channel;
    if (!item.channel.empty() && find_channel(item.channel) == nullptr) unknown_channel(path, item.channel);
    source.identifiers = identifier_paths_of(draft_, index);
    if (item.kind == kWebhookKind) source.trust = SourceTrust::server;  // as far as its connector goes
    draft_.config.sources.push_back(std::move(source));
  }

  void unknown_channel(const std::string& path, const std::string& channel) {
    std::vector<std::string> codes;
    for (const Channel& known : channels()) codes.emplace_back(known.code);
    std::string message = path + ".channel: unknown channel \"" + channel + "\"";
    if (auto near = nearest_word(channel, codes)) message += ", did you mean \"" + *near + "\"?";
    mistake(path + ".channel", std::move(message));
  }

  void add_api_key(size_t index) {
    const ApiKeyItem& item = draft_.api_keys[index];
    std::string path = "api_keys[" + std::to_string(index) + "]";
    check_id(path, item.id, api_key_ids_);
    check_workspace(path, item.workspace);
    if (!item.secret.empty()) check_secret(path + ".secret", item.secret, path);
    ApiKey key;
    key.id = item.id;
    key.workspace_name = item.workspace;
    key.workspace = workspace_id(item.workspace);
    key.role = item.role == "admin" ? ApiRole::admin : ApiRole::analyst;
    key.secret_sha256 = sha256(item.secret);
    draft_.config.api_keys.push_back(std::move(key));
  }

  void check_id(const std::string& path, const std::string& id, std::map<std::string, std::string>& seen) {
    if (!draft_.positions.contains(path + ".id")) return;
    if (!is_config_id(id)) return mistake(path + ".id", path + ".id: expected 1 to 64 of A-Z a-z 0-9 _ . -");
    auto [first, fresh] = seen.emplace(id, path);
    if (!fresh) mistake(path + ".id", path + ".id: \"" + id + "\" is already the id of " + first->second);
  }

  // Customers are kept under the number of their workspace, so two names with one number would share them.
  void check_workspace(const std::string& path, const std::string& name) {
    if (!draft_.positions.contains(path + ".workspace")) return;
    if (!is_config_id(name)) {
      return mistake(path + ".workspace", path + ".workspace: expected 1 to 64 of A-Z a-z 0-9 _ . -");
    }
    auto [first, fresh] = workspaces_.emplace(workspace_id(name).value(), name);
    if (fresh || first->second == name) return;
    mistake(path + ".workspace",
            path + ".workspace: \"" + name + "\" and \"" + first->second + "\" have the same number; rename one");
  }

  void check_secret(const std::string& path, const std::string& secret, const std::string& owner) {
    auto [first, fresh] = secrets_.emplace(secret, owner);
    if (!fresh) mistake(path, path + ": the same key already belongs to " + first->second);
  }

  void tighten_limits() {
    Config& config = draft_.config;
    if (config.segment_strict) {
      config.ingest.event_bytes_max = std::min(config.ingest.event_bytes_max, kStrictEventBytes);
      config.ingest.body_bytes_max = std::min(config.ingest.body_bytes_max, kStrictBodyBytes);
      config.ingest.decompressed_bytes_max = std::min(config.ingest.decompressed_bytes_max, kStrictBodyBytes);
      size_t events = config.ingest.batch_events_max;
      config.ingest.batch_events_max = events == 0 ? kStrictBatchEvents : std::min(events, kStrictBatchEvents);
    }
    config.server.body_bytes_max = config.ingest.body_bytes_max;
  }

  void mistake(const std::string& path, std::string message) {
    draft_.mistake(draft_.position_of(path), std::move(message));
  }

  ConfigDraft& draft_;
  std::map<std::string, std::string> source_ids_, api_key_ids_;  // id to path
  std::map<uint32_t, std::string> workspaces_;
  std::map<std::string, std::string> secrets_;  // key to the item it belongs to
};

}  // namespace

ConfigPosition ConfigDraft::position_of(std::string path) const {
  while (!path.empty()) {
    if (auto found = positions.find(path); found != positions.end()) return found->second;
    size_t cut = path.find_last_of(".[");
    path.resize(cut == std::string::npos ? 0 : cut);
  }
  return {"configuration", 0, 0};
}

void ConfigDraft::mistake(const ConfigPosition& position, std::string message) {
  mistakes.push_back({position.origin, position.line, position.column, std::move(message)});
}

bool ConfigDraft::has_mistake_at(const std::string& path) const {
  ConfigPosition at = position_of(path);
  return std::any_of(mistakes.begin(), mistakes.end(),
                     [&](const ConfigMistake& m) { return m.line >= at.line && m.message.starts_with(path); });
}

void read_environment(ConfigDraft& draft, const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<std::string> names;
  for (const Setting<Config>& setting : config_settings()) names.push_back(variable_name(setting.path));
  for (const auto& [name, value] : variables) {
    if (!name.starts_with(kPrefix)) continue;
    auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) {
      auto index = static_cast<size_t>(found - names.begin());
      override_value(draft, config_settings()[index], name, value, "environment");
      continue;
    }
    std::string message = "unknown variable " + name;
    bool list = name.starts_with("TRIBUTARY__SOURCES") || name.starts_with("TRIBUTARY__API_KEYS");
    if (list) {
      message += "; sources and api_keys are given in the file, their secrets by *_file";
    } else if (name.starts_with("TRIBUTARY__IDENTITY__WORKSPACES")) {
      message += "; identity.workspaces is given in the file";
    } else if (auto near = nearest_word(name, names)) {
      message += ", did you mean " + *near + "?";
    }
    draft.mistake({"environment", 0, 0}, message);
  }
}

void read_flags(ConfigDraft& draft, const std::vector<std::pair<std::string, std::string>>& flags) {
  for (const auto& [path, value] : flags) {
    const Setting<Config>* setting = find_setting(path);
    if (setting == nullptr) {
      draft.mistake({"command line", 0, 0}, "unknown key \"" + path + "\"");
    } else {
      override_value(draft, *setting, path, value, "command line");
    }
  }
}

void finish_draft(ConfigDraft& draft) { Finisher(draft).run(); }

bool is_config_id(std::string_view text) {
  constexpr size_t kIdBytesMax = 64;
  auto allowed = [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.' || c == '-'; };
  return !text.empty() && text.size() <= kIdBytesMax && std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace tributary
