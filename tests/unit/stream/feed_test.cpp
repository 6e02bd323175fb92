// What one feed does between a broker and the engine, and what a reload leaves alone.
#include "connectors/stream/feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "connectors/stream/feeds.h"
#include "connectors/stream/message_place.h"
#include "tests/unit/http/engine_without_customers.h"
#include "tests/unit/stream/stream_source_of.h"

namespace tributary {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

bool eventually(const std::function<bool()>& holds) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

/// A stream of numbered messages, one to a batch, which goes on at what was acknowledged. Thread: any.
class NumberedStream {
 public:
  explicit NumberedStream(int messages) : messages_(messages) {}

  void fail_next_opening(bool by_throwing = false) { (by_throwing ? throwing_ : failing_) = true; }
  /// The next call of a consumer returns only when this is taken back.
  void be_silent(bool silent) { silent_ = silent; }
  int openings() const { return openings_; }
  int idle_calls() const { return idle_calls_; }
  int fetched() const { return fetched_; }
  int asked() const { return asked_; }
  std::vector<int> acknowledged() const {
    std::lock_guard lock(mutex_);
    return acknowledged_;
  }

  std::unique_ptr<StreamConsumer> consumer();

 private:
  friend class NumberedConsumer;
  const int messages_;
  std::atomic<bool> failing_{false}, throwing_{false}, silent_{false};
  std::atomic<int> openings_{0}, idle_calls_{0}, asked_{0}, fetched_{0};
  mutable std::mutex mutex_;
  std::condition_variable never_;
  std::vector<int> acknowledged_;
};

struct NumberedBatch final : StreamBatch {
  int number = 0;
  std::string text;
};

class NumberedConsumer final : public StreamConsumer {
 public:
  explicit NumberedConsumer(NumberedStream& stream) : stream_(stream) {}

  Result<void> open() override {
    if (stream_.throwing_.exchange(false)) throw std::runtime_error("out of something");
    if (stream_.failing_.exchange(false)) return Error(ErrorCode::unavailable, "nobody answers");
    std::lock_guard lock(stream_.mutex_);
    next_ = stream_.acknowledged_.empty() ? 0 : stream_.acknowledged_.back() + 1;
    stream_.openings_ += 1;
    return {};
  }

  Result<std::unique_ptr<StreamBatch>> next_batch(milliseconds patience) override {
    stream_.asked_ += 1;
    while (stream_.silent_) std::this_thread::yield();
    if (next_ == stream_.messages_) {
      std::unique_lock lock(stream_.mutex_);
      stream_.never_.wait_for(lock, std::min(patience, milliseconds(5)));
      return std::unique_ptr<StreamBatch>();
    }
    auto batch = std::make_unique<NumberedBatch>();
    batch->number = next_++;
    std::string id = "m" + std::to_string(batch->number);
    batch->text = R"({"type":"track","event":"A","userId":"u","messageId":")" + id + "\"}" + std::string(64, ' ');
    StreamMessage& message = batch->messages.emplace_back();
    message.value = std::string_view(batch->text).substr(0, batch->text.size() - 64);
    message.place = id;
    batch->positions.push_back({"stream/0", static_cast<uint64_t>(next_)});
    stream_.fetched_ += 1;
    return std::unique_ptr<StreamBatch>(std::move(batch));
  }

  Result<void> acknowledge(StreamBatch& batch) override {
    std::lock_guard lock(stream_.mutex_);
    stream_.acknowledged_.push_back(static_cast<NumberedBatch&>(batch).number);
    return {};
  }

  Result<void> idle(milliseconds) override {
    stream_.idle_calls_ += 1;
    return {};
  }

  std::vector<StreamLag> lag() override { return {{"stream/0", stream_.messages_ - next_}}; }

 private:
  NumberedStream& stream_;
  int next_ = 0;
};

std::unique_ptr<StreamConsumer> NumberedStream::consumer() { return std::make_unique<NumberedConsumer>(*this); }

