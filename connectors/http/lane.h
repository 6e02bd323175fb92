// One thread's share of a server: its listening socket, its sessions, their deadlines.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connectors/http/server_state.h"
#include "connectors/http/session.h"
#include "connectors/http/task.h"

namespace tributary {

/// Lifecycle: bind -> start -> close; kept alive by its coroutines and sessions. Owner: the thread of its io_context,
/// but for bind() and the constructor, which run before that thread does.
class Lane : public std::enable_shared_from_this<Lane> {
 public:
  using Executor = boost::asio::io_context::executor_type;
  using Endpoint = boost::asio::ip::tcp::endpoint;
  static constexpr int64_t kTickMs = 250;

  Lane(boost::asio::io_context& context, std::shared_ptr<ServerState> server);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  /// With `shares_port` several lanes listen on one port and the kernel spreads connections over them.
  Result<Endpoint> bind(const Endpoint& endpoint, bool shares_port);
  void start();
  /// Stops accepting and calls `done` once: when the last session is gone, or at the deadline.
  void close(std::chrono::milliseconds deadline, std::function<void()> done);

  // For sessions.
  ServerState& server() { return *server_; }
  const Executor& executor() const { return executor_; }
  int64_t now_ms() const { return now_ms_; }  // as of the last tick
  const std::string& date() const { return date_; }
  bool closing() const { return closing_; }
  void enlist(Session& session);
  void dismiss(Session& session);

 private:
  using Socket = TcpStream::socket_type;
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;
  using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

  static Task<void> accept_loop(std::shared_ptr<Lane> self);
  static Task<void> tick_loop(std::shared_ptr<Lane> self);
  void take(Socket socket);
  void refuse_without_descriptor();
  void tick();
  void finish_close();

  Executor executor_;
  std::shared_ptr<ServerState> server_;
  Acceptor acceptor_;
  Timer accept_pause_;
  Timer ticker_;
  Timer close_deadline_;
  std::vector<Session*> sessions_;
  std::function<void()> closed_;
  int reserve_descriptor_ = -1;
  int64_t now_ms_ = 0;
  int64_t date_second_ = 0;
  int64_t accept_error_logged_ms_ = 0;
  std::string date_;
  bool closing_ = false;
};

}  // namespace tributary
