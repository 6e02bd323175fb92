// One keep-alive connection to a server's batch route.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/bulk/checkpoint.h"
#include "connectors/bulk/server_connection.h"
#include "engine/base/result.h"

namespace tributary {

/// What the server said of one batch.
struct BatchAnswer {
  struct ItemError {
    size_t index = 0;
    std::string code;
    std::string message;
  };
  int status = 0;
  ImportCounts counts;            // of a 200
  std::vector<ItemError> errors;  // of a 200
  std::string code, message;      // of every other status
  std::optional<std::chrono::seconds> retry_after;
};

/// Reads an answer's body. Errors: invalid when a 200 is not the envelope of the collection routes: then it is unknown
/// what happened to the batch, and the peer is no Tributary.
Result<BatchAnswer> read_batch_answer(int status, std::string_view body);

/// Posts batches one after the other; connects when it has to. Owner: the thread of its executor.
class ImportConnection {
 public:
  /// Errors: invalid for a CA file that cannot be read.
  static Result<std::unique_ptr<ImportConnection>> make(const ServerEndpoint& server, const std::string& write_key);
  virtual ~ImportConnection() = default;

  /// Sends `body` to POST /v1/import and waits for the answer, at most a minute. After an error (unavailable) it is
  /// unknown whether the batch has arrived; the next post connects anew. `body` outlives the call.
  virtual boost::asio::awaitable<Result<BatchAnswer>> post(std::string& body) = 0;
};

}  // namespace tributary
