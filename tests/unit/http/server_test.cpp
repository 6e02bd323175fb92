// The real server on a free port, spoken to in raw bytes.
#include "connectors/http/server.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <future>
#include <stdexcept>
#include <thread>

#include "connectors/http/answers.h"
#include "connectors/http/ingest_bridge.h"
#include "connectors/http/lane.h"
#include "connectors/http/task.h"
#include "tests/unit/http/engine_without_customers.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

Task<HttpResponse> echo(HttpRequest& request) {
  HttpResponse response;
  response.body = request.body;
  response.headers.emplace_back("X-Target", request.target);
  co_return response;
}

Task<HttpResponse> throwing(HttpRequest&) {
  throw std::runtime_error("secret detail");
  co_return HttpResponse{};
}

Task<HttpResponse> slow(HttpRequest&) {
  asio::steady_timer timer(co_await asio::this_coro::executor, 300ms);
  co_await timer.async_wait(kUseTask);
  co_return json_response(R"({"slow":true})");
}

Task<HttpResponse> slower(HttpRequest&) {
  asio::steady_timer timer(co_await asio::this_coro::executor, 2500ms);
  co_await timer.async_wait(kUseTask);
  co_return json_response(R"({"slow":true})");
}

std::atomic<int> patient_handlers{0};

Task<HttpResponse> patient(HttpRequest& request) {
  ++patient_handlers;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (request.is_awaited()) {
    timer.expires_after(5ms);
    co_await timer.async_wait(kUseTask);
  }
  --patient_handlers;
  co_return json_response(R"({"patient":true})");
}

bool becomes(const std::atomic<int>& number, int wanted) {
  for (int i = 0; i < 2000 && number != wanted; ++i) std::this_thread::sleep_for(5ms);
  return number == wanted;
}

Task<HttpResponse> large(HttpRequest&) {
  HttpResponse response;
  response.content_type = "text/plain";
  response.body.assign(8 << 20, 'x');
  co_return response;
}

Router test_router() {
  Router router;
  router.add({"POST", "/v1/batch", CorsPolicy::mirror, ErrorStyle::sdk, echo});
  router.add({"POST", "/throw", CorsPolicy::mirror, ErrorStyle::sdk, throwing});
  router.add({"GET", "/slow", CorsPolicy::none, ErrorStyle::problem, slow});
  router.add({"GET", "/slower", CorsPolicy::none, ErrorStyle::problem, slower});
  router.add({"GET", "/slower/limited", CorsPolicy::none, ErrorStyle::problem, slower, 20s});
  router.add({"GET", "/patient", CorsPolicy::none, ErrorStyle::problem, patient, 20s});
  router.add({"GET", "/large", CorsPolicy::none, ErrorStyle::problem, large});
  router.add({"GET", "/v1/profiles/{id}", CorsPolicy::none, ErrorStyle::problem, echo});
  return router;
}

