// Lines of a long body on their way into an engine that has good and bad days.
#include "connectors/sdk/stream_import.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <deque>

#include "connectors/http/body_stream.h"
#include "tests/unit/http/deflated.h"
#include "tests/unit/http/engine_without_customers.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

/// Answers as the test says, one batch after the other; by default it takes everything at once.
class MoodyEngine final : public fixtures::EngineWithoutCustomers {
 public:
  void ingest(IngestRequest request, std::function<void(IngestOutcome)> done) override {
    most_under_way = std::max(most_under_way, held.size() + 1);
    std::vector<std::string> ids;
    for (const ParsedItem& item : request.items) {
      ids.push_back(std::visit([](const auto& each) { return each.message_id; }, item));
    }
    auto answer = [this, ids, done = std::move(done)] {
      std::optional<RejectionCode> refused;
      if (!moods.empty()) {
        refused = moods.front();
        moods.pop_front();
      }
      if (refused) return done(IngestOutcome{refused, {}});
      taken.insert(taken.end(), ids.begin(), ids.end());
      done(IngestOutcome{std::nullopt, std::vector<ItemOutcome>(ids.size(), ItemOutcome::accepted)});
    };
    if (hold) {
      held.push_back(std::move(answer));
    } else {
      answer();
    }
  }

  bool hold = false;
  std::deque<std::function<void()>> held;
  std::deque<std::optional<RejectionCode>> moods;
  std::vector<std::string> taken;
  size_t most_under_way = 0;
};

/// A body in pieces, which may end in an error.
class PieceSource final : public BodySource {
 public:
  PieceSource(std::string body, size_t step, std::optional<Error> error = std::nullopt)
      : body_(std::move(body)), step_(step), error_(std::move(error)) {}
  Task<Result<std::string_view>> read() override {
    std::string_view piece = std::string_view(body_).substr(at_, step_);
    at_ += piece.size();
    if (piece.empty() && error_) co_return *error_;
    co_return piece;
  }
  size_t taken() const { return at_; }

 private:
  const std::string body_;
  const size_t step_;
  const std::optional<Error> error_;
  size_t at_ = 0;
};

std::string line_of(int number, bool with_id = true) {
  std::string id = with_id ? ",\"messageId\":\"m" + std::to_string(number) + "\"" : "";
  return "{\"type\":\"track\",\"event\":\"e\",\"userId\":\"u\"" + id + "}\n";
}

std::string lines_to(int count) {
  std::string text;
  for (int number = 1; number <= count; ++number) text += line_of(number);
  return text;
}

class StreamImportTest : public testing::Test {
 protected:
  StreamImportTest() {
    request.method = "POST";
    request.headers = {{"authorization", "Basic d2s6"}};  // wk:
  }

  static CurrentKeyRing ring() {
    Source source;
    source.id = "web";
    source.write_keys = {"wk"};
    source.trust = SourceTrust::server;
    Source page;
    page.id = "page";
    page.write_keys = {"public"};
    return CurrentKeyRing(std::make_shared<KeyRing>(std::vector<Source>{source, page}, std::vector<ApiKey>{}));
  }

  static Task<void> collect(StreamImport& import, HttpRequest& request, std::optional<HttpResponse>& response) {
    response = co_await import.collect(request);
  }

  void start(BodySource& source) {
    request.source = &source;
    response.reset();
    asio::co_spawn(context, collect(import, request, response), asio::detached);
  }

  /// Runs until there is an answer.
  json::object answer_to(BodySource& source) {
    start(source);
    return answer();
  }

  json::object answer() {
    auto until = std::chrono::steady_clock::now() + 20s;
    while (!response && std::chrono::steady_clock::now() < until) {
      context.restart();
      context.run_for(20ms);
    }
    if (!response) throw std::runtime_error("no answer");
    return json::parse(response->body).as_object();
  }

  asio::io_context context{1};
  MoodyEngine engine;
  CurrentKeyRing keys = ring();
  Metrics metrics;
  std::shared_ptr<Collector> collector =
      std::make_shared<Collector>(SdkServices{engine, keys, metrics, IngestLimits{}, ""});
  StreamImport import{collector};
  HttpRequest request;
  std::optional<HttpResponse> response;
};

