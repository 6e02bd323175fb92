#include "connectors/identity/duplicate_searches.h"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <set>

#include "connectors/identity/decision_handlers.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
using SearchTimer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

constexpr std::chrono::milliseconds kAwaitedInterval{200};  // how soon it is noticed that nobody waits
constexpr size_t kMergesAtOnce = 64;                        // waiting for the log
constexpr int kRoundsMax = 3;  // what merges make equal is found at once, what is left next time

/// Decisions on their way, counted on threads of the engine.
struct MergeCount {
  std::atomic<size_t> waiting{0}, accepted{0};
};

std::string key_of(const DuplicatePair& pair) {
  std::string both = pair.a.customer.text() + pair.b.customer.text();
  return base32(Hash128::from_bytes(sha256(both)));
}

/// Whose records agree, and by what was said. Message ids are the senders': as many as there is room for.
std::string merge_reason(const DuplicatePair& pair) {
  std::string reason = "rule " + std::string(duplicate_rule_name(pair.rule)) + ", by";
  for (const DuplicateSide* side : {&pair.a, &pair.b}) {
    for (const std::string& event : side->events) {
      if (reason.size() + 1 + event.size() > kReasonBytesMax) continue;
      reason.append(1, ' ').append(event);
    }
  }
  return reason;
}

Assertion merge_of(const DuplicatePair& pair, Timestamp at) {
  std::string rule(duplicate_rule_name(pair.rule));
  Assertion assertion;
  assertion.subject = AssertionSubject::pair;
  assertion.pair = PairState::must;
  assertion.identifiers = {{{}, pair.a.identifier}, {{}, pair.b.identifier}};
  assertion.decision = {at, "rule:" + rule + ":" + key_of(pair), "rule:" + rule, merge_reason(pair)};
  return assertion;
}

}  // namespace

std::string suggestion_id(const DuplicatePair& pair) {
  return std::string(duplicate_rule_name(pair.rule)) + "-" + key_of(pair);
}

const Suggestion* Suggestions::find(std::string_view id) const {
  auto found = std::ranges::lower_bound(open, id, {}, &Suggestion::id);
  return found == open.end() || found->id != id ? nullptr : &*found;
}

const SuggestionAnswer* Suggestions::answer_to(std::string_view id) const {
  auto found = std::ranges::find(answered, id, &SuggestionAnswer::id);
  return found == answered.end() ? nullptr : &*found;
}

/// A search that somebody asked for. Owner: the I/O thread; the pool's thread reads the constant and the flag.
struct DuplicateSearches::Job {
  Job(const IoExecutor& executor, WorkspaceId asked) : workspace(asked), wake(executor) {}

  const WorkspaceId workspace;
  std::atomic<bool> cancelled{false};
  std::optional<Result<DuplicateSummary>> outcome;
  SearchTimer wake;  // cancelled as soon as there is an outcome
};

/// Wakes the pool's thread for the searches that nobody asks for.
class DuplicateSearches::Clock : public std::enable_shared_from_this<Clock> {
 public:
  Clock(asio::thread_pool& pool, std::chrono::microseconds every, std::function<void()> search)
      : timer_(pool.get_executor()), every_(every), search_(std::move(search)) {}

  void wait() {
    timer_.expires_after(every_);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error || self->ended_) return;
      self->search_();
      if (!self->ended_) self->wait();
    });
  }
  void end() {
    ended_ = true;
    timer_.cancel();
  }

 private:
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                             asio::thread_pool::executor_type>
      timer_;
  const std::chrono::microseconds every_;
  const std::function<void()> search_;
  bool ended_ = false;
};

DuplicateSearches::DuplicateSearches(Engine& engine, const CurrentKeyRing& keys, DuplicateSearchOptions options)
    : engine_(engine), keys_(keys), options_(options) {
  asio::post(pool_, [] { pthread_setname_np(pthread_self(), "trib-duplicates"); });
}

void DuplicateSearches::start() {
  if (options_.every.count() == 0) return;
  clock_ = std::make_shared<Clock>(pool_, options_.every, [this] { search_all(); });
  asio::post(pool_, [clock = clock_] { clock->wait(); });
}

Task<Result<DuplicateSummary>> DuplicateSearches::run(const HttpRequest& request, WorkspaceId workspace) {
  IoExecutor executor = co_await asio::this_coro::executor;
  if (stopping_) co_return Error(ErrorCode::stopping, "searches have ended");
  if (busy_.exchange(true)) co_return Error(ErrorCode::overloaded, "another search is running");
  auto job = std::make_shared<Job>(executor, workspace);
  asio::post(pool_, [this, job]() mutable { compute(std::move(job)); });
  while (!job->outcome) {
    job->wake.expires_after(kAwaitedInterval);
    co_await job->wake.async_wait(kUseTaskTuple);
    if (!request.is_awaited()) job->cancelled = true;
  }
  co_return std::move(*job->outcome);
}