/// Holds what it is given until it is told what becomes of it, or refuses it at once.
class HoldingEngine final : public fixtures::EngineWithoutCustomers {
 public:
  void ingest(IngestRequest request, std::function<void(IngestOutcome)> done) override {
    std::unique_lock lock(mutex_);
    std::string id = std::get<Event>(request.items.at(0)).message_id;
    offered_.push_back(id);
    next_of_[id] = request.positions.at(0).next;
    if (refusals_ > 0) {
      refusals_ -= 1;
      lock.unlock();
      return done({RejectionCode::overloaded, {}});
    }
    held_[id] = std::move(done);
  }

  void refuse_next(int count) { refusals_ = count; }

  std::vector<std::string> offered() const {
    std::lock_guard lock(mutex_);
    return offered_;
  }
  size_t held() const {
    std::lock_guard lock(mutex_);
    return held_.size();
  }
  uint64_t position_of(const std::string& id) const {
    std::lock_guard lock(mutex_);
    return next_of_.at(id);
  }

  void accept(const std::string& id) { answer(id, {std::nullopt, {ItemOutcome::accepted}}); }
  void refuse(const std::string& id) { answer(id, {RejectionCode::shutting_down, {}}); }

 private:
  void answer(const std::string& id, IngestOutcome outcome) {
    std::function<void(IngestOutcome)> done;
    {
      std::lock_guard lock(mutex_);
      done = std::move(held_.at(id));
      held_.erase(id);
    }
    done(std::move(outcome));
  }

  std::atomic<int> refusals_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> offered_;
  std::map<std::string, uint64_t> next_of_;
  std::map<std::string, std::function<void(IngestOutcome)>> held_;
};

class FeedTest : public ::testing::Test {
 protected:
  FeedServices services(NumberedStream& stream) {
    return {engine_, metrics_, limits_,
            [&stream](const StreamSource&, const ConsumerHost&) { return stream.consumer(); }};
  }
  static std::shared_ptr<const StreamSource> source(const std::string& id = "feed") {
    StreamSource made = stream_source_of(StreamKind::redis, {"127.0.0.1:1"}, {"stream"});
    made.source.id = id;
    made.fingerprint = "first";
    return std::make_shared<const StreamSource>(std::move(made));
  }

  HoldingEngine engine_;
  Metrics metrics_;
  IngestLimits limits_;
};

TEST_F(FeedTest, OffersARefusedBatchAgainAndNothingBehindIt) {
  NumberedStream stream(2);
  engine_.refuse_next(3);
  Feed feed(source(), services(stream));
  feed.start();
  ASSERT_TRUE(eventually([&] { return engine_.held() == 2; }));
  EXPECT_THAT(engine_.offered(), ElementsAre("m0", "m0", "m0", "m0", "m1"));
  EXPECT_GT(stream.idle_calls(), 0);
  EXPECT_EQ(stream.openings(), 1);
  EXPECT_EQ(engine_.position_of("m0"), 1u);
  EXPECT_EQ(engine_.position_of("m1"), 2u);
  for (const char* id : {"m0", "m1"}) engine_.accept(id);
}

TEST_F(FeedTest, FetchesNothingWhileABatchIsRefused) {
  NumberedStream stream(4);
  engine_.refuse_next(1'000'000);
  Feed feed(source(), services(stream));
  feed.start();
  ASSERT_TRUE(eventually([&] { return engine_.offered().size() >= 3 && stream.idle_calls() >= 3; }));
  EXPECT_EQ(stream.fetched(), 1);
  EXPECT_EQ(feed.status().state, FeedState::waiting);
  EXPECT_THAT(feed.status().last_error, HasSubstr("overloaded"));
  engine_.refuse_next(0);
  ASSERT_TRUE(eventually([&] { return feed.status().state == FeedState::running; }));
  ASSERT_TRUE(eventually([&] { return engine_.held() == 4; }));
  for (const char* id : {"m0", "m1", "m2", "m3"}) engine_.accept(id);
  ASSERT_TRUE(eventually([&] { return stream.acknowledged().size() == 4; }));
}

TEST_F(FeedTest, AcknowledgesInTheOrderOfTheBatches) {
  NumberedStream stream(3);
  Feed feed(source(), services(stream));
  feed.start();
  ASSERT_TRUE(eventually([&] { return engine_.held() == 3; }));
  engine_.accept("m2");
  engine_.accept("m1");
  int asked = stream.asked();
  ASSERT_TRUE(eventually([&] { return stream.asked() > asked + 2; }));  // it looks each time whether the first is done
  EXPECT_THAT(stream.acknowledged(), IsEmpty());
  engine_.accept("m0");
  ASSERT_TRUE(eventually([&] { return stream.acknowledged().size() == 3; }));
  EXPECT_THAT(stream.acknowledged(), ElementsAre(0, 1, 2));
  ASSERT_TRUE(eventually([&] { return feed.status().messages == 3; }));
}

