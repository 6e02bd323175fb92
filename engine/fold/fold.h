// state = fold(log): applies durable records, in log order, to identity, fragments and timelines. Deterministic: no
// clock, no random numbers, no configuration but what is part of the store's identity, and what is measured of events.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <map>
#include <span>
#include <vector>

#include "engine/domain/outcome.h"
#include "engine/domain/record.h"
#include "engine/fold/clock_cache.h"
#include "engine/fold/identity_fold.h"
#include "engine/fold/touched_customers.h"
#include "engine/ingest/measure_reader.h"
#include "engine/log/log.h"
#include "engine/profile/fragment.h"
#include "engine/profile/order.h"
#include "engine/store/state_store.h"

namespace tributary {

struct FoldOptions {
  int64_t dedup_window_micros = 7 * kMicrosPerDay;
  size_t front_table_bytes = 256ull << 20;
  std::shared_ptr<const ComputedTraits> computed_traits = nullptr;  // those events are measured for; null: none
  TouchedCustomers* touched = nullptr;  // who learns whom records were about; null: nobody. It outlives the fold
};

/// How long the feed of noticed changes goes back from the newest. The log keeps all of them.
constexpr int64_t kFeedKeptMicros = 30 * kMicrosPerDay;

/// Counts an event that is not admitted.
void count_not_taken(Admission admission, Metrics& metrics);

/// 1 deduplicate · 2 evidence to identity · 3 fragments, orders and timeline · 4 one atomic batch with the LSN.
///
/// Owner: fold thread. Between two calls of apply() everything is in the store; the front table only spares reads.
class Fold {
 public:
  Fold(StateStore& store, const FoldOptions& options, Metrics& metrics);

  /// Takes over what the store holds. Call once, before apply().
  Result<void> open();

  /// Where records that were folded can be read again, for cuts. It must outlive every apply().
  void read_again_from(Log& log) { log_ = &log; }

  /// Folds records of this partition whose LSNs rise above applied(); `outcomes[i]` tells what became of `records[i]`.
  /// A decision, a rule-set record and an erasure come alone, the latter two only while their workspace is not
  /// sweeping(). Errors: overloaded while the store is stalled: the group is folded but not visible; call commit()
  /// until it is. Any other error is final.
  Result<void> apply(std::span<const RecordView> records, std::vector<ItemOutcome>& outcomes);

  /// Notes that no record of this partition stands at or below this LSN but those that were applied. Errors: as
  /// apply().
  Result<void> advance(Lsn lsn);

  /// Makes the group of the last apply() or advance() visible, when that answered overloaded.
  Result<void> commit();

  /// Which events of which workspaces are not taken any more; changes with the version.
  const IdentityFold::Namings& namings() const { return identity_.namings(); }
  uint64_t namings_version() const { return identity_.namings_version(); }

  /// Some customers were not computed under the active rules yet.
  bool sweeping() const { return identity_.sweeping(); }
  bool sweeping(WorkspaceId workspace) const { return identity_.sweeping(workspace); }
  /// Computes the next customers of a sweep. Errors: as apply().
  Result<void> sweep();

  const AppliedState& applied() const { return applied_; }
  size_t front_bytes() const { return evidence_.bytes() + identity_.bytes(); }

 private:
  struct EvidenceEntry {
    WorkspaceId workspace;
    Hash128 home;
    Fragment fragment;
    size_t bytes = 0;    // of the fragment, as the front table knows it
    bool dirty = false;  // its fragment is to be written with this group
  };

  // One event of the group with what was fetched ahead for it.
  struct Step {
    const RecordView* record = nullptr;
    EventView event;
    RejectedView rejected;
    Assertion assertion;
    RuleSetChange rules;
    ErasureRecord erasure;
    SourcePosition position;
    WorkspaceFact workspace_fact;
    ProfileChange profile_change;
    Admission admission = Admission::admitted;
    Hash128 message;                 // zero: not deduplicated
    Hash128 said;                    // of an event: its evidence before cuts
    EvidenceEntry* known = nullptr;  // in the front table before the group
  };

  void begin();
  Result<void> decode(std::span<const RecordView> records);
  Result<void> prefetch_messages();
  Result<void> prefetch_fragments();
  Result<void> fold_group(std::vector<ItemOutcome>& outcomes);
  Result<void> fold_event(const Step& step);
  void fold_position(const Step& step);
  void fold_rfm_scale(const Step& step);
  void fold_workspace_fact(const Step& step);
  Result<void> fold_profile_change(const Step& step);
  Result<void> trim_feed(const Step& step);
  void touch_customers(const Step& step);
  void fold_rejected(const Step& step);
  bool is_duplicate(const Step& step);
  void forget_message(const Step& step);

  Result<EvidenceEntry*> find_or_add_evidence(const Step& step);
  Result<void> follow_times(const Step& step, const EvidenceEntry& entry, bool earlier);
  Result<ItemOutcome> fold_decision(const Step& step);
  Result<bool> decide(const Step& step);
  void touch(const Hash128& evidence, EvidenceEntry& entry);
  void put_timeline(const Step& step, const Hash128& home);
  void join_order(const Step& step, const Hash128& home);
  void put_facts(const Step& step, const Hash128& home);
  void put_measurements(const Step& step, EvidenceEntry& entry);

  // Cuts: fold_cut.cpp.
  struct Division;
  Result<bool> fold_cut(const Step& step, const RecordCause& cause);
  Result<std::optional<Division>> read_division(Evidence evidence, const Assertion& cut, WorkspaceId workspace);
  Result<bool> read_event(Lsn lsn, Timestamp cut_at, Division& division);
  Result<void> apply_division(Division division, const RecordCause& cause);
  void put_fragment(WorkspaceId workspace, const Evidence& evidence, const Fragment& fragment);
  void put_orders(WorkspaceId workspace, const Evidence& evidence, const std::map<Hash128, OrderState>& orders);
  Result<void> move_facts(WorkspaceId workspace, const Evidence& from, const Evidence& to, Timestamp after);
  Result<void> move_measurements(WorkspaceId workspace, Division& division, const Evidence& to);

  // Erasures: fold_erasure.cpp.
  Result<bool> fold_erasure(const Step& step, const RecordCause& cause);
  Result<void> erase_rows(Family family, WorkspaceId workspace, const Hash128& home, const Hash128& evidence);
  Result<uint64_t> forget(const std::vector<Evidence>& evidence, WorkspaceId workspace);

  void put_fragments();
  void forget_group();

  StateStore& store_;
  FoldOptions options_;
  Metrics& metrics_;
  MeasureReader measure_reader_;
  Log* log_ = nullptr;  // null: no cut can be made
  AppliedState applied_;

  // The front table: what recent events touched. Hashes are keyed per workspace, so one table serves them all.
  ClockCache<EvidenceEntry> evidence_;
  IdentityFold identity_;

  // Of the group in progress.
  AppliedState pending_;
  std::unique_ptr<StateBatch> batch_;
  std::vector<Step> steps_;
  boost::unordered_flat_map<Hash128, DedupRow, std::hash<Hash128>> messages_;
  std::vector<std::pair<Hash128, EvidenceEntry*>> dirty_evidence_;
  std::vector<TouchedCustomer> touched_;
  boost::unordered_flat_set<WorkspaceId, std::hash<WorkspaceId>> trimmed_;
  std::string buffer_;
};

}  // namespace tributary
