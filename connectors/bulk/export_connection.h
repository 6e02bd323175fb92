// One export, asked for and read piece by piece.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "connectors/bulk/import_connection.h"
#include "engine/base/result.h"

namespace tributary {

/// What the server answered instead of an export.
struct ExportRefusal {
  int status = 0;
  std::string code, message;
};

struct ExportOutcome {
  int status = 200;
  ExportRefusal refusal;  // of another status
  bool taken = true;      // false: the taker wanted no more
};

/// Asks `server` (its write key counts for nothing) for `target` and hands the body of a 200 to `take` as it arrives,
/// which returns false to end it. Memory: one piece. Blocks. Errors: unavailable when the server can't be reached, is
/// silent for five minutes, or goes before the body is whole; invalid for a CA file that can't be read.
Result<ExportOutcome> fetch_export(const ImportServer& server, const std::string& target, const std::string& api_key,
                                   const std::function<bool(std::string_view)>& take);

}  // namespace tributary
