// Searches for duplicates beside the threads that answer requests: what the rules are sure of is merged, the rest waits
// for people.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/http/key_ring.h"
#include "connectors/http/message.h"
#include "connectors/http/task.h"
#include "engine/engine.h"

namespace tributary {

/// A pair of customers for people to decide about.
struct Suggestion {
  std::string id;  // of rule and customers: the same in every search
  DuplicatePair pair;
};

/// What somebody decided about a suggestion.
struct SuggestionAnswer {
  std::string id;  // of the suggestion
  Timestamp at;
  bool accepted = false;
  std::string author = {};
};

/// What the last search of a workspace left to people. Immutable.
struct Suggestions {
  Timestamp searched_at;
  std::vector<Suggestion> open;  // by id, which begins with the rule
  bool complete = true;
  std::optional<Lsn> lsn;                  // nothing when a search at once would find more to merge
  std::vector<SuggestionAnswer> answered;  // a search that began before has them, too

  const Suggestion* find(std::string_view id) const;
  /// Null also for an answer that the last search knew.
  const SuggestionAnswer* answer_to(std::string_view id) const;
};

struct DuplicateSummary {
  Timestamp searched_at;
  uint64_t customers = 0;  // with a record
  uint64_t merged = 0;     // pairs
  uint64_t suggested = 0;
  uint64_t groups_left_out = 0;
  bool complete = true;
};

/// How a pair is named: `D3-` and a hash.
std::string suggestion_id(const DuplicatePair& pair);

struct DuplicateSearchOptions {
  DuplicateActions actions = kDuplicateActions;
  std::chrono::microseconds every{0};  // 0: only when somebody asks
};

/// Runs one search at a time on a thread of its own, for callers and by itself; the workspaces are those of sources.
///
/// A merge is a decision `must_link` of the author `rule:D1` as of the time of the search, so that it is explained, and
/// undone, as any decision, and gives way to what people decided meanwhile.
///
/// Lifecycle: start() once -> run(), last(), answered() any number of times -> stop(). It must be stopped before the
/// engine is, and before the I/O contexts of its callers are destroyed. Thread: any but for stop(), which is on none of
/// theirs.
class DuplicateSearches {
 public:
  DuplicateSearches(Engine& engine, const CurrentKeyRing& keys, DuplicateSearchOptions options = {});
  ~DuplicateSearches() { stop(); }
  DuplicateSearches(const DuplicateSearches&) = delete;
  DuplicateSearches& operator=(const DuplicateSearches&) = delete;

  /// Begins to search by itself.
  void start();

  /// Errors: overloaded while somebody else's runs, stopping, those of Engine::search_duplicates. Given up when nobody
  /// awaits the answer to the request any more; merges that were made stay.
  Task<Result<DuplicateSummary>> run(const HttpRequest& request, WorkspaceId workspace);

  /// Never null; empty before the first search.
  std::shared_ptr<const Suggestions> last(WorkspaceId workspace) const;

  /// Takes a suggestion that somebody decided about out of the list.
  void answered(WorkspaceId workspace, const SuggestionAnswer& answer);

  /// Cancels the search that runs and returns when it has ended; later ones are refused. Idempotent.
  void stop();

 private:
  struct Job;
  class Clock;
  using ByWorkspace = std::map<WorkspaceId, std::shared_ptr<const Suggestions>>;

  void compute(std::shared_ptr<Job> job);
  void search_all();
  Result<DuplicateSummary> search(WorkspaceId workspace, std::optional<Lsn> known,
                                  const std::function<bool()>& cancelled);
  uint64_t merge(WorkspaceId workspace, const DuplicatesView& view);
  void publish(WorkspaceId workspace, DuplicatesView view, bool all_merged);
  void change(WorkspaceId workspace, const std::function<void(Suggestions&)>& change);

  Engine& engine_;
  const CurrentKeyRing& keys_;
  const DuplicateSearchOptions options_;
  std::atomic<std::shared_ptr<const ByWorkspace>> last_{std::make_shared<const ByWorkspace>()};
  std::atomic<bool> busy_{false};
  std::atomic<bool> stopping_{false};
  boost::asio::thread_pool pool_{1};
  std::shared_ptr<Clock> clock_;  // of the pool's thread
};

}  // namespace tributary
