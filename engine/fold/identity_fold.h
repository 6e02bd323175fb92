// Identity as records change it: new evidence, earlier or later events of known evidence, decisions, other rules.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/domain/erasure.h"
#include "engine/domain/record.h"
#include "engine/fold/active_rules.h"
#include "engine/fold/identity_table.h"
#include "engine/fold/touched_customers.h"
#include "engine/identity/change.h"
#include "engine/identity/clusters.h"
#include "engine/identity/erasures.h"
#include "engine/identity/meetings.h"
#include "engine/metrics/metrics.h"

namespace tributary {

/// The record that changes identity.
struct RecordCause {
  WorkspaceId workspace;
  Lsn lsn;
  Timestamp received_at;
  ChangeCause cause;
};

/// Joins containers, keeps account of hubs, and settles what changed once per group: the customers of each container
/// that was touched, with the changes that readers of the feed get.
///
/// Owner: fold thread. One group is begin(), any of the calls, settle(), then the caller's commit and forget_group().
class IdentityFold {
 public:
  IdentityFold(StateStore& store, size_t vertex_bytes, size_t container_bytes, Metrics& metrics);

  /// Takes over unfinished sweeps. Call once.
  Result<void> open();

  void begin(StateBatch& batch, AppliedState& pending);

  /// Evidence that was never seen before.
  Result<void> add(Evidence evidence, std::span<const RecordIdentifier> identifiers, const RecordCause& cause);
  /// A late event is the first one of its evidence now: links sort by it, and a customer's anchor may move.
  Result<void> set_first(const Hash128& evidence, const Hash128& home, FirstEvent first, const RecordCause& cause);
  /// The evidence was seen at this time. To be called for every event while rules(workspace).has_newest().
  Result<void> set_last(const Hash128& evidence, const Hash128& home, Timestamp at, const RecordCause& cause);

  /// False for a decision about evidence that nobody ever saw, or about the wrong number of identifiers: no effect. Not
  /// for cuts.
  Result<bool> decide(const Assertion& assertion, const RecordCause& cause);
  /// False when another version is active than the change was based on. Nothing else may be in the group.
  Result<bool> change_rules(const RuleSetChange& change, const RecordCause& cause);
  Result<const RuleSet*> rules(WorkspaceId workspace);

  /// A cut is four steps, alone in its group: who is concerned, cut(), a divide() for each that has events after it,
  /// settle_cut().
  ///
  /// The evidence that names the identifier as it is in events right after the cut; none for a cut that was made
  /// before.
  Result<std::vector<Evidence>> concerned_by(const Assertion& cut, const RecordCause& cause);
  Result<void> cut(const Assertion& cut, const RecordCause& cause);
  /// Evidence from which a cut took events away: `kept` has the same name, and is missing when none were left.
  struct Division {
    Evidence before;
    std::optional<Evidence> kept;
    Evidence moved;
  };
  Result<void> divide(Division division, const RecordCause& cause);
  void settle_cut(const Hash128& divided, const RecordCause& cause) { review_later(divided, false, cause); }

  /// Takes a customer out of its containers, alone in its group: its evidence, and identifiers that nothing else names.
  /// From now on its identifiers are other ones, and events that name them are suppressed until lift().
  struct Erased {
    std::vector<Evidence> evidence;    // what goes with it: fragments and timelines, which are the caller's
    std::vector<Hash128> identifiers;  // empty: everybody listed was erased before
  };
  Result<Erased> erase(const Erasure& erasure, const RecordCause& cause);
  /// False when there is no such erasure, or it was lifted before.
  Result<bool> lift(const SuppressionLift& lift, const RecordCause& cause);

  bool has_cuts() const { return !namings_.empty(); }
  const Cuts& cuts(WorkspaceId workspace) const { return naming(workspace).cuts; }
  const EventNaming& naming(WorkspaceId workspace) const;
  /// By workspace: those in which somebody was cut or erased.
  using Namings = std::unordered_map<uint32_t, EventNaming>;
  const Namings& namings() const { return namings_; }
  /// Rises when a cut or an erasure changes how events are named, or which are taken.
  uint64_t namings_version() const { return namings_version_; }

