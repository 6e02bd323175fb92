#include "connectors/stream/feeds.h"

namespace tributary {
namespace {

bool is_connected(const FeedStatus& status) {
  return status.state == FeedState::running || status.state == FeedState::waiting;
}

}  // namespace

void Feeds::set(std::vector<std::shared_ptr<const StreamSource>> sources) {
  std::lock_guard change(changing_);
  std::map<std::string, std::shared_ptr<const StreamSource>> wanted;
  for (auto& source : sources) {
    if (source->source.enabled) wanted.emplace(source->source.id, std::move(source));
  }
  Running ending;
  {
    std::lock_guard lock(mutex_);
    for (auto at = feeds_.begin(); at != feeds_.end();) {
      auto same = wanted.find(at->first);
      bool stays = same != wanted.end() && same->second->fingerprint == at->second->source().fingerprint;
      if (stays) wanted.erase(same);
      auto next = std::next(at);
      if (!stays) ending.insert(feeds_.extract(at));
      at = next;
    }
  }
  end(ending);  // before its successor starts: a client id may connect once
  std::lock_guard lock(mutex_);
  for (auto& [id, source] : wanted) {
    auto feed = std::make_unique<Feed>(std::move(source), services_);
    feed->start();
    feeds_.emplace(id, std::move(feed));
  }
}

void Feeds::stop() {
  std::lock_guard change(changing_);
  Running ending;
  {
    std::lock_guard lock(mutex_);
    ending.swap(feeds_);
  }
  end(ending);
}

void Feeds::end(Running& feeds) {
  for (auto& [id, feed] : feeds) feed->announce_stop();
  feeds.clear();
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
