// The routes of a server that an import of base records needs, one request after the other.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/bulk/server_connection.h"

namespace tributary {

/// Blocks its caller. Owner: one thread.
class RecordServer {
 public:
  /// Errors: invalid for a CA file that can't be read.
  static Result<std::unique_ptr<RecordServer>> make(const ServerEndpoint& server, const std::string& api_key);
  ~RecordServer();

  /// Sends rows to POST /v1/profiles/import and returns the body of its 200. Asks again for up to `patience` while the
  /// server has no time (409, 429, 503). Errors: unavailable, when it is unknown whether the rows arrived; invalid with
  /// what the server says, when it refuses them.
  Result<std::string> import_rows(const std::string& body, std::chrono::seconds patience);

  /// Hands over each customer of GET /v1/export as a JSON object. Errors: the same, and for an export that lacks its
  /// end.
  Result<void> each_profile(const std::function<void(std::string_view)>& on_profile);

 private:
  explicit RecordServer(const std::string& api_key) : authorization_("Bearer " + api_key) {}
  Result<ServerAnswer> ask(const ServerRequest& request);

  boost::asio::io_context context_{1};
  const std::string authorization_;
  std::unique_ptr<ServerConnection> connection_;
};

}  // namespace tributary
