#include "engine/store/container_rows.h"

namespace tributary {

Result<Container> load_container(const StateReader& reader, WorkspaceId workspace, const Hash128& root,
                                 const RuleSet& rules) {
  std::string prefix = id_key(workspace, root);
  std::vector<Evidence> all;
  std::optional<ContainerSummary> stored;
  auto rows = reader.scan(Family::container, prefix);
  for (; rows->valid(); rows->next()) {
    std::string_view suffix = rows->key().substr(prefix.size());
    if (suffix.size() == 1) {
      auto summary = decode_summary(rows->value());
      if (!summary) return summary.error();
      stored = std::move(*summary);
      continue;
    }
    auto evidence = decode_evidence(Hash128::from_bytes(suffix.substr(1)), rows->value());
    if (!evidence) return evidence.error();
    all.push_back(std::move(*evidence));
  }
  TRIBUTARY_TRY(rows->status());
  if (!stored) return Error{ErrorCode::corrupt, "container " + base32(root) + " has no header"};
  Container container = make_container(root, std::move(all), rules);
  // Counts are derived from the evidence; what only the fold knows is stored.
  container.summary.customers = stored->customers;
  container.summary.refused_limit = stored->refused_limit;
  container.summary.refused_trust = stored->refused_trust;
  container.summary.simple = stored->simple;
  return container;
}

Result<std::optional<VertexRow>> load_vertex(const StateReader& reader, WorkspaceId workspace, const Hash128& id) {
  std::string value;
  auto found = reader.get(Family::vertex, id_key(workspace, id), value);
  if (!found) return found.error();
  if (!*found) return std::optional<VertexRow>();
  auto row = decode_vertex(value);
  if (!row) return row.error();
  return std::optional<VertexRow>(*row);
}

}  // namespace tributary