TEST_F(FeedTest, FourBatchesAreUnderWayAtMost) {
  NumberedStream stream(5);
  Feed feed(source(), services(stream));
  feed.start();
  ASSERT_TRUE(eventually([&] { return stream.idle_calls() >= 3; }));
  EXPECT_EQ(engine_.held(), 4u);
  EXPECT_EQ(stream.fetched(), 4);
  engine_.accept("m0");
  ASSERT_TRUE(eventually([&] { return engine_.offered().size() == 5; }));
  EXPECT_EQ(stream.fetched(), 5);
  for (const char* id : {"m1", "m2", "m3", "m4"}) engine_.accept(id);
}

TEST_F(FeedTest, WhatIsRefusedLaterIsFetchedAgain) {
  NumberedStream stream(3);
  Feed feed(source(), services(stream));
  feed.start();
  ASSERT_TRUE(eventually([&] { return engine_.held() == 3; }));
  engine_.accept("m0");
  ASSERT_TRUE(eventually([&] { return stream.acknowledged().size() == 1; }));
  engine_.refuse("m1");
  ASSERT_TRUE(eventually([&] { return engine_.offered().size() == 5; }));
  EXPECT_THAT(engine_.offered(), ElementsAre("m0", "m1", "m2", "m1", "m2"));
  EXPECT_EQ(stream.openings(), 2);
  for (const char* id : {"m1", "m2"}) engine_.accept(id);
  ASSERT_TRUE(eventually([&] { return stream.acknowledged().size() == 3; }));
  EXPECT_THAT(stream.acknowledged(), ElementsAre(0, 1, 2));
}

TEST_F(FeedTest, AConnectionThatFailsIsToldAndTriedAgain) {
  for (bool by_throwing : {false, true}) {
    NumberedStream stream(0);
    stream.fail_next_opening(by_throwing);
    Feed feed(source(), services(stream));
    feed.start();
    ASSERT_TRUE(eventually([&] { return feed.status().connections == 1; }));
    EXPECT_EQ(feed.status().state, FeedState::running);
    EXPECT_THAT(feed.status().last_error, HasSubstr(by_throwing ? "out of something" : "nobody answers"));
    EXPECT_TRUE(feed.status().last_error_at.has_value());
  }
}

TEST_F(FeedTest, TheEndWaitsForWhatIsUnderWay) {
  NumberedStream stream(1);
  Feed feed(source(), services(stream));
  feed.start();
  ASSERT_TRUE(eventually([&] { return engine_.held() == 1; }));
  auto stopped = std::async(std::launch::async, [&] { feed.stop(); });
  EXPECT_EQ(stopped.wait_for(milliseconds(100)), std::future_status::timeout);
  engine_.accept("m0");
  stopped.get();
  EXPECT_THAT(stream.acknowledged(), ElementsAre(0));
  EXPECT_EQ(feed.status().state, FeedState::stopped);
}

TEST_F(FeedTest, AReloadDisturbsOnlyWhatChanged) {
  NumberedStream stays(0), changes(0);
  FeedServices both{engine_, metrics_, limits_, [&](const StreamSource& source, const ConsumerHost&) {
                      return (source.source.id == "stays" ? stays : changes).consumer();
                    }};
  Feeds feeds(both);
  feeds.set({source("stays"), source("changes")});
  ASSERT_TRUE(eventually([&] { return stays.openings() == 1 && changes.openings() == 1; }));

  StreamSource changed = *source("changes");
  changed.fingerprint = "second";
  feeds.set({source("stays"), std::make_shared<const StreamSource>(changed)});
  ASSERT_TRUE(eventually([&] { return changes.openings() == 2; }));
  EXPECT_EQ(stays.openings(), 1);
  EXPECT_EQ(feeds.status().at("stays").connections, 1u);

  changed.source.enabled = false;
  feeds.set({source("stays"), std::make_shared<const StreamSource>(changed)});
  ASSERT_TRUE(eventually([&] { return feeds.status().size() == 1; }));
  EXPECT_EQ(stays.openings(), 1);
  EXPECT_EQ(feeds.status().at("stays").state, FeedState::running);
}

