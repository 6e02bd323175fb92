// Bodies that are never whole in memory, over a real socket.
#include <gtest/gtest.h>
#include <poll.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "connectors/http/answers.h"
#include "connectors/http/body_stream.h"
#include "connectors/http/server.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

std::atomic<int> pieces_made{0};
std::atomic<int> producers_alive{0};

/// So many pieces of so many bytes; then the end, an error or an exception.
class Pieces final : public BodyProducer {
 public:
  enum class End { good, failed, thrown };
  Pieces(int count, size_t bytes, End end) : left_(count), bytes_(bytes), end_(end) { ++producers_alive; }
  ~Pieces() override { --producers_alive; }

  Task<Result<BodyPiece>> next() override {
    ++pieces_made;
    BodyPiece piece;
    if (left_-- > 0) {
      if (left_ % 2 == 0) piece.bytes.assign(bytes_, static_cast<char>('a' + left_ % 26));  // every other one is empty
      co_return piece;
    }
    if (end_ == End::thrown) throw std::runtime_error("secret detail");
    if (end_ == End::failed) co_return Error(ErrorCode::io, "reading failed");
    piece.last = true;
    co_return piece;
  }

 private:
  int left_;
  const size_t bytes_;
  const End end_;
};

HttpHandler producing(int count, size_t bytes, Pieces::End end) {
  return [=](HttpRequest&) {
    HttpResponse response;
    response.content_type = "text/plain";
    response.stream = std::make_shared<Pieces>(count, bytes, end);
    return answered(std::move(response));
  };
}

/// What the handlers below read, summed up.
struct Taken {
  std::atomic<uint64_t> bytes{0};
  std::atomic<uint64_t> sum{0};
};
Taken taken;

Task<HttpResponse> take_all(HttpRequest& request) {
  taken.bytes = 0;
  taken.sum = 0;
  while (true) {
    Result<std::string_view> piece = co_await request.source->read();
    if (!piece) {
      HttpResponse failed = json_response("broken off: " + piece.error().message);
      failed.status = piece.error().code == ErrorCode::stopping ? 503 : 400;
      co_return failed;
    }
    if (piece->empty()) break;
    uint64_t sum = 0;
    for (char c : *piece) sum += static_cast<unsigned char>(c);
    taken.bytes += piece->size();
    taken.sum += sum;
  }
  co_return json_response("took " + std::to_string(taken.bytes));
}

Task<HttpResponse> take_nothing(HttpRequest&) { co_return json_response("not wanted"); }

std::atomic<bool> may_read{false};

Task<HttpResponse> take_late(HttpRequest& request) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (!may_read) {
    timer.expires_after(5ms);
    co_await timer.async_wait(kUseTask);
  }
  HttpResponse response = co_await take_all(request);
  co_return response;
}

Task<HttpResponse> whole(HttpRequest& request) {
  co_return json_response(request.source == nullptr ? request.body : "?");
}

bool is_stream(const HttpRequest& request) { return request.header("content-type") == "stream"; }

