// All feeds of one configuration.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
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
  /// Does not wait for feeds that end: a successor starts when its predecessor has ended.
  void set(std::vector<std::shared_ptr<const StreamSource>> sources);

  /// Ends all of them, at the same time, and waits for that. Idempotent.
  void stop();

  /// By the id of the source.
  std::map<std::string, FeedStatus> status() const;

  /// What /metrics says of them.
  void tell(Metrics& metrics) const;

  /// One for each that has no connection: degraded, never failed, because the others go on.
  std::vector<ReadinessCheck> readiness() const;

 private:
  using Sources = std::map<std::string, std::shared_ptr<const StreamSource>>;
  /// A library may hold a feed for as long as a broker is silent: nobody else waits for it.
  struct Ending {
    std::unique_ptr<Feed> feed;
    std::shared_ptr<const StreamSource> successor;  // may be null
    std::thread thread;
    bool over = false;
  };
  // Under the mutex.
  void start(std::shared_ptr<const StreamSource> source);
  void begin_to_end(const std::string& id, std::unique_ptr<Feed> feed);
  void forget_ended();
  void end(const std::string& id);  // on a thread of its own

  const FeedServices services_;
  std::mutex changing_;  // one set() or stop() at a time
  mutable std::mutex mutex_;
  bool stopped_ = false;
  std::map<std::string, std::unique_ptr<Feed>> feeds_;
  std::map<std::string, Ending> endings_;
};

}  // namespace tributary
