// One after the other for each key, on however many threads.
#include "connectors/http/turns.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace tributary {
namespace {

namespace asio = boost::asio;
using Pause =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

/// What many do at once to one thing, and how many of them were at it together.
struct Crowd {
  Turns turns;
  std::atomic<int> inside{0}, most{0}, done{0}, refused{0};

  Task<void> come(std::string key, std::chrono::milliseconds stay) {
    Turns::Turn turn = co_await turns.take(key);
    if (!turn.taken()) {
      ++refused;
      co_return;
    }
    int together = ++inside;
    for (int known = most; known < together && !most.compare_exchange_weak(known, together);) continue;
    IoExecutor executor = co_await asio::this_coro::executor;
    Pause pause(executor);
    pause.expires_after(stay);
    co_await pause.async_wait(kUseTaskTuple);
    --inside;
    ++done;
  }
};

TEST(Turns, OneAtATimeOverManyThreads) {
  Crowd crowd;
  std::vector<std::unique_ptr<asio::io_context>> contexts;
  for (int i = 0; i < 4; ++i) contexts.push_back(std::make_unique<asio::io_context>(1));
  for (int i = 0; i < 40; ++i) {
    asio::co_spawn(*contexts[static_cast<size_t>(i) % 4], crowd.come("a", std::chrono::milliseconds(1)),
                   asio::detached);
  }
  std::vector<std::thread> threads;
  for (auto& context : contexts) threads.emplace_back([&context] { context->run(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(crowd.done, 40);
  EXPECT_EQ(crowd.most, 1);
}

TEST(Turns, OtherKeysDoNotWait) {
  Crowd crowd;
  asio::io_context context(1);
  for (const char* key : {"a", "b", "c"}) {
    asio::co_spawn(context, crowd.come(key, std::chrono::milliseconds(20)), asio::detached);
  }
  context.run();
  EXPECT_EQ(crowd.most, 3);
}

TEST(Turns, AFullQueueRefusesAtOnce) {
  Crowd crowd;
  asio::io_context context(1);
  for (size_t i = 0; i < Turns::kQueueMax + 3; ++i) {
    asio::co_spawn(context, crowd.come("a", std::chrono::milliseconds(0)), asio::detached);
  }
  context.run();
  EXPECT_EQ(crowd.refused, 3);
  EXPECT_EQ(crowd.done, static_cast<int>(Turns::kQueueMax));
}

TEST(Turns, WhoEndsWhileItWaitsOrHasTheTurnLeavesNothingBehind) {
  Crowd crowd;
  {
    asio::io_context cut_off(1);
    for (int i = 0; i < 3; ++i) {
      asio::co_spawn(cut_off, crowd.come("a", std::chrono::hours(1)), asio::detached);
    }
    cut_off.run_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(crowd.done, 0);
  asio::io_context context(1);
  asio::co_spawn(context, crowd.come("a", std::chrono::milliseconds(0)), asio::detached);
  context.run_for(std::chrono::seconds(10));
  EXPECT_EQ(crowd.done, 1);
}

}  // namespace
}  // namespace tributary
