// Containers as rows: how identity's values are read from and written to the store.
#pragma once

#include <optional>
#include <vector>

#include "engine/identity/container.h"
#include "engine/identity/cuts.h"
#include "engine/store/state_store.h"

namespace tributary {

/// The container named `root`, whole. Errors: corrupt when a row is damaged or the header is missing.
Result<Container> load_container(const StateReader& reader, WorkspaceId workspace, const Hash128& root,
                                 const RuleSet& rules);

/// Rows of one container while they are read.
struct ContainerParts {
  std::optional<ContainerSummary> summary;
  std::vector<Evidence> evidence;
  std::vector<PairRegister> pairs;
  std::vector<MemberMark> marks;
};
/// `suffix` is the key behind workspace and root. Errors: corrupt.
Result<void> add_row(std::string_view suffix, std::string_view value, ContainerParts& parts);
Result<Container> make_container(const Hash128& root, ContainerParts parts, const RuleSet& rules);

/// Up to where the feed of noticed changes was trimmed; 0: it is whole.
Result<Lsn> load_feed_trimmed(const StateReader& reader, WorkspaceId workspace);

/// The vertex of an identifier; nothing when it was never seen.
Result<std::optional<VertexRow>> load_vertex(const StateReader& reader, WorkspaceId workspace, const Hash128& id);

/// Why an identifier is out, and what was decided about it; nothing for the others.
Result<std::optional<HubRow>> load_hub(const StateReader& reader, WorkspaceId workspace, const Hash128& id);

/// All evidence that names a hub and lives elsewhere, by its hash. Errors: corrupt.
Result<std::vector<HubEvidence>> load_hub_evidence(const StateReader& reader, WorkspaceId workspace,
                                                   const Hash128& hub);
/// One piece of it; nothing when it lives with the hub. Errors: corrupt.
Result<std::optional<HubEvidence>> load_hub_evidence(const StateReader& reader, WorkspaceId workspace,
                                                     const Hash128& hub, const Hash128& evidence);

/// Kind and value of an identifier that has a vertex. Errors: corrupt when it is missing.
Result<IdentifierValue> load_value(const StateReader& reader, WorkspaceId workspace, const Hash128& id);

/// All cuts whose keys begin so: those of a workspace, or of one identifier. Errors: corrupt.
Result<std::vector<CutRow>> load_cuts(const StateReader& reader, const std::string& prefix);

/// The same of one workspace or identifier, to be asked.
Result<Cuts> load_cut_times(const StateReader& reader, const std::string& prefix);

/// What was decided about evidence, by its name in the records; null: nothing since cuts are known. Errors: corrupt.
Result<std::shared_ptr<const EvidenceRegister>> load_evidence_register(const StateReader& reader, WorkspaceId workspace,
                                                                       const Hash128& said);

/// The active rules of a workspace: version 1 are the defaults.
Result<RulesRow> load_rules(const StateReader& reader, WorkspaceId workspace);

/// When the evidence was last seen, as its fragment tells; the beginning of time without one. Errors: corrupt.
Result<Timestamp> load_last_time(const StateReader& reader, WorkspaceId workspace, const Evidence& evidence);

}  // namespace tributary
