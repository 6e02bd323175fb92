// One request and its answer, decided without I/O: routing, preflight, drain, overload, error bodies, header lines.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "connectors/http/answers.h"
#include "connectors/http/memory_charge.h"
#include "connectors/http/request_reader.h"
#include "connectors/http/response_writer.h"
#include "connectors/http/server_state.h"

namespace tributary {

/// Purpose: what a session does between reading and writing. Reused for each request of a connection.
/// Owner:   one session. The answer's bytes are output() and, when the body is large, tail() behind it.
class Exchange {
 public:
  /// `date` is the Date line's value of the moment; it outlives this. `peer` is unmapped.
  Exchange(ServerState& server, const std::string& date, const boost::asio::ip::address& peer, bool tls);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  RequestReader& reader() { return reader_; }
  const Route& route() const { return *match_.route; }

  enum class Verdict {
    read_body,      // the route wants it
    send_continue,  // the client waits for 100 Continue first
    stream_body,    // the handler reads it, piece by piece
    answered,       // refused or answered without a handler
  };
  /// After the reader's `head`.
  Verdict judge_head();

  /// After each read into a body: charges its memory. False: beyond the bytes in flight; the answer is ready.
  bool charge_body();

  void answer(HttpResponse response);
  void answer_refusal();   // after the reader's `refused`
  void answer_internal();  // the handler threw

  /// The client waits for 100 Continue before it sends what is streamed; says so once.
  bool take_expectation() { return std::exchange(expects_continue_, false); }
  /// The request's body is streamed.
  bool streams() const { return streams_; }

  /// Makes the rest of the answer; null when output() and tail() are all of it.
  BodyProducer* producer() const { return producer_; }
  /// What it makes is sent in chunks, else until the connection ends.
  bool chunked() const { return reader_.head().http_1_1; }

  std::string_view output() const { return output_; }
  std::string_view tail() const { return tail_; }
  /// The connection ends after this answer.
  bool closes() const { return close_; }
  /// Bytes of a refused body that the client is about to send; the connection can go on behind them.
  uint64_t bytes_to_skip() const { return bytes_to_skip_; }
  /// The client may be sending a body that nobody reads.
  bool leaves_body_unread() const { return leaves_body_unread_; }

  /// Ready for the next request.
  void next();

 private:
  bool is_mirrored() const { return match_.cors == CorsPolicy::mirror; }
  void start_request();
  void answer_preflight();
  void answer_error(RejectionCode code, std::string_view message = {});
  void answer_unread_body(RejectionCode code);
  void answer_too_long();
  void release_body();

  ServerState& server_;
  const std::string& date_;
  boost::asio::ip::address peer_;
  bool tls_;
  MemoryCharge charge_;
  RequestReader reader_;
  RouteMatch match_;
  HttpResponse response_;  // keeps the body that tail() shows
  std::string cors_lines_;
  std::string output_;
  std::string_view tail_;
  size_t requests_ = 0;
  uint64_t bytes_to_skip_ = 0;
  BodyProducer* producer_ = nullptr;
  bool streams_ = false;
  bool expects_continue_ = false;
  bool close_ = false;
  bool leaves_body_unread_ = false;
};

}  // namespace tributary
