// One connection: reads requests in order, hands each to its handler, writes the answers in order.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <cstdint>
#include <memory>

#include "connectors/http/message.h"
#include "connectors/http/task.h"

namespace tributary {

class Lane;

/// Beast's stream on the io_context's own executor type. Its timer is never armed: deadlines are swept, see Session.
using TcpStream = boost::beast::basic_stream<boost::asio::ip::tcp, boost::asio::io_context::executor_type,
                                             boost::beast::unlimited_rate_policy>;

/// What a lane knows of a session. Owner: the lane's thread.
///
/// Deadlines: each phase notes when it must be over, which is one store; the lane looks at all sessions every quarter
/// of a second. Re-arming a timer per read cost more than the read's parsing. A session past its deadline is closed,
/// which ends the wait its coroutine is in.
class Session : public AnswerWatch {
 public:
  /// Serves the connection until it ends.
  virtual Task<void> run() = 0;

  /// Closes the socket now when a deadline has passed.
  void sweep(int64_t now_ms);
  /// Closes the socket now.
  virtual void cut() = 0;
  /// Ends the connection if it waits for its next request; bytes that have arrived are still served.
  virtual void stop_if_idle() = 0;

 protected:
  enum class Phase { head, idle, body, handler, write, linger };

  friend class Lane;
  size_t index_ = 0;  // in the lane's list
  Phase phase_ = Phase::head;
  int64_t deadline_ms_ = 0;
  int64_t body_started_ms_ = 0;
  uint64_t body_bytes_ = 0;
  int64_t stream_waited_ms_ = 0;  // for the body that is streamed, so far
  size_t body_bytes_per_second_min_ = 0;
};

/// Starts a session on a fresh connection that is counted already; it lives until its coroutine ends and counts itself
/// out then. `peer` is the address it was counted under: asked again, a socket that was reset since does not know it.
void start_session(std::shared_ptr<Lane> lane, const boost::asio::ip::address& peer, TcpStream::socket_type socket);

}  // namespace tributary