TEST_F(StreamImportTest, AllLinesAreTakenInOrder) {
  for (size_t step : {size_t{7}, size_t{4096}, size_t{1} << 20}) {
    engine.taken.clear();
    PieceSource source(lines_to(1777), step);
    json::object said = answer_to(source);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(said["accepted"], 1777);
    EXPECT_EQ(said["lines"], 1777);
    EXPECT_EQ(said["lines_durable"], 1777);
    ASSERT_EQ(engine.taken.size(), 1777u);
    EXPECT_EQ(engine.taken.front(), "m1");
    EXPECT_EQ(engine.taken.back(), "m1777");
  }
}

TEST_F(StreamImportTest, AnEmptyBodyHasNoLines) {
  PieceSource source("", 10);
  EXPECT_EQ(answer_to(source)["lines"], 0);
}

TEST_F(StreamImportTest, WhileTheEngineIsBusyNoMoreIsRead) {
  engine.hold = true;
  PieceSource source(lines_to(20'000), 10'000);
  start(source);
  context.run_for(300ms);
  EXPECT_EQ(engine.held.size(), 4u);
  EXPECT_LT(source.taken(), 5u * 500 * line_of(10'000).size() + 20'000);
  while (!response) {
    while (!engine.held.empty()) {
      engine.held.front()();
      engine.held.pop_front();
    }
    context.restart();
    context.run_for(5ms);
  }
  EXPECT_EQ(answer()["accepted"], 20'000);
  EXPECT_LE(engine.most_under_way, 4u);
}

TEST_F(StreamImportTest, AFullEngineIsAskedAgain) {
  using enum RejectionCode;
  engine.moods = {std::nullopt, overloaded, overloaded, std::nullopt, overloaded};
  PieceSource source(lines_to(3000), 1 << 16);
  json::object said = answer_to(source);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(said["accepted"], 3000);
  EXPECT_EQ(said["lines_durable"], 3000);
  EXPECT_EQ(engine.taken.size(), 3000u);
}

TEST_F(StreamImportTest, AFailureTellsWhatIsDurableFromTheBeginningOn) {
  using enum RejectionCode;
  engine.moods = {std::nullopt, std::nullopt, disk_full};
  PieceSource source(lines_to(5000), 1 << 16);
  json::object said = answer_to(source);
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(said["code"], "disk_full");
  EXPECT_EQ(said["lines_durable"], 1000);
  EXPECT_EQ(said["accepted"], 1000);
}

TEST_F(StreamImportTest, OfABodyThatBreaksOffTheWholeLinesCount) {
  std::string text = lines_to(700);
  PieceSource source(text.substr(0, text.size() - 3), 1000, Error(ErrorCode::unavailable, "gone"));
  json::object said = answer_to(source);
  EXPECT_EQ(response->status, 400);
  EXPECT_EQ(said["lines_durable"], 699);
  EXPECT_EQ(engine.taken.back(), "m699");
  PieceSource stopped(text, 1000, Error(ErrorCode::stopping, "ends"));
  said = answer_to(stopped);
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(said["code"], "shutting_down");
  EXPECT_EQ(said["lines_durable"], 700);
}

TEST_F(StreamImportTest, ALineWithoutIdIsNamedByNumberAndContent) {
  PieceSource source(line_of(1, false) + "\n" + line_of(1, false), 1000);
  answer_to(source);
  ASSERT_EQ(engine.taken.size(), 2u);
  EXPECT_TRUE(engine.taken[0].starts_with("import:ndjson:1:")) << engine.taken[0];
  EXPECT_TRUE(engine.taken[1].starts_with("import:ndjson:3:")) << engine.taken[1];
  EXPECT_EQ(engine.taken[0].substr(16), engine.taken[1].substr(16));
  request.query = {{"first_line", "3"}};
  PieceSource rest(line_of(1, false), 1000);
  answer_to(rest);
  EXPECT_EQ(engine.taken[2], engine.taken[1]);
}

TEST_F(StreamImportTest, ErrorsNameTheirLines) {
  PieceSource source(line_of(1) + "nonsense\n" + line_of(3) + "[]\n{\"type\":\"track\"}\n", 5);
  json::object said = answer_to(source);
  EXPECT_EQ(said["accepted"], 5) << "this engine takes rejected events for accepted ones";
  ASSERT_EQ(said["errors"].as_array().size(), 3u);
  EXPECT_EQ(said["errors"].as_array()[0].at("line"), 2);
  EXPECT_EQ(said["errors"].as_array()[1].at("line"), 4);
  EXPECT_EQ(said["errors"].as_array()[2].at("line"), 5);
}

TEST_F(StreamImportTest, OnlySoManyErrorsAreListed) {
  std::string text;
  for (int i = 0; i < 2500; ++i) text += "x\n";
  PieceSource source(text, 1000);
  json::object said = answer_to(source);
  EXPECT_EQ(said["errors"].as_array().size(), 1000u);
  EXPECT_EQ(said["errors"].as_array().back().at("line"), 1000);
  EXPECT_EQ(said["errors_truncated"], true);
}

TEST_F(StreamImportTest, CompressedBodiesAndByteOrderMarksAreUnwrapped) {
  std::string text = lines_to(2000);
  const std::string marked = "\xef\xbb\xbf" + text;
  for (const std::string& body : {fixtures::gzip(text), marked, fixtures::gzip(marked)}) {
    for (size_t step : {size_t{1}, size_t{5000}}) {
      PieceSource source(body, step);
      json::object told = answer_to(source);
      EXPECT_EQ(told["accepted"], 2000) << step;
      EXPECT_EQ(told["rejected"], 0) << step;
    }
  }
  std::string compressed = fixtures::gzip(text);
  PieceSource cut(compressed.substr(0, compressed.size() / 2), 1000);
  EXPECT_EQ(answer_to(cut)["code"], "invalid_gzip");
  request.headers.emplace_back("content-encoding", "br");
  PieceSource unknown(text, 1000);
  EXPECT_EQ(answer_to(unknown)["code"], "invalid_gzip");
}

TEST_F(StreamImportTest, OnlySoManyBodiesAreReadAtATime) {
  engine.hold = true;
  std::deque<PieceSource> sources;
  std::deque<HttpRequest> requests(StreamImport::kStreamsMax, request);
  std::deque<std::optional<HttpResponse>> responses(StreamImport::kStreamsMax);
  for (size_t i = 0; i < StreamImport::kStreamsMax; ++i) {
    requests[i].source = &sources.emplace_back(lines_to(10), 1000);
    asio::co_spawn(context, collect(import, requests[i], responses[i]), asio::detached);
  }
  context.run_for(50ms);
  PieceSource one_more(lines_to(10), 1000);
  EXPECT_EQ(answer_to(one_more)["code"], "overloaded");
  engine.hold = false;
  for (auto& held : engine.held) held();
  context.restart();
  context.run_for(200ms);
  for (const auto& each : responses) ASSERT_TRUE(each.has_value());
  PieceSource now(lines_to(10), 1000);
  EXPECT_EQ(answer_to(now)["accepted"], 10);
}

TEST_F(StreamImportTest, APublicKeyHasHalfOfThePlacesAndSoManyLines) {
  HttpRequest server_request = request;
  request.headers = {{"authorization", "Basic cHVibGljOg=="}};  // public:
  engine.hold = true;
  std::deque<PieceSource> sources;
  std::deque<HttpRequest> requests(StreamImport::kStreamsMax / 2, request);
  std::deque<std::optional<HttpResponse>> responses(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i].source = &sources.emplace_back(lines_to(10), 1000);
    asio::co_spawn(context, collect(import, requests[i], responses[i]), asio::detached);
  }
  context.run_for(50ms);
  PieceSource one_more(lines_to(10), 1000);
  EXPECT_EQ(answer_to(one_more)["code"], "overloaded");
  engine.hold = false;
  for (auto& held : engine.held) held();
  engine.held.clear();
  context.restart();
  context.run_for(200ms);
  const int most = static_cast<int>(StreamImport::kPublicLinesMax);
  std::string many = lines_to(most + 20'000);
  PieceSource bomb(fixtures::gzip(many), 100'000);
  json::object told = answer_to(bomb);
  EXPECT_EQ(told["code"], "too_many_events");
  EXPECT_GE(told["lines_durable"].as_int64(), most);
  EXPECT_LT(told["lines_durable"].as_int64(), most + 20'000);
  request = server_request;
  PieceSource trusted(fixtures::gzip(many), 100'000);
  EXPECT_EQ(answer_to(trusted)["accepted"], most + 20'000);
}

TEST(LineStreams, AreKnownByTheirType) {
  HttpRequest request;
  for (const char* type : {"application/x-ndjson", "Application/X-NDJSON; charset=utf-8", "application/jsonl"}) {
    request.headers = {{"content-type", type}};
    EXPECT_TRUE(is_line_stream(request)) << type;
  }
  for (const char* type : {"application/json", "text/plain", ""}) {
    request.headers = {{"content-type", type}};
    EXPECT_FALSE(is_line_stream(request)) << type;
  }
}

}  // namespace
}  // namespace tributary
