// A peer that answers batches as a test says: what a real server cannot be made to do on purpose.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tributary {

struct ScriptedAnswer {
  int status = 200;
  std::string body;
  std::string retry_after;
};

/// Calls `script` for each request, on a thread of its own; nothing as an answer closes the connection.
class ScriptedServer {
 public:
  using Script = std::function<std::optional<ScriptedAnswer>(const std::vector<std::string>& message_ids)>;

  explicit ScriptedServer(Script script)
      : script_(std::move(script)), acceptor_(context_, {boost::asio::ip::make_address("127.0.0.1"), 0}) {
    boost::asio::co_spawn(context_, accept(), boost::asio::detached);
    thread_ = std::thread([this] { context_.run(); });
  }
  ~ScriptedServer() {
    context_.stop();
    thread_.join();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

  /// What a real server would say when everything is new.
  static ScriptedAnswer accepted(size_t events) {
    return {
        200,
        "{\"success\":true,\"accepted\":" + std::to_string(events) + ",\"duplicate\":0,\"rejected\":0,\"errors\":[]}",
        ""};
  }

 private:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  static constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);

  boost::asio::awaitable<void> accept() {
    while (true) {
      auto [error, socket] = co_await acceptor_.async_accept(kAwait);
      if (error) co_return;
      boost::asio::co_spawn(context_, serve(std::move(socket)), boost::asio::detached);
    }
  }

  boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket) {
    boost::beast::tcp_stream stream(std::move(socket));
    boost::beast::flat_buffer buffer;
    while (true) {
      Request request;
      auto [error, bytes] = co_await boost::beast::http::async_read(stream, buffer, request, kAwait);
      if (error) co_return;
      auto answer = script_(ids_of(request.body()));
      if (!answer) co_return;
      boost::beast::http::response<boost::beast::http::string_body> response(
          static_cast<boost::beast::http::status>(answer->status), 11);
      if (!answer->retry_after.empty()) response.set("Retry-After", answer->retry_after);
      response.body() = answer->body;
      response.prepare_payload();
      auto [write_error, written] = co_await boost::beast::http::async_write(stream, response, kAwait);
      if (write_error) co_return;
    }
  }

  static std::vector<std::string> ids_of(const std::string& body) {
    std::vector<std::string> ids;
    auto parsed = boost::json::parse(body);
    for (const auto& event : parsed.at("batch").as_array()) {
      ids.emplace_back(event.at("messageId").as_string());
    }
    return ids;
  }

  Script script_;
  boost::asio::io_context context_{1};
  boost::asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

}  // namespace tributary
