#include "engine/fold/identity_table.h"

#include "engine/base/check.h"

namespace tributary {

void IdentityTable::forget_group() {
  hub_rows_.clear();
  vertices_.evict();
  containers_.evict();
}

Result<std::optional<VertexRow>> IdentityTable::find_vertex(WorkspaceId workspace, const Hash128& id) {
  if (const VertexRow* known = vertices_.find(id)) return std::optional<VertexRow>(*known);
  auto loaded = load_vertex(store_, workspace, id);
  if (loaded && *loaded) vertices_.insert(id, **loaded, sizeof(VertexRow));
  return loaded;
}

Result<VertexRow> IdentityTable::vertex(WorkspaceId workspace, const Hash128& id) {
  auto found = find_vertex(workspace, id);
  if (!found) return found.error();
  if (!*found) return Error{ErrorCode::corrupt, "identifier without a vertex: " + base32(id)};
  return **found;
}

void IdentityTable::put_vertex(WorkspaceId workspace, const Hash128& id, const VertexRow& row) {
  if (VertexRow* known = vertices_.find(id)) {
    *known = row;
  } else {
    vertices_.insert(id, row, sizeof(VertexRow));
  }
  buffer_.clear();
  encode(row, buffer_);
  batch_->put(Family::vertex, id_key(workspace, id), buffer_);
}

void IdentityTable::put_value(WorkspaceId workspace, const Hash128& id, const IdentifierValue& value) {
  buffer_.clear();
  encode(value, buffer_);
  batch_->put(Family::value, id_key(workspace, id), buffer_);
}

Result<Container*> IdentityTable::find_container(WorkspaceId workspace, const Hash128& root, const RuleSet& rules) {
  if (Container* known = containers_.find(root)) return known;
  auto loaded = load_container(store_, workspace, root, rules);
  if (!loaded) return with_context("folding", loaded.error());
  size_t bytes = memory_bytes(*loaded);
  return &containers_.insert(root, std::move(*loaded), bytes);
}

Container& IdentityTable::add_container(const Hash128& root) {
  Container fresh;
  fresh.root = root;
  return containers_.insert(root, std::move(fresh), sizeof(Container));
}

void IdentityTable::put_header(WorkspaceId workspace, const Container& container) {
  buffer_.clear();
  encode(container.summary, buffer_);
  batch_->put(Family::container, container_header_key(workspace, container.root), buffer_);
  containers_.resize(container.root, memory_bytes(container));
}

void IdentityTable::put_evidence(WorkspaceId workspace, const Hash128& root, const Evidence& evidence) {
  buffer_.clear();
  encode(evidence, buffer_);
  batch_->put(Family::container, container_evidence_key(workspace, root, evidence.hash), buffer_);
}

void IdentityTable::erase_evidence(WorkspaceId workspace, const Hash128& root, const Hash128& evidence) {
  batch_->erase(Family::container, container_evidence_key(workspace, root, evidence));
}

void IdentityTable::put_mark(WorkspaceId workspace, const Hash128& root, ContainerMember& member, bool keep) {
  bool wanted = member.out != 0 || member.foreign || member.decided || keep;
  if (!wanted && !member.marked) return;
  member.marked = wanted;
  std::string key = container_mark_key(workspace, root, member.id);
  if (!wanted) {
    batch_->erase(Family::container, key);
    return;
  }
  buffer_.clear();
  encode(MemberMark{member.id, member.kind, member.out, member.foreign, member.decided}, buffer_);
  batch_->put(Family::container, key, buffer_);
}

void IdentityTable::put_pair(WorkspaceId workspace, const Hash128& root, const PairRegister& pair) {
  buffer_.clear();
  encode(pair, buffer_);
  batch_->put(Family::container, container_pair_key(workspace, root, pair.a, pair.b), buffer_);
}

void IdentityTable::put_cut(WorkspaceId workspace, const CutRow& row) {
  buffer_.clear();
  encode(row, buffer_);
  batch_->put(Family::meta, cut_key(workspace, row.identifier, row.at), buffer_);
}

void IdentityTable::put_evidence_register(WorkspaceId workspace, const Hash128& said, const EvidenceRegister& row) {
  buffer_.clear();
  encode(row, buffer_);
  batch_->put(Family::meta, evidence_register_key(workspace, said), buffer_);
}

Result<void> IdentityTable::unite(WorkspaceId workspace, Container& large, const std::vector<Container*>& small,
                                  const RuleSet& rules) {
  std::vector<Container> moved;
  std::vector<Hash128> members;
  for (Container* each : small) {
    TRIBUTARY_TRY(move_rows(workspace, *each, large.root));
    for (const ContainerMember& member : each->members) members.push_back(member.id);
    Hash128 root = each->root;
    moved.push_back(std::move(*each));
    containers_.erase(root);
  }
  absorb(large, std::move(moved), rules);
  for (const Hash128& id : members) {  // also those that were foreign to `large` and are at home in it now
    ContainerMember& member = *large.find(id);
    if (member.marked) put_mark(workspace, large.root, member, true);
  }
  return {};
}

// All but the marks, which depend on what is known of a member in both containers.
Result<void> IdentityTable::move_rows(WorkspaceId workspace, const Container& from, const Hash128& to) {
  batch_->erase(Family::container, container_header_key(workspace, from.root));
  for (const Evidence& evidence : from.evidence) {
    batch_->erase(Family::container, container_evidence_key(workspace, from.root, evidence.hash));
    put_evidence(workspace, to, evidence);
  }
  for (const PairRegister& pair : from.pairs) {
    batch_->erase(Family::container, container_pair_key(workspace, from.root, pair.a, pair.b));
    put_pair(workspace, to, pair);
  }
  for (const ContainerMember& member : from.members) {
    if (member.marked) batch_->erase(Family::container, container_mark_key(workspace, from.root, member.id));
    if (member.foreign) continue;
    auto row = vertex(workspace, member.id);
    if (!row) return row.error();
    row->root = to;
    put_vertex(workspace, member.id, *row);
  }
  return {};
}

Result<std::optional<HubRow>> IdentityTable::find_hub(WorkspaceId workspace, const Hash128& id) {
  auto pending = hub_rows_.find(id_key(workspace, id));
  if (pending == hub_rows_.end()) return load_hub(store_, workspace, id);
  if (!pending->second) return std::optional<HubRow>();
  auto row = decode_hub(*pending->second);
  if (!row) return row.error();
  return std::optional<HubRow>(std::move(*row));
}

void IdentityTable::put_hub(WorkspaceId workspace, const Hash128& id, const std::optional<HubRow>& row) {
  if (!row) return put_hub_row(id_key(workspace, id), std::nullopt);
  std::string value;
  encode(*row, value);
  put_hub_row(id_key(workspace, id), std::move(value));
}

// As the store has it, and what this group changed of it.
Result<std::vector<HubEvidence>> IdentityTable::hub_evidence(WorkspaceId workspace, const Hash128& hub) const {
  auto stored = load_hub_evidence(store_, workspace, hub);
  if (!stored) return stored.error();
  std::map<Hash128, HubEvidence> found;
  for (const HubEvidence& row : *stored) found.emplace(row.evidence, row);
  std::string prefix = id_key(workspace, hub);
  for (auto pending = hub_rows_.lower_bound(prefix); pending != hub_rows_.end(); ++pending) {
    const auto& [key, value] = *pending;
    if (!key.starts_with(prefix)) break;
    if (key.size() == prefix.size()) continue;  // the hub's own row
    Hash128 evidence = Hash128::from_bytes(std::string_view(key).substr(prefix.size()));
    found.erase(evidence);
    if (!value) continue;
    auto row = decode_hub_evidence(evidence, *value);
    if (!row) return row.error();
    found.emplace(evidence, *row);
  }
  std::vector<HubEvidence> all;
  all.reserve(found.size());
  for (const auto& [evidence, row] : found) all.push_back(row);
  return all;
}

Result<std::optional<HubEvidence>> IdentityTable::find_hub_evidence(WorkspaceId workspace, const Hash128& hub,
                                                                    const Hash128& evidence) const {
  auto pending = hub_rows_.find(hub_evidence_key(workspace, hub, evidence));
  if (pending == hub_rows_.end()) return load_hub_evidence(store_, workspace, hub, evidence);
  if (!pending->second) return std::optional<HubEvidence>();
  auto row = decode_hub_evidence(evidence, *pending->second);
  if (!row) return row.error();
  return std::optional<HubEvidence>(*row);
}

void IdentityTable::put_hub_evidence(WorkspaceId workspace, const Hash128& hub, const HubEvidence& row) {
  std::string value;
  encode(row, value);
  put_hub_row(hub_evidence_key(workspace, hub, row.evidence), std::move(value));
}

void IdentityTable::erase_hub_evidence(WorkspaceId workspace, const Hash128& hub, const Hash128& evidence) {
  put_hub_row(hub_evidence_key(workspace, hub, evidence), std::nullopt);
}

void IdentityTable::put_hub_row(const std::string& key, std::optional<std::string> value) {
  if (value) {
    batch_->put(Family::hub, key, *value);
  } else {
    batch_->erase(Family::hub, key);
  }
  hub_rows_[key] = std::move(value);
}

}  // namespace tributary
