#include "connectors/bulk/export_connection.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

namespace tributary {
namespace {

constexpr std::chrono::seconds kSilenceMax{300};  // a search in a large log may find nothing for a while

}  // namespace

Result<ServerAnswer> fetch_export(const ServerEndpoint& server, const std::string& target, const std::string& api_key,
                                  const std::function<bool(std::string_view)>& take) {
  auto connection = ServerConnection::make(server);
  if (!connection) return connection.error();
  std::string authorization = "Bearer " + api_key;
  ServerRequest request;
  request.target = target;
  request.authorization = authorization;
  request.user_agent = "tributary-export";
  request.silence_max = kSilenceMax;
  request.take = take;
  boost::asio::io_context context(1);
  std::optional<Result<ServerAnswer>> answer;
  auto done = [&answer](const std::exception_ptr&, Result<ServerAnswer> result) { answer = std::move(result); };
  boost::asio::co_spawn(context, (*connection)->ask(request), done);
  context.run();
  connection->reset();  // before the context whose timers and sockets it holds
  if (!answer) return Error(ErrorCode::unavailable, "the export did not end");
  return std::move(*answer);
}

}  // namespace tributary
