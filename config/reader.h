// Turns texts into settings: the YAML file, the environment and flags, each value by the row of its table.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace tributary {

/// Where a value was written.
struct ConfigPosition {
  std::string origin;
  int line = 0;
  int column = 0;
};

/// What was written, before anything is compared with anything else.
struct ConfigDraft {
  Config config;  // without sources and api_keys
  std::vector<SourceItem> sources;
  std::vector<ApiKeyItem> api_keys;
  std::vector<WorkspaceRulesItem> workspace_rules;
  /// Of each value that was given, by path: `server.listen`, `sources[1].write_keys[0]`; items by `sources[1]` and
  /// `identity.workspaces[shop]`.
  std::map<std::string, ConfigPosition> positions;
  std::vector<ConfigMistake> mistakes;

  /// The position of the longest prefix of `path` that was given.
  ConfigPosition position_of(std::string path) const;
  void mistake(const ConfigPosition& position, std::string message);
  /// Whether a mistake of the value at `path`, or of what stands in it, was named already.
  bool has_mistake_at(const std::string& path) const;
};

void read_yaml(ConfigDraft& draft, const std::string& text, const std::string& name);

/// `names` are TRIBUTARY__A__B and their values.
void read_environment(ConfigDraft& draft, const std::vector<std::pair<std::string, std::string>>& variables);

/// Key paths and their values.
void read_flags(ConfigDraft& draft, const std::vector<std::pair<std::string, std::string>>& flags);

/// Compares what was written: identities, uniqueness, values that need each other. Adds mistakes, fills config.sources
/// and config.api_keys.
void finish_draft(ConfigDraft& draft);

/// Reads the files with rules of identity, after finish_draft(). Adds their mistakes, fills config.identity.workspaces.
void read_identity_rules(ConfigDraft& draft);

/// Reads the files with tracking plans, after finish_draft(). Adds their mistakes, completes config.sources.
void read_tracking_plans(ConfigDraft& draft);

/// Reads the file with rules of profiles, after finish_draft(). Adds its mistakes, fills config.engine.tags.
void read_profile_rules(ConfigDraft& draft);

/// Reads the file with computed traits, after finish_draft(). Adds its mistakes, fills config.engine.computed_traits.
void read_computed_traits(ConfigDraft& draft);

/// Finds the connectors of webhook sources, after finish_draft(). Adds mistakes, those of connector files too, and
/// fills config.webhook_sources.
void read_webhook_sources(ConfigDraft& draft);

/// Finds what sources of brokers need, after finish_draft(). Adds mistakes and fills config.stream_sources.
void read_stream_sources(ConfigDraft& draft);

/// The places of sources[index] as an event parser takes them; adds their mistakes.
std::vector<IdentifierPath> identifier_paths_of(ConfigDraft& draft, size_t index);

/// 1 to 64 of A-Z a-z 0-9 _ . -
bool is_config_id(std::string_view text);

}  // namespace tributary