void DuplicateSearches::compute(std::shared_ptr<Job> job) {
  auto outcome = search(job->workspace, std::nullopt, [this, &job] { return stopping_ || job->cancelled; });
  busy_ = false;
  IoExecutor executor = job->wake.get_executor();
  // The job leaves this thread here: its timer belongs to the other.
  asio::post(executor, [job = std::move(job), outcome = std::move(outcome)]() mutable {
    job->outcome = std::move(outcome);
    job->wake.cancel();
  });
}

void DuplicateSearches::search_all() {
  std::set<WorkspaceId> workspaces;
  for (const Source& source : keys_.get()->sources()) workspaces.insert(source.workspace);
  for (WorkspaceId workspace : workspaces) {
    if (stopping_) return;
    auto found = search(workspace, last(workspace)->lsn, [this] { return stopping_.load(); });
    if (found || found.error().code == ErrorCode::stopping) continue;
    log_line(LogLevel::error, "searching for duplicates failed", {{"reason", found.error().message}});
  }
}

Result<DuplicateSummary> DuplicateSearches::search(WorkspaceId workspace, std::optional<Lsn> known,
                                                   const std::function<bool()>& cancelled) {
  DuplicateSummary summary;
  for (int round = 1;; ++round) {
    auto view = engine_.search_duplicates(workspace, {options_.actions, known}, cancelled);
    if (!view) return view.error();
    if (view->unchanged) return summary;
    uint64_t merged = merge(workspace, *view);
    summary.merged += merged;
    if (merged > 0 && round < kRoundsMax && !cancelled()) continue;
    auto to_merge = std::ranges::count(view->pairs, DuplicateAction::merge, &DuplicatePair::action);
    summary.searched_at = view->at;
    summary.customers = view->customers;
    summary.suggested = view->pairs.size() - static_cast<size_t>(to_merge);
    summary.groups_left_out = view->groups_left_out;
    summary.complete = view->complete;
    publish(workspace, std::move(*view), to_merge == 0);
    return summary;
  }
}

/// Waits for the log and the fold. What they refuse is found again.
uint64_t DuplicateSearches::merge(WorkspaceId workspace, const DuplicatesView& view) {
  auto count = std::make_shared<MergeCount>();
  auto wait_below = [&count](size_t most) {
    for (size_t left = count->waiting; left >= most; left = count->waiting) count->waiting.wait(left);
  };
  for (const DuplicatePair& pair : view.pairs) {
    if (pair.action != DuplicateAction::merge) continue;
    if (stopping_) break;
    wait_below(kMergesAtOnce);
    ++count->waiting;
    engine_.assert_identity(workspace, merge_of(pair, view.at), [count](const IngestOutcome& outcome) {
      if (!outcome.refused && is_accepted(outcome)) ++count->accepted;
      --count->waiting;
      count->waiting.notify_all();
    });
  }
  wait_below(1);
  return count->accepted;
}

void DuplicateSearches::publish(WorkspaceId workspace, DuplicatesView view, bool all_merged) {
  change(workspace, [&](Suggestions& suggestions) {
    suggestions.searched_at = view.at;
    suggestions.complete = view.complete;
    suggestions.lsn = all_merged ? std::optional(view.lsn) : std::nullopt;
    std::erase_if(suggestions.answered, [&](const SuggestionAnswer& each) { return each.at < view.at; });
    suggestions.open.clear();
    for (const DuplicatePair& pair : view.pairs) {
      if (pair.action == DuplicateAction::merge) continue;
      std::string id = suggestion_id(pair);
      if (suggestions.answer_to(id) == nullptr) suggestions.open.push_back({std::move(id), pair});
    }
    std::ranges::sort(suggestions.open, {}, &Suggestion::id);
  });
}

std::shared_ptr<const Suggestions> DuplicateSearches::last(WorkspaceId workspace) const {
  auto all = last_.load();
  auto found = all->find(workspace);
  return found == all->end() ? std::make_shared<const Suggestions>() : found->second;
}

void DuplicateSearches::answered(WorkspaceId workspace, const SuggestionAnswer& answer) {
  change(workspace, [&answer](Suggestions& suggestions) {
    std::erase_if(suggestions.open, [&answer](const Suggestion& each) { return each.id == answer.id; });
    suggestions.answered.push_back(answer);
  });
}

/// Again from the beginning when somebody else was faster.
void DuplicateSearches::change(WorkspaceId workspace, const std::function<void(Suggestions&)>& change) {
  auto all = last_.load();
  std::shared_ptr<const ByWorkspace> changed;
  do {
    auto known = all->find(workspace);
    Suggestions suggestions = known == all->end() ? Suggestions() : *known->second;
    change(suggestions);
    ByWorkspace next = *all;
    next[workspace] = std::make_shared<const Suggestions>(std::move(suggestions));
    changed = std::make_shared<const ByWorkspace>(std::move(next));
  } while (!last_.compare_exchange_strong(all, changed));
}

void DuplicateSearches::stop() {
  if (stopping_.exchange(true)) return;
  if (clock_) asio::post(pool_, [clock = clock_] { clock->end(); });
  pool_.join();
}

}  // namespace tributary
