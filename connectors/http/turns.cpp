#include "connectors/http/turns.h"

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace tributary {
namespace {

using TurnTimer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                    boost::asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

}  // namespace

/// The mutex is held for a look into a map, never over a wait.
struct Turns::Queues {
  std::optional<uint64_t> join(const std::string& key) {
    std::lock_guard lock(mutex);
    std::deque<uint64_t>& queue = by_key[key];
    if (queue.size() >= kQueueMax) return std::nullopt;
    return queue.emplace_back(next_number++);
  }
  bool is_first(const std::string& key, uint64_t number) {
    std::lock_guard lock(mutex);
    return by_key.at(key).front() == number;
  }
  void leave(const std::string& key, uint64_t number) {
    std::lock_guard lock(mutex);
    auto queue = by_key.find(key);
    std::erase(queue->second, number);
    if (queue->second.empty()) by_key.erase(queue);
  }

  std::mutex mutex;
  std::unordered_map<std::string, std::deque<uint64_t>> by_key;  // none is empty
  uint64_t next_number = 0;
};

Turns::Turn::Turn(std::shared_ptr<Queues> queues, std::string key) : key_(std::move(key)) {
  auto number = queues->join(key_);
  if (!number) return;
  number_ = *number;
  queues_ = std::move(queues);
}

Turns::Turn::~Turn() {
  if (queues_ != nullptr) queues_->leave(key_, number_);
}

bool Turns::Turn::is_first() const { return queues_->is_first(key_, number_); }

Turns::Turns() : queues_(std::make_shared<Queues>()) {}

Task<Turns::Turn> Turns::take(std::string key) {
  Turn turn(queues_, std::move(key));
  IoExecutor executor = co_await boost::asio::this_coro::executor;
  TurnTimer timer(executor);
  while (turn.taken() && !turn.is_first()) {
    timer.expires_after(kTurnInterval);
    co_await timer.async_wait(kUseTaskTuple);
  }
  co_return std::move(turn);
}

}  // namespace tributary
