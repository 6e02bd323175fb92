#include "connectors/stream/redis_connection.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace tributary {

namespace {

constexpr std::chrono::milliseconds kRedisAnswerDeadline{3'000};

timeval to_timeval(std::chrono::milliseconds time) {
  return {static_cast<time_t>(time.count() / 1000), static_cast<suseconds_t>(time.count() % 1000 * 1000)};
}

}  // namespace

void RedisConnection::Closer::operator()(redisContext* context) const { redisFree(context); }

Result<std::unique_ptr<RedisConnection>> RedisConnection::connect(const ServerAddress& server,
                                                                  std::chrono::milliseconds deadline) {
  std::unique_ptr<RedisConnection> connection(
      new RedisConnection(redisConnectWithTimeout(server.host.c_str(), server.port, to_timeval(deadline))));
  const redisContext* context = connection->context_.get();
  if (context == nullptr) return Error{ErrorCode::unavailable, "out of memory"};
  if (context->err != 0) return Error{ErrorCode::unavailable, context->errstr};
  redisEnableKeepAlive(connection->context_.get());
  return connection;
}

Result<RedisReply> RedisConnection::ask(const std::vector<std::string_view>& command,
                                        std::chrono::milliseconds deadline) {
  if (context_->err != 0) return lost(deadline);
  if (deadline != deadline_) {
    if (redisSetTimeout(context_.get(), to_timeval(deadline)) != REDIS_OK) return lost(deadline);
    deadline_ = deadline;
  }
  std::vector<const char*> parts;
  std::vector<size_t> sizes;
  parts.reserve(command.size());
  sizes.reserve(command.size());
  for (std::string_view part : command) {
    parts.push_back(part.data() == nullptr ? "" : part.data());
    sizes.push_back(part.size());
  }
  errno = 0;
  void* reply = redisCommandArgv(context_.get(), static_cast<int>(parts.size()), parts.data(), sizes.data());
  if (reply == nullptr) return lost(deadline);
  return RedisReply(static_cast<redisReply*>(reply), [](redisReply* given) { freeReplyObject(given); });
}

Result<RedisReply> RedisConnection::command(std::string_view doing, const std::vector<std::string_view>& command) {
  auto reply = ask(command, kRedisAnswerDeadline);
  if (!reply) return Error{ErrorCode::unavailable, fmt::format("{}: {}", doing, reply.error().message)};
  std::string_view failure = redis_failure(**reply);
  if (!failure.empty()) return Error{ErrorCode::unavailable, fmt::format("{}: {}", doing, failure)};
  return reply;
}

Result<RedisReply> RedisConnection::sign_in(const std::vector<std::string_view>& command) {
  auto reply = ask(command, kRedisAnswerDeadline);
  if (!reply) return Error{ErrorCode::unavailable, "signing in: " + reply.error().message};
  std::string_view failure = redis_failure(**reply);
  if (failure.empty()) return reply;
  size_t end = std::min(failure.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), failure.size());
  return Error{ErrorCode::unavailable, fmt::format("signing in: {}", failure.substr(0, end))};
}

Result<void> RedisConnection::wait(std::chrono::milliseconds patience) {
  if (context_->err != 0) return lost(patience);
  // Nothing was asked, so what comes is the end.
  pollfd watched{context_->fd, POLLIN, 0};
  if (poll(&watched, 1, static_cast<int>(patience.count())) <= 0) return {};
  return Error{ErrorCode::unavailable, "the server closed the connection"};
}

Error RedisConnection::lost(std::chrono::milliseconds deadline) {
  if (context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    return {ErrorCode::unavailable, fmt::format("no answer within {} ms", deadline.count())};
  }
  return {ErrorCode::unavailable, context_->errstr};
}

std::string_view redis_failure(const redisReply& reply) {
  if (reply.type != REDIS_REPLY_ERROR) return {};
  return reply.len == 0 ? std::string_view("error") : std::string_view(reply.str, reply.len);
}

}  // namespace tributary