class StreamingServer {
 public:
  explicit StreamingServer(HttpServerOptions options = {}) : context_(1) {
    using End = Pieces::End;
    router_.add({"GET", "/ten", CorsPolicy::none, ErrorStyle::problem, producing(10, 3, End::good)});
    router_.add({"GET", "/none", CorsPolicy::none, ErrorStyle::problem, producing(0, 0, End::good)});
    router_.add({"GET", "/failed", CorsPolicy::none, ErrorStyle::problem, producing(4, 5, End::failed)});
    router_.add({"GET", "/thrown", CorsPolicy::none, ErrorStyle::problem, producing(4, 5, End::thrown)});
    router_.add({"GET", "/endless", CorsPolicy::none, ErrorStyle::problem, producing(1 << 30, 256 << 10, End::good)});
    router_.add({"GET", "/whole", CorsPolicy::none, ErrorStyle::problem, whole});
    add_stream("/take", take_all);
    add_stream("/late", take_late);
    add_stream("/nothing", take_nothing);
    options.listen = "127.0.0.1:0";
    options.body_bytes_max = 1000;
    auto listening = HttpServer::listen(options, router_, {&context_}, metrics_);
    if (!listening) throw std::runtime_error(listening.error().message);
    server = std::move(*listening);
    thread_ = std::thread([this] { context_.run(); });
    std::string address = server->address();
    port = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  ~StreamingServer() {
    if (!closed_) close(5s);
    context_.stop();
    thread_.join();
    server.reset();  // before the context its timers belong to
  }

  void close(std::chrono::milliseconds deadline) {
    closed_ = true;
    auto done = std::make_shared<std::promise<void>>();
    server->close(deadline, [done] { done->set_value(); });
    EXPECT_EQ(done->get_future().wait_for(deadline + 5s), std::future_status::ready);
  }

  std::unique_ptr<HttpServer> server;
  uint16_t port = 0;

 private:
  void add_stream(const char* path, Task<HttpResponse> (*handler)(HttpRequest&)) {
    Route route{"POST", path, CorsPolicy::mirror, ErrorStyle::sdk, {}};
    route.handler = [handler](HttpRequest& request) { return request.source ? handler(request) : whole(request); };
    route.streams = is_stream;
    router_.add(std::move(route));
  }

  Metrics metrics_;
  Router router_;
  asio::io_context context_;
  std::thread thread_;
  bool closed_ = false;
};

class Peer {
 public:
  explicit Peer(const StreamingServer& server, int receive_buffer = 0) : socket(context_) {
    socket.open(tcp::v4());
    if (receive_buffer > 0) socket.set_option(asio::socket_base::receive_buffer_size(receive_buffer));
    socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), server.port));
    timeval limit{20, 0};
    setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }

  bool send(std::string_view bytes) {
    boost::system::error_code error;
    asio::write(socket, asio::buffer(bytes), error);
    return !error;
  }

  /// Until what arrived ends so, or the connection does.
  std::string read_until(std::string_view end) {
    std::string all;
    std::array<char, 65536> part;
    boost::system::error_code error;
    while (end.empty() || !all.ends_with(end)) {
      size_t bytes = socket.read_some(asio::buffer(part), error);
      if (error) break;
      all.append(part.data(), bytes);
    }
    return all;
  }
  std::string read_to_end() { return read_until({}); }

 private:
  asio::io_context context_;

 public:
  tcp::socket socket;
};

std::string get(const std::string& path, const char* version = "1.1", const char* method = "GET") {
  return std::string(method) + " " + path + " HTTP/" + version + "\r\nHost: a\r\n\r\n";
}

std::string upload_head(const std::string& path, const std::string& framing) {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Type: stream\r\n" + framing + "\r\n\r\n";
}

std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

bool comes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(5ms);
  return condition();
}

TEST(StreamedAnswer, ComesInChunksAndTheConnectionGoesOn) {
  StreamingServer server;
  Peer peer(server);
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(peer.send(get("/ten")));
    std::string answer = peer.read_until("0\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos);
    EXPECT_EQ(answer.find("Content-Length"), std::string::npos);
    EXPECT_EQ(body_of(answer), "3\r\niii\r\n3\r\nggg\r\n3\r\neee\r\n3\r\nccc\r\n3\r\naaa\r\n0\r\n\r\n");
  }
  ASSERT_TRUE(peer.send(get("/none")));
  EXPECT_EQ(body_of(peer.read_until("0\r\n\r\n")), "0\r\n\r\n");
  EXPECT_TRUE(comes_true([] { return producers_alive == 0; }));
}

TEST(StreamedAnswer, APipelinedRequestIsAnsweredBehindIt) {
  StreamingServer server;
  Peer peer(server);
  ASSERT_TRUE(peer.send(get("/ten") + get("/ten")));
  std::string answers = peer.read_until("0\r\n\r\n");
  if (answers.find("HTTP/1.1", 10) == std::string::npos) answers += peer.read_until("0\r\n\r\n");
  EXPECT_NE(answers.find("aaa\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"), std::string::npos) << answers;
}

TEST(StreamedAnswer, AnOldClientGetsItUntilTheConnectionEnds) {
  StreamingServer server;
  Peer peer(server);
  ASSERT_TRUE(peer.send(get("/ten", "1.0")));
  std::string answer = peer.read_to_end();
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_EQ(body_of(answer), "iiigggeeecccaaa");
}

