// What the configuration says, as plain option structs: parts take theirs and never see the file.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "connectors/http/server.h"
#include "connectors/stream/stream_source.h"
#include "connectors/webhook/webhook_source.h"
#include "engine/engine.h"

namespace tributary {

/// The rules of identity that files ask for. The rules in force stand in the log; whoever starts the engine compares.
struct IdentityConfig {
  struct OfWorkspace {
    std::string workspace;
    WorkspaceId id;
    std::string rules_file;
    Rules rules;
    bool automatic = true;  // make them the active ones; false: say that they differ
    friend bool operator==(const OfWorkspace&, const OfWorkspace&) = default;
  };

  std::string rules_file;               // of workspaces without one of their own; empty: the active rules stay
  std::string apply = "auto";           // or `propose`
  std::vector<OfWorkspace> workspaces;  // of sources and keys, those to which a file applies, by name

  int64_t duplicate_search_micros = 600 * kMicrosPerSecond;  // between two searches for duplicates; 0: none by itself
  std::array<std::string, kDuplicateRules> duplicates = {"merge", "merge", "review", "review", "review"};  // by rule
};

/// What all webhooks have in common.
struct WebhooksConfig {
  std::string connectors_dir;  // of connector files of the operator's own; empty: none
  size_t body_bytes_max = kWebhookBodyBytesMax;
};

/// How figures of customers are computed.
struct ProfileConfig {
  std::string time_zone = "Asia/Shanghai";          // of local days, a name of the IANA database
  std::string base_currency;                        // ISO 4217; empty: of each customer the one of most orders
  int64_t rfm_window_micros = 365 * kMicrosPerDay;  // 0: all orders
  std::string rfm_scoring = "auto";                 // or `fixed`, `quintiles`
  std::string rfm_basis = "total";                  // or `average`
  std::string rfm_recompute_at = "03:00";           // local time of day, or `off`
  int64_t expected_gap_micros = 0;                  // 0: as all customers of the workspace have it
  bool status_by_rule = true;
  LifecycleRules lifecycle;
  int64_t features_declared = 0;                                           // 0: nobody said
  std::string membership_tiers = "silver 1000, gold 5000, diamond 20000";  // parse_spend_tiers()
  bool changes = true;                                                     // are noticed and told
  std::string rules_file;  // of the library of tags, which becomes engine.tags; empty: it holds what people decided
  std::string computed_traits_file;  // empty: none are declared
};

/// One validated configuration. A default-constructed one holds every default of the table in settings.cpp.
struct Config {
  Config();

  EngineOptions engine;
  HttpServerOptions server;  // body_bytes_max is ingest.body_bytes_max
  HttpServerOptions ops;
  std::string public_url;  // base URL that SDKs are told to use; empty: the request's Host
  IngestLimits ingest;     // already tightened when segment_strict
  bool segment_strict = false;
  unsigned io_threads = 0;  // 0: cores - 1, at least 1
  std::chrono::milliseconds shutdown_announce{2000};
  IdentityConfig identity;
  ProfileConfig profile;
  std::vector<Source> sources;  // of all kinds
  std::vector<ApiKey> api_keys;
  WebhooksConfig webhooks;
  std::vector<WebhookSource> webhook_sources;                       // those of `sources` that are of kind webhook
  std::vector<std::shared_ptr<const StreamSource>> stream_sources;  // those that are of a broker's kind
};

/// One thing that is wrong with the input. Never holds a secret's value.
struct ConfigMistake {
  std::string origin;  // file name, `environment` or `command line`
  int line = 0;        // from 1; 0 when the origin has no lines
  int column = 0;
  std::string message;
};

/// `tributary.yaml:14:9: unknown key "listn", did you mean "listen"?`
std::string format_mistake(const ConfigMistake& mistake);

/// Where settings come from; later ones win: defaults, file, environment, flags.
struct ConfigInput {
  std::string file;                                              // path
  std::vector<std::pair<std::string, std::string>> environment;  // only names that begin with TRIBUTARY__ count
  std::vector<std::pair<std::string, std::string>> flags;        // key path and value, as ("server.listen", "[::1]:80")
};

/// The TRIBUTARY__ variables of this process.
std::vector<std::pair<std::string, std::string>> process_environment();

/// Reads and validates. Either a configuration without any mistake, or all mistakes, those of the file first and in its
/// order, then those of rules of identity in their files. Reads the files that `*_file` and `rules` settings name.
/// Thread: any.
std::variant<Config, std::vector<ConfigMistake>> load_config(const ConfigInput& input);

/// The same for a text in memory; `name` stands for the file in messages.
std::variant<Config, std::vector<ConfigMistake>> parse_config(const std::string& text, const std::string& name,
                                                              const ConfigInput& overrides = {});

/// Settings in which two configurations differ, other than sources and API keys: those need a restart. `identity.rules`
/// also when only what stands in the files differs, or for which workspaces; `profile.rules` and
/// `profile.computed_traits` too.
std::vector<std::string> settings_that_differ(const Config& before, const Config& after);

/// The documented file that `tributary config sample` prints; parsing it gives the defaults.
std::string config_sample();

/// JSON Schema (draft 2020-12) of the file.
std::string config_schema();

}  // namespace tributary
