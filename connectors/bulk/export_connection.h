// One export, asked for and read piece by piece.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "connectors/bulk/server_connection.h"
#include "engine/base/result.h"

namespace tributary {

/// Asks for `target` and hands the body of a 200 to `take` as it arrives, which returns false to end it. Memory: one
/// piece. Blocks. Errors: unavailable when the server can't be reached, is silent for five minutes, or goes before the
/// body is whole; invalid for a CA file that can't be read.
Result<ServerAnswer> fetch_export(const ServerEndpoint& server, const std::string& target, const std::string& api_key,
                                  const std::function<bool(std::string_view)>& take);

}  // namespace tributary
