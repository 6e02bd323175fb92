#include "engine/query/rules_reader.h"

#include "engine/store/container_rows.h"

namespace tributary {

Result<RuleSet> RulesReader::rules(const StateReader& reader, WorkspaceId workspace) {
  std::string row;
  auto found = reader.get(Family::meta, rules_key(workspace), row);
  if (!found) return found.error();
  if (!*found) return RuleSet();
  auto known = known_.load();
  if (auto cached = known->find(workspace); cached != known->end() && cached->second.row == row) {
    return cached->second.rules;
  }
  auto decoded = decode_rules_row(row);
  if (!decoded) return decoded.error();
  auto compiled = compile_rules(decoded->version, decoded->rules);
  if (!compiled) return compiled.error();
  // Another reader may do the same at the same time; either result is good.
  auto more = std::make_shared<ByWorkspace>(*known);
  more->insert_or_assign(workspace, Compiled{std::move(row), *compiled});
  known_.store(std::move(more));
  return compiled;
}

}  // namespace tributary
