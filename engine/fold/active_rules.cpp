#include "engine/fold/active_rules.h"

#include <algorithm>

#include "engine/base/bytes.h"

namespace tributary {
namespace {

// Reading them takes a scan of its own; between two of them the fold goes on.
constexpr size_t kRootsPerScan = 100'000;
constexpr size_t kHeaderKeyBytes = 4 + 16 + 1;

}  // namespace

Result<void> ActiveRules::open() {
  auto rows = store_.scan(Family::meta, kSweepPrefix);
  std::vector<WorkspaceId> found;
  for (; rows->valid(); rows->next()) {
    ByteReader key(rows->key().substr(kSweepPrefix.size()));
    found.push_back(WorkspaceId{key.u32()});
  }
  TRIBUTARY_TRY(rows->status());
  for (WorkspaceId workspace : found) {
    if (auto loaded = of(workspace); !loaded) return loaded.error();
  }
  return {};
}

Result<WorkspaceRules*> ActiveRules::of(WorkspaceId workspace) {
  auto known = workspaces_.find(workspace.value());
  if (known != workspaces_.end()) return &known->second;
  auto row = load_rules(store_, workspace);
  if (!row) return row.error();
  WorkspaceRules rules;
  if (row->version > 1) {
    auto active = compile_rules(row->version, row->rules);
    if (!active) return active.error();
    rules.active = std::move(*active);
    rules.decision = row->decision;
  }
  std::string value;
  auto sweep = store_.get(Family::meta, sweep_key(workspace), value);
  if (!sweep) return sweep.error();
  if (*sweep) {
    auto decoded = decode_sweep(value);
    if (!decoded) return decoded.error();
    auto before = compile_rules(decoded->before, decoded->rules);
    if (!before) return before.error();
    rules.before = std::move(*before);
    rules.sweep = std::move(*decoded);
  }
  return &workspaces_.emplace(workspace.value(), std::move(rules)).first->second;
}

Result<void> ActiveRules::activate(WorkspaceId workspace, const RuleSetChange& change, const Rules& rules,
                                   StateBatch& batch) {
  auto found = of(workspace);
  if (!found) return found.error();
  WorkspaceRules& state = **found;
  state.before = state.active;
  state.active = RuleSet(state.before.version() + 1, rules);
  state.decision = change.decision;
  state.sweep = SweepRow{{}, 0, state.before.version(), encode_rules(state.before.rules())};
  state.unvisited.clear();
  std::string row;
  encode(RulesRow{state.active.version(), change.decision, encode_rules(rules)}, row);
  batch.put(Family::meta, rules_key(workspace), row);
  put_sweep(workspace, false, batch);
  return {};
}

std::optional<WorkspaceId> ActiveRules::sweeping() const {
  std::optional<WorkspaceId> first;
  for (const auto& [workspace, rules] : workspaces_) {
    if (rules.sweep && (!first || workspace < first->value())) first = WorkspaceId{workspace};
  }
  return first;
}

bool ActiveRules::sweeping(WorkspaceId workspace) const {
  auto found = workspaces_.find(workspace.value());
  return found != workspaces_.end() && found->second.sweep.has_value();
}

Result<std::vector<Hash128>> ActiveRules::next_roots(WorkspaceId workspace, size_t count) {
  auto found = of(workspace);
  if (!found) return found.error();
  WorkspaceRules& rules = **found;
  if (rules.unvisited.empty()) TRIBUTARY_TRY(refill(workspace, rules));
  std::vector<Hash128> next;
  while (next.size() < count && !rules.unvisited.empty()) {
    next.push_back(rules.unvisited.back());
    rules.unvisited.pop_back();
  }
  if (!next.empty()) rules.sweep->visited = next.back();
  return next;
}

// Containers made after this have the active version, and one that was united away is passed over by whoever visits.
Result<void> ActiveRules::refill(WorkspaceId workspace, WorkspaceRules& rules) {
  auto rows = store_.scan(Family::container, workspace_prefix(workspace));
  if (rules.sweep->visited) rows->seek(container_end(workspace, *rules.sweep->visited));
  for (; rows->valid() && rules.unvisited.size() < kRootsPerScan; rows->next()) {
    if (rows->key().size() == kHeaderKeyBytes)
      rules.unvisited.push_back(Hash128::from_bytes(rows->key().substr(4, 16)));
  }
  TRIBUTARY_TRY(rows->status());
  std::reverse(rules.unvisited.begin(), rules.unvisited.end());
  return {};
}

void ActiveRules::put_sweep(WorkspaceId workspace, bool done, StateBatch& batch) {
  WorkspaceRules& rules = workspaces_.at(workspace.value());
  if (done) {
    rules.sweep.reset();
    rules.before = rules.active;
    batch.erase(Family::meta, sweep_key(workspace));
    return;
  }
  std::string row;
  encode(*rules.sweep, row);
  batch.put(Family::meta, sweep_key(workspace), row);
}

}  // namespace tributary
