#include "connectors/bulk/export_connection.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
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
#include <limits>
#include <optional>

namespace tributary {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;

using PlainExport = beast::tcp_stream;
using SecureExport = beast::ssl_stream<beast::tcp_stream>;

constexpr auto kAwaitExport = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kConnectSeconds{5};
constexpr std::chrono::seconds kSilenceMax{300};  // a search in a large log may find nothing for a while
constexpr size_t kReadBytes = 256 << 10;
constexpr size_t kRefusalBytesMax = 64 << 10;

class ExportFetch {
 public:
  ExportFetch(const ImportServer& server, const std::string& target, const std::string& api_key,
              const std::function<bool(std::string_view)>& take)
      : server_(server), take_(take), context_(asio::ssl::context::tls_client) {
    request_.method(http::verb::get);
    request_.target(target);
    request_.set(http::field::host, server_.host + ":" + server_.port);
    request_.set(http::field::user_agent, "tributary-export");
    request_.set(http::field::authorization, "Bearer " + api_key);
    request_.set(http::field::connection, "close");
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

  asio::awaitable<Result<ExportOutcome>> run() {
    auto executor = co_await asio::this_coro::executor;
    asio::ip::tcp::resolver resolver(executor);
    auto [resolve_error, endpoints] = co_await resolver.async_resolve(server_.host, server_.port, kAwaitExport);
    if (resolve_error) co_return unavailable("resolving", resolve_error);
    SecureExport stream(executor, context_);
    beast::tcp_stream& tcp = stream.next_layer();
    tcp.expires_after(kConnectSeconds);
    auto [connect_error, endpoint] = co_await tcp.async_connect(endpoints, kAwaitExport);
    if (connect_error) co_return unavailable("connecting to", connect_error);
    if (!server_.tls) {
      auto plain = co_await exchange(tcp);
      co_return plain;
    }
    SSL_set_tlsext_host_name(stream.native_handle(), server_.host.c_str());
    stream.set_verify_callback(asio::ssl::host_name_verification(server_.host));
    auto [handshake_error] = co_await stream.async_handshake(asio::ssl::stream_base::client, kAwaitExport);
    if (handshake_error) co_return unavailable("TLS handshake with", handshake_error);
    auto secure = co_await exchange(stream);
    co_return secure;
  }

 private:
  Error unavailable(const std::string& what, const boost::system::error_code& error) const {
    return Error(ErrorCode::unavailable, what + " " + server_.host + ":" + server_.port + ": " + error.message());
  }

  template <class Stream>
  asio::awaitable<Result<ExportOutcome>> exchange(Stream& stream) {
    beast::get_lowest_layer(stream).expires_after(kSilenceMax);
    auto [write_error, written] = co_await http::async_write(stream, request_, kAwaitExport);
    if (write_error) co_return unavailable("sending to", write_error);
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    auto [head_error, head_bytes] = co_await http::async_read_header(stream, buffer_, parser, kAwaitExport);
    if (head_error) co_return unavailable("waiting for", head_error);
    ExportOutcome outcome;
    outcome.status = static_cast<int>(parser.get().result_int());
    std::string refusal;
    std::string piece(kReadBytes, '\0');
    while (!parser.is_done()) {
      beast::get_lowest_layer(stream).expires_after(kSilenceMax);
      parser.get().body().data = piece.data();
      parser.get().body().size = piece.size();
      auto [error, bytes] = co_await http::async_read_some(stream, buffer_, parser, kAwaitExport);
      std::string_view text(piece.data(), piece.size() - parser.get().body().size);
      if (outcome.status != 200) {
        refusal += text.substr(0, kRefusalBytesMax - std::min(kRefusalBytesMax, refusal.size()));
      } else if (!text.empty() && !take_(text)) {
        outcome.taken = false;
        break;
      }
      if (error && error != http::error::need_buffer)
        co_return unavailable("the export broke off, reading from", error);
    }
    if (outcome.status != 200) outcome.refusal = read_refusal(outcome.status, refusal);
    co_return outcome;
  }

  static ExportRefusal read_refusal(int status, const std::string& body) {
    ExportRefusal refusal{status, {}, {}};
    boost::system::error_code error;
    json::value value = json::parse(body, error);
    const json::object* object = error ? nullptr : value.if_object();
    auto text = [&](const char* name) {
      const json::value* member = object != nullptr ? object->if_contains(name) : nullptr;
      return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
    };
    refusal.code = text("code");
    refusal.message = text("message");
    return refusal;
  }

  const ImportServer& server_;
  const std::function<bool(std::string_view)>& take_;
  asio::ssl::context context_;
  http::request<http::empty_body> request_;
  beast::flat_buffer buffer_;
};

}  // namespace

Result<ExportOutcome> fetch_export(const ImportServer& server, const std::string& target, const std::string& api_key,
                                   const std::function<bool(std::string_view)>& take) {
  ExportFetch fetch(server, target, api_key, take);
  TRIBUTARY_TRY(fetch.prepare_tls());
  asio::io_context context(1);
  std::optional<Result<ExportOutcome>> outcome;
  auto done = [&outcome](const std::exception_ptr&, Result<ExportOutcome> result) { outcome = std::move(result); };
  asio::co_spawn(context, fetch.run(), done);
  context.run();
  if (!outcome) return Error(ErrorCode::unavailable, "the export did not end");
  return std::move(*outcome);
}

}  // namespace tributary
