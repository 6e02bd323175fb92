// The subcommands other than serve. Each returns the exit code; data goes to stdout, talk to stderr.
#pragma once

#include <string>

#include "config/config.h"

namespace tributary {

/// Names every mistake, or says that there is none.
int check_config(const ConfigInput& input);

/// Checks log and state of a store that no process uses, and prints a report as one JSON object.
int verify(const ConfigInput& input);

/// Folds the log again and replaces the derived state; `accept_loss` goes on without records that left the log.
int rebuild(const ConfigInput& input, bool accept_loss);

struct ImportFlags {
  std::string file, mapping, source, format, server, write_key, write_key_file, ca_file, config;
  std::string checkpoint, report, report_format, as, api_key_file;
  size_t batch_events = 1000, in_flight = 4, parallel = 1;
  bool resume = false, restart = false, dry_run = false;
  bool show_mapping = false, keep_columns = false;
};

/// Sends a file's events to a running server, whose address and key may come from its configuration.
int import_file(const ImportFlags& flags);

struct ExportFlags {
  std::string what, server, api_key_file, ca_file, config, format = "ndjson", from, to, output;
  bool byte_order_mark = false;
};

/// Writes a running server's customers or events; its address may come from its configuration, its keys can't: of them
/// the configuration knows a hash.
int export_data(const ExportFlags& flags);

}  // namespace tributary
