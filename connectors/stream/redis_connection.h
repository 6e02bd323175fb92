// One connection to a Redis server: commands and their answers, each within a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/stream/option_check.h"
#include "engine/base/result.h"

struct redisContext;
struct redisReply;

namespace tributary {

using RedisReply = std::shared_ptr<redisReply>;

/// Owner: one thread. After an error of the connection nothing can be asked any more.
class RedisConnection {
 public:
  /// Errors: unavailable.
  static Result<std::unique_ptr<RedisConnection>> connect(const ServerAddress& server,
                                                          std::chrono::milliseconds deadline);

  /// The server's answer, which may say that the command failed. Errors: unavailable, when there is none in time.
  Result<RedisReply> ask(const std::vector<std::string_view>& command, std::chrono::milliseconds deadline);

  /// As ask(), and an answer that says so is an error: "doing: words of the server". Errors: unavailable.
  Result<RedisReply> command(std::string_view doing, const std::vector<std::string_view>& command);

  /// As command(), but of the server's words only the first, such as WRONGPASS: a server that does not know AUTH
  /// repeats its arguments.
  Result<RedisReply> sign_in(const std::vector<std::string_view>& command);

  /// Does nothing for so long. Errors: unavailable, as soon as the server closes the connection.
  Result<void> wait(std::chrono::milliseconds patience);

 private:
  struct Closer {
    void operator()(redisContext* context) const;
  };
  explicit RedisConnection(redisContext* context) : context_(context) {}
  Error lost(std::chrono::milliseconds deadline);

  std::unique_ptr<redisContext, Closer> context_;
  std::chrono::milliseconds deadline_{0};  // as the socket has it
};

/// The words of an answer that says the command failed; empty for every other.
std::string_view redis_failure(const redisReply& reply);

}  // namespace tributary
