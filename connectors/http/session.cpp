#include "connectors/http/session.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <typeinfo>
#include <utility>

#include "connectors/http/body_stream.h"
#include "connectors/http/exchange.h"
#include "connectors/http/lane.h"
#include "connectors/http/task.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;
using TlsStream = boost::beast::ssl_stream<TcpStream>;

constexpr int64_t kBodyRateGraceMs = 2000;
constexpr size_t kDropBytes = 16ull << 10;
// What a sender of a long body may have been faster than it must, so that a fast beginning does not pay for a slow end.
constexpr int64_t kBodyRateCreditMs = 60'000;
constexpr std::string_view kNothing;
constexpr std::string_view kChunkEnd = "\r\n";
constexpr std::string_view kLastChunk = "\r\n0\r\n\r\n";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

TcpStream& tcp_of(TcpStream& stream) { return stream; }
TcpStream& tcp_of(TlsStream& stream) { return stream.next_layer(); }

/// The other side has closed, or at least will send nothing more: no HTTP client does that and goes on waiting. Bytes
/// that were not read yet don't hide it.
bool has_hung_up(int descriptor) {
  pollfd asked{descriptor, POLLRDHUP, 0};
  return ::poll(&asked, 1, 0) > 0;
}

/// The coroutine of one connection. Stream is TcpStream or TlsStream.
template <class Stream>
class Connection final : public Session, public BodySource {
 public:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  Connection(std::shared_ptr<Lane> lane, const asio::ip::address& peer, Stream stream)
      : lane_(std::move(lane)),
        peer_(peer),
        stream_(std::move(stream)),
        exchange_(lane_->server(), lane_->date(), peer, kTls),
        reader_(exchange_.reader()) {
    body_bytes_per_second_min_ = options().body_bytes_per_second_min;
    reader_.request().watch = this;
    lane_->enlist(*this);
    ++open_connections;
  }

  ~Connection() override {
    lane_->dismiss(*this);
    ServerState& server = lane_->server();
    --server.connections;
    --open_connections;
    if (server.addresses) server.addresses->remove(peer_);
  }

  Task<void> run() override {
    enter(Phase::head, options().header_timeout);
    bool open = co_await handshake();
    if (!open) co_return;
    bool polite = co_await serve();
    if (polite) co_await finish();
  }

  void cut() override {
    error_code ignored;
    tcp_of(stream_).socket().close(ignored);
  }

  bool is_awaited() override {
    auto& socket = tcp_of(stream_).socket();
    return !lane_->server().draining && socket.is_open() && !has_hung_up(socket.native_handle());
  }

  void stop_if_idle() override {
    bool waits_for_first = phase_ == Phase::head && reader_.at_request_start();
    bool uploads = phase_ == Phase::body && exchange_.streams();  // an upload may take hours: it ends here
    error_code ignored;
    if (phase_ == Phase::idle || waits_for_first || uploads)
      tcp_of(stream_).socket().shutdown(asio::socket_base::shutdown_receive, ignored);
  }

 private:
  const HttpServerOptions& options() const { return lane_->server().options; }

  // Where plain bytes come and go. For TCP that is the socket inside Beast's stream: without a timer the stream adds
  // nothing but a composed operation around each read.
  auto& data_stream() {
    if constexpr (kTls) {
      return stream_;
    } else {
      return stream_.socket();
    }
  }

  void enter(Phase phase, std::chrono::seconds timeout) {
    phase_ = phase;
    deadline_ms_ = lane_->now_ms() + std::chrono::milliseconds(timeout).count() + Lane::kTickMs;
  }

