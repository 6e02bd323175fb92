#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tributary {

/// The list of refused rows, one JSON object per line: {"line","code","message"}. No values of the rows, so that it can
/// be passed on. The file is made with the first row; without any there is no file.
class ImportReport {
 public:
  /// `keep_bytes`: what a resumed import keeps of the list of its earlier run; the rest, which lies behind its
  /// checkpoint, will be written again. 0 removes an old list.
  ImportReport(std::string path, uint64_t keep_bytes);

  /// Errors: io when the list cannot be written; an import must not lose reasons silently.
  Result<void> add(uint64_t line, std::string_view code, std::string_view message);
  Result<void> flush();
  uint64_t bytes() const { return bytes_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::ofstream file_;
  uint64_t bytes_ = 0;
};

}  // namespace tributary
