#include "connectors/stream/feeds.h"

#include <utility>

namespace tributary {
namespace {

bool is_connected(const FeedStatus& status) {
  return status.state == FeedState::running || status.state == FeedState::waiting;
}

}  // namespace

void Feeds::set(std::vector<std::shared_ptr<const StreamSource>> sources) {
  std::lock_guard change(changing_);
  Sources wanted;
  for (auto& source : sources) {
    if (source->source.enabled) wanted.emplace(source->source.id, std::move(source));
  }
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  forget_ended();
  for (auto at = feeds_.begin(); at != feeds_.end();) {
    auto same = wanted.find(at->first);
    bool stays = same != wanted.end() && same->second->fingerprint == at->second->source().fingerprint;
    if (stays) wanted.erase(same);
    auto next = std::next(at);
    if (!stays) {
      auto gone = feeds_.extract(at);
      begin_to_end(gone.key(), std::move(gone.mapped()));
    }
    at = next;
  }
  for (auto& [id, ending] : endings_) {
    auto successor = wanted.extract(id);
    ending.successor = successor.empty() ? nullptr : std::move(successor.mapped());
  }
  for (auto& [id, source] : wanted) start(std::move(source));
}

void Feeds::start(std::shared_ptr<const StreamSource> source) {
  std::string id = source->source.id;
  auto feed = std::make_unique<Feed>(std::move(source), services_);
  feed->start();
  feeds_.emplace(std::move(id), std::move(feed));
}

void Feeds::begin_to_end(const std::string& id, std::unique_ptr<Feed> feed) {
  feed->announce_stop();
  Ending& ending = endings_[id];
  ending.feed = std::move(feed);
  ending.thread = std::thread([this, id] { end(id); });
}

void Feeds::end(const std::string& id) {
  Feed* feed = nullptr;
  {
    std::lock_guard lock(mutex_);
    feed = endings_.at(id).feed.get();
  }
  feed->stop();
  std::lock_guard lock(mutex_);
  Ending& ending = endings_.at(id);
  ending.feed.reset();
  ending.over = true;
  if (ending.successor && !stopped_) start(std::move(ending.successor));  // a client id may connect once
}

void Feeds::forget_ended() {
  for (auto at = endings_.begin(); at != endings_.end();) {
    if (at->second.over) at->second.thread.join();
    at = at->second.over ? endings_.erase(at) : std::next(at);
  }
}

void Feeds::stop() {
  std::lock_guard change(changing_);
  std::map<std::string, std::unique_ptr<Feed>> running;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    running.swap(feeds_);
  }
  for (auto& [id, feed] : running) feed->announce_stop();
  running.clear();
  for (auto& [id, ending] : endings_) ending.thread.join();  // nobody adds one any more
  endings_.clear();
}

std::map<std::string, FeedStatus> Feeds::status() const {
  std::lock_guard lock(mutex_);
  std::map<std::string, FeedStatus> status;
  for (const auto& [id, feed] : feeds_) status.emplace(id, feed->status());
  return status;
}

void Feeds::tell(Metrics& metrics) const {
  std::vector<Metrics::FeedFigures> feeds;
  std::vector<Metrics::StreamFigures> streams;
  for (const auto& [id, status] : status()) {
    feeds.push_back({id, is_connected(status), static_cast<double>(status.messages)});
    for (const StreamLag& lag : status.lag) streams.push_back({id, lag.stream, static_cast<double>(lag.messages)});
  }
  metrics.tell_feeds(feeds, streams);
}

std::vector<ReadinessCheck> Feeds::readiness() const {
  std::vector<ReadinessCheck> checks;
  for (const auto& [id, status] : status()) {
    bool fine = is_connected(status) && status.trouble.empty();
    std::string detail = fine ? "" : std::string(feed_state_name(status.state)) + ": " + status.last_error;
    checks.push_back({"source " + id, true, std::move(detail), !fine});
  }
  return checks;
}

}  // namespace tributary
