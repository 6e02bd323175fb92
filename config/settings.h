// The one table of settings. Parsing, validation, the sample, the schema and the environment's names all walk it.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace tributary {

enum class SettingType {
  text,
  boolean,
  integer,
  size,      // bytes: 64MiB
  duration,  // 250ms, 7d
  listen,    // host:port
  url,       // http:// or https://, without path beyond the host
  address,   // a list of IP addresses
  text_list,
  word,     // one of `words`
  country,  // ISO 3166-1 alpha-2, or empty
  secret,   // one secret text; `x_file` names a file that holds it
  secrets,  // a list of them; `x_file` names a file with one per line
  json,     // any subtree, kept as JSON text
};

/// Where a setting's value lives; its type says how it is written. Sizes and counts are as many as stated, durations
/// are microseconds unless the field is a chrono duration.
using SettingField = std::variant<std::string*, bool*, std::vector<std::string>*, uint16_t*, int*, unsigned*, uint64_t*,
                                  int64_t*, std::chrono::seconds*, std::chrono::milliseconds*>;

/// One row. `Target` is the struct it fills; the default is the value of that field in a default-constructed Target.
template <class Target>
struct Setting {
  std::string_view path;  // `ingest.max_body_bytes`; without a dot in lists
  SettingType type;
  SettingField (*field)(Target&);
  std::string_view help;
  int64_t min = 0;  // of integers, sizes (bytes) and durations (microseconds)
  int64_t max = std::numeric_limits<int64_t>::max();
  std::string_view words = {};  // the allowed ones, between blanks
  bool required = false;
  std::string_view example = {};  // shown in the sample where lists of items have no default
  std::string_view kind = {};     // of a source: kinds that have the key, between blanks; empty: all
};

/// Kinds of sources, between blanks.
constexpr std::string_view kSdkKind = "sdk", kWebhookKind = "webhook";
constexpr std::string_view kStreamKinds = "kafka nats mqtt rabbitmq redis";
constexpr std::string_view kAllKinds = "sdk webhook kafka nats mqtt rabbitmq redis";
constexpr std::string_view kKindsWithTrust = "sdk kafka nats mqtt rabbitmq redis";
constexpr std::string_view kKindsWithConnector = "webhook kafka nats mqtt rabbitmq redis";
/// Whether `word` is one of `words`, which stand between blanks.
bool is_one_of(std::string_view word, std::string_view words);

/// An item of a source's `identifiers` as written.
struct IdentifierPathItem {
  std::string kind, path, scope, trust;
};

/// An item of `sources` as written, before it becomes a Source.
struct SourceItem {
  std::string id, name, workspace, kind = "sdk", default_country;
  bool enabled = true;
  // Of an SDK's source; `trust` also of a stream's, which is believed unless it says otherwise.
  std::string trust, sdk_http_config;
  std::vector<std::string> write_keys, allowed_origins;
  // Of a webhook's source.
  std::string connector, path, public_url, settings;
  std::vector<std::string> secrets;
  // Of a stream's source; `settings` as of a webhook's.
  std::vector<std::string> servers, topics;
  std::string group, mapping, username, password, ca_file, certificate_file, key_file, options;
  bool tls = false;
  // Of all.
  std::string order_namespace, channel, tracking_plan;
  std::vector<IdentifierPathItem> identifiers;
};

/// An item of `api_keys` as written.
struct ApiKeyItem {
  std::string id, workspace, role, secret;
};

/// An entry of `identity.workspaces` as written.
struct WorkspaceRulesItem {
  std::string workspace, rules, apply;
};

const std::vector<Setting<Config>>& config_settings();
const std::vector<Setting<SourceItem>>& source_settings();
/// Of `identifiers` in a source: a list of items, which is no row of source_settings().
const std::vector<Setting<IdentifierPathItem>>& identifier_path_settings();
const std::vector<Setting<ApiKeyItem>>& api_key_settings();
const std::vector<Setting<WorkspaceRulesItem>>& workspace_rules_settings();

/// "browser server" as its words.
std::vector<std::string> split_words(std::string_view words);

/// The numeric value of a field in the unit of its type: microseconds for durations.
int64_t number_of(const SettingField& field);

/// The value as the file would spell it, without quotes for text.
std::string spell(SettingType type, const SettingField& field);

}  // namespace tributary
