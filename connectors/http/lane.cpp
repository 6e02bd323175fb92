#include "connectors/http/lane.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "connectors/http/task.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
constexpr std::chrono::milliseconds kAcceptPause{50};
constexpr int64_t kAcceptLogIntervalMs = 1000;
constexpr std::string_view kNoDescriptorAnswer =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 125\r\nRetry-After: 2\r\n"
    "Connection: close\r\n\r\n"
    R"({"success":false,"code":"overloaded","message":"server is overloaded, try again","error":"server is overloaded, try again"}  )";

int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// IMF-fixdate. Source: RFC 9110 section 5.6.7.
std::string http_date(int64_t unix_seconds) {
  constexpr std::array kDays = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};  // 1970-01-01 was a Thursday
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  int64_t days = unix_seconds / 86'400;
  int64_t second = unix_seconds % 86'400;
  CivilDate date = civil_from_days(days);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[static_cast<size_t>(days % 7)], date.day,
                     kMonths[date.month - 1], date.year, second / 3600, second / 60 % 60, second % 60);
}

bool is_out_of_descriptors(const error_code& error) { return error.value() == EMFILE || error.value() == ENFILE; }

int open_reserve() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

Lane::Lane(asio::io_context& context, std::shared_ptr<ServerState> server)
    : executor_(context.get_executor()),
      server_(std::move(server)),
      acceptor_(executor_),
      accept_pause_(executor_),
      ticker_(executor_),
      close_deadline_(executor_),
      reserve_descriptor_(open_reserve()) {
  now_ms_ = steady_ms();
}

Lane::~Lane() {
  if (reserve_descriptor_ >= 0) ::close(reserve_descriptor_);
}

Result<Lane::Endpoint> Lane::bind(const Endpoint& endpoint, bool shares_port) {
  error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && shares_port) {
    acceptor_.set_option(asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>(true), error);
  }
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor_.non_blocking(true, error);
  if (error) {
    return Error(ErrorCode::unavailable, fmt::format("listening on {}:{}: {}", endpoint.address().to_string(),
                                                     endpoint.port(), error.message()));
  }
  return acceptor_.local_endpoint();
}

void Lane::start() {
  tick();
  asio::co_spawn(executor_, accept_loop(shared_from_this()), asio::detached);
  asio::co_spawn(executor_, tick_loop(shared_from_this()), asio::detached);
}

Task<void> Lane::accept_loop(std::shared_ptr<Lane> self) {
  while (!self->closing_) {
    auto [error, socket] = co_await self->acceptor_.async_accept(kUseTaskTuple);
    if (!error) {
      self->take(std::move(socket));
      continue;
    }
    if (self->closing_) break;
    if (is_out_of_descriptors(error)) self->refuse_without_descriptor();
    // ECONNABORTED and the like concern one connection; the pause keeps any lasting fault from spinning.
    self->accept_pause_.expires_after(kAcceptPause);
    co_await self->accept_pause_.async_wait(kUseTaskTuple);
  }
}

void Lane::take(Socket socket) {
  error_code error;
  asio::ip::address peer = unmapped(socket.remote_endpoint(error).address());
  if (error || closing_) return;
  const HttpServerOptions& options = server_->options;
  bool refused = ++server_->connections > options.connections_max;
  if (server_->addresses) refused |= server_->addresses->add(peer) > options.connections_per_address_max;
  if (refused) {
    --server_->connections;
    if (server_->addresses) server_->addresses->remove(peer);
    server_->metrics.http_connections_refused.increment();
    return;
  }
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  socket.non_blocking(true, error);
  start_session(shared_from_this(), peer, std::move(socket));
}

// The reserve descriptor lets one waiting client in to be told; without it the backlog would fill with silent
// connections.
void Lane::refuse_without_descriptor() {
  server_->metrics.http_connections_refused.increment();
  if (reserve_descriptor_ >= 0) ::close(reserve_descriptor_);
  int client = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client >= 0) {
    if (!server_->tls) (void)::send(client, kNoDescriptorAnswer.data(), kNoDescriptorAnswer.size(), MSG_NOSIGNAL);
    ::shutdown(client, SHUT_WR);
    ::close(client);
  }
  reserve_descriptor_ = open_reserve();
  if (now_ms_ - accept_error_logged_ms_ >= kAcceptLogIntervalMs) {
    accept_error_logged_ms_ = now_ms_;
    log_line(LogLevel::warn, "no file descriptor left, refusing connections");
  }
}

Task<void> Lane::tick_loop(std::shared_ptr<Lane> self) {
  while (!self->closing_ || !self->sessions_.empty()) {
    self->ticker_.expires_after(std::chrono::milliseconds(kTickMs));
    co_await self->ticker_.async_wait(kUseTaskTuple);
    self->tick();
  }
}

void Lane::tick() {
  now_ms_ = steady_ms();
  int64_t second = system_clock().now().micros / kMicrosPerSecond;
  if (second != date_second_) {
    date_second_ = second;
    date_ = http_date(second);
  }
  // A session that is cut only cancels its wait: its coroutine ends later, so the list does not change here.
  for (Session* session : sessions_) session->sweep(now_ms_);
}

void Lane::enlist(Session& session) {
  session.index_ = sessions_.size();
  sessions_.push_back(&session);
}

void Lane::dismiss(Session& session) {
  sessions_.back()->index_ = session.index_;
  sessions_[session.index_] = sessions_.back();
  sessions_.pop_back();
  if (closing_ && sessions_.empty()) finish_close();
}

void Lane::close(std::chrono::milliseconds deadline, std::function<void()> done) {
  if (closing_) return done();
  closing_ = true;
  closed_ = std::move(done);
  error_code ignored;
  acceptor_.close(ignored);
  accept_pause_.cancel();
  for (Session* session : sessions_) session->stop_if_idle();
  if (sessions_.empty()) return finish_close();
  close_deadline_.expires_after(deadline);
  close_deadline_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error) return;
    for (Session* session : self->sessions_) session->cut();
    self->finish_close();
  });
}

void Lane::finish_close() {
  close_deadline_.cancel();
  ticker_.cancel();
  if (auto done = std::exchange(closed_, nullptr)) done();
}

}  // namespace tributary