  /// Computes again what the record touched. To be called after every record of the group.
  Result<void> end_record();
  /// Computes again what is left of the group, and writes the changes of all of it.
  Result<void> settle();
  void forget_group();
  /// Adds who came out of the changes of the group. To be called before forget_group().
  void add_touched(std::vector<TouchedCustomer>& touched) const;

  /// Some customers were not computed under the active rules yet.
  bool sweeping() const { return rules_.sweeping().has_value(); }
  bool sweeping(WorkspaceId workspace) const { return rules_.sweeping(workspace); }
  /// Visits the next containers of a sweep, under the active rules. Nothing else may be in the group.
  Result<void> sweep(size_t containers);

  size_t bytes() const { return table_.bytes(); }

 private:
  // An identifier of new evidence, as it was known before.
  struct Known {
    const RecordIdentifier* identifier = nullptr;
    std::optional<VertexRow> vertex;
    uint8_t out = 0;
  };
  struct Touched {
    std::vector<Cluster> before;
    RecordCause cause;
  };
  struct Join {
    Hash128 a, b;
    RecordCause cause;
  };
  struct Review {
    bool judge_value = false;  // other rules may block it, or no more
    RecordCause cause;
  };
  struct FoundEvidence {
    Container* container = nullptr;
    Evidence* evidence = nullptr;  // null: it was never seen
  };
  struct PendingChange {
    WorkspaceId workspace;
    Lsn lsn;
    Change change;
  };

  // New evidence: identity_evidence.cpp.
  Result<void> look_up(std::span<const RecordIdentifier> identifiers, const RuleSet& rules, const RecordCause& cause,
                       std::vector<Known>& known);
  static std::vector<Hash128> joining_members(const Evidence& evidence, const std::vector<Known>& known,
                                              const RuleSet& rules);
  void add_vertex(const RecordIdentifier& identifier, uint8_t out, const Hash128& root, WorkspaceId workspace,
                  std::optional<Timestamp> from = std::nullopt);
  Result<void> note_if_out(Container& container, const Hash128& identifier, const HubEvidence& evidence,
                           const RecordCause& cause);
  Result<void> mark_if_cut(Container& container, const Hash128& identifier, const RecordCause& cause);
  void count_unique_kinds(const std::vector<EvidenceMember>& members, const RuleSet& rules);

  // Containers: identity_containers.cpp.
  Result<Container*> find_container(const Hash128& root, const RecordCause& cause);
  Result<Container*> container_of(const Hash128& identifier, const RecordCause& cause);
  Result<FoundEvidence> find_evidence(const Hash128& evidence, const Hash128& home, const RecordCause& cause);
  Result<FoundEvidence> known_evidence(const Hash128& evidence, const Hash128& home, const RecordCause& cause);
  Result<Container*> unite(const std::vector<Hash128>& roots, const Hash128& new_root, const RecordCause& cause);
  Result<void> unite_pending();
  Result<void> touch(const Container& container, const RecordCause& cause);
  Result<std::vector<Cluster>> customers_before(WorkspaceId workspace, const Container& container);
  Result<void> recounted(Container& container, const RecordCause& cause);

  // Decisions: identity_decisions.cpp.
  std::optional<AssertedIdentifier> as_it_is_now(const AssertedIdentifier& asserted, const Decision& decision,
                                                 WorkspaceId workspace) const;
  Result<VertexRow> ensure_vertex(const AssertedIdentifier& asserted, const RecordCause& cause,
                                  std::optional<Timestamp> from = std::nullopt);
  Result<bool> decide_pair(const Assertion& assertion, const RecordCause& cause);
  Result<bool> decide_evidence(const Assertion& assertion, const RecordCause& cause);
  Result<bool> decide_hub(const Assertion& assertion, const RecordCause& cause);

  // Cuts: identity_cuts.cpp.
  Result<void> open_cuts();
  Result<std::vector<FoundEvidence>> parts_of(const Hash128& said, const Hash128& member, const RecordCause& cause);
  Result<void> inherit_decision(Evidence& evidence, const RecordCause& cause);
  void take_out(Container& container, std::span<const Evidence> gone, WorkspaceId workspace);

