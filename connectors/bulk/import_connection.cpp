#include "connectors/bulk/import_connection.h"

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <charconv>

#include "engine/base/keyed_hash.h"

namespace tributary {
namespace {

namespace json = boost::json;

/// Posts to a server.
class Connection final : public ImportConnection {
 public:
  Connection(std::unique_ptr<ServerConnection> server, const std::string& write_key)
      : server_(std::move(server)), authorization_("Basic " + base64(write_key + ":")) {
    request_.target = "/v1/import";
    request_.authorization = authorization_;
    request_.user_agent = "tributary-import";
    request_.content_type = "application/json";
  }

  boost::asio::awaitable<Result<BatchAnswer>> post(std::string& body) override {
    request_.body = body;
    auto answer = co_await server_->ask(request_);
    if (!answer) co_return answer.error();
    auto read = read_batch_answer(answer->status, answer->body);
    if (read) read->retry_after = seconds_of(answer->retry_after);
    co_return read;
  }

 private:
  static std::optional<std::chrono::seconds> seconds_of(std::string_view text) {
    int64_t seconds = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size() || seconds < 0) return std::nullopt;
    return std::chrono::seconds(seconds);
  }

  std::unique_ptr<ServerConnection> server_;
  std::string authorization_;
  ServerRequest request_;
};

std::string text_of(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(*text) : std::string();
}

}  // namespace

Result<BatchAnswer> read_batch_answer(int status, std::string_view body) {
  BatchAnswer answer;
  answer.status = status;
  if (status != 200) {
    ServerRefusal refusal = read_server_refusal(body);
    answer.code = std::move(refusal.code);
    answer.message = std::move(refusal.message);
    return answer;
  }
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(body.data(), body.size()), error);
  const json::object* object = error ? nullptr : value.if_object();
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

Result<std::unique_ptr<ImportConnection>> ImportConnection::make(const ServerEndpoint& server,
                                                                 const std::string& write_key) {
  auto connection = ServerConnection::make(server);
  if (!connection) return connection.error();
  return std::unique_ptr<ImportConnection>(std::make_unique<Connection>(std::move(*connection), write_key));
}

}  // namespace tributary
