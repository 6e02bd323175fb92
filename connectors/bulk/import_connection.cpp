#include "connectors/bulk/import_connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <charconv>

#include "connectors/bulk/await.h"
#include "engine/base/keyed_hash.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;

using Plain = beast::tcp_stream;
using Secure = beast::ssl_stream<beast::tcp_stream>;
using Response = http::response<http::string_body>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kConnectTime{5};
constexpr std::chrono::seconds kAnswerTime{60};
constexpr uint64_t kAnswerBytesMax = 8ull << 20;

Error unavailable(const ImportServer& server, const std::string& what, const boost::system::error_code& error) {
  return Error(ErrorCode::unavailable, what + " " + server.host + ":" + server.port + ": " + error.message());
}

class Connection : public ImportConnection {
 public:
  explicit Connection(const ImportServer& server) : server_(server), context_(asio::ssl::context::tls_client) {
    request_.method(http::verb::post);
    request_.target("/v1/import");
    request_.set(http::field::host, server_.host + ":" + server_.port);
    request_.set(http::field::content_type, "application/json");
    request_.set(http::field::user_agent, "tributary-import");
    request_.set(http::field::authorization, "Basic " + base64(server_.write_key + ":"));
  }

  Result<void> prepare_tls() {
    if (!server_.tls) return {};
    boost::system::error_code error;
    context_.set_verify_mode(asio::ssl::verify_peer);
    if (server_.ca_file.empty()) {
      context_.set_default_verify_paths(error);
    } else {
      context_.load_verify_file(server_.ca_file, error);
    }
    if (error) return Error(ErrorCode::invalid, "reading the authorities " + server_.ca_file + ": " + error.message());
    return {};
  }

  asio::awaitable<Result<BatchAnswer>> post(std::string& body) override {
    if (!plain_ && !secure_) {
      auto connected = co_await connect();
      if (!connected) co_return fail(connected.error());
    }
    request_.body() = beast::span<char>(body.data(), body.size());
    request_.prepare_payload();
    if (secure_) co_return co_await exchange(*secure_);
    co_return co_await exchange(*plain_);
  }

 private:
  Error fail(Error error) {
    plain_.reset();
    secure_.reset();
    return error;
  }

  asio::awaitable<Result<void>> connect() {
    auto executor = co_await asio::this_coro::executor;
    asio::ip::tcp::resolver resolver(executor);
    auto [resolve_error, endpoints] = co_await resolver.async_resolve(server_.host, server_.port, kAwait);
    if (resolve_error) co_return unavailable(server_, "resolving", resolve_error);
    if (server_.tls) {
      secure_.emplace(executor, context_);
    } else {
      plain_.emplace(executor);
    }
    beast::tcp_stream& stream = secure_ ? secure_->next_layer() : *plain_;
    stream.expires_after(kConnectTime);
    auto [connect_error, endpoint] = co_await stream.async_connect(endpoints, kAwait);
    if (connect_error) co_return unavailable(server_, "connecting to", connect_error);
    stream.socket().set_option(asio::ip::tcp::no_delay(true));
    if (secure_) co_return co_await handshake();
    co_return Result<void>();
  }

  asio::awaitable<Result<void>> handshake() {
    SSL_set_tlsext_host_name(secure_->native_handle(), server_.host.c_str());
    secure_->set_verify_callback(asio::ssl::host_name_verification(server_.host));
    auto [error] = co_await secure_->async_handshake(asio::ssl::stream_base::client, kAwait);
    if (error) co_return unavailable(server_, "TLS handshake with", error);
    co_return Result<void>();
  }

  template <class Stream>
  asio::awaitable<Result<BatchAnswer>> exchange(Stream& stream) {
    beast::get_lowest_layer(stream).expires_after(kAnswerTime);
    auto [write_error, written] = co_await http::async_write(stream, request_, kAwait);
    if (write_error) co_return fail(unavailable(server_, "sending to", write_error));
    http::response_parser<http::string_body> parser;
    parser.body_limit(kAnswerBytesMax);
    auto [read_error, read] = co_await http::async_read(stream, buffer_, parser, kAwait);
    if (read_error) co_return fail(unavailable(server_, "waiting for", read_error));
    const Response& response = parser.get();
    auto answer = read_batch_answer(response.result_int(), response.body());
    if (!response.keep_alive() || !answer) fail({});
    if (answer) answer->retry_after = retry_after(response);
    co_return answer;
  }

  static std::optional<std::chrono::seconds> retry_after(const Response& response) {
    auto text = response[http::field::retry_after];
    int64_t seconds = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size() || seconds < 0) return std::nullopt;
    return std::chrono::seconds(seconds);
  }

  ImportServer server_;
  asio::ssl::context context_;
  std::optional<Plain> plain_;
  std::optional<Secure> secure_;
  http::request<http::span_body<char>> request_;
  beast::flat_buffer buffer_;
};

std::string text_of(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(*text) : std::string();
}

}  // namespace

Result<ImportServer> parse_import_server(std::string_view address) {
  ImportServer server;
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

Result<BatchAnswer> read_batch_answer(int status, std::string_view body) {
  BatchAnswer answer;
  answer.status = status;
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(body.data(), body.size()), error);
  const json::object* object = error ? nullptr : value.if_object();
  if (status != 200) {
    if (object) answer.code = text_of(*object, "code");
    if (object) answer.message = text_of(*object, "message");
    return answer;
  }
  try {
    if (!object) throw std::out_of_range("no object");
    auto number = [](const json::object& holder, const char* key) { return json::value_to<uint64_t>(holder.at(key)); };
    answer.counts = {number(*object, "accepted"), number(*object, "duplicate"), number(*object, "rejected")};
    for (const json::value& item : object->at("errors").as_array()) {
      const json::object& entry = item.as_object();
      answer.errors.push_back({number(entry, "index"), text_of(entry, "code"), text_of(entry, "message")});
    }
  } catch (const std::exception&) {
    return Error(ErrorCode::invalid, "the server's answer is not that of a Tributary collection route");
  }
  return answer;
}

Result<std::unique_ptr<ImportConnection>> ImportConnection::make(const ImportServer& server) {
  auto connection = std::make_unique<Connection>(server);
  TRIBUTARY_TRY(connection->prepare_tls());
  return std::unique_ptr<ImportConnection>(std::move(connection));
}

}  // namespace tributary
