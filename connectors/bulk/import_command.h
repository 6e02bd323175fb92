// `tributary import`: brings a file of real data into a running server, also while it serves others.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "connectors/bulk/column_names.h"
#include "connectors/bulk/import_report.h"
#include "engine/engine.h"

namespace tributary {

enum class ImportStart {
  automatic,  // goes on where an interrupted import of this file stopped; otherwise begins
  resume,     // goes on; without a checkpoint that is a mistake
  restart,    // begins anew; what the server already has comes back as duplicate
};

enum class ImportFormat {
  automatic,  // by the file's name without .gz or .zst: .ndjson and .jsonl are events, everything else needs a mapping;
              // standard input is a table when there is a mapping
  table,
  ndjson,
};

struct ImportOptions {
  std::string file;               // or a pipe, or - for standard input; gzip and zstd by their content
  std::string mapping_file;       // of a table
  std::optional<TableKind> kind;  // of a table without a mapping: one is proposed by the names of its columns
  bool show_mapping = false;      // the proposal goes to stdout, and that is all
  bool keep_columns = false;      // columns of records that have no field become traits
  std::string api_key;            // of an administrator: records are saved by it
  std::string source;             // id of the configured source
  ImportFormat format = ImportFormat::automatic;
  std::string server;     // host:port, http://..., https://...
  std::string write_key;  // of the source
  std::string ca_file;    // for https; empty: the system's authorities
  std::string
      connection_flags;  // how server and key were named on the command line, for the line that tells how to resume
  ImportStart start = ImportStart::automatic;
  std::string checkpoint_file;  // default: FILE.SOURCE.checkpoint
  std::string report_file;      // default: FILE.SOURCE.rejected.csv or .ndjson
  ReportFormat report_format = ReportFormat::csv;
  // Nothing is sent: events are judged as a server with this source and these limits would, and the report is written.
  bool dry_run = false;
  Source judged_source;
  IngestLimits judged_limits;
  size_t batch_events = 1000;         // 1..1000
  size_t in_flight = 4;               // batches; 1..64
  size_t parallel = 1;                // threads that make events; 1..64
  std::chrono::seconds patience{60};  // without a success before it gives up
};

/// Runs one import. Progress goes to stderr (a bar on a terminal, else a line every 10 s), one JSON line with the
/// counts to stdout.
///
/// What passes by once (standard input, a pipe) has no checkpoint and cannot be resumed, only fed again.
///
/// Exit code: 0 all rows accepted or known; 64 usage, wrong key, checkpoint of another input; 65 some rows were
/// rejected (see the
///            report), the file does not fit the mapping or its compressed data is damaged (what stands before the
///            damage is imported); 66 the input cannot be read; 69 server unreachable; 74 our
///            own files cannot be written; 78 the mapping is wrong; 130 or 143 interrupted.
/// Exactly once: message ids depend on the mapping's name and the rows alone, so that resuming and repeating count
/// nothing
///            twice, as far as the server's deduplication window reaches.
int run_import(const ImportOptions& options);

}  // namespace tributary