TEST(StreamedAnswer, HeadGetsNoBody) {
  StreamingServer server;
  Peer peer(server);
  ASSERT_TRUE(peer.send(get("/ten", "1.1", "HEAD") + get("/none")));
  std::string answers = peer.read_until("0\r\n\r\n");
  EXPECT_EQ(answers.find("iii"), std::string::npos);
  EXPECT_NE(answers.find("\r\n\r\nHTTP/1.1 200 OK\r\n"), std::string::npos) << answers;
}

TEST(StreamedAnswer, AnErrorEndsTheConnectionInTheMiddleOfTheBody) {
  StreamingServer server;
  for (const char* path : {"/failed", "/thrown"}) {
    Peer peer(server);
    ASSERT_TRUE(peer.send(get(path)));
    std::string answer = peer.read_to_end();
    EXPECT_TRUE(answer.ends_with("5\r\naaaaa")) << answer;
    EXPECT_EQ(answer.find("secret detail"), std::string::npos);
  }
  EXPECT_TRUE(comes_true([] { return producers_alive == 0; }));
}

TEST(StreamedAnswer, IsMadeNoFasterThanItIsRead) {
  HttpServerOptions options;
  options.write_timeout = 2s;
  StreamingServer server(options);
  pieces_made = 0;
  Peer slow(server, 4096);
  ASSERT_TRUE(slow.send(get("/endless")));
  ASSERT_TRUE(comes_true([] { return pieces_made > 2; }));
  poll(nullptr, 0, 200);  // time to go on, if it did
  int made = pieces_made;
  EXPECT_LT(made, 100);  // what fits into the sockets' buffers
  // Others are served meanwhile, and who takes nothing is cut off.
  Peer other(server);
  ASSERT_TRUE(other.send(get("/ten")));
  EXPECT_TRUE(other.read_until("0\r\n\r\n").ends_with("aaa\r\n0\r\n\r\n"));
  EXPECT_TRUE(comes_true([] { return producers_alive == 0; }));
  EXPECT_LT(pieces_made, made + 30);
  EXPECT_FALSE(slow.read_to_end().ends_with("0\r\n\r\n"));
}

TEST(StreamedAnswer, IsGivenUpWhenTheClientLeaves) {
  StreamingServer server;
  {
    Peer peer(server);
    ASSERT_TRUE(peer.send(get("/endless")));
    ASSERT_TRUE(comes_true([] { return pieces_made > 2; }));
  }
  EXPECT_TRUE(comes_true([] { return producers_alive == 0; }));
}

TEST(StreamedAnswer, DoesNotHoldUpTheEndOfTheServer) {
  StreamingServer server;
  Peer peer(server, 4096);
  ASSERT_TRUE(peer.send(get("/endless")));
  ASSERT_TRUE(comes_true([] { return producers_alive == 1; }));
  server.close(300ms);
  EXPECT_TRUE(comes_true([] { return producers_alive == 0; }));
}

