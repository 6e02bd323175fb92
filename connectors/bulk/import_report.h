#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tributary {

enum class ReportFormat { csv, ndjson };

/// A row that is no event, and why.
struct RefusedRow {
  uint64_t line = 0;    // of the file, from 1
  std::string column;   // where one is at fault, as the file calls it; else empty
  std::string code;     // stable
  std::string message;  // in words
};

/// The list of refused rows. CSV (RFC 4180): row,column,code,reason, where no cell is a formula to a spreadsheet; or
/// NDJSON: {"line","column","code","message"}. No values of the rows, so that it can be passed on. The file is made
/// with the first row; without any there is no file.
class ImportReport {
 public:
  /// `keep_bytes`: what a resumed import keeps of the list of its earlier run; the rest, which lies behind its
  /// checkpoint, will be written again. 0 removes an old list.
  ImportReport(std::string path, ReportFormat format, uint64_t keep_bytes);

  /// Errors: io when the list cannot be written; an import must not lose reasons silently.
  Result<void> add(const RefusedRow& row);
  Result<void> flush();
  uint64_t bytes() const { return bytes_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  ReportFormat format_;
  std::ofstream file_;
  uint64_t bytes_ = 0;
};

}  // namespace tributary
