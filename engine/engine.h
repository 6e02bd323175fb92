// The facade: ingest, queries, stop. The only header of the engine that connectors include.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/json_out.h"
#include "engine/base/keyed_hash.h"
#include "engine/base/log_line.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/domain/channel.h"
#include "engine/domain/computed_trait.h"
#include "engine/domain/event.h"
#include "engine/domain/outcome.h"
#include "engine/domain/position.h"
#include "engine/domain/rejection.h"
#include "engine/domain/source.h"
#include "engine/domain/workspace.h"
#include "engine/domain/workspace_fact.h"
#include "engine/fold/touched_customers.h"
#include "engine/ingest/event_parser.h"
#include "engine/ingest/status_words.h"
#include "engine/ingest/tag_name.h"
#include "engine/log/segment_log.h"
#include "engine/metrics/metrics.h"
#include "engine/profile/channel_registry.h"
#include "engine/profile/status.h"
#include "engine/profile/tag.h"
#include "engine/query/duplicates_view.h"
#include "engine/query/export_view.h"
#include "engine/query/identity_view.h"
#include "engine/query/profile_changes_view.h"
#include "engine/query/profile_view.h"
#include "engine/query/sql_view.h"

namespace tributary {

struct EngineOptions {
  // Behaviour.
  std::string data_dir;     // log/, state/<partition>/, index.key, LOCK
  uint16_t partitions = 1;  // 1..64; rebuild_state() changes it for a store
  int64_t dedup_window_micros = 7 * kMicrosPerDay;
  SegmentLogOptions log;       // `directory` is filled in
  std::vector<TagEntry> tags;  // of the library of every workspace; what is decided there holds over them
  std::shared_ptr<const ComputedTraits> computed_traits = nullptr;  // null: none
  // Speed and memory.
  size_t front_table_bytes = 256ull << 20;  // over all partitions
  size_t block_cache_bytes = 128ull << 20;
  size_t write_buffer_bytes = 256ull << 20;            // memtables over all partitions; full ones are flushed
  int64_t state_flush_micros = 60 * kMicrosPerSecond;  // at the latest; bounds what a restart replays
  size_t fold_queue_events_max = 100'000;              // waiting for a partition; beyond: overloaded
  size_t fold_queue_bytes_max = 256ull << 20;
};

/// One of the two may be empty.
struct IngestRequest {
  std::vector<ParsedItem> items;  // of one source; moved from, their views need to live only until ingest() returns
  WorkspaceId workspace;          // of the positions; items name their own, which is the same
  std::vector<SourcePosition> positions = {};  // become durable behind the items, never before them; have no outcome
};

/// What a source sent since the process started.
struct SourceActivity {
  uint64_t events = 0, rejected = 0;  // those that were accepted into the log; duplicates count as events
  std::optional<Timestamp> last_at;
  double items_per_second = 0;  // over about the last minute
};

/// Whose an identifier is in events of the time `at`, or now.
struct IdentifierAt {
  Identifier identifier;
  std::optional<Timestamp> at;
};
using NamedCustomer = std::variant<CustomerId, IdentifierAt>;

/// One line of /readyz.
struct ReadinessCheck {
  std::string name;
  bool ok = true;
  std::string detail;
  bool degraded = false;  // ok, because the rest can be served, but somebody should look
};

class Engine {
 public:
  /// Locks the directory, recovers the log, opens the state and replays what it lacks; returns when reads and writes
  /// can be served. `on_progress` is called about once a second while replaying, on the calling thread. Errors:
  /// unavailable "locked by pid N" (exit 69), corrupt (65), disk_full (75), io (74).
  struct ReplayProgress {
    Lsn at, target;
    double records_per_second = 0;
    bool backfill = false;  // the log is read for computed traits that are new, before the replay
  };
  static Result<std::unique_ptr<Engine>> open(EngineOptions options, Metrics& metrics,
                                              const std::function<void(const ReplayProgress&)>& on_progress = {});
  virtual ~Engine() = default;

  /// Steps 4 to 10 of an event's walk. `done` runs exactly once, also on shutdown and failure, on a thread of the
  /// engine or at once on the caller's: after the records are durable AND folded. Thread: any.
  virtual void ingest(IngestRequest request, std::function<void(IngestOutcome)> done) = 0;

  /// Where the streams of a source go on, as far as the fold has come. Errors: those of the store.
  virtual Result<std::vector<SourcePosition>> positions(WorkspaceId workspace, std::string_view source) = 0;

  virtual SourceActivity activity(std::string_view source) const = 0;

  /// The index key of a workspace: what EventParser hashes with. Thread: any; valid as long as the engine.
  virtual const KeyedHash& index_key(WorkspaceId workspace) = 0;

