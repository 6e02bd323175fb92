// An import of base records: every row judged, joined with the customers it is about, told of, and then saved.
#pragma once

#include <string>

#include "connectors/bulk/import_command.h"
#include "connectors/bulk/mapping.h"

namespace tributary {

/// Reads the table twice: to judge all of it, and to save what is good. A dry run does the same and saves nothing, so
/// that its numbers are those of the import. Prints the counts as one JSON line to stdout.
///
/// Rows are named by the hash of the file's bytes and `mapping_text`, and by their line: whatever is repeated writes
/// nothing twice, and an import that broke off is resumed by repeating it. They count as said when the file was last
/// written.
///
/// Exit codes: those of run_import(); 65 when rows were refused.
int run_record_import(const ImportOptions& options, Mapping mapping, const std::string& mapping_text);

}  // namespace tributary
