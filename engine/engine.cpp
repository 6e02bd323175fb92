#include "engine/engine.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>

#include "engine/base/check.h"
#include "engine/data_layout.h"
#include "engine/domain/behaviour.h"
#include "engine/fold/checkpointer.h"
#include "engine/fold/measure_backfill.h"
#include "engine/fold/partition.h"
#include "engine/log/disk_guard.h"
#include "engine/not_taken.h"
#include "engine/query/changes.h"
#include "engine/query/customer.h"
#include "engine/query/duplicates.h"
#include "engine/query/erasure.h"
#include "engine/query/explain.h"
#include "engine/query/export.h"
#include "engine/query/history.h"
#include "engine/query/interactions.h"
#include "engine/query/orders.h"
#include "engine/query/positions.h"
#include "engine/query/preview.h"
#include "engine/query/profile_changes.h"
#include "engine/query/rejected.h"
#include "engine/query/rfm.h"
#include "engine/query/rules_reader.h"
#include "engine/query/sql/run_sql.h"
#include "engine/query/tag_library_reader.h"
#include "engine/query/tickets.h"
#include "engine/query/timeline.h"
#include "engine/query/workspace_facts.h"
#include "engine/source_activity.h"
#include "engine/store/directory_lock.h"
#include "engine/store/index_keys.h"
#include "engine/store/partition_count.h"

namespace tributary {
namespace {

constexpr size_t kReplayBatchBytes = 4 << 20;

RejectionCode code_of(AppendRefusal refusal) {
  switch (refusal) {
    case AppendRefusal::overloaded:
      return RejectionCode::overloaded;
    case AppendRefusal::disk_full:
      return RejectionCode::disk_full;
    case AppendRefusal::stopping:
      return RejectionCode::shutting_down;
    case AppendRefusal::failed:
      return RejectionCode::not_ready;
  }
  return RejectionCode::not_ready;
}

// Before RocksDB meets the disk: on a full one it could abort.
Result<void> check_disk_space(const SegmentLogOptions& log, Metrics& metrics) {
  std::error_code error;
  std::filesystem::create_directories(log.directory, error);
  if (error) return Error{ErrorCode::io, "making " + log.directory + ": " + error.message()};
  DiskGuard guard({.directory = log.directory, .low_bytes = log.disk_low_bytes}, metrics);
  return guard.start();
}

WorkspaceId workspace_of(const IngestRequest& request) {
  if (request.items.empty()) return request.workspace;
  return std::visit([](const auto& item) { return item.workspace; }, request.items.front());
}

std::function<void(IngestOutcome)> without_positions(size_t items, std::function<void(IngestOutcome)> done) {
  return [items, done = std::move(done)](IngestOutcome outcome) {
    if (!outcome.refused) outcome.items.resize(items);
    done(std::move(outcome));
  };
}

}  // namespace

class EngineInstance final : public Engine {
 public:
  EngineInstance(EngineOptions options, Metrics& metrics) : options_(std::move(options)), metrics_(metrics) {
    if (!options_.computed_traits) options_.computed_traits = std::make_shared<ComputedTraits>();
    auto measured = std::make_shared<ComputedTraits>(*options_.computed_traits);
    const auto& behaviour = behaviour_traits().definitions;
    measured->definitions.insert(measured->definitions.end(), behaviour.begin(), behaviour.end());
    measured_ = std::move(measured);
  }
  ~EngineInstance() override { stop(); }

  Result<void> open(const std::function<void(const ReplayProgress&)>& on_progress);

  void ingest(IngestRequest request, std::function<void(IngestOutcome)> done) override;
  Result<std::vector<SourcePosition>> positions(WorkspaceId workspace, std::string_view source) override;
  SourceActivity activity(std::string_view source) const override { return activity_.of(source, system_clock().now()); }
  const KeyedHash& index_key(WorkspaceId workspace) override { return index_keys_->of(workspace); }

  Result<ProfileView> profile_of(WorkspaceId workspace, const Identifier& identifier,
                                 std::optional<Timestamp> at) override;
  Result<ProfileView> profile(WorkspaceId workspace, const CustomerId& id) override {
    return profile_at(*partition(workspace).store().snapshot(), workspace, id.anchor);
  }
  Result<bool> was_seen(WorkspaceId workspace, const Identifier& identifier) override;
  bool is_suppressed(WorkspaceId workspace, const Identifier& identifier) override {
    return suppresses(partition(workspace), workspace, identifier_hash(index_key(workspace), identifier));
  }
  Result<WholeProfile> whole_profile(WorkspaceId workspace, const NamedCustomer& named, Timestamp now) override;
  Result<TimelinePage> timeline(WorkspaceId workspace, const CustomerId& id, const TimelineQuery& query) override;
  Result<OrdersPage> orders(WorkspaceId workspace, const CustomerId& id, const OrdersQuery& query) override;
  Result<InteractionsPage> interactions(WorkspaceId workspace, const CustomerId& id, const PageQuery& query) override;
  Result<TicketsPage> tickets(WorkspaceId workspace, const CustomerId& id, const PageQuery& query,
                              Timestamp now) override;
  Result<FactsPage> facts(WorkspaceId workspace, const CustomerId& id, FactKind kind, const PageQuery& query) override;
  Result<HistoryPage> history(WorkspaceId workspace, const CustomerId& id, const PageQuery& query,
                              const ValueRules& rules, Timestamp now) override;
  Result<RejectedPage> rejected_events(WorkspaceId workspace, const RejectedQuery& query) override;

