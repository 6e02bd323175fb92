// `tributary export`: customers or events of a running server into a file or standard output.
#pragma once

#include <string>

namespace tributary {

struct ExportOptions {
  std::string what;              // profiles or events
  std::string server;            // host:port, http://..., https://...
  std::string api_key;           // of role analyst or admin
  std::string ca_file;           // for https; empty: the system's authorities
  std::string format;            // ndjson or csv
  bool byte_order_mark = false;  // of csv
  std::string from, to;          // of events, ISO 8601
  std::string output_file;       // empty: standard output
};

/// Runs one export: bytes go to the file or stdout, talk to stderr. A file is written as FILE.part, and gets its name
/// when the last line has said that nothing is missing.
///
/// Exit code: 0 complete; 64 usage, wrong key, or a parameter that the server refuses; 65 the answer is no export, or
/// ends
///            without the line that ends one; 69 server unreachable, busy, or gone in the middle; 74 the output cannot
///            be written.
int run_export(const ExportOptions& options);

}  // namespace tributary