  // Queries: on snapshots, from any thread. not_found for what is not in this workspace.
  /// Of an identifier that changed hands: whose it is in events of the time `at`, or now.
  virtual Result<ProfileView> profile_of(WorkspaceId workspace, const Identifier& identifier,
                                         std::optional<Timestamp> at) = 0;
  virtual Result<ProfileView> profile(WorkspaceId workspace, const CustomerId& id) = 0;
  /// True when an event or a decision ever named it, also when it was erased since.
  virtual Result<bool> was_seen(WorkspaceId workspace, const Identifier& identifier) = 0;
  /// True while events that name it are not taken, because a customer who had it was erased.
  virtual bool is_suppressed(WorkspaceId workspace, const Identifier& identifier) = 0;
  /// All that an answer about the customer is made of, of one snapshot; computed traits as of `now`.
  virtual Result<WholeProfile> whole_profile(WorkspaceId workspace, const NamedCustomer& named, Timestamp now) = 0;
  virtual Result<TimelinePage> timeline(WorkspaceId workspace, const CustomerId& id, const TimelineQuery& query) = 0;
  virtual Result<OrdersPage> orders(WorkspaceId workspace, const CustomerId& id, const OrdersQuery& query) = 0;
  virtual Result<InteractionsPage> interactions(WorkspaceId workspace, const CustomerId& id,
                                                const PageQuery& query) = 0;
  /// As of the moment `now`.
  virtual Result<TicketsPage> tickets(WorkspaceId workspace, const CustomerId& id, const PageQuery& query,
                                      Timestamp now) = 0;
  /// Of one kind, every word as it was said: the history of tags, for one.
  virtual Result<FactsPage> facts(WorkspaceId workspace, const CustomerId& id, FactKind kind,
                                  const PageQuery& query) = 0;
  /// What changed about a customer, as of the moment `now`: what its facts and orders come to by these rules, and what
  /// identity did.
  virtual Result<HistoryPage> history(WorkspaceId workspace, const CustomerId& id, const PageQuery& query,
                                      const ValueRules& rules, Timestamp now) = 0;
  virtual Result<RejectedPage> rejected_events(WorkspaceId workspace, const RejectedQuery& query) = 0;

  /// Records a decision; `done` runs like that of ingest(), when it is durable and every reader sees its effect. The
  /// outcome is `accepted`, or `rejected` for a decision about evidence that was never seen, about the wrong number of
  /// identifiers, or for a cut through evidence of whose events retention deleted some.
  virtual void assert_identity(WorkspaceId workspace, Assertion assertion, std::function<void(IngestOutcome)> done) = 0;
  /// Records other rules. The outcome is `accepted`, or `rejected` when another version than `based_on` is active;
  /// customers follow in the background, see RulesView::applying. Refused as overloaded while they follow an earlier
  /// change.
  virtual void change_rules(WorkspaceId workspace, RuleSetChange change, std::function<void(IngestOutcome)> done) = 0;

  /// Records what a person decided about the workspace as a whole; the subject's hash is filled in. `done` as of a
  /// decision; the outcome is `accepted`, also when its id was seen before and nothing happened.
  virtual void decide_fact(WorkspaceId workspace, WorkspaceFact said, std::function<void(IngestOutcome)> done) = 0;
  /// Every such word of one kind, by subject and time.
  virtual Result<std::vector<Fact>> workspace_facts(WorkspaceId workspace, FactKind kind) = 0;
  /// The tags that may be given: what is configured and what was decided.
  virtual Result<TagLibrary> tag_library(WorkspaceId workspace) = 0;

  /// All that is known of a customer, to be erased; its decision is left empty. Errors: not_found.
  virtual Result<Erasure> list_for_erasure(WorkspaceId workspace, const CustomerId& id) = 0;
  /// Records an erasure, or that one is lifted; `done` as of a decision. From then on the customer is in no answer, and
  /// events that name it are neither stored nor folded, but answered as any other. The outcome is `rejected` when
  /// everybody in the list was erased before, or when there is no such erasure to lift. Refused as overloaded while
  /// customers follow other rules, and as event_too_large above about 60,000 identifiers. The log keeps the bytes of
  /// the customer's events until retention deletes them.
  virtual void erase(WorkspaceId workspace, ErasureRecord record, std::function<void(IngestOutcome)> done) = 0;
  virtual Result<std::vector<ErasureView>> erasures(WorkspaceId workspace) = 0;

