#include "connectors/bulk/server_connection.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/json/parse.hpp>
#include <optional>

#include "connectors/bulk/await.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;

using Plain = beast::tcp_stream;
using Secure = beast::ssl_stream<beast::tcp_stream>;

constexpr std::chrono::seconds kConnectTime{5};
constexpr size_t kPieceBytes = 256 << 10;
constexpr size_t kAnswerBytesMax = 8 << 20;

class Connection final : public ServerConnection {
 public:
  explicit Connection(const ServerEndpoint& address)
      : address_(address), context_(asio::ssl::context::tls_client), piece_(kPieceBytes, '\0') {}

  Result<void> prepare_tls() {
    if (!address_.tls) return {};
    boost::system::error_code error;
    context_.set_verify_mode(asio::ssl::verify_peer);
    if (address_.ca_file.empty()) {
      context_.set_default_verify_paths(error);
    } else {
      context_.load_verify_file(address_.ca_file, error);
    }
    if (error) return Error(ErrorCode::invalid, "reading the authorities " + address_.ca_file + ": " + error.message());
    return {};
  }

  asio::awaitable<Result<ServerAnswer>> ask(const ServerRequest& request) override {
    if (!plain_ && !secure_) {
      auto connected = co_await connect();
      if (!connected) co_return fail(connected.error());
    }
    if (secure_) co_return co_await exchange(*secure_, request);
    co_return co_await exchange(*plain_, request);
  }

 private:
  Error fail(Error error) {
    plain_.reset();
    secure_.reset();
    buffer_.clear();
    return error;
  }

  Error unavailable(const std::string& what, const boost::system::error_code& error) const {
    return Error(ErrorCode::unavailable, what + " " + address_.host + ":" + address_.port + ": " + error.message());
  }

  asio::awaitable<Result<void>> connect() {
    auto executor = co_await asio::this_coro::executor;
    asio::ip::tcp::resolver resolver(executor);
    auto [resolve_error, endpoints] = co_await resolver.async_resolve(address_.host, address_.port, kAwait);
    if (resolve_error) co_return unavailable("resolving", resolve_error);
    if (address_.tls) {
      secure_.emplace(executor, context_);
    } else {
      plain_.emplace(executor);
    }
    beast::tcp_stream& stream = secure_ ? secure_->next_layer() : *plain_;
    stream.expires_after(kConnectTime);
    auto [connect_error, endpoint] = co_await stream.async_connect(endpoints, kAwait);
    if (connect_error) co_return unavailable("connecting to", connect_error);
    stream.socket().set_option(asio::ip::tcp::no_delay(true));
    if (secure_) co_return co_await handshake();
    co_return Result<void>();
  }

  asio::awaitable<Result<void>> handshake() {
    SSL_set_tlsext_host_name(secure_->native_handle(), address_.host.c_str());
    secure_->set_verify_callback(asio::ssl::host_name_verification(address_.host));
    auto [error] = co_await secure_->async_handshake(asio::ssl::stream_base::client, kAwait);
    if (error) co_return unavailable("TLS handshake with", error);
    co_return Result<void>();
  }

  template <class Stream>
  asio::awaitable<Result<ServerAnswer>> exchange(Stream& stream, const ServerRequest& request) {
    auto& lowest = beast::get_lowest_layer(stream);
    http::request<http::span_body<const char>> message = message_of(request);
    lowest.expires_after(request.silence_max);
    auto [write_error, written] = co_await http::async_write(stream, message, kAwait);
    if (write_error) co_return fail(unavailable("sending to", write_error));
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    auto [head_error, head_bytes] = co_await http::async_read_header(stream, buffer_, parser, kAwait);
    if (head_error) co_return fail(unavailable("waiting for", head_error));
    ServerAnswer answer;
    answer.status = static_cast<int>(parser.get().result_int());
    answer.retry_after = parser.get()[http::field::retry_after];
    while (!parser.is_done()) {
      lowest.expires_after(request.silence_max);
      parser.get().body().data = piece_.data();
      parser.get().body().size = piece_.size();
      auto [error, read] = co_await http::async_read_some(stream, buffer_, parser, kAwait);
      std::string_view text(piece_.data(), piece_.size() - parser.get().body().size);
      if (error && error != http::error::need_buffer) {
        co_return fail(unavailable("the answer broke off, reading from", error));
      }
      answer.taken = take(text, request, answer);
      if (!answer.taken) break;
    }
    if (!answer.taken && !request.take) co_return fail(Error(ErrorCode::unavailable, "the server answers too much"));
    if (!answer.taken || !parser.get().keep_alive()) fail({});
    co_return answer;
  }

  http::request<http::span_body<const char>> message_of(const ServerRequest& request) const {
    http::request<http::span_body<const char>> message;
    bool posts = !request.content_type.empty();
    message.method(posts ? http::verb::post : http::verb::get);
    message.target(request.target);
    message.set(http::field::host, address_.host + ":" + address_.port);
    message.set(http::field::user_agent, request.user_agent);
    message.set(http::field::authorization, request.authorization);
    if (!posts) return message;
    message.set(http::field::content_type, request.content_type);
    message.body() = beast::span<const char>(request.body.data(), request.body.size());
    message.prepare_payload();
    return message;
  }

  /// False when no more is wanted.
  static bool take(std::string_view piece, const ServerRequest& request, ServerAnswer& answer) {
    if (request.take && answer.status == 200) return piece.empty() || request.take(piece);
    answer.body += piece;
    return answer.body.size() <= kAnswerBytesMax;
  }

  const ServerEndpoint address_;
  asio::ssl::context context_;
  std::optional<Plain> plain_;
  std::optional<Secure> secure_;
  beast::flat_buffer buffer_;
  std::string piece_;
};

}  // namespace

Result<ServerEndpoint> parse_server_url(std::string_view address) {
  ServerEndpoint server;
  Error wrong(ErrorCode::invalid, "server must be host:port, http://host:port or https://host:port");
  if (address.starts_with("https://")) server.tls = true;
  size_t scheme = address.find("://");
  if (scheme != std::string_view::npos) {
    if (!server.tls && !address.starts_with("http://")) return wrong;
    server.port = server.tls ? "443" : "80";
    address.remove_prefix(scheme + 3);
  }
  while (address.ends_with('/')) address.remove_suffix(1);
  size_t bracket = address.find(']');
  size_t colon = address.find(':', bracket == std::string_view::npos ? 0 : bracket);
  server.host = address.substr(0, colon);
  if (colon != std::string_view::npos) server.port = address.substr(colon + 1);
  if (bracket != std::string_view::npos && server.host.size() > 2) {
    server.host = server.host.substr(1, server.host.size() - 2);
  }
  bool digits = server.port.find_first_not_of("0123456789") == std::string::npos;
  if (server.host.empty() || server.port.empty() || !digits) return wrong;
  return server;
}

ServerRefusal read_server_refusal(std::string_view body) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(body.data(), body.size()), error);
  const json::object* object = error ? nullptr : value.if_object();
  auto text = [&](const char* name) {
    const json::value* member = object != nullptr ? object->if_contains(name) : nullptr;
    return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
  };
  return {text("code"), text("message")};
}

Result<std::unique_ptr<ServerConnection>> ServerConnection::make(const ServerEndpoint& address) {
  auto connection = std::make_unique<Connection>(address);
  TRIBUTARY_TRY(connection->prepare_tls());
  return std::unique_ptr<ServerConnection>(std::move(connection));
}

}  // namespace tributary
