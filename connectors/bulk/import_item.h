// What an import's input is made of, whatever the file's form.
#pragma once

#include <cstdint>
#include <string>

#include "connectors/bulk/table_reader.h"

namespace tributary {

/// One event on its way, or the reason why a part of the file is none.
struct ImportItem {
  RowPlace place;       // of the event's first row: the order of an input
  uint64_t line = 0;    // what a report names: of the first row, or of the row at fault
  std::string json;     // one JSON object; empty when `code` is set
  std::string code;     // stable; those of the server and those of the reader
  std::string message;  // in words, without values of the row: a report may be passed on
  bool good() const { return code.empty(); }
};

/// How far an input is read, in units of its own.
struct InputProgress {
  uint64_t done = 0;
  uint64_t total = 0;
};

/// The events of one file, in an order that depends on the file alone: by the place of their first row.
/// Owner: one thread.
class ImportInput {
 public:
  virtual ~ImportInput() = default;
  /// False at the end.
  virtual bool next(ImportItem& item) = 0;
  /// Skips what begins before `place`, which an earlier run of the same input gave.
  virtual void seek(RowPlace place) = 0;
  virtual InputProgress progress() const = 0;
};

}  // namespace tributary