/// A server on threads of its own. The destructor closes it and fails the test when that does not end in time.
class RunningServer {
 public:
  explicit RunningServer(HttpServerOptions options = {}, size_t threads = 1) : router(test_router()) {
    options.listen = "127.0.0.1:0";
    std::vector<asio::io_context*> pointers;
    for (size_t i = 0; i < threads; ++i) contexts.push_back(std::make_unique<asio::io_context>(1));
    for (auto& context : contexts) pointers.push_back(context.get());
    auto listening = HttpServer::listen(options, router, pointers, metrics);
    if (!listening) throw std::runtime_error(listening.error().message);
    server = std::move(*listening);
    for (auto& context : contexts) {
      threads_.emplace_back([&context] { context->run(); });
    }
    std::string address = server->address();
    port = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

  ~RunningServer() {
    if (!closed) {
      EXPECT_TRUE(close(5s));
    }
    for (auto& context : contexts) context->stop();
    for (std::thread& thread : threads_) thread.join();
  }

  bool close(std::chrono::milliseconds deadline) {
    closed = true;
    auto done = std::make_shared<std::promise<void>>();
    server->close(deadline, [done] { done->set_value(); });
    return done->get_future().wait_for(deadline + 5s) == std::future_status::ready;
  }

  Metrics metrics;
  Router router;
  std::vector<std::unique_ptr<asio::io_context>> contexts;
  std::unique_ptr<HttpServer> server;
  uint16_t port = 0;
  bool closed = false;

 private:
  std::vector<std::thread> threads_;
};

class Client {
 public:
  explicit Client(const RunningServer& server) : socket_(context_) {
    socket_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), server.port));
    timeval limit{20, 0};  // a test that would hang fails instead
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }

  bool send(std::string_view bytes) {
    error_code error;
    asio::write(socket_, asio::buffer(bytes), error);
    return !error;
  }

  /// Everything up to the end of the connection; `reset` tells whether it ended with a reset.
  std::string read_to_end(bool* reset = nullptr) {
    std::string all;
    std::array<char, 65536> part;
    error_code error;
    while (true) {
      size_t bytes = socket_.read_some(asio::buffer(part), error);
      if (error) break;
      all.append(part.data(), bytes);
    }
    if (reset != nullptr) *reset = error != asio::error::eof;
    return all;
  }

  /// One answer with its Content-Length body.
  std::string read_answer(bool is_head = false) {
    while (true) {
      size_t end = buffered_.find("\r\n\r\n");
      if (end != std::string::npos) {
        size_t at = buffered_.find("Content-Length: ");
        size_t length = at < end && !is_head ? std::stoul(buffered_.substr(at + 16)) : 0;
        if (buffered_.size() >= end + 4 + length) {
          std::string answer = buffered_.substr(0, end + 4 + length);
          buffered_.erase(0, end + 4 + length);
          return answer;
        }
      }
      std::array<char, 65536> part;
      error_code error;
      size_t bytes = socket_.read_some(asio::buffer(part), error);
      if (error) return "connection ended: " + buffered_;
      buffered_.append(part.data(), bytes);
    }
  }

  tcp::socket& socket() { return socket_; }

 private:
  asio::io_context context_;
  tcp::socket socket_;
  std::string buffered_;
};