  // Erasures: identity_erasure.cpp.
  Result<void> open_erasures();
  Result<std::vector<Evidence>> erase_from(Container& container, const Erasure& erasure,
                                           const std::set<Hash128>& identifiers, std::set<Hash128>& customer,
                                           const RecordCause& cause);
  Result<std::vector<Hash128>> named_by_nothing_else(std::span<const Evidence> gone, const RecordCause& cause);
  Result<void> erase_identifiers(const std::map<Hash128, Hash128>& said_of, std::set<Hash128> roots,
                                 const RecordCause& cause);
  Result<void> erase_identifier(const Hash128& id, VertexRow vertex, const RecordCause& cause);
  void end_generation(const Hash128& said, const Hash128& id, const Erasure& erasure, bool suppress,
                      WorkspaceId workspace);
  void put_suppressed(const Hash128& said, WorkspaceId workspace);
  void put_gone(const Hash128& id, WorkspaceId workspace);

  // Hubs: identity_hubs.cpp.
  Result<void> detect_hubs(Container& container, std::span<const EvidenceMember> members, const RecordCause& cause);
  Result<void> review(const Hash128& identifier, bool judge_value, const RecordCause& cause);
  void review_later(const Hash128& identifier, bool judge_value, const RecordCause& cause);
  Result<bool> is_blocked(const Hash128& identifier, WorkspaceId workspace);
  Result<std::optional<Meetings::Crossing>> crossing_of(const Hash128& identifier, KindCode kind,
                                                        const Container& container, bool everywhere,
                                                        const RecordCause& cause);
  Result<void> set_out(const Hash128& identifier, uint8_t out, bool decided,
                       const std::optional<Meetings::Crossing>& crossing, const RecordCause& cause);
  Result<void> put_hub_row(const Hash128& identifier, uint8_t out, bool decided,
                           const std::optional<Meetings::Crossing>& crossing, WorkspaceId workspace);
  Result<void> report_hub(const Hash128& identifier, const Meetings::Crossing& crossing, const RecordCause& cause);
  Result<void> tell_elsewhere(const Hash128& identifier, uint8_t out, const Hash128& home_root,
                              const RecordCause& cause);
  Result<std::vector<Container*>> containers_elsewhere(const Hash128& hub, const Hash128& home_root,
                                                       const RecordCause& cause);
  Result<void> join_ownerless(const Container& container, const RecordCause& cause);
  Result<IdentifierKind> kind_of(const Meetings::Crossing& crossing, WorkspaceId workspace);

  // Other rules: identity_sweep.cpp.
  Result<void> refresh(Container& container, const WorkspaceRules& rules, const RecordCause& cause);
  Result<void> review_met(const Hash128& identifier, const RecordCause& cause);
  Result<void> read_last_times(WorkspaceId workspace, Container& container);
  Result<bool> is_container(WorkspaceId workspace, const Hash128& root);

  // Settling: identity_settling.cpp.
  Result<void> complete();
  Result<void> settle_container(const Hash128& root, const Touched& touched);
  static void count_refusal(const Refusal& refusal, ContainerSummary& summary);
  void count_settled(const ContainerSummary& before, const ContainerSummary& after);
  void add_change(Change change, const RecordCause& cause);
  Result<void> put_changes();
  void put_change(WorkspaceId workspace, Lsn lsn, uint32_t index, const Change& change);

  StateStore& store_;
  Metrics& metrics_;
  IdentityTable table_;
  ActiveRules rules_;
  Namings namings_;
  uint64_t namings_version_ = 0;
  boost::unordered_flat_map<KindCode, IdentifierKind> kinds_;  // as they were met

  // Of the group in progress.
  StateBatch* batch_ = nullptr;
  AppliedState* pending_ = nullptr;
  std::unordered_map<Hash128, Touched> touched_;  // by root
  std::vector<Join> joins_;
  std::map<Hash128, Review> reviews_;  // by identifier
  std::vector<PendingChange> changes_;
  std::optional<WorkspaceId> swept_;
  bool sweep_done_ = false;
};

}  // namespace tributary
