// All feeds of one configuration.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "connectors/stream/feed.h"

namespace tributary {

/// Lifecycle: set() any number of times -> stop(). It must be stopped before the engine is. Thread: any.
class Feeds {
 public:
  explicit Feeds(FeedServices services) : services_(std::move(services)) {}
  ~Feeds() { stop(); }
  Feeds(const Feeds&) = delete;
  Feeds& operator=(const Feeds&) = delete;

  /// Starts what is new, ends what is gone or disabled, and begins anew what was changed; of the others nobody notices.
  /// Blocks while a feed ends, a few seconds at most.
  void set(std::vector<std::shared_ptr<const StreamSource>> sources);

  /// Ends all of them, at the same time. Idempotent.
  void stop();

  /// By the id of the source.
  std::map<std::string, FeedStatus> status() const;

  /// What /metrics says of them.
  void tell(Metrics& metrics) const;

  /// One for each that has no connection: degraded, never failed, because the others go on.
  std::vector<ReadinessCheck> readiness() const;

 private:
  using Running = std::map<std::string, std::unique_ptr<Feed>>;
  static void end(Running& feeds);

  const FeedServices services_;
  std::mutex changing_;  // one set() or stop() at a time
  mutable std::mutex mutex_;
  Running feeds_;
};

}  // namespace tributary
