// What a request holds while the engine works on its events.
#include "connectors/sdk/collector.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "connectors/http/memory_charge.h"
#include "connectors/http/task.h"
#include "tests/unit/http/deflated.h"
#include "tests/unit/http/engine_without_customers.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
using fixtures::gzip;

/// An engine whose disk is as slow as the test wants.
class HeldEngine final : public fixtures::EngineWithoutCustomers {
 public:
  void ingest(IngestRequest request, std::function<void(IngestOutcome)> done) override {
    held.emplace_back([items = request.items.size(), done = std::move(done)] {
      done(IngestOutcome{std::nullopt, std::vector<ItemOutcome>(items, ItemOutcome::accepted)});
    });
  }

  std::vector<std::function<void()>> held;
};

/// A request and what became of it.
struct Sent {
  explicit Sent(BytesInFlight& all, std::string body) : charge(all) {
    request.method = "POST";
    request.headers = {{"authorization", "Basic d2s6"}};  // wk:
    request.body = std::move(body);
    request.body.reserve(request.body.size() + kBodyPaddingBytes);
    request.charge = &charge;
  }

  MemoryCharge charge;
  HttpRequest request;
  std::optional<HttpResponse> response;
};

Task<void> collect(Collector& collector, Sent& sent) {
  sent.response = co_await collector.collect(sent.request, CollectRoute{});
}

class CollectorTest : public testing::Test {
 protected:
  static CurrentKeyRing ring() {
    Source source;
    source.id = "web";
    source.write_keys = {"wk"};
    return CurrentKeyRing(std::make_shared<KeyRing>(std::vector<Source>{source}, std::vector<ApiKey>{}));
  }

  void send(Sent& sent) {
    asio::co_spawn(context, collect(collector, sent), asio::detached);
    run();
  }
  void run() {
    context.restart();
    context.poll();
  }

  asio::io_context context{1};
  HeldEngine engine;
  CurrentKeyRing keys = ring();
  Metrics metrics;
  Collector collector{SdkServices{engine, keys, metrics, IngestLimits{}, ""}};
  BytesInFlight all{2 << 20};
};

std::string batch_of_900_kb() {
  std::string event = R"({"type":"track","event":"e","userId":"u","p":")" + std::string(450'000, 'x') + R"("})";
  return R"({"batch":[)" + event + "," + event + "]}";
}

TEST_F(CollectorTest, DecompressedTextCountsUntilItsAnswer) {
  std::string body = gzip(batch_of_900_kb());
  Sent first(all, body), second(all, body), third(all, body), fourth(all, body);
  send(first);
  send(second);
  EXPECT_EQ(engine.held.size(), 2u);
  EXPECT_GE(all.bytes, 1'800'000u);
  send(third);
  ASSERT_TRUE(third.response);
  EXPECT_EQ(third.response->status, 503);
  EXPECT_NE(third.response->body.find(R"("code":"overloaded")"), std::string::npos);
  EXPECT_EQ(engine.held.size(), 2u);
  third.charge.clear();
  engine.held[0]();
  run();
  ASSERT_TRUE(first.response);
  EXPECT_EQ(first.response->status, 200);
  first.charge.clear();
  send(fourth);
  EXPECT_EQ(engine.held.size(), 3u);
  engine.held[1]();
  engine.held[2]();
  run();
  EXPECT_EQ(fourth.response->status, 200);
}

TEST_F(CollectorTest, TheBodyIsGivenBackWhileTheEngineWorks) {
  Sent sent(all, batch_of_900_kb());
  send(sent);
  ASSERT_EQ(engine.held.size(), 1u);
  EXPECT_FALSE(sent.response);
  EXPECT_LT(sent.request.body.capacity(), 1000u);
  engine.held[0]();
  run();
  EXPECT_EQ(sent.response->status, 200);
}

TEST_F(CollectorTest, AKeyAsABearerTokenIsToldWhereKeysStand) {
  Sent sent(all, R"({"batch":[{"type":"track","event":"e","userId":"u"}]})");
  sent.request.headers = {{"authorization", "Bearer wk"}};
  send(sent);
  ASSERT_TRUE(sent.response);
  EXPECT_EQ(sent.response->status, 401);
  EXPECT_NE(sent.response->body.find(R"("code":"missing_write_key")"), std::string::npos) << sent.response->body;
  EXPECT_NE(sent.response->body.find("expected as the user name of Basic"), std::string::npos) << sent.response->body;
}

TEST_F(CollectorTest, ABearerTokenBesideAKeyInTheBodyIsNoMistake) {
  Sent sent(all, R"({"writeKey":"wk","batch":[{"type":"track","event":"e","userId":"u"}]})");
  sent.request.headers = {{"authorization", "Bearer token"}};
  send(sent);
  EXPECT_EQ(engine.held.size(), 1u);
  engine.held[0]();
  run();
}

}  // namespace
}  // namespace tributary
