#include "connectors/bulk/record_server.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <optional>

namespace tributary {
namespace {

constexpr std::chrono::seconds kExportSilenceMax{300};

Error refusal_of(const ServerAnswer& answer) {
  ServerRefusal refusal = read_server_refusal(answer.body);
  return Error(ErrorCode::invalid, "the server answers " + std::to_string(answer.status) +
                                       (refusal.code.empty() ? "" : " " + refusal.code) + ": " + refusal.message);
}

std::chrono::seconds wait_of(const ServerAnswer& answer) {
  int seconds = 1;
  std::string_view text = answer.retry_after;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(std::clamp(seconds, 1, 10));
}

}  // namespace

Result<std::unique_ptr<RecordServer>> RecordServer::make(const ServerEndpoint& server, const std::string& api_key) {
  auto connection = ServerConnection::make(server);
  if (!connection) return connection.error();
  std::unique_ptr<RecordServer> made(new RecordServer(api_key));
  made->connection_ = std::move(*connection);
  return made;
}

// The connection goes before the context whose timers and sockets it holds.
RecordServer::~RecordServer() { connection_.reset(); }

Result<std::string> RecordServer::import_rows(const std::string& body, std::chrono::seconds patience) {
  ServerRequest request;
  request.target = "/v1/profiles/import";
  request.authorization = authorization_;
  request.user_agent = "tributary-import";
  request.content_type = "application/json";
  request.body = body;
  auto until = std::chrono::steady_clock::now() + patience;
  while (true) {
    auto answer = ask(request);
    if (!answer) return answer.error();
    if (answer->status == 200) return std::move(answer->body);
    bool later = answer->status == 409 || answer->status == 429 || answer->status == 503;
    if (!later || std::chrono::steady_clock::now() > until) return refusal_of(*answer);
    boost::asio::steady_timer(context_, wait_of(*answer)).wait();
  }
}

Result<void> RecordServer::each_profile(const std::function<void(std::string_view)>& on_profile) {
  ServerRequest request;
  request.target = "/v1/export?what=profiles&format=ndjson";
  request.authorization = authorization_;
  request.user_agent = "tributary-import";
  request.silence_max = kExportSilenceMax;
  std::string rest;
  bool whole = false;
  request.take = [&](std::string_view piece) {
    rest += piece;
    size_t from = 0;
    for (size_t end; (end = rest.find('\n', from)) != rest.npos; from = end + 1) {
      std::string_view line(rest.data() + from, end - from);
      whole = line.starts_with("{\"end\":true");
      if (!whole) on_profile(line);
    }
    rest.erase(0, from);
    return true;
  };
  auto answer = ask(request);
  if (!answer) return answer.error();
  if (answer->status != 200) return refusal_of(*answer);
  if (!whole) return Error(ErrorCode::unavailable, "the list of the server's customers broke off");
  return {};
}

Result<ServerAnswer> RecordServer::ask(const ServerRequest& request) {
  std::optional<Result<ServerAnswer>> answer;
  auto done = [&answer](const std::exception_ptr&, Result<ServerAnswer> result) { answer = std::move(result); };
  boost::asio::co_spawn(context_, connection_->ask(request), done);
  context_.restart();
  context_.run();
  if (!answer) return Error(ErrorCode::unavailable, "the request did not end");
  return std::move(*answer);
}

}  // namespace tributary