std::string post(const std::string& body, const std::string& fields = "", const std::string& path = "/v1/batch") {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string get(const std::string& path, const std::string& method = "GET") {
  return method + " " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

double seconds_of(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

TEST(Server, AnswersAndKeepsTheConnection) {
  RunningServer server;
  Client client(server);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(
        client.send(post("body " + std::to_string(i), "Origin: https://shop.example\r\nX-Request-Id: id-7\r\n")));
    std::string answer = client.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")) << answer;
    EXPECT_EQ(body_of(answer), "body " + std::to_string(i));
    EXPECT_TRUE(has(answer, "\r\nX-Request-Id: id-7\r\n"));
    EXPECT_TRUE(has(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
    EXPECT_TRUE(has(answer, "\r\nAccess-Control-Allow-Origin: https://shop.example\r\n"));
    EXPECT_FALSE(has(answer, "Connection: close"));
  }
  EXPECT_EQ(server.metrics.http_requests.value(), 3);
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
  RunningServer server;
  Client client(server);
  std::string bytes;
  for (int i = 0; i < 50; ++i)
    bytes += i % 7 == 3 ? get("/slow").replace(4, 5, "/v1/profiles/" + std::to_string(i)) : post(std::to_string(i));
  client.send(bytes);
  for (int i = 0; i < 50; ++i) {
    std::string answer = client.read_answer();
    if (i % 7 == 3) {
      EXPECT_TRUE(has(answer, "X-Target: /v1/profiles/" + std::to_string(i) + "\r\n"));
    } else {
      EXPECT_EQ(body_of(answer), std::to_string(i));
    }
  }
}

TEST(Server, HeadHasNoBody) {
  RunningServer server;
  Client client(server);
  client.send(get("/slow", "HEAD") + get("/slow"));
  std::string answer = client.read_answer(true);
  EXPECT_TRUE(has(answer, "Content-Length: 13\r\n"));
  EXPECT_EQ(body_of(client.read_answer()), R"({"slow":true})");
}

TEST(Server, Http10IsServedAndClosed) {
  RunningServer server;
  Client client(server);
  client.send("POST /v1/batch HTTP/1.0\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi");
  std::string all = client.read_to_end();
  EXPECT_TRUE(has(all, "Connection: close\r\n"));
  EXPECT_EQ(body_of(all), "hi");
}

TEST(Server, ALargeAnswerIsWrittenWhole) {
  RunningServer server;
  Client client(server);
  client.send(get("/large"));
  EXPECT_EQ(body_of(client.read_answer()), std::string(8 << 20, 'x'));
}

TEST(Server, ChunkedBodiesAreServedAndTheNextRequestFollows) {
  RunningServer server;
  Client client(server);
  client.send("POST /v1/batch HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe");
  // Sleeps: the two parts must arrive in two reads.
  std::this_thread::sleep_for(20ms);
  client.send("llo\r\n0\r\nX: y\r\n\r\n" + post("next"));
  EXPECT_EQ(body_of(client.read_answer()), "hello");
  EXPECT_EQ(body_of(client.read_answer()), "next");
}

TEST(Server, ExpectContinueIsAnsweredBeforeTheBody) {
  RunningServer server;
  Client client(server);
  client.send("POST /v1/batch HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  EXPECT_EQ(body_of(client.read_answer()), "hi");
}

TEST(Server, ExpectContinueIsRefusedFinally) {
  RunningServer server;
  for (std::string head :
       {"POST /v1/batch HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 999999999\r\n\r\n",
        "POST /nope HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"}) {
    Client client(server);
    client.send(head);
    std::string answer = client.read_answer();
    EXPECT_FALSE(has(answer, "100 Continue"));
    EXPECT_TRUE(has(answer, "Connection: close"));
  }
}

/// What must never be read as more than one request: one answer, then the end.
class Smuggling : public testing::TestWithParam<std::string> {};

TEST_P(Smuggling, GivesExactlyOneAnswerAndCloses) {
  RunningServer server;
  Client client(server);
  auto start = steady_clock::now();
  client.send(GetParam() + "POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nsmuggled");
  bool reset = true;
  std::string all = client.read_to_end(&reset);
  EXPECT_LT(seconds_of(start), 1.0);
  EXPECT_FALSE(reset);
  EXPECT_EQ(count_of(all, "HTTP/1.1 "), 1u) << all;
  EXPECT_TRUE(all.starts_with("HTTP/1.1 400 ") || all.starts_with("HTTP/1.1 405 ") ||
              all.starts_with("HTTP/1.1 414 ") || all.starts_with("HTTP/1.1 431 "))
      << all;
  EXPECT_TRUE(has(all, "Connection: close\r\n"));
  EXPECT_TRUE(has(all, R"("success":false,"code":)"));
  EXPECT_FALSE(has(all, "smuggled"));
}

std::string framed(const std::string& fields, const std::string& body) {
  return "POST /v1/batch HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}

std::string chunks(const std::string& body) { return framed("Transfer-Encoding: chunked\r\n", body); }

INSTANTIATE_TEST_SUITE_P(
    Rows, Smuggling,
    testing::Values(framed("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                    framed("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
                    framed("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", "hello"),
                    framed("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
                    framed("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
                    framed("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                    framed("Content-Length: 5, 5\r\n", "hello"), framed("Content-Length: +5\r\n", "hello"),
                    framed("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
                    framed("Content-Length: 00000000000000000005\r\n", "hello"),
                    std::string("POST /v1/batch HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"), framed("Host: b\r\n", ""),
                    framed("A: b\r\n c\r\n", ""), framed("Content-Length : 5\r\n", "hello"),
                    std::string("GET / HTTP/1.1\nHost: a\n\n"), chunks("0x5\r\nhello\r\n0\r\n\r\n"),
                    chunks("5\nhello\r\n0\r\n\r\n"), chunks("fffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
                    chunks("5;" + std::string(65536, 'x') + "\r\nhello\r\n0\r\n\r\n"),
                    chunks("5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n"),
                    chunks("5\r\nhello\r\n0\r\nAuthorization: Basic eA==\r\n\r\n"),
                    std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), std::string("GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
                    std::string("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
                    std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello"),
                    std::string("\x80\x81\x82\x00 binary", 12),
                    "GET /" + std::string(9 << 10, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n",
                    framed("A: " + std::string(33 << 10, 'a') + "\r\n", ""),
                    framed(
                        [] {
                          std::string fields;
                          for (int i = 0; i < 10'000; ++i) fields += "A: b\r\n";
                          return fields;
                        }(),
                        "")));

TEST(Server, AChunkedHttp10RequestIsRefused) {
  RunningServer server;
  Client client(server);
  client.send("POST /v1/batch HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 400 "));
}

TEST(Server, PathsAreCollapsedWithoutARedirect) {
  RunningServer server;
  Client client(server);
  client.send(post("x", "", "//v1//batch/"));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200 "));
  std::string deep = "/";
  for (int i = 0; i < 4000; ++i) deep += "a/";
  for (const std::string& path : {std::string("/..%2f..%2fetc"), deep}) {
    Client another(server);
    another.send(get(path));
    EXPECT_TRUE(another.read_answer().starts_with("HTTP/1.1 404 ")) << path.substr(0, 40);
  }
  for (std::string path : {"/%00", "/%c0%af", "/a/../b"}) {
    Client another(server);
    another.send(get(path));
    EXPECT_TRUE(another.read_to_end().starts_with("HTTP/1.1 400 ")) << path;
  }
}

TEST(Server, WrongMethodsNameTheRightOnes) {
  RunningServer server;
  Client client(server);
  client.send(get("/v1/batch") + get("/v1/batch", "TRACE") + get("/slow", "OPTIONS"));
  std::string answer = client.read_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(has(answer, "Allow: OPTIONS, POST\r\n"));
  EXPECT_TRUE(has(answer, "Access-Control-Allow-Origin: *\r\n"));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 405 "));
  answer = client.read_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(has(answer, "Allow: GET, HEAD\r\n"));
  EXPECT_FALSE(has(answer, "Access-Control"));
}

TEST(Server, EveryCollectionPathAnswersPreflights) {
  RunningServer server;
  Client client(server);
  for (std::string path : {"/v1/batch", "/no/such/path", "*"}) {
    client.send("OPTIONS " + path +
                " HTTP/1.1\r\nHost: a\r\nOrigin: https://s.example\r\nAccess-Control-Request-Headers: x-a\r\n\r\n");
    std::string answer = client.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")) << answer;
    EXPECT_TRUE(has(answer, "Access-Control-Allow-Headers: x-a\r\n"));
    EXPECT_FALSE(has(answer, "Connection: close"));
  }
}

TEST(Server, ErrorsOnCollectionPathsCarryCors) {
  RunningServer server;
  Client client(server);
  client.send("POST /v1/batch HTTP/1.1\r\nHost: a\r\nOrigin: https://s.example\r\nContent-Length: 10000000000\r\n\r\n");
  std::string all = client.read_answer();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 413 ")) << all;
  EXPECT_TRUE(has(all, "Access-Control-Allow-Origin: https://s.example\r\n"));
  EXPECT_TRUE(has(all, R"("code":"payload_too_large","message":"body is larger than the limit")"));
}

TEST(Server, AQueryRouteSendsNoCorsHeader) {
  RunningServer server;
  Client client(server);
  client.send("GET /v1/profiles/x HTTP/1.1\r\nHost: a\r\nOrigin: https://s.example\r\n\r\n");
  EXPECT_FALSE(has(client.read_answer(), "Access-Control"));
}

TEST(Server, TheBodyOfARefusedRequestIsSkipped) {
  RunningServer server;
  Client client(server);
  std::string body(300'000, 'x');
  client.send(post(body, "", "/nope") + post("next"));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 404 "));
  EXPECT_EQ(body_of(client.read_answer()), "next");
}

TEST(Server, AThrowingHandlerAnswers500AndTheProcessLives) {
  RunningServer server;
  Client client(server);
  client.send(post("x", "", "/throw") + post("alive"));
  std::string answer = client.read_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(has(answer, R"("code":"internal")"));
  EXPECT_FALSE(has(answer, "secret"));
  EXPECT_EQ(body_of(client.read_answer()), "alive");
}

TEST(Server, BodyLimitHoldsAtTheByte) {
  HttpServerOptions options;
  options.body_bytes_max = 100'000;
  RunningServer server(options);
  for (size_t bytes : {size_t{99'999}, size_t{100'000}}) {
    Client client(server);
    client.send(post(std::string(bytes, 'x')));
    EXPECT_EQ(body_of(client.read_answer()).size(), bytes);
  }
  Client client(server);
  client.send(post(std::string(100'001, 'x')));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 413 "));
}

TEST(Server, ATooLargeBodyStillReadsItsAnswer) {
  RunningServer server;
  for (bool chunked : {false, true}) {
    Client client(server);
    std::string body(6 << 20, 'x');
    if (chunked) {
      client.send("POST /v1/batch HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n600000\r\n");
    } else {
      client.send("POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 6291456\r\n\r\n");
    }
    EXPECT_TRUE(client.send(body));  // a blocking client sends everything before it reads
    bool reset = true;
    std::string all = client.read_to_end(&reset);
    EXPECT_TRUE(all.starts_with("HTTP/1.1 413 ")) << all;
    EXPECT_TRUE(has(all, "Connection: close\r\n"));
    EXPECT_FALSE(reset);
  }
}

TEST(Server, AnEndlessChunkedBodyEnds) {
  HttpServerOptions options;
  options.body_bytes_max = 200'000;
  options.linger_timeout = 1s;
  RunningServer server(options);
  Client client(server);
  client.send("POST /v1/batch HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
  auto start = steady_clock::now();
  while (client.send(chunk) && seconds_of(start) < 10) {
  }
  EXPECT_LT(seconds_of(start), 8.0);
}

HttpServerOptions impatient() {
  HttpServerOptions options;
  options.header_timeout = 1s;
  options.body_timeout = 2s;
  options.idle_timeout = 1s;
  options.write_timeout = 1s;
  return options;
}

/// Seconds until the server ends the connection while the client sends `byte` every 100 ms.
double seconds_until_cut(Client& client, std::string_view byte) {
  auto start = steady_clock::now();
  client.socket().non_blocking(true);
  std::array<char, 4096> part;
  while (seconds_of(start) < 10) {
    error_code error;
    if (!byte.empty()) client.socket().write_some(asio::buffer(byte), error);
    client.socket().read_some(asio::buffer(part), error);
    if (error && error != asio::error::would_block) break;
    // Sleeps: a slow sender is what is tested.
    std::this_thread::sleep_for(50ms);
  }
  return seconds_of(start);
}

TEST(Server, SlowClientsAreCutWithinTheirTimeoutAndASecond) {
  RunningServer server(impatient());
  Client silent(server);
  EXPECT_NEAR(seconds_until_cut(silent, ""), 1.5, 0.5);
  Client slow_head(server);
  slow_head.send("POST /v1/batch HTTP/1.1\r\nHost: a\r\nX: ");
  EXPECT_NEAR(seconds_until_cut(slow_head, "x"), 1.5, 0.5);
  Client slow_body(server);
  slow_body.send("POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_NEAR(seconds_until_cut(slow_body, std::string(1000, 'x')), 2.5, 0.5);
  Client idle(server);
  idle.send(post("x"));
  idle.read_answer();
  EXPECT_NEAR(seconds_until_cut(idle, ""), 1.5, 0.5);
}

TEST(Server, ABodyBelowTheMinimumRateIsCutBeforeItsTimeout) {
  HttpServerOptions options;
  options.body_timeout = 30s;
  RunningServer server(options);
  Client client(server);
  client.send("POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_NEAR(seconds_until_cut(client, "x"), 2.5, 0.7);
}

TEST(Server, ARouteMayGrantItsHandlerMoreTime) {
  HttpServerOptions options;
  options.request_timeout = 1s;
  RunningServer server(options, 2);
  Client cut(server);
  Client granted(server);
  cut.send(get("/slower"));
  granted.send(get("/slower/limited"));
  EXPECT_EQ(cut.read_to_end(), "");
  EXPECT_EQ(body_of(granted.read_answer()), R"({"slow":true})");
}

TEST(Server, AHandlerLearnsThatNobodyWaitsAnyMore) {
  RunningServer server;
  auto gone = std::make_unique<Client>(server);
  Client waiting(server);
  gone->send(get("/patient") + get("/slow"));
  waiting.send(get("/patient"));
  ASSERT_TRUE(becomes(patient_handlers, 2));
  gone.reset();
  ASSERT_TRUE(becomes(patient_handlers, 1)) << "also with a request behind it that nobody has read";
  server.server->announce_shutdown();
  EXPECT_EQ(body_of(waiting.read_to_end()), R"({"patient":true})");
  EXPECT_EQ(patient_handlers, 0);
}

TEST(Server, AClientThatDoesNotReadIsCut) {
  RunningServer server(impatient());
  Client client(server);
  client.send(get("/large") + get("/large"));
  // Sleeps: the writer's deadline must pass.
  std::this_thread::sleep_for(2500ms);
  bool reset = false;
  std::string all = client.read_to_end(&reset);
  EXPECT_LT(all.size(), size_t{16} << 20);
}

TEST(Server, BeyondTheBytesInFlightIsOverloaded) {
  HttpServerOptions options;
  options.bytes_in_flight_max = 300'000;
  RunningServer server(options);
  Client holder(server);
  holder.send("POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n" + std::string(200'000, 'x'));
  // Sleeps: what the server has buffered does not show outside.
  std::this_thread::sleep_for(100ms);
  Client client(server);
  client.send("POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x'));
  std::string answer = client.read_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_TRUE(has(answer, R"("code":"overloaded")"));
  EXPECT_TRUE(has(answer, "Retry-After: "));
  Client small(server);
  small.send(post("small"));
  EXPECT_EQ(body_of(small.read_answer()), "small");
  holder.socket().close();
  // Sleeps: the server's view of a closed peer does not show outside.
  std::this_thread::sleep_for(100ms);
  Client later(server);
  later.send(post(std::string(200'000, 'x')));
  EXPECT_TRUE(later.read_answer().starts_with("HTTP/1.1 200 "));
}

TEST(Server, ConnectionsBeyondTheLimitAreRefusedAndCounted) {
  for (bool per_address : {false, true}) {
    HttpServerOptions options;
    (per_address ? options.connections_per_address_max : options.connections_max) = 2;
    RunningServer server(options);
    auto first = std::make_unique<Client>(server);
    Client second(server);
    first->send(post("a"));
    second.send(post("b"));
    first->read_answer();
    second.read_answer();
    Client third(server);
    EXPECT_EQ(third.read_to_end(), "");
    EXPECT_EQ(server.metrics.http_connections_refused.value(), 1);
    first.reset();
    // Sleeps: the server's view of a closed peer does not show outside.
    std::this_thread::sleep_for(100ms);
    Client fourth(server);
    fourth.send(post("c"));
    EXPECT_EQ(body_of(fourth.read_answer()), "c");
  }
}

TEST(Server, TheLastRequestOfAConnectionClosesIt) {
  HttpServerOptions options;
  options.requests_per_connection_max = 2;
  RunningServer server(options);
  Client client(server);
  client.send(post("1") + post("2") + post("3"));
  std::string all = client.read_to_end();
  EXPECT_EQ(count_of(all, "HTTP/1.1 200"), 2u);
  EXPECT_EQ(count_of(all, "Connection: close"), 1u);
}

TEST(Server, AcceptSurvivesWithoutDescriptors) {
  RunningServer server;
  Client before(server);
  before.send(post("a"));
  before.read_answer();
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  // The clients' own descriptors come first; then the limit falls to what is open, so the server's accepts fail.
  std::vector<int> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(::socket(AF_INET, SOCK_STREAM, 0));
  rlimit tight{static_cast<rlim_t>(clients.back() + 1), old.rlim_max};
  setrlimit(RLIMIT_NOFILE, &tight);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int answered = 0;
  for (int client : clients) {
    timeval limit{5, 0};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address);
    std::array<char, 1024> part;
    ssize_t bytes = ::recv(client, part.data(), part.size(), 0);
    if (bytes > 0 && std::string_view(part.data(), static_cast<size_t>(bytes)).starts_with("HTTP/1.1 503 ")) ++answered;
  }
  EXPECT_EQ(answered, 5);
  before.send(post("still served"));
  EXPECT_EQ(body_of(before.read_answer()), "still served");
  setrlimit(RLIMIT_NOFILE, &old);
  for (int client : clients) ::close(client);
  EXPECT_GE(server.metrics.http_connections_refused.value(), 5);
  Client after(server);
  after.send(post("b"));
  EXPECT_EQ(body_of(after.read_answer()), "b");
}

TEST(Server, WhileDrainingCollectionIsRefusedAndReadsGoOn) {
  RunningServer server;
  Client collector(server);
  Client reader(server);
  collector.send(post("a"));
  collector.read_answer();
  server.server->announce_shutdown();
  collector.send(post("b"));
  std::string answer = collector.read_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(has(answer, R"("code":"shutting_down")"));
  EXPECT_TRUE(has(answer, "Retry-After: "));
  EXPECT_TRUE(has(answer, "Connection: close\r\n"));
  reader.send(get("/v1/profiles/x"));
  answer = reader.read_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(has(answer, "Connection: close\r\n"));
}

TEST(Server, CloseLetsRequestsFinishAndEndsIdleConnections) {
  RunningServer server({}, 2);
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 8; ++i) {
    idle.push_back(std::make_unique<Client>(server));
    idle.back()->send(post("a"));
    idle.back()->read_answer();
  }
  Client busy(server);
  busy.send(get("/slow"));
  // Sleeps: the handler must have begun.
  std::this_thread::sleep_for(50ms);
  auto answer = std::async(std::launch::async, [&] { return busy.read_to_end(); });
  auto ends = std::async(std::launch::async, [&] {
    for (auto& client : idle) EXPECT_EQ(client->read_to_end(), "");
    idle.clear();
  });
  auto start = steady_clock::now();
  EXPECT_TRUE(server.close(5s));
  EXPECT_GE(seconds_of(start), 0.2);
  EXPECT_LT(seconds_of(start), 3.0);
  EXPECT_EQ(body_of(answer.get()), R"({"slow":true})");
  ends.get();
  error_code error;
  asio::io_context context;
  tcp::socket late(context);
  late.connect(tcp::endpoint(asio::ip::address_v4::loopback(), server.port), error);
  EXPECT_TRUE(error);
}

TEST(Server, CloseIsHardAtItsDeadline) {
  RunningServer server;
  Client client(server);
  client.send("POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx");
  // Sleeps: the request must be in progress.
  std::this_thread::sleep_for(50ms);
  auto start = steady_clock::now();
  EXPECT_TRUE(server.close(300ms));
  EXPECT_LT(seconds_of(start), 1.0);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(Server, ATakenPortIsUnavailable) {
  RunningServer server({}, 2);
  for (size_t contexts : {size_t{1}, size_t{2}}) {
    std::vector<std::unique_ptr<asio::io_context>> owned;
    std::vector<asio::io_context*> pointers;
    for (size_t i = 0; i < contexts; ++i)
      pointers.push_back(owned.emplace_back(std::make_unique<asio::io_context>()).get());
    HttpServerOptions options;
    options.listen = server.server->address();
    auto second = HttpServer::listen(options, server.router, pointers, server.metrics);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::unavailable);
    EXPECT_NE(second.error().message.find(options.listen), std::string::npos);
  }
}

TEST(Server, BadListenAddressesAreNamed) {
  Metrics metrics;
  Router router;
  asio::io_context context;
  for (const char* listen :
       {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "127.0.0.1:80 "}) {
    HttpServerOptions options;
    options.listen = listen;
    auto server = HttpServer::listen(options, router, {&context}, metrics);
    ASSERT_FALSE(server) << listen;
    EXPECT_EQ(server.error().code, ErrorCode::config);
  }
}

/// A key and a certificate that signs itself, as files.
class TlsFiles {
 public:
  TlsFiles() : folder_(std::filesystem::temp_directory_path() / ("tributary_tls_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1,
                               0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    FILE* file = std::fopen(certificate_file().c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen(key_file().c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~TlsFiles() { std::filesystem::remove_all(folder_); }
  std::string certificate_file() const { return folder_ / "certificate.pem"; }
  std::string key_file() const { return folder_ / "key.pem"; }

 private:
  std::filesystem::path folder_;
};

HttpServerOptions tls_options(const TlsFiles& files) {
  HttpServerOptions options;
  options.tls_certificate_file = files.certificate_file();
  options.tls_key_file = files.key_file();
  return options;
}

TEST(TlsServer, SpeaksTlsAndClosesItProperly) {
  TlsFiles files;
  RunningServer server(tls_options(files));
  asio::ssl::context tls(asio::ssl::context::tls_client);
  asio::io_context context;
  asio::ssl::stream<tcp::socket> stream(context, tls);
  stream.next_layer().connect(tcp::endpoint(asio::ip::address_v4::loopback(), server.port));
  stream.handshake(asio::ssl::stream_base::client);
  std::string body(100'000, 'y');
  asio::write(stream, asio::buffer(post(body) + post("last", "Connection: close\r\n")));
  std::string all;
  error_code error;
  asio::read(stream, asio::dynamic_buffer(all), error);
  EXPECT_EQ(error, asio::error::eof);  // a close_notify, not a cut
  EXPECT_EQ(count_of(all, "HTTP/1.1 200 OK"), 2u);
  EXPECT_TRUE(has(all, body)) << all.size();
  EXPECT_TRUE(all.ends_with("last"));
}

TEST(TlsServer, OldVersionsAndWeakSuitesAreRefused) {
  TlsFiles files;
  RunningServer server(tls_options(files));
  auto connects = [&](int version_max, const char* ciphers) {
    asio::ssl::context tls(asio::ssl::context::tls_client);
    SSL_CTX_set_security_level(tls.native_handle(), 0);
    SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(tls.native_handle(), version_max);
    if (ciphers != nullptr) {
      EXPECT_EQ(SSL_CTX_set_cipher_list(tls.native_handle(), ciphers), 1);
    }
    asio::io_context context;
    asio::ssl::stream<tcp::socket> stream(context, tls);
    stream.next_layer().connect(tcp::endpoint(asio::ip::address_v4::loopback(), server.port));
    error_code error;
    stream.handshake(asio::ssl::stream_base::client, error);
    return !error;
  };
  EXPECT_TRUE(connects(TLS1_3_VERSION, nullptr));
  EXPECT_TRUE(connects(TLS1_2_VERSION, nullptr));
  EXPECT_FALSE(connects(TLS1_1_VERSION, nullptr));
  EXPECT_FALSE(connects(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256"));
}

TEST(TlsServer, APlainRequestEndsAtOnce) {
  TlsFiles files;
  RunningServer server(tls_options(files));
  Client client(server);
  auto start = steady_clock::now();
  client.send(get("/slow"));
  EXPECT_FALSE(has(client.read_to_end(), "HTTP/1.1 200"));
  EXPECT_LT(seconds_of(start), 1.0);
}

TEST(TlsServer, MissingFilesAreNamed) {
  TlsFiles files;
  Metrics metrics;
  Router router;
  asio::io_context context;
  HttpServerOptions options = tls_options(files);
  options.listen = "127.0.0.1:0";
  options.tls_certificate_file += ".nope";
  auto server = HttpServer::listen(options, router, {&context}, metrics);
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find(".nope"), std::string::npos);
  options.tls_certificate_file.clear();
  EXPECT_FALSE(HttpServer::listen(options, router, {&context}, metrics));
}

// A peer that resets between accept and session: the socket no longer knows it, the count must.
TEST(Session, IsCountedOutUnderTheAddressItWasCountedInUnder) {
  asio::io_context context(1);
  Metrics metrics;
  Router router = test_router();
  auto state = std::make_shared<ServerState>(HttpServerOptions{}, router, metrics);
  state->addresses = std::make_unique<AddressCounts>();
  auto lane = std::make_shared<Lane>(context, state);
  asio::ip::address peer = asio::ip::make_address("192.0.2.7");
  ++state->connections;
  state->addresses->add(peer);
  TcpStream::socket_type reset(context.get_executor(), tcp::v4());
  start_session(lane, peer, std::move(reset));
  context.run();
  EXPECT_EQ(state->connections, 0u);
  EXPECT_EQ(state->addresses->add(peer), 1u);
  EXPECT_EQ(state->addresses->add(asio::ip::address()), 1u);
}

/// An engine that completes on a thread of its own, as the real one does.
class ThreadedEngine final : public fixtures::EngineWithoutCustomers {
 public:
  ~ThreadedEngine() override { stop(); }
  void ingest(IngestRequest request, std::function<void(IngestOutcome)> done) override {
    threads_.emplace_back([items = request.items.size(), done = std::move(done)] {
      done(IngestOutcome{std::nullopt, std::vector<ItemOutcome>(items, ItemOutcome::duplicate)});
    });
  }
  void stop() override {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::vector<std::thread> threads_;
};

Task<void> ingest_some(Engine& engine, size_t items, std::vector<size_t>& seen, std::thread::id thread) {
  IngestRequest request;
  request.items.resize(items, Rejected{});
  size_t copies = 0;
  std::function<void()> count = [&copies] { ++copies; };
  IngestOutcome outcome = co_await async_ingest(engine, std::move(request), std::move(count), kUseTask);
  EXPECT_EQ(std::this_thread::get_id(), thread);
  EXPECT_EQ(copies, 1u);
  seen.push_back(outcome.items.size());
}

TEST(Answers, TakeFurtherMembers) {
  HttpResponse response = error_response(RejectionCode::invalid_rules, ErrorStyle::problem, HttpRequest{});
  add_member(response, "mistakes", "[1]");
  EXPECT_EQ(response.status, 422);
  EXPECT_TRUE(response.body.ends_with(R"(,"mistakes":[1]})")) << response.body;
}

TEST(IngestBridge, CompletesOnTheCallersExecutorExactlyOnce) {
  ThreadedEngine engine;
  asio::io_context context(1);
  std::vector<size_t> seen;
  for (size_t i = 1; i <= 20; ++i) {
    asio::co_spawn(context, ingest_some(engine, i, seen, std::this_thread::get_id()), asio::detached);
  }
  context.run();
  std::sort(seen.begin(), seen.end());
  ASSERT_EQ(seen.size(), 20u);
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i + 1);
}

}  // namespace
}  // namespace tributary
