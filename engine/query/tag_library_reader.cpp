#include "engine/query/tag_library_reader.h"

#include "engine/query/workspace_facts.h"

namespace tributary {

Result<std::shared_ptr<const TagLibrary>> TagLibraryReader::library(const StateReader& reader, WorkspaceId workspace) {
  std::string version;
  auto found = reader.get(Family::meta, workspace_facts_key(workspace), version);
  if (!found) return found.error();
  if (!*found) version.clear();
  auto known = known_.load();
  if (auto cached = known->find(workspace); cached != known->end() && cached->second.version == version) {
    return cached->second.library;
  }
  auto said = read_workspace_facts(reader, workspace, FactKind::tag);
  if (!said) return said.error();
  auto library = std::make_shared<const TagLibrary>(tag_library_of(configured_, *said));
  // Another reader may do the same at the same time; either result is good.
  auto more = std::make_shared<ByWorkspace>(*known);
  more->insert_or_assign(workspace, Read{std::move(version), library});
  known_.store(std::move(more));
  return library;
}

}  // namespace tributary