  Task<bool> handshake() {
    if constexpr (kTls) {
      auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kUseTaskTuple);
      co_return !error;
    }
    co_return true;
  }

  // Serves requests until the connection is to end. False: it is gone already, true: it is to be closed politely.
  //
  // Each co_await stands in a statement of its own: with `if (co_await a) co_await b;` g++ 12.2 resumed a wrong frame.
  Task<bool> serve() {
    while (true) {
      RequestReader::Step step = reader_.advance();
      if (step == RequestReader::Step::need_bytes) {
        if (lane_->closing() && reader_.at_request_start()) co_return true;
        enter_read();
        std::span<char> space = reader_.space();
        auto [error, bytes] =
            co_await data_stream().async_read_some(asio::buffer(space.data(), space.size()), kUseTaskTuple);
        if (error) co_return false;
        if (take(bytes)) continue;
      } else if (step == RequestReader::Step::head) {
        Exchange::Verdict verdict = exchange_.judge_head();
        if (verdict == Exchange::Verdict::send_continue) {
          bool sent = co_await write(kContinue, kNothing);
          if (!sent) co_return false;
        }
        if (verdict == Exchange::Verdict::stream_body) {
          reader_.accept_stream();
          stream_waited_ms_ = 0;
          body_bytes_ = 0;
          co_await handle_stream();
        } else if (verdict != Exchange::Verdict::answered) {
          reader_.accept_body();
          continue;
        }
      } else if (step == RequestReader::Step::body) {
        co_await handle();
      } else {
        exchange_.answer_refusal();
      }
      enter(Phase::write, options().write_timeout);
      bool sent = co_await write(exchange_.output(), exchange_.tail());
      if (!sent) co_return false;
      if (exchange_.producer() != nullptr) {
        bool whole = co_await write_stream(*exchange_.producer());
        if (!whole) co_return false;
      }
      observe_duration();
      if (exchange_.closes()) co_return true;
      if (exchange_.bytes_to_skip() > 0) {
        bool skipped = co_await skip(exchange_.bytes_to_skip());
        if (!skipped) co_return false;
      }
      exchange_.next();
      enter(Phase::idle, options().idle_timeout);
    }
  }

  Task<Result<std::string_view>> read() override {
    if (exchange_.take_expectation()) {
      enter(Phase::write, options().write_timeout);
      bool sent = co_await write(kContinue, kNothing);
      if (!sent) co_return Error(ErrorCode::unavailable, "the client has gone");
    }
    while (true) {
      std::string_view piece;
      RequestReader::Step step = reader_.advance_stream(piece);
      if (!piece.empty() || step == RequestReader::Step::body) co_return piece;
      if (step == RequestReader::Step::refused) {
        co_return Error(ErrorCode::invalid, std::string(reader_.refusal().reason));
      }
      if (lane_->server().draining) co_return Error(ErrorCode::stopping, "the server is shutting down");
      enter_stream_read();
      std::span<char> space = reader_.space();
      auto [error, bytes] =
          co_await data_stream().async_read_some(asio::buffer(space.data(), space.size()), kUseTaskTuple);
      leave_stream_read();
      if (error) co_return end_of_upload();
      reader_.received(bytes);
      body_bytes_ += bytes;
    }
  }

  // Each wait has the deadline of a body; the rate is measured over all of them, without the time in which the handler
  // did not ask for more.
  void enter_stream_read() {
    auto most = static_cast<uint64_t>(stream_waited_ms_ + kBodyRateCreditMs) * body_bytes_per_second_min_ / 1000;
    body_bytes_ = std::min(body_bytes_, most);
    body_started_ms_ = lane_->now_ms() - stream_waited_ms_;
    enter(Phase::body, options().body_timeout);
  }

  void leave_stream_read() {
    stream_waited_ms_ = lane_->now_ms() - body_started_ms_;
    enter_handler();
  }

  Error end_of_upload() const {
    if (lane_->server().draining) return Error(ErrorCode::stopping, "the server is shutting down");
    return Error(ErrorCode::unavailable, "the connection ended before the body did");
  }

  // The size of a chunk goes with its bytes, and the end of the chunk before with it. False: the connection is to end
  // in the middle of the body, because the client has gone or the rest can't be made.
  Task<bool> write_stream(BodyProducer& producer) {
    std::string frame;
    while (true) {
      enter_handler();
      std::optional<Result<BodyPiece>> piece;
      try {
        piece = co_await producer.next();
      } catch (const std::exception& error) {
        log_failed_handler(error);
      }
      if (!piece || !*piece) co_return false;
      const std::string& bytes = (*piece)->bytes;
      enter(Phase::write, options().write_timeout);
      if (!bytes.empty()) {
        if (exchange_.chunked()) frame += chunk_size_line(bytes.size());
        bool sent = co_await write(frame, bytes);
        if (!sent) co_return false;
        frame = exchange_.chunked() ? kChunkEnd : kNothing;
      }
      if ((*piece)->last) break;
    }
    if (!exchange_.chunked()) co_return true;
    std::string_view end = kLastChunk;
    if (frame.empty()) end.remove_prefix(kChunkEnd.size());  // there was no chunk to end
    bool ended = co_await write(end, kNothing);
    co_return ended;
  }

  // False: the body is beyond the bytes in flight, and the answer that says so is ready.
  bool take(size_t bytes) {
    reader_.received(bytes);
    body_bytes_ += bytes;
    return !reader_.reads_body() || exchange_.charge_body();
  }

  // The deadline of a phase counts from its first byte, not from the latest: trickling does not prolong it.
  void enter_read() {
    if (reader_.reads_body()) {
      if (phase_ == Phase::body) return;
      body_started_ms_ = lane_->now_ms();
      body_bytes_ = 0;
      enter(Phase::body, options().body_timeout);
    } else if (phase_ == Phase::idle && !reader_.at_request_start()) {
      enter(Phase::head, options().header_timeout);
    }
  }

  // No handler but one that streams finds a source.
  Task<void> handle_stream() {
    reader_.request().source = this;
    co_await handle();
    reader_.request().source = nullptr;
  }

  Task<void> handle() {
    started_ = steady_clock::now();
    enter_handler();
    HttpResponse response;
    bool failed = false;
    try {
      response = co_await exchange_.route().handler(reader_.request());
    } catch (const std::exception& error) {
      log_failed_handler(error);
      failed = true;
    }
    if (failed) {
      exchange_.answer_internal();
    } else {
      exchange_.answer(std::move(response));
    }
  }

  void enter_handler() { enter(Phase::handler, std::max(options().request_timeout, exchange_.route().time_limit)); }

  void log_failed_handler(const std::exception& error) const {
    // Not what(): it may quote input.
    log_line(LogLevel::error, "handler failed",
             {{"route", exchange_.route().pattern}, {"type", std::string(typeid(error).name())}});
  }

  void observe_duration() {
    if (started_ == steady_clock::time_point{}) return;
    lane_->server().metrics.http_request_seconds.observe(
        std::chrono::duration<double>(steady_clock::now() - started_).count());
    started_ = {};
  }

  // An answer nearly always fits the socket's buffer: one system call, no suspension.
  Task<bool> write(std::string_view head, std::string_view tail) {
    size_t sent = 0;
    if constexpr (!kTls) {
      error_code error;
      sent = write_now(head, tail, error);
      if (sent == head.size() + tail.size()) co_return true;
      if (error && error != asio::error::would_block) co_return false;
    }
    size_t of_head = std::min(sent, head.size());
    head.remove_prefix(of_head);
    tail.remove_prefix(sent - of_head);
    if (!head.empty()) {
      auto [error, bytes] = co_await asio::async_write(stream_, asio::buffer(head), kUseTaskTuple);
      if (error) co_return false;
    }
    if (!tail.empty()) {
      auto [error, bytes] = co_await asio::async_write(stream_, asio::buffer(tail), kUseTaskTuple);
      if (error) co_return false;
    }
    co_return true;
  }

  size_t write_now(std::string_view head, std::string_view tail, error_code& error) {
    if (tail.empty()) return tcp_of(stream_).socket().write_some(asio::buffer(head), error);
    std::array<asio::const_buffer, 2> buffers = {asio::buffer(head), asio::buffer(tail)};
    return tcp_of(stream_).socket().write_some(buffers, error);
  }

  // Reads and drops the body of a refused request so that the next request can follow.
  Task<bool> skip(uint64_t bytes_left) {
    enter(Phase::linger, options().header_timeout);
    std::array<char, kDropBytes> dropped;
    while (bytes_left > 0) {
      size_t wanted = std::min<uint64_t>(bytes_left, dropped.size());
      auto [error, bytes] = co_await data_stream().async_read_some(asio::buffer(dropped.data(), wanted), kUseTaskTuple);
      if (error) co_return false;
      bytes_left -= bytes;
    }
    co_return true;
  }

  // Ends the connection so that the answer arrives. A close with unread bytes sends a reset, and a reset can overtake
  // the answer; so the client's bytes are dropped first, then comes our FIN, then the client has a moment to close.
  Task<void> finish() {
    if (exchange_.leaves_body_unread()) {
      enter(Phase::linger, options().header_timeout);
      bool still_there = co_await drop(options().drain_bytes_max);
      if (!still_there) co_return;
    }
    enter(Phase::linger, options().linger_timeout);
    if constexpr (kTls) {
      co_await stream_.async_shutdown(kUseTaskTuple);
    }
    error_code ignored;
    tcp_of(stream_).socket().shutdown(asio::socket_base::shutdown_send, ignored);
    co_await drop(std::numeric_limits<size_t>::max());
  }

  // Drops up to that many bytes. False: the peer has closed.
  Task<bool> drop(size_t bytes_left) {
    std::array<char, kDropBytes> dropped;
    while (bytes_left > 0) {
      auto [error, bytes] = co_await tcp_of(stream_).async_read_some(asio::buffer(dropped), kUseTaskTuple);
      if (error) co_return false;
      bytes_left -= std::min(bytes, bytes_left);
    }
    co_return true;
  }

  std::shared_ptr<Lane> lane_;
  asio::ip::address peer_;
  Stream stream_;
  Exchange exchange_;
  RequestReader& reader_;
  steady_clock::time_point started_;
};

}  // namespace

void Session::sweep(int64_t now_ms) {
  bool late = now_ms >= deadline_ms_;
  if (phase_ == Phase::body) {
    int64_t elapsed_ms = now_ms - body_started_ms_;
    auto wanted = static_cast<uint64_t>(elapsed_ms) * body_bytes_per_second_min_ / 1000;
    late |= elapsed_ms > kBodyRateGraceMs && body_bytes_ < wanted;
  }
  if (late) cut();
}

// Keeps the session alive while its coroutine runs.
Task<void> run_session(std::shared_ptr<Session> session) { co_await session->run(); }

void start_session(std::shared_ptr<Lane> lane, const asio::ip::address& peer, TcpStream::socket_type socket) {
  Lane& owner = *lane;
  TcpStream tcp(std::move(socket));
  std::shared_ptr<Session> session;
  if (owner.server().tls) {
    TlsStream tls(std::move(tcp), *owner.server().tls);
    session = std::make_shared<Connection<TlsStream>>(std::move(lane), peer, std::move(tls));
  } else {
    session = std::make_shared<Connection<TcpStream>>(std::move(lane), peer, std::move(tcp));
  }
  asio::co_spawn(owner.executor(), run_session(std::move(session)), asio::detached);
}

}  // namespace tributary
