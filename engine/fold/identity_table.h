// Vertices and containers in memory, with the store behind them: what identity reads and writes within one group.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/fold/clock_cache.h"
#include "engine/store/container_rows.h"
#include "engine/store/state_store.h"

namespace tributary {

/// Every change goes to memory and to the group's batch at once, so that both agree when the batch is committed.
///
/// Owner: fold thread. Pointers to containers are good until forget_group() or until the container is united away.
class IdentityTable {
 public:
  IdentityTable(StateStore& store, size_t vertex_bytes, size_t container_bytes)
      : store_(store), vertices_(vertex_bytes), containers_(container_bytes) {}

  void begin(StateBatch& batch) { batch_ = &batch; }
  /// The batch was committed.
  void forget_group();

  Result<std::optional<VertexRow>> find_vertex(WorkspaceId workspace, const Hash128& id);
  /// Errors: corrupt when there is none.
  Result<VertexRow> vertex(WorkspaceId workspace, const Hash128& id);
  void put_vertex(WorkspaceId workspace, const Hash128& id, const VertexRow& row);
  void put_value(WorkspaceId workspace, const Hash128& id, const IdentifierValue& value);

  Result<Container*> find_container(WorkspaceId workspace, const Hash128& root, const RuleSet& rules);
  /// A container that holds nothing yet.
  Container& add_container(const Hash128& root);
  /// The container without its rows' changes: the caller puts those.
  Container* known_container(const Hash128& root) { return containers_.find(root); }

  void put_header(WorkspaceId workspace, const Container& container);
  void put_evidence(WorkspaceId workspace, const Hash128& root, const Evidence& evidence);
  void erase_evidence(WorkspaceId workspace, const Hash128& root, const Hash128& evidence);
  /// The mark of a member, or none when there is nothing to say about it, unless `keep`: nothing else may name it.
  void put_mark(WorkspaceId workspace, const Hash128& root, ContainerMember& member, bool keep = false);
  void put_pair(WorkspaceId workspace, const Hash128& root, const PairRegister& pair);

  void put_cut(WorkspaceId workspace, const CutRow& row);
  /// By the evidence's name in the records.
  void put_evidence_register(WorkspaceId workspace, const Hash128& said, const EvidenceRegister& row);

  /// Moves all of the small ones, members, evidence, pairs and rows, into `large`; they are gone.
  Result<void> unite(WorkspaceId workspace, Container& large, const std::vector<Container*>& small,
                     const RuleSet& rules);

  Result<std::optional<HubRow>> find_hub(WorkspaceId workspace, const Hash128& id);
  /// Nothing: the row goes away.
  void put_hub(WorkspaceId workspace, const Hash128& id, const std::optional<HubRow>& row);

  Result<std::vector<HubEvidence>> hub_evidence(WorkspaceId workspace, const Hash128& hub) const;
  Result<std::optional<HubEvidence>> find_hub_evidence(WorkspaceId workspace, const Hash128& hub,
                                                       const Hash128& evidence) const;
  void put_hub_evidence(WorkspaceId workspace, const Hash128& hub, const HubEvidence& row);
  void erase_hub_evidence(WorkspaceId workspace, const Hash128& hub, const Hash128& evidence);

  size_t bytes() const { return vertices_.bytes() + containers_.bytes(); }

 private:
  Result<void> move_rows(WorkspaceId workspace, const Container& from, const Hash128& to);
  void put_hub_row(const std::string& key, std::optional<std::string> value);

  StateStore& store_;
  StateBatch* batch_ = nullptr;
  ClockCache<VertexRow> vertices_;
  ClockCache<Container> containers_;
  // Rows of the hub family that this group wrote and the store does not show yet; nothing: erased.
  std::map<std::string, std::optional<std::string>> hub_rows_;
  std::string buffer_;
};

}  // namespace tributary