  virtual Result<RulesView> rules(WorkspaceId workspace) = 0;
  /// Errors: not_found also when a or b is unknown.
  virtual Result<ExplainView> explain(WorkspaceId workspace, const CustomerId& id, const ExplainQuery& query) = 0;
  virtual Result<ChangesPage> changes(WorkspaceId workspace, const ChangesQuery& query) = 0;
  /// Reads every container when there are rules in the query: up to a minute per million. Asks `cancelled` now and
  /// then. Errors: stopping when cancelled. Thread: any, but none that answers requests.
  virtual Result<PreviewView> preview(WorkspaceId workspace, const PreviewQuery& query,
                                      const std::function<bool()>& cancelled) = 0;

  /// Customers whose base records say that they are one, or may be; decides nothing. Takes as long as reading every
  /// customer with a record. Asks `cancelled` now and then. Errors: stopping when cancelled. Thread: any, but none that
  /// answers requests.
  virtual Result<DuplicatesView> search_duplicates(WorkspaceId workspace, const DuplicateQuery& query,
                                                   const std::function<bool()>& cancelled) = 0;

  /// Everything of a workspace, see Export; computed traits as of `now`. What they read takes its time: no thread that
  /// answers requests.
  virtual Result<std::unique_ptr<ProfileExport>> export_profiles(WorkspaceId workspace, Timestamp now) = 0;
  /// In the order in which events were received; each that stands on a timeline, once.
  virtual Result<std::unique_ptr<EventExport>> export_events(WorkspaceId workspace, const EventExportQuery& query) = 0;

  /// Runs one statement over the workspace, see run_sql(), and gives its rows to `rows` on the calling thread. Asks
  /// `cancelled` now and then. Thread: any, but none that answers requests.
  virtual SqlOutcome run_sql(WorkspaceId workspace, const SqlQuery& query, SqlRows& rows,
                             const std::function<bool()>& cancelled) = 0;

  /// The newest scale of a workspace; null before the first.
  virtual Result<std::shared_ptr<const RfmScale>> rfm_scale(WorkspaceId workspace) = 0;
  /// Computes one of all customers, which takes as long as their export, and records nothing. Asks `cancelled` now and
  /// then. Errors: stopping when cancelled. Thread: any, but none that answers requests.
  virtual Result<RfmScale> compute_rfm_scale(WorkspaceId workspace, const RfmScaleQuery& query,
                                             const std::function<bool()>& cancelled) = 0;
  /// Records a scale, which is the newest from then on; `done` as of a decision.
  virtual void record_rfm_scale(WorkspaceId workspace, const RfmScale& scale,
                                std::function<void(IngestOutcome)> done) = 0;

  // What is noticed of customers, by who watches them.
  /// Takes whom records were about since the last call, at most so many. The first tells that somebody was left out.
  virtual TouchedCustomers::Taken take_touched(size_t most) = 0;
  /// Errors: not_found.
  virtual Result<WatchedCustomer> watched_customer(WorkspaceId workspace, const CustomerId& id) = 0;
  /// All customers of so many containers behind this one; each call on a snapshot of its own.
  virtual Result<WatchedCustomers> watched_customers(WorkspaceId workspace, const std::optional<Hash128>& container,
                                                     size_t containers) = 0;
  /// Records what was noticed; `done` as of a decision: then it is what was told last of these customers.
  virtual void record_profile_changes(WorkspaceId workspace, const std::vector<ProfileChange>& changes,
                                      std::function<void(IngestOutcome)> done) = 0;
  /// The feed of what was noticed. Errors: invalid for a cursor that is none of it.
  virtual Result<ProfileChangesPage> profile_changes(WorkspaceId workspace, const ProfileChangesQuery& query) = 0;

  /// One check per condition under which an event would be refused. Thread: any.
  virtual std::vector<ReadinessCheck> readiness() const = 0;

  /// True after an I/O error that ended writing for good: the process must exit 74.
  virtual bool failed() const = 0;

  /// Refuses new work, drains log and fold, flushes the state, closes. Idempotent.
  virtual void stop() = 0;
};

/// Checks log and state without serving: every record's checksum, the state's file checksums, applied LSN against the
/// mark.
struct VerifyReport {
  LogVerification log;
  std::vector<Lsn> applied;  // per partition
  uint64_t customers = 0;
};
Result<VerifyReport> verify_store(const EngineOptions& options);

/// Folds the whole log again, into as many partitions as the options say; the old state is deleted when the new one is
/// whole. The store must not be in use. Errors: corrupt when the log no longer begins at its first record (retention),
/// unless options.log.accept_loss; then, and after any other error, the old state is back in place.
Result<void> rebuild_state(const EngineOptions& options, Metrics& metrics,
                           const std::function<void(const Engine::ReplayProgress&)>& on_progress = {});

}  // namespace tributary