  void assert_identity(WorkspaceId workspace, Assertion assertion, std::function<void(IngestOutcome)> done) override;
  void change_rules(WorkspaceId workspace, RuleSetChange change, std::function<void(IngestOutcome)> done) override;
  void decide_fact(WorkspaceId workspace, WorkspaceFact said, std::function<void(IngestOutcome)> done) override;
  Result<std::vector<Fact>> workspace_facts(WorkspaceId workspace, FactKind kind) override {
    return read_workspace_facts(*partition(workspace).store().snapshot(), workspace, kind);
  }
  Result<TagLibrary> tag_library(WorkspaceId workspace) override;
  Result<Erasure> list_for_erasure(WorkspaceId workspace, const CustomerId& id) override;
  void erase(WorkspaceId workspace, ErasureRecord record, std::function<void(IngestOutcome)> done) override;
  Result<std::vector<ErasureView>> erasures(WorkspaceId workspace) override;
  Result<RulesView> rules(WorkspaceId workspace) override;
  Result<ExplainView> explain(WorkspaceId workspace, const CustomerId& id, const ExplainQuery& query) override;
  Result<ChangesPage> changes(WorkspaceId workspace, const ChangesQuery& query) override;
  Result<PreviewView> preview(WorkspaceId workspace, const PreviewQuery& query,
                              const std::function<bool()>& cancelled) override;
  Result<DuplicatesView> search_duplicates(WorkspaceId workspace, const DuplicateQuery& query,
                                           const std::function<bool()>& cancelled) override;
  Result<std::unique_ptr<ProfileExport>> export_profiles(WorkspaceId workspace, Timestamp now) override;
  Result<std::unique_ptr<EventExport>> export_events(WorkspaceId workspace, const EventExportQuery& query) override;
  SqlOutcome run_sql(WorkspaceId workspace, const SqlQuery& query, SqlRows& rows,
                     const std::function<bool()>& cancelled) override;
  Result<std::shared_ptr<const RfmScale>> rfm_scale(WorkspaceId workspace) override {
    return read_rfm_scale(*partition(workspace).store().snapshot(), workspace);
  }
  Result<RfmScale> compute_rfm_scale(WorkspaceId workspace, const RfmScaleQuery& query,
                                     const std::function<bool()>& cancelled) override;
  void record_rfm_scale(WorkspaceId workspace, const RfmScale& scale, std::function<void(IngestOutcome)> done) override;

  TouchedCustomers::Taken take_touched(size_t most) override { return touched_.take(most); }
  Result<WatchedCustomer> watched_customer(WorkspaceId workspace, const CustomerId& id) override;
  Result<WatchedCustomers> watched_customers(WorkspaceId workspace, const std::optional<Hash128>& container,
                                             size_t containers) override;
  void record_profile_changes(WorkspaceId workspace, const std::vector<ProfileChange>& changes,
                              std::function<void(IngestOutcome)> done) override;
  Result<ProfileChangesPage> profile_changes(WorkspaceId workspace, const ProfileChangesQuery& query) override;

  std::vector<ReadinessCheck> readiness() const override;
  bool failed() const override;
  void stop() override;

 private:
  Result<void> open_partitions();
  Result<void> open_log();
  Result<void> check_log_reaches(Lsn applied) const;
  Result<void> backfill(const std::function<void(const ReplayProgress&)>& on_progress);
  Result<void> replay(const std::function<void(const ReplayProgress&)>& on_progress);
  using TakeRecords = std::function<Result<void>(const std::vector<RecordView>&)>;
  Result<uint64_t> read_log(Lsn first, ReplayProgress progress, std::string_view doing,
                            const std::function<void(const ReplayProgress&)>& on_progress, const TakeRecords& take);
  void start();
  void dispatch(DurableGroup group, std::vector<DurableAppend> appends);
  void collect_metrics();
  void append_decision(RecordKind kind, WorkspaceId workspace, std::string payload,
                       std::function<void(IngestOutcome)> done);
  void append(WorkspaceId workspace, std::vector<Record> records, std::function<void(IngestOutcome)> done);
  std::function<void(IngestOutcome)> noting_activity(const std::vector<ParsedItem>& items,
                                                     std::function<void(IngestOutcome)> done);
  void add_positions(const IngestRequest& request, std::vector<Record>& records) const;
  std::optional<RejectionCode> refusal_of(WorkspaceId workspace) const;
  void hash(WorkspaceId workspace, Assertion& assertion);
  Result<ProfileView> profile_at(const StateReader& snapshot, WorkspaceId workspace, const Hash128& identifier,
                                 const ComputedTraitsAsOf& computed = {});
  Result<Hash128> hash_of(const StateReader& snapshot, WorkspaceId workspace, const Identifier& identifier,
                          std::optional<Timestamp> at);

  /// What `read(snapshot, customer)` gives, or why there is no such customer.
  template <class Read>
  auto of_customer(WorkspaceId workspace, const CustomerId& id, Read read)
      -> decltype(read(std::declval<const StateReader&>(), std::declval<const Customer&>())) {
    auto snapshot = partition(workspace).store().snapshot();
    auto rules = rules_reader_.rules(*snapshot, workspace);
    if (!rules) return rules.error();
    auto customer = find_customer(*snapshot, workspace, id.anchor, *rules);
    if (!customer) return customer.error();
    return read(*snapshot, *customer);
  }

  Result<SqlSource> sql_source(WorkspaceId workspace);