TEST(StreamedRequest, MayHaveAnyLength) {
  StreamingServer server;
  Peer peer(server);
  std::string block(100'000, 'x');
  for (std::string framing : {"Content-Length: 20000000", "Transfer-Encoding: chunked"}) {
    bool chunked = framing.find("chunked") != std::string::npos;
    ASSERT_TRUE(peer.send(upload_head("/take", framing)));
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(peer.send(chunked ? "186a0\r\n" + block + "\r\n" : block));
    if (chunked) {
      ASSERT_TRUE(peer.send("0\r\n\r\n"));
    }
    EXPECT_TRUE(peer.read_until("took 20000000").ends_with("took 20000000")) << framing;
    EXPECT_EQ(taken.sum, 20'000'000u * 'x');
  }
  ASSERT_TRUE(peer.send(upload_head("/take", "Content-Length: 0")));
  EXPECT_TRUE(peer.read_until("took 0").ends_with("took 0"));
}

TEST(StreamedRequest, OtherRequestsOfTheRouteKeepTheirLimit) {
  StreamingServer server;
  Peer peer(server);
  ASSERT_TRUE(peer.send("POST /take HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"));
  EXPECT_TRUE(peer.read_until("hello").ends_with("hello"));
  ASSERT_TRUE(peer.send("POST /take HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"));
  EXPECT_TRUE(peer.read_until("}").starts_with("HTTP/1.1 413 "));
}

TEST(StreamedRequest, WhatIsNotReadIsNotTaken) {
  StreamingServer server;
  Peer peer(server);
  may_read = false;
  ASSERT_TRUE(peer.send(upload_head("/late", "Content-Length: 100000000")));
  peer.socket.non_blocking(true);
  std::string block(1 << 20, 'x');
  size_t sent = 0;
  boost::system::error_code error;
  for (int pause = 0; pause < 40; ++pause) {  // until nothing goes any more
    while (sent < 100'000'000 && !error) {
      size_t bytes = std::min<size_t>(block.size(), 100'000'000 - sent);
      sent += peer.socket.write_some(asio::buffer(block.data(), bytes), error);
    }
    error.clear();
    pollfd writable{peer.socket.native_handle(), POLLOUT, 0};
    poll(&writable, 1, 10);
  }
  EXPECT_LT(sent, 30'000'000u);  // the sockets' buffers
  may_read = true;
  peer.socket.non_blocking(false);
  while (sent < 100'000'000) {
    size_t bytes = std::min<size_t>(block.size(), 100'000'000 - sent);
    ASSERT_TRUE(peer.send(std::string_view(block).substr(0, bytes)));
    sent += bytes;
  }
  EXPECT_TRUE(peer.read_until("took 100000000").ends_with("took 100000000"));
}

TEST(StreamedRequest, OneThatBreaksOffIsTold) {
  StreamingServer server;
  Peer short_one(server);
  ASSERT_TRUE(short_one.send(upload_head("/take", "Content-Length: 100") + "only this"));
  short_one.socket.shutdown(tcp::socket::shutdown_send);
  EXPECT_NE(short_one.read_to_end().find("the connection ended before the body did"), std::string::npos);
  EXPECT_EQ(taken.bytes, 9u);

  Peer malformed(server);
  ASSERT_TRUE(
      malformed.send(upload_head("/take", "Transfer-Encoding: chunked") + "3\r\nabc\r\nzz\r\n" + get("/whole")));
  std::string answer = malformed.read_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("HTTP/1.1", 10), std::string::npos) << "nothing behind it may be read as a request";
}

TEST(StreamedRequest, TheClientIsToldToGoOnWhenTheHandlerReads) {
  StreamingServer server;
  Peer wanted(server);
  ASSERT_TRUE(wanted.send(upload_head("/take", "Content-Length: 3\r\nExpect: 100-continue")));
  EXPECT_EQ(wanted.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(wanted.send("abc"));
  EXPECT_TRUE(wanted.read_until("took 3").ends_with("took 3"));

  Peer unwanted(server);
  ASSERT_TRUE(unwanted.send(upload_head("/nothing", "Content-Length: 3000000000\r\nExpect: 100-continue")));
  std::string answer = unwanted.read_until("not wanted");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST(StreamedRequest, SilenceAndTricklingAreCutOff) {
  HttpServerOptions options;
  options.body_timeout = 1s;
  StreamingServer server(options);
  Peer silent(server);
  ASSERT_TRUE(silent.send(upload_head("/take", "Content-Length: 100") + "some"));
  auto started = std::chrono::steady_clock::now();
  silent.read_to_end();
  EXPECT_LT(std::chrono::steady_clock::now() - started, 5s);

  Peer trickling(server);  // each wait is short, but all of them bring too little
  ASSERT_TRUE(trickling.send(upload_head("/take", "Content-Length: 100000")));
  int sent = 0;
  for (; sent < 100 && trickling.send("x"); ++sent) std::this_thread::sleep_for(100ms);
  EXPECT_LT(sent, 80);
}

TEST(StreamedRequest, EndsWithTheServerAndIsAnswered) {
  StreamingServer server;
  Peer peer(server);
  ASSERT_TRUE(peer.send(upload_head("/take", "Content-Length: 100") + "some"));
  ASSERT_TRUE(comes_true([] { return taken.bytes == 4; }));
  server.server->announce_shutdown();
  server.close(3s);
  EXPECT_TRUE(peer.read_to_end().starts_with("HTTP/1.1 503 "));
}

}  // namespace
}  // namespace tributary
