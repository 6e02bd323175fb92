// Where an interrupted import goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/bulk/row_cutter.h"
#include "engine/base/result.h"

namespace tributary {

/// What is counted over all runs of one import.
struct ImportCounts {
  uint64_t accepted = 0;
  uint64_t duplicate = 0;
  uint64_t rejected = 0;
  uint64_t total() const { return accepted + duplicate + rejected; }
};

/// State of an import: every event that begins before `place` is answered. Events behind it may be answered as well;
/// sent again they are duplicates, so a checkpoint may be late but never early.
struct Checkpoint {
  std::string input;  // fingerprint(): another file, mapping or source has another one
  RowPlace place;
  ImportCounts counts;        // of the events before `place`
  uint64_t report_bytes = 0;  // of the report when it held exactly their refusals
};

/// Names the combination of file content, mapping and source: SHA-256 of the file's size, its first and last 64 KiB,
/// the mapping's text and the source id, as hex.
std::string import_fingerprint(std::string_view file, std::string_view mapping_text, std::string_view source);

/// Replaces the file as a whole: a temporary beside it, synced, renamed. Errors: io, disk_full.
Result<void> save_checkpoint(const std::string& path, const Checkpoint& checkpoint);

/// Nothing when there is no file. Errors: corrupt for a file that is no checkpoint, io.
Result<std::optional<Checkpoint>> load_checkpoint(const std::string& path);

}  // namespace tributary
