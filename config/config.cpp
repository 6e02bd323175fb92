#include "config/config.h"

#include <algorithm>
#include <tuple>

#include "config/reader.h"
#include "config/secret_file.h"

extern char** environ;

namespace tributary {
namespace {

constexpr size_t kConfigFileBytesMax = 4 << 20;
constexpr size_t kOpsConnectionsMax = 256;

std::vector<ComputedTrait> definitions_of(const Config& config) {
  return config.engine.computed_traits ? config.engine.computed_traits->definitions : std::vector<ComputedTrait>();
}

}  // namespace

Config::Config() {
  engine.data_dir = "./data";
  server.listen = "127.0.0.1:8080";
  ops.listen = "127.0.0.1:8081";
  ops.connections_max = kOpsConnectionsMax;
}

std::string format_mistake(const ConfigMistake& mistake) {
  std::string where = mistake.origin;
  if (mistake.line > 0) where += ":" + std::to_string(mistake.line) + ":" + std::to_string(mistake.column);
  return where + ": " + mistake.message;
}

std::vector<std::pair<std::string, std::string>> process_environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::string_view text(*entry);
    size_t equals = text.find('=');
    if (!text.starts_with("TRIBUTARY__") || equals == std::string_view::npos) continue;
    variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  std::sort(variables.begin(), variables.end());
  return variables;
}

std::variant<Config, std::vector<ConfigMistake>> parse_config(const std::string& text, const std::string& name,
                                                              const ConfigInput& overrides) {
  ConfigDraft draft;
  read_yaml(draft, text, name);
  read_environment(draft, overrides.environment);
  read_flags(draft, overrides.flags);
  finish_draft(draft);
  read_tracking_plans(draft);
  read_webhook_sources(draft);
  read_stream_sources(draft);
  read_identity_rules(draft);
  read_profile_rules(draft);
  read_computed_traits(draft);
  if (draft.mistakes.empty()) return std::move(draft.config);
  auto order = [&name](const ConfigMistake& m) {
    bool in_file = m.line > 0;
    std::string rules_file = in_file && m.origin != name ? m.origin : "";
    return std::tuple(!in_file, rules_file, m.line, m.column);
  };
  std::stable_sort(draft.mistakes.begin(), draft.mistakes.end(),
                   [&](const ConfigMistake& a, const ConfigMistake& b) { return order(a) < order(b); });
  return std::move(draft.mistakes);
}

std::variant<Config, std::vector<ConfigMistake>> load_config(const ConfigInput& input) {
  auto text = read_small_file(input.file, kConfigFileBytesMax);
  if (!text) return std::vector<ConfigMistake>{{input.file, 0, 0, text.error().message}};
  return parse_config(*text, input.file, input);
}

std::vector<std::string> settings_that_differ(const Config& before, const Config& after) {
  Config a = before, b = after;  // rows give access to mutable fields
  std::vector<std::string> paths;
  for (const Setting<Config>& setting : config_settings()) {
    if (spell(setting.type, setting.field(a)) != spell(setting.type, setting.field(b)))
      paths.emplace_back(setting.path);
  }
  bool same_file = std::find(paths.begin(), paths.end(), "identity.rules") == paths.end();
  if (same_file && before.identity.workspaces != after.identity.workspaces) paths.emplace_back("identity.rules");
  bool same_profile_file = std::find(paths.begin(), paths.end(), "profile.rules") == paths.end();
  if (same_profile_file && before.engine.tags != after.engine.tags) paths.emplace_back("profile.rules");
  bool same_path = std::find(paths.begin(), paths.end(), "profile.computed_traits") == paths.end();
  if (same_path && definitions_of(before) != definitions_of(after)) paths.emplace_back("profile.computed_traits");
  return paths;
}

}  // namespace tributary