TEST_F(FeedTest, AFeedThatDoesNotEndHoldsUpNobodyButItsSuccessor) {
  NumberedStream stuck(0), other(0);
  FeedServices both{engine_, metrics_, limits_, [&](const StreamSource& source, const ConsumerHost&) {
                      return (source.source.id == "stuck" ? stuck : other).consumer();
                    }};
  Feeds feeds(both);
  feeds.set({source("stuck")});
  ASSERT_TRUE(eventually([&] { return stuck.openings() == 1; }));
  stuck.be_silent(true);
  int asked = stuck.asked();
  ASSERT_TRUE(eventually([&] { return stuck.asked() > asked; }));
  StreamSource changed = *source("stuck");
  changed.fingerprint = "second";
  feeds.set({std::make_shared<const StreamSource>(changed), source("other")});
  ASSERT_TRUE(eventually([&] { return other.openings() == 1; }));
  changed.fingerprint = "third";
  feeds.set({std::make_shared<const StreamSource>(changed), source("other")});
  EXPECT_EQ(stuck.openings(), 1);
  EXPECT_EQ(other.openings(), 1);
  stuck.be_silent(false);
  ASSERT_TRUE(eventually([&] { return stuck.openings() == 2; }));
  EXPECT_EQ(other.openings(), 1);
}

/// Fails to open with these words.
class RudeConsumer final : public StreamConsumer {
 public:
  explicit RudeConsumer(std::string words) : words_(std::move(words)) {}
  Result<void> open() override { return Error(ErrorCode::unavailable, words_); }
  Result<std::unique_ptr<StreamBatch>> next_batch(milliseconds) override { return std::unique_ptr<StreamBatch>(); }
  Result<void> acknowledge(StreamBatch&) override { return {}; }
  Result<void> idle(milliseconds) override { return {}; }
  std::vector<StreamLag> lag() override { return {}; }

 private:
  std::string words_;
};

TEST_F(FeedTest, WhatABrokerSaysIsMadeReadable) {
  FeedServices rude{
      engine_, metrics_, limits_, [](const StreamSource&, const ConsumerHost&) {
        return std::make_unique<RudeConsumer>("ERR \xff\x1b[2J\nreadyz check passed" + std::string(5'000, 'x'));
      }};
  Feed feed(source(), rude);
  feed.start();
  ASSERT_TRUE(eventually([&] { return !feed.status().last_error.empty(); }));
  std::string told = feed.status().last_error;
  EXPECT_TRUE(told.starts_with("ERR \xef\xbf\xbd [2J readyz check passedxxx")) << told;
  EXPECT_LT(told.size(), 600u);
}

TEST(PlaceOfAMessage, IsNeverThatOfAnother) {
  EXPECT_EQ(place_of_named("shop/7/orders", "a-42"), "shop/7/orders/a-42");
  EXPECT_NE(place_of_named("shop/berlin", "till/7"), place_of_named("shop/berlin/till", "7"));
  EXPECT_EQ(place_of_named("q", "m#1"), "q/m%231");
  EXPECT_EQ(place_of_named("q", "\xff\n"), "q/%FF%0A");
}

TEST_F(FeedTest, WithoutAConnectionTheServerIsDegradedNotFailed) {
  NumberedStream stream(0);
  FeedServices never{engine_, metrics_, limits_, [&](const StreamSource&, const ConsumerHost&) {
                       stream.fail_next_opening();
                       return stream.consumer();
                     }};
  Feeds feeds(never);
  feeds.set({source("orders")});
  ASSERT_TRUE(eventually([&] { return feeds.status().at("orders").state == FeedState::broken; }));
  auto checks = feeds.readiness();
  ASSERT_EQ(checks.size(), 1u);
  EXPECT_TRUE(checks[0].ok);
  EXPECT_TRUE(checks[0].degraded);
  EXPECT_EQ(checks[0].name, "source orders");
  EXPECT_THAT(checks[0].detail, HasSubstr("nobody answers"));
}

}  // namespace
}  // namespace tributary
