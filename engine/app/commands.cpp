#include "engine/app/commands.h"

#include <algorithm>
#include <cstdio>

#include "config/secret_file.h"
#include "connectors/bulk/export_command.h"
#include "connectors/bulk/import_command.h"
#include "engine/app/exit_code.h"
#include "engine/base/json_out.h"

namespace tributary {
namespace {

void say(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

/// The configuration, or nothing after its mistakes were printed.
std::optional<Config> load_or_tell(const ConfigInput& input) {
  auto loaded = load_config(input);
  if (auto mistakes = std::get_if<std::vector<ConfigMistake>>(&loaded)) {
    for (const ConfigMistake& mistake : *mistakes) say(format_mistake(mistake));
    return std::nullopt;
  }
  return std::get<Config>(std::move(loaded));
}

int tell(const char* command, const Error& error) {
  say(std::string(command) + ": " + error.message);
  return exit_code_of(error.code);
}

void print_json(const std::string& json) { std::printf("%s\n", json.c_str()); }

std::string report_json(const VerifyReport& report) {
  std::string text;
  JsonOut out(text);
  out.begin_object().key("ok").boolean(true).key("log").begin_object();
  out.key("records").unsigned_number(report.log.records);
  out.key("last_lsn").unsigned_number(report.log.last_lsn.value());
  out.key("mark").unsigned_number(report.log.mark.value());
  out.key("last_segment").string(report.log.last_segment);
  out.key("end_offset").unsigned_number(report.log.end_offset).end_object();
  out.key("applied").begin_array();
  for (Lsn lsn : report.applied) out.unsigned_number(lsn.value());
  out.end_array().key("customers").unsigned_number(report.customers).end_object();
  return text;
}

void show_progress(const Engine::ReplayProgress& progress) {
  std::fprintf(stderr, "rebuild: record %llu of %llu, %.0f records/s\n",
               static_cast<unsigned long long>(progress.at.value()),
               static_cast<unsigned long long>(progress.target.value()), progress.records_per_second);
}

ImportStart start_of(const ImportFlags& flags) {
  if (flags.resume) return ImportStart::resume;
  return flags.restart ? ImportStart::restart : ImportStart::automatic;
}

ImportFormat format_of(const std::string& name) {
  if (name == "table") return ImportFormat::table;
  return name == "ndjson" ? ImportFormat::ndjson : ImportFormat::automatic;
}

/// A listening address as a client on this machine reaches it.
std::string local_address(std::string listen) {
  if (listen.starts_with("0.0.0.0:")) listen.replace(0, 7, "127.0.0.1");
  if (listen.starts_with("[::]:")) listen.replace(0, 4, "[::1]");
  return listen;
}

/// The address of the server that a configuration describes; nothing when only the server itself knows its port.
std::optional<std::string> server_of(const Config& config) {
  if (config.server.listen.ends_with(":0")) return std::nullopt;
  bool tls = !config.server.tls_certificate_file.empty();
  return (tls ? "https://" : "http://") + local_address(config.server.listen);
}

/// Fills what the command line left open from the server's configuration. Returns an exit code when it can't.
int complete_from_config(const ImportFlags& flags, ImportOptions& options) {
  ConfigInput input;
  input.file = flags.config;
  input.environment = process_environment();
  auto config = load_or_tell(input);
  if (!config) return kExitConfig;
  bool by_api = !options.api_key.empty();
  if (options.server.empty() && (!options.dry_run || by_api)) {
    auto server = server_of(*config);
    if (!server) {
      say("import: the configured port is 0, so the real one is known to the server only; give --server");
      return kExitUsage;
    }
    options.server = *server;
  }
  options.judged_limits = config->ingest;
  if (by_api && flags.source.empty()) return kExitOk;
  if (!options.write_key.empty() && !options.dry_run) return kExitOk;
  auto source = std::find_if(config->sources.begin(), config->sources.end(),
                             [&](const Source& candidate) { return candidate.id == flags.source; });
  if (source == config->sources.end()) {
    say("import: " + flags.config + " has no source \"" + flags.source + "\"");
    return kExitUsage;
  }
  options.judged_source = *source;
  if (options.dry_run) return kExitOk;
  if (source->write_keys.empty()) {
    say("import: source \"" + flags.source + "\" is a webhook and has no write key");
    return kExitUsage;
  }
  options.write_key = source->write_keys.front();
  return kExitOk;
}

/// How to name server and key again, for the line that tells how to resume. A key itself is not repeated on the
/// terminal.
std::string connection_flags(const ImportFlags& flags) {
  std::string text;
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += (text.empty() ? "" : " ") + std::string(name) + " " + value;
  };
  add("--config", flags.config);
  add("--server", flags.server);
  add("--write-key-file", flags.write_key_file);
  if (!flags.write_key.empty()) add("--write-key", "KEY");
  add("--ca-file", flags.ca_file);
  return text;
}

}  // namespace

int check_config(const ConfigInput& input) {
  if (!load_or_tell(input)) return kExitConfig;
  say(input.file + ": valid");
  return kExitOk;
}

int verify(const ConfigInput& input) {
  auto config = load_or_tell(input);
  if (!config) return kExitConfig;
  auto report = verify_store(config->engine);
  if (!report) {
    std::string text;
    JsonOut(text).begin_object().key("ok").boolean(false).key("reason").string(report.error().message).end_object();
    print_json(text);
    return tell("verify", report.error());
  }
  print_json(report_json(*report));
  return kExitOk;
}

int rebuild(const ConfigInput& input, bool accept_loss) {
  auto config = load_or_tell(input);
  if (!config) return kExitConfig;
  config->engine.log.accept_loss = accept_loss;
  Metrics metrics;
  auto rebuilt = rebuild_state(config->engine, metrics, show_progress);
  if (!rebuilt) return tell("rebuild", rebuilt.error());
  say("rebuild: done");
  return kExitOk;
}

int export_data(const ExportFlags& flags) {
  ExportOptions options;
  options.what = flags.what;
  options.server = flags.server;
  options.ca_file = flags.ca_file;
  options.format = flags.format;
  options.byte_order_mark = flags.byte_order_mark;
  options.from = flags.from;
  options.to = flags.to;
  options.output_file = flags.output;
  auto secrets = read_secrets(flags.api_key_file, false);
  if (!secrets) {
    tell("export", secrets.error());
    return kExitUsage;
  }
  options.api_key = secrets->front();
  if (options.server.empty() && !flags.config.empty()) {
    ConfigInput input;
    input.file = flags.config;
    input.environment = process_environment();
    auto config = load_or_tell(input);
    if (!config) return kExitConfig;
    auto server = server_of(*config);
    if (!server) {
      say("export: the configured port is 0, so the real one is known to the server only; give --server");
      return kExitUsage;
    }
    options.server = *server;
  }
  return run_export(options);
}

int import_file(const ImportFlags& flags) {
  ImportOptions options;
  options.file = flags.file;
  options.mapping_file = flags.mapping;
  options.source = flags.source;
  options.format = format_of(flags.format);
  options.server = flags.server;
  options.write_key = flags.write_key;
  options.ca_file = flags.ca_file;
  options.connection_flags = connection_flags(flags);
  options.start = start_of(flags);
  options.checkpoint_file = flags.checkpoint;
  options.report_file = flags.report;
  options.report_format = flags.report_format == "ndjson" ? ReportFormat::ndjson : ReportFormat::csv;
  options.dry_run = flags.dry_run;
  options.kind = parse_table_kind(flags.as);
  options.show_mapping = flags.show_mapping;
  options.keep_columns = flags.keep_columns;
  options.judged_source.id = flags.source;
  options.judged_source.trust = SourceTrust::server;
  options.batch_events = flags.batch_events;
  options.in_flight = flags.in_flight;
  options.parallel = flags.parallel;
  if (!flags.write_key_file.empty()) {
    auto secrets = read_secrets(flags.write_key_file, false);
    if (!secrets) return tell("import", secrets.error());
    options.write_key = secrets->front();
  }
  if (!flags.api_key_file.empty()) {
    auto secrets = read_secrets(flags.api_key_file, false);
    if (!secrets) return tell("import", secrets.error());
    options.api_key = secrets->front();
  }
  if (!flags.config.empty()) {
    if (int code = complete_from_config(flags, options); code != kExitOk) return code;
  }
  return run_import(options);
}

}  // namespace tributary