  PartitionId partition_of(WorkspaceId workspace) const {
    return PartitionId{static_cast<uint16_t>(workspace.value() % options_.partitions)};
  }
  Partition& partition(WorkspaceId workspace) const { return *partitions_[partition_of(workspace).value()]; }

  EngineOptions options_;                           // computed_traits: never null
  std::shared_ptr<const ComputedTraits> measured_;  // those, and what every store measures
  Metrics& metrics_;
  ActivityTable activity_;  // before what runs its callbacks
  RulesReader rules_reader_;
  TagLibraryReader tag_library_reader_{options_.tags};
  TouchedCustomers touched_;  // before the partitions, which note in it
  std::unique_ptr<DirectoryLock> lock_;
  std::unique_ptr<IndexKeys> index_keys_;
  std::unique_ptr<StoreMemory> memory_;
  std::vector<std::unique_ptr<Partition>> partitions_;
  std::unique_ptr<SegmentLog> log_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::atomic<bool> stopped_{false};
};

Result<void> EngineInstance::open(const std::function<void(const ReplayProgress&)>& on_progress) {
  auto lock = DirectoryLock::take(options_.data_dir);
  if (!lock) return lock.error();
  lock_ = std::move(*lock);
  auto keys = IndexKeys::open(options_.data_dir, has_segments(options_.data_dir));
  if (!keys) return keys.error();
  index_keys_ = std::move(*keys);
  TRIBUTARY_TRY(check_disk_space(log_options(options_), metrics_));
  TRIBUTARY_TRY(check_partition_count(state_root(options_), options_.partitions, true));
  TRIBUTARY_TRY(open_partitions());
  TRIBUTARY_TRY(open_log());
  TRIBUTARY_TRY(backfill(on_progress));
  TRIBUTARY_TRY(replay(on_progress));
  TRIBUTARY_TRY(destroy_state(replaced_state_root(options_)));  // a rebuild was killed; this state is whole
  start();
  return {};
}

Result<void> EngineInstance::open_partitions() {
  memory_ = std::make_unique<StoreMemory>(options_.block_cache_bytes, options_.write_buffer_bytes);
  FoldOptions fold{options_.dedup_window_micros, options_.front_table_bytes / options_.partitions, measured_,
                   &touched_};
  for (uint16_t number = 0; number < options_.partitions; ++number) {
    auto store = StateStore::open({state_directory(options_, number), options_.dedup_window_micros, false}, *memory_);
    if (!store) return store.error();
    partitions_.push_back(std::make_unique<Partition>(PartitionId{number}, std::move(*store), fold, metrics_));
    TRIBUTARY_TRY(partitions_.back()->open());
  }
  return {};
}

Result<void> EngineInstance::open_log() {
  Lsn applied;
  for (const auto& partition : partitions_) applied = std::max(applied, partition->applied().lsn);
  auto log = SegmentLog::open(log_options(options_), applied, metrics_);
  if (!log) return log.error();
  log_ = std::move(*log);
  for (auto& partition : partitions_) partition->read_again_from(*log_);
  return {};
}

// What lies between state and log exists nowhere else: going on would lose it without a word.
Result<void> EngineInstance::check_log_reaches(Lsn applied) const {
  Lsn first = log_->recovery().first_lsn;
  if (next(applied) >= first || options_.log.accept_loss) return {};
  return Error{ErrorCode::corrupt, "the log begins at record " + std::to_string(first.value()) +
                                       " and the state ends at record " + std::to_string(applied.value()) +
                                       ": what lies between left the log and cannot be folded again; --accept-loss "
                                       "goes on without it"};
}

// What the events that were folded before say for computed traits that are new.
Result<void> EngineInstance::backfill(const std::function<void(const ReplayProgress&)>& on_progress) {
  auto started = std::chrono::steady_clock::now();
  std::map<PartitionId, MeasureBackfill> behind;
  ReplayProgress progress;
  progress.backfill = true;
  for (auto& partition : partitions_) {
    MeasureBackfill backfill(partition->store(), measured_->definitions);
    auto missing = backfill.begin();
    if (!missing) return with_context("computed traits", missing.error());
    if (!*missing) continue;
    progress.target = std::max(progress.target, backfill.applied());
    behind.emplace(partition->id(), std::move(backfill));
  }
  if (behind.empty()) return {};
  if (Lsn first = log_->recovery().first_lsn; first > Lsn{1}) {
    log_line(LogLevel::warn, "computed traits that are new do not know what retention deleted",
             {{"first_record", static_cast<int64_t>(first.value())}});
  }
  auto records = read_log(Lsn{1}, progress, "computed traits", on_progress, [&](const auto& batch) -> Result<void> {
    for (auto& [id, backfill] : behind) {
      std::vector<RecordView> own;
      for (const RecordView& record : batch) {
        if (partition_of(record.workspace) == id) own.push_back(record);
      }
      if (auto added = backfill.add(own); !added) return with_context("computed traits", added.error());
    }
    return {};
  });
  if (!records) return records.error();
  for (auto& [id, backfill] : behind) {
    if (auto finished = backfill.finish(); !finished) return with_context("computed traits", finished.error());
  }
  metrics_.measure_backfill_seconds.set(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  log_line(LogLevel::info, "computed traits that are new know what was", {{"records", static_cast<int64_t>(*records)}});
  return {};
}

// Recovery is the normal path: the same fold over what the state lacks.
Result<void> EngineInstance::replay(const std::function<void(const ReplayProgress&)>& on_progress) {
  Lsn from = log_->last_durable();
  for (const auto& partition : partitions_) from = std::min(from, partition->applied().lsn);
  ReplayProgress progress{from, log_->last_durable(), 0};
  TRIBUTARY_TRY(check_log_reaches(from));
  if (progress.at == progress.target) return {};
  auto records = read_log(next(from), progress, "replaying", on_progress, [&](const auto& batch) -> Result<void> {
    for (auto& partition : partitions_) {
      std::vector<RecordView> own;
      for (const RecordView& record : batch) {
        // By workspace: the record's own partition is of the number of partitions it was written with.
        if (partition_of(record.workspace) == partition->id() && record.lsn > partition->applied().lsn) {
          own.push_back(record);
        }
      }
      if (!own.empty()) TRIBUTARY_TRY(partition->recover(own));
    }
    return {};
  });
  if (!records) return records.error();
  return {};
}

// Up to the target, or the end; how many records it read.
Result<uint64_t> EngineInstance::read_log(Lsn first, ReplayProgress progress, std::string_view doing,
                                          const std::function<void(const ReplayProgress&)>& on_progress,
                                          const TakeRecords& take) {
  auto started = std::chrono::steady_clock::now();
  auto reported = started;
  uint64_t records = 0;
  auto cursor = log_->read(first);
  while (progress.at < progress.target) {
    auto batch = cursor->next_batch(kReplayBatchBytes);
    if (!batch) return with_context(std::string(doing), batch.error());
    if (batch->empty()) break;
    if (auto taken = take(*batch); !taken) return taken.error();
    records += batch->size();
    progress.at = batch->back().lsn;
    auto now = std::chrono::steady_clock::now();
    progress.records_per_second = static_cast<double>(records) / std::chrono::duration<double>(now - started).count();
    if (on_progress && now - reported >= std::chrono::seconds(1)) {
      reported = now;
      on_progress(progress);
    }
  }
  return records;
}

void EngineInstance::start() {
  std::vector<Partition*> partitions;
  for (auto& partition : partitions_) {
    partition->set_pushed(log_->last_durable());
    partition->start();
    partitions.push_back(partition.get());
  }
  log_->start([this](DurableGroup group, std::vector<DurableAppend> appends) {
    dispatch(std::move(group), std::move(appends));
  });
  checkpointer_ = std::make_unique<Checkpointer>(partitions, *log_, options_.state_flush_micros);
  metrics_.add_collector([this] { collect_metrics(); });
}

std::optional<RejectionCode> EngineInstance::refusal_of(WorkspaceId workspace) const {
  const Partition& target = partition(workspace);
  if (stopped_.load()) return RejectionCode::shutting_down;
  if (target.failed()) return RejectionCode::not_ready;
  bool full = target.waiting_records() > options_.fold_queue_events_max ||
              target.waiting_bytes() > options_.fold_queue_bytes_max;
  if (full) return RejectionCode::overloaded;
  return std::nullopt;
}

void EngineInstance::ingest(IngestRequest request, std::function<void(IngestOutcome)> done) {
  TRIBUTARY_CHECK(!request.items.empty() || !request.positions.empty());
  WorkspaceId workspace = workspace_of(request);
  if (auto refused = refusal_of(workspace)) return done(IngestOutcome{refused, {}});
  done = noting_activity(request.items, std::move(done));
  std::vector<Record> records;
  records.reserve(request.items.size() + request.positions.size());
  NotTaken not_taken(partition(workspace), metrics_);
  for (const ParsedItem& item : request.items) {
    Record& record = records.emplace_back();
    if (const auto* event = std::get_if<Event>(&item)) {
      record.workspace = event->workspace;
      record.received_at = event->received_at;
      record.payload.reserve(event->json.size() + 512);
      encode_event(*event, index_key(event->workspace), record.payload);
    } else {
      const auto& rejected = std::get<Rejected>(item);
      record.kind = RecordKind::rejected_event;
      record.workspace = rejected.workspace;
      record.received_at = rejected.received_at;
      encode_rejected(rejected, index_key(rejected.workspace), record.payload);
    }
    record.partition = partition_of(record.workspace);
    if (not_taken.leaves_out(record)) records.pop_back();
  }
  done = not_taken.complete(std::move(done));
  if (!request.positions.empty()) {
    done = without_positions(records.size(), std::move(done));
    add_positions(request, records);
  }
  if (records.empty()) return done(IngestOutcome{});
  append(workspace, std::move(records), std::move(done));
}

// Of what was taken: a request that is refused comes again.
std::function<void(IngestOutcome)> EngineInstance::noting_activity(const std::vector<ParsedItem>& items,
                                                                   std::function<void(IngestOutcome)> done) {
  if (items.empty()) return done;
  auto is_event = [](const ParsedItem& item) { return std::holds_alternative<Event>(item); };
  auto events = static_cast<size_t>(std::count_if(items.begin(), items.end(), is_event));
  auto source = [](const auto& item) -> const std::string& { return item.source; };
  return [this, source = std::visit(source, items.front()), events, rejected = items.size() - events,
          done = std::move(done)](IngestOutcome outcome) {
    if (!outcome.refused) activity_.note(source, events, rejected, system_clock().now());
    done(std::move(outcome));
  };
}

// Behind the items: of a group that is torn the front is kept.
void EngineInstance::add_positions(const IngestRequest& request, std::vector<Record>& records) const {
  Timestamp now = system_clock().now();
  for (const SourcePosition& position : request.positions) {
    Record& record = records.emplace_back();
    record.kind = RecordKind::position;
    record.workspace = request.workspace;
    record.partition = partition_of(request.workspace);
    record.received_at = now;
    encode_position(position, record.payload);
  }
}

void EngineInstance::assert_identity(WorkspaceId workspace, Assertion assertion,
                                     std::function<void(IngestOutcome)> done) {
  hash(workspace, assertion);
  // As of events: whom it names was erased, and the log must not hold the name again. The fold asks once more.
  if (names_nobody(partition(workspace), workspace, assertion)) {
    return done(IngestOutcome{std::nullopt, {ItemOutcome::rejected}});
  }
  std::string payload;
  encode_assertion(assertion, payload);
  append_decision(RecordKind::assertion, workspace, std::move(payload), std::move(done));
}

void EngineInstance::change_rules(WorkspaceId workspace, RuleSetChange change,
                                  std::function<void(IngestOutcome)> done) {
  // The fold would finish the sweep of the last change before this one, and everybody would wait for that.
  auto view = rules(workspace);
  if (!view) return done(IngestOutcome{RejectionCode::not_ready, {}});
  if (view->applying) return done(IngestOutcome{RejectionCode::overloaded, {}});
  std::string payload;
  encode_rule_set_change(change, payload);
  append_decision(RecordKind::rule_set, workspace, std::move(payload), std::move(done));
}

void EngineInstance::decide_fact(WorkspaceId workspace, WorkspaceFact said, std::function<void(IngestOutcome)> done) {
  said.fact.subject = fact_subject(index_key(workspace), said.fact.kind, said.fact.subject_text);
  said.fact.trust = Trust::verified;
  std::string payload;
  encode_workspace_fact(said, payload);
  append_decision(RecordKind::workspace_fact, workspace, std::move(payload), std::move(done));
}

Result<TagLibrary> EngineInstance::tag_library(WorkspaceId workspace) {
  auto library = tag_library_reader_.library(*partition(workspace).store().snapshot(), workspace);
  if (!library) return library.error();
  return TagLibrary(**library);
}

void EngineInstance::erase(WorkspaceId workspace, ErasureRecord record, std::function<void(IngestOutcome)> done) {
  // As of other rules: what somebody has is not settled yet.
  auto view = rules(workspace);
  if (!view) return done(IngestOutcome{RejectionCode::not_ready, {}});
  if (view->applying) return done(IngestOutcome{RejectionCode::overloaded, {}});
  std::string payload;
  encode_erasure(record, payload);
  if (payload.size() > kRecordPayloadMax) return done(IngestOutcome{RejectionCode::event_too_large, {}});
  append_decision(RecordKind::erasure, workspace, std::move(payload), std::move(done));
}

void EngineInstance::append_decision(RecordKind kind, WorkspaceId workspace, std::string payload,
                                     std::function<void(IngestOutcome)> done) {
  std::vector<Record> records;
  records.push_back({kind, workspace, partition_of(workspace), system_clock().now(), std::move(payload)});
  append(workspace, std::move(records), std::move(done));
}

// Whatever the caller thought of the key: the hashes of a record are this workspace's.
void EngineInstance::hash(WorkspaceId workspace, Assertion& assertion) {
  for (AssertedIdentifier& each : assertion.identifiers) {
    each.hash = identifier_hash(index_key(workspace), each.identifier);
  }
}

void EngineInstance::append(WorkspaceId workspace, std::vector<Record> records,
                            std::function<void(IngestOutcome)> done) {
  if (auto refused = refusal_of(workspace)) return done(IngestOutcome{refused, {}});
  AppendRequest append;
  append.records = std::move(records);
  auto pending = std::make_shared<PendingIngest>(append.records.size(), std::move(done));
  append.context = pending;
  append.done = [pending](const Result<Lsn>& durable) {
    if (durable) {
      pending->on_durable();
    } else {
      bool stopping = durable.error().code == ErrorCode::stopping;
      pending->fail(stopping ? RejectionCode::shutting_down : RejectionCode::not_ready);
    }
  };
  if (auto refusal = log_->append(std::move(append))) pending->fail(code_of(*refusal));
}

// On the log thread: each partition gets its own records. One workspace per request, so an append never spans
// partitions.
void EngineInstance::dispatch(DurableGroup group, std::vector<DurableAppend> appends) {
  std::vector<Partition::Work> works(partitions_.size());
  for (DurableAppend& append : appends) {
    if (append.count == 0) continue;
    PartitionId id = group.records[append.first].partition;
    Partition::Work& work = works[id.value()];
    size_t first = work.records.size();
    auto begin = group.records.begin() + static_cast<ptrdiff_t>(append.first);
    work.records.insert(work.records.end(), begin, begin + static_cast<ptrdiff_t>(append.count));
    work.appends.push_back({std::move(append.context), first, append.count});
  }
  for (size_t i = 0; i < works.size(); ++i) {
    if (works[i].records.empty()) continue;
    works[i].memory = group.memory;
    partitions_[i]->push(std::move(works[i]));
  }
  if (group.records.empty()) return;
  for (auto& partition : partitions_) partition->set_pushed(group.records.back().lsn);
}

Result<bool> EngineInstance::was_seen(WorkspaceId workspace, const Identifier& identifier) {
  auto snapshot = partition(workspace).store().snapshot();
  auto vertex = load_vertex(*snapshot, workspace, identifier_hash(index_key(workspace), identifier));
  if (!vertex) return vertex.error();
  return vertex->has_value();
}

Result<ProfileView> EngineInstance::profile_of(WorkspaceId workspace, const Identifier& identifier,
                                               std::optional<Timestamp> at) {
  auto snapshot = partition(workspace).store().snapshot();
  auto hash = hash_of(*snapshot, workspace, identifier, at);
  if (!hash) return hash.error();
  return profile_at(*snapshot, workspace, *hash);
}

Result<Hash128> EngineInstance::hash_of(const StateReader& snapshot, WorkspaceId workspace,
                                        const Identifier& identifier, std::optional<Timestamp> at) {
  return named_at(snapshot, workspace, identifier_hash(index_key(workspace), identifier), at);
}

Result<ProfileView> EngineInstance::profile_at(const StateReader& snapshot, WorkspaceId workspace,
                                               const Hash128& identifier, const ComputedTraitsAsOf& computed) {
  auto rules = rules_reader_.rules(snapshot, workspace);
  if (!rules) return rules.error();
  auto customer = find_customer(snapshot, workspace, identifier, *rules);
  if (!customer) return customer.error();
  return read_profile(snapshot, *customer, computed);
}

Result<WholeProfile> EngineInstance::whole_profile(WorkspaceId workspace, const NamedCustomer& named, Timestamp now) {
  auto snapshot = partition(workspace).store().snapshot();
  Hash128 identifier;
  if (const auto* id = std::get_if<CustomerId>(&named)) {
    identifier = id->anchor;
  } else {
    const auto& [said, at] = std::get<IdentifierAt>(named);
    auto hash = hash_of(*snapshot, workspace, said, at);
    if (!hash) return hash.error();
    identifier = *hash;
  }
  auto profile = profile_at(*snapshot, workspace, identifier, {options_.computed_traits, now});
  if (!profile) return profile.error();
  auto scale = read_rfm_scale(*snapshot, workspace);
  if (!scale) return scale.error();
  auto tags = tag_library_reader_.library(*snapshot, workspace);
  if (!tags) return tags.error();
  return WholeProfile{std::move(*profile), std::move(*scale), std::move(*tags)};
}

Result<Erasure> EngineInstance::list_for_erasure(WorkspaceId workspace, const CustomerId& id) {
  auto snapshot = partition(workspace).store().snapshot();
  auto rules = rules_reader_.rules(*snapshot, workspace);
  if (!rules) return rules.error();
  auto customer = find_customer(*snapshot, workspace, id.anchor, *rules);
  if (!customer) return customer.error();
  return tributary::list_for_erasure(*snapshot, *customer, *rules);
}

Result<std::vector<SourcePosition>> EngineInstance::positions(WorkspaceId workspace, std::string_view source) {
  return read_positions(*partition(workspace).store().snapshot(), workspace, source);
}

Result<std::vector<ErasureView>> EngineInstance::erasures(WorkspaceId workspace) {
  return read_erasures(*partition(workspace).store().snapshot(), workspace);
}

Result<TimelinePage> EngineInstance::timeline(WorkspaceId workspace, const CustomerId& id, const TimelineQuery& query) {
  return of_customer(workspace, id, [&](const StateReader& snapshot, const Customer& customer) {
    return read_timeline(snapshot, *log_, index_keys_->cursor_key(), customer, query);
  });
}

Result<OrdersPage> EngineInstance::orders(WorkspaceId workspace, const CustomerId& id, const OrdersQuery& query) {
  return of_customer(workspace, id, [&](const StateReader& snapshot, const Customer& customer) {
    return read_orders_page(snapshot, index_keys_->cursor_key(), customer, query);
  });
}

Result<InteractionsPage> EngineInstance::interactions(WorkspaceId workspace, const CustomerId& id,
                                                      const PageQuery& query) {
  return of_customer(workspace, id, [&](const StateReader& snapshot, const Customer& customer) {
    return read_interactions_page(snapshot, index_keys_->cursor_key(), customer, query);
  });
}

Result<TicketsPage> EngineInstance::tickets(WorkspaceId workspace, const CustomerId& id, const PageQuery& query,
                                            Timestamp now) {
  return of_customer(workspace, id, [&](const StateReader& snapshot, const Customer& customer) {
    return read_tickets_page(snapshot, index_keys_->cursor_key(), customer, query, now);
  });
}

Result<FactsPage> EngineInstance::facts(WorkspaceId workspace, const CustomerId& id, FactKind kind,
                                        const PageQuery& query) {
  return of_customer(workspace, id, [&](const StateReader& snapshot, const Customer& customer) {
    return read_facts_page(snapshot, index_keys_->cursor_key(), customer, kind, query);
  });
}

Result<HistoryPage> EngineInstance::history(WorkspaceId workspace, const CustomerId& id, const PageQuery& query,
                                            const ValueRules& rules, Timestamp now) {
  return of_customer(workspace, id, [&](const StateReader& snapshot, const Customer& customer) {
    return read_history_page(snapshot, index_keys_->cursor_key(), customer, query, rules, now);
  });
}

Result<RejectedPage> EngineInstance::rejected_events(WorkspaceId workspace, const RejectedQuery& query) {
  auto snapshot = partition(workspace).store().snapshot();
  return read_rejected(*snapshot, *log_, index_keys_->cursor_key(), workspace, query);
}

Result<RulesView> EngineInstance::rules(WorkspaceId workspace) {
  auto snapshot = partition(workspace).store().snapshot();
  auto row = load_rules(*snapshot, workspace);
  if (!row) return row.error();
  auto rules = decode_rules(row->rules);
  if (!rules) return rules.error();
  std::string sweep;
  auto applying = snapshot->get(Family::meta, sweep_key(workspace), sweep);
  if (!applying) return applying.error();
  return RulesView{row->version, std::move(*rules), row->decision, *applying};
}

Result<ExplainView> EngineInstance::explain(WorkspaceId workspace, const CustomerId& id, const ExplainQuery& query) {
  auto snapshot = partition(workspace).store().snapshot();
  auto rules = rules_reader_.rules(*snapshot, workspace);
  if (!rules) return rules.error();
  ExplainSubject subject{id.anchor, std::nullopt, std::nullopt};
  for (auto [asked, hash] : {std::pair(&query.a, &subject.a), std::pair(&query.b, &subject.b)}) {
    if (!*asked) continue;
    auto named = named_at(*snapshot, workspace, identifier_hash(index_key(workspace), **asked), std::nullopt);
    if (!named) return named.error();
    *hash = *named;
  }
  return explain_identity(*snapshot, workspace, subject, *rules);
}

Result<ChangesPage> EngineInstance::changes(WorkspaceId workspace, const ChangesQuery& query) {
  auto snapshot = partition(workspace).store().snapshot();
  return read_changes(*snapshot, index_keys_->cursor_key(), workspace, query);
}

Result<PreviewView> EngineInstance::preview(WorkspaceId workspace, const PreviewQuery& query,
                                            const std::function<bool()>& cancelled) {
  PreviewQuery hashed = query;
  Timestamp now = system_clock().now();
  for (Assertion& assertion : hashed.assertions) {
    hash(workspace, assertion);
    assertion.decision.at = now;
  }
  auto snapshot = partition(workspace).store().snapshot();
  auto rules = rules_reader_.rules(*snapshot, workspace);
  if (!rules) return rules.error();
  return preview_identity(*snapshot, workspace, *rules, hashed, cancelled);
}

Result<DuplicatesView> EngineInstance::search_duplicates(WorkspaceId workspace, const DuplicateQuery& query,
                                                         const std::function<bool()>& cancelled) {
  Timestamp now = system_clock().now();  // before the snapshot: see DuplicatesView::at
  auto snapshot = partition(workspace).store().snapshot();
  auto rules = rules_reader_.rules(*snapshot, workspace);
  if (!rules) return rules.error();
  return tributary::search_duplicates(*snapshot, workspace, index_key(workspace), *rules, query, now, cancelled);
}

Result<std::unique_ptr<ProfileExport>> EngineInstance::export_profiles(WorkspaceId workspace, Timestamp now) {
  std::shared_ptr<const StateReader> snapshot = partition(workspace).store().snapshot();
  auto rules = rules_reader_.rules(*snapshot, workspace);
  if (!rules) return rules.error();
  return tributary::export_profiles(std::move(snapshot), workspace, std::move(*rules), {options_.computed_traits, now});
}

Result<std::unique_ptr<EventExport>> EngineInstance::export_events(WorkspaceId workspace,
                                                                   const EventExportQuery& query) {
  std::shared_ptr<const StateReader> snapshot = partition(workspace).store().snapshot();
  auto rules = rules_reader_.rules(*snapshot, workspace);
  if (!rules) return rules.error();
  return tributary::export_events(std::move(snapshot), *log_, workspace, std::move(*rules), query);
}

Result<SqlSource> EngineInstance::sql_source(WorkspaceId workspace) {
  std::shared_ptr<const StateReader> snapshot = partition(workspace).store().snapshot();
  auto rules = rules_reader_.rules(*snapshot, workspace);
  if (!rules) return rules.error();
  auto scale = read_rfm_scale(*snapshot, workspace);
  if (!scale) return scale.error();
  auto tags = tag_library_reader_.library(*snapshot, workspace);
  if (!tags) return tags.error();
  return SqlSource{std::move(snapshot),       *log_,           index_key(workspace),
                   index_keys_->cursor_key(), workspace,       std::move(*rules),
                   std::move(*scale),         std::move(*tags)};
}

SqlOutcome EngineInstance::run_sql(WorkspaceId workspace, const SqlQuery& query, SqlRows& rows,
                                   const std::function<bool()>& cancelled) {
  auto source = sql_source(workspace);
  if (source) return tributary::run_sql(*source, query, rows, cancelled);
  SqlOutcome outcome;
  outcome.fault = SqlFault{.kind = SqlFaultKind::store, .message = "reading failed", .error = source.error()};
  return outcome;
}

Result<RfmScale> EngineInstance::compute_rfm_scale(WorkspaceId workspace, const RfmScaleQuery& query,
                                                   const std::function<bool()>& cancelled) {
  std::shared_ptr<const StateReader> snapshot = partition(workspace).store().snapshot();
  auto rules = rules_reader_.rules(*snapshot, workspace);
  if (!rules) return rules.error();
  return tributary::compute_rfm_scale(std::move(snapshot), workspace, std::move(*rules), query, system_clock().now(),
                                      cancelled);
}

void EngineInstance::record_rfm_scale(WorkspaceId workspace, const RfmScale& scale,
                                      std::function<void(IngestOutcome)> done) {
  std::string payload;
  encode_rfm_scale(scale, payload);
  append_decision(RecordKind::rfm_scale, workspace, std::move(payload), std::move(done));
}

Result<WatchedCustomer> EngineInstance::watched_customer(WorkspaceId workspace, const CustomerId& id) {
  return of_customer(workspace, id, [](const StateReader& snapshot, const Customer& customer) {
    return read_watched(snapshot, customer);
  });
}

Result<WatchedCustomers> EngineInstance::watched_customers(WorkspaceId workspace,
                                                           const std::optional<Hash128>& container, size_t containers) {
  std::shared_ptr<const StateReader> snapshot = partition(workspace).store().snapshot();
  auto rules = rules_reader_.rules(*snapshot, workspace);
  if (!rules) return rules.error();
  return read_watched_after(std::move(snapshot), workspace, container, containers, *rules);
}

void EngineInstance::record_profile_changes(WorkspaceId workspace, const std::vector<ProfileChange>& changes,
                                            std::function<void(IngestOutcome)> done) {
  std::vector<Record> records;
  Timestamp now = system_clock().now();
  for (const ProfileChange& change : changes) {
    Record& record =
        records.emplace_back(Record{RecordKind::profile_change, workspace, partition_of(workspace), now, {}});
    encode_profile_change(change, record.payload);
  }
  append(workspace, std::move(records), std::move(done));
}

Result<ProfileChangesPage> EngineInstance::profile_changes(WorkspaceId workspace, const ProfileChangesQuery& query) {
  return read_profile_changes(*partition(workspace).store().snapshot(), index_keys_->cursor_key(), workspace, query);
}

std::vector<ReadinessCheck> EngineInstance::readiness() const {
  std::vector<ReadinessCheck> checks;
  auto refusal = log_->refusal();
  checks.push_back({"log", !log_->failed(), log_->failed() ? "a write failed; restart to read what is durable" : ""});
  bool disk = !refusal || *refusal != AppendRefusal::disk_full;
  checks.push_back({"disk", disk, disk ? "" : "free space is below the low mark"});
  bool room = !refusal || *refusal != AppendRefusal::overloaded;
  checks.push_back({"queue", room, room ? "" : "the log's queue is full"});
  bool folding = std::none_of(partitions_.begin(), partitions_.end(), [](auto& p) { return p->failed(); });
  checks.push_back({"fold", folding, folding ? "" : "a partition stopped; see the log lines"});
  bool store = std::all_of(partitions_.begin(), partitions_.end(), [](auto& p) {
    StoreHealth health = p->store().health();
    return health.background_errors == 0 && !health.write_stopped;
  });
  checks.push_back({"state", store, store ? "" : "the state store has background errors or refuses writes"});
  checks.push_back({"running", !stopped_.load(), stopped_.load() ? "shutting down" : ""});
  return checks;
}

bool EngineInstance::failed() const {
  bool folding = std::none_of(partitions_.begin(), partitions_.end(), [](auto& p) { return p->failed(); });
  return log_->failed() || !folding;
}

void EngineInstance::collect_metrics() {
  if (stopped_.load()) return;
  AppliedState sum;
  size_t waiting = 0;
  size_t front_bytes = 0;
  int64_t oldest = 0;
  StoreHealth worst;
  for (const auto& partition : partitions_) {
    AppliedState applied = partition->applied();
    sum.customers += applied.customers;
    sum.identifiers += applied.identifiers;
    sum.containers += applied.containers;
    sum.containers_not_simple += applied.containers_not_simple;
    sum.hubs += applied.hubs;
    waiting += partition->waiting_records();
    front_bytes += partition->front_bytes();
    oldest = std::max(oldest, partition->waiting_micros());
    StoreHealth health = partition->store().health();
    worst.background_errors += health.background_errors;
    worst.write_stopped = worst.write_stopped || health.write_stopped;
    worst.delayed_write_rate = std::max(worst.delayed_write_rate, health.delayed_write_rate);
    worst.pending_compaction_bytes += health.pending_compaction_bytes;
  }
  metrics_.customers.set(static_cast<double>(sum.customers));
  metrics_.identifiers.set(static_cast<double>(sum.identifiers));
  metrics_.containers.set(static_cast<double>(sum.containers));
  metrics_.containers_not_simple.set(static_cast<double>(sum.containers_not_simple));
  metrics_.hubs.set(static_cast<double>(sum.hubs));
  metrics_.fold_lag_events.set(static_cast<double>(waiting));
  metrics_.front_bytes.set(static_cast<double>(front_bytes));
  metrics_.fold_lag_seconds.set(static_cast<double>(oldest) / kMicrosPerSecond);
  metrics_.store_background_errors.set(static_cast<double>(worst.background_errors));
  metrics_.store_write_stopped.set(worst.write_stopped ? 1 : 0);
  metrics_.store_stalls.set(static_cast<double>(worst.delayed_write_rate));
  metrics_.store_pending_compaction_bytes.set(static_cast<double>(worst.pending_compaction_bytes));
}

// Log before fold: what the log still writes, the folds still apply; then the state is flushed and closed.
void EngineInstance::stop() {
  if (stopped_.exchange(true)) return;
  if (log_) log_->stop();
  for (auto& partition : partitions_) partition->stop();
  if (checkpointer_) {
    checkpointer_->stop();
    if (auto flushed = checkpointer_->flush_all(); !flushed) {
      log_line(LogLevel::warn, "last state flush failed; the next start replays more",
               {{"reason", flushed.error().message}});
    }
  }
}

Result<std::unique_ptr<Engine>> Engine::open(EngineOptions options, Metrics& metrics,
                                             const std::function<void(const ReplayProgress&)>& on_progress) {
  auto engine = std::make_unique<EngineInstance>(std::move(options), metrics);
  TRIBUTARY_TRY(engine->open(on_progress));
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace tributary
