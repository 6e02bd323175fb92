#include <algorithm>
#include <map>
#include <utility>

#include "engine/base/check.h"
#include "engine/fold/identity_fold.h"

namespace tributary {

Result<void> IdentityFold::open_erasures() {
  auto gone = store_.scan(Family::meta, kGonePrefix);
  for (; gone->valid(); gone->next()) {
    auto [workspace, id] = erased_key(gone->key(), kGonePrefix);
    namings_[workspace.value()].erasures.add(id);
  }
  TRIBUTARY_TRY(gone->status());
  auto suppressed = store_.scan(Family::meta, kSuppressedPrefix);
  for (; suppressed->valid(); suppressed->next()) {
    auto row = decode_suppressed(suppressed->value());
    if (!row) return row.error();
    auto [workspace, said] = erased_key(suppressed->key(), kSuppressedPrefix);
    for (std::string& id : row->erasures) namings_[workspace.value()].erasures.suppress(said, std::move(id));
  }
  ++namings_version_;
  return suppressed->status();
}

// All that is listed is erased, whether it is known here or not: after a rebuild from a trimmed log it may come again.
Result<IdentityFold::Erased> IdentityFold::erase(const Erasure& erasure, const RecordCause& cause) {
  const Erasures& erasures = namings_[cause.workspace.value()].erasures;
  std::map<Hash128, Hash128> said_of;  // by identifier
  std::set<Hash128> identifiers, roots;
  for (const ErasedIdentifier& each : erasure.identifiers) {
    if (erasures.contains(each.id)) continue;
    said_of.emplace(each.id, each.said);
    identifiers.insert(each.id);
    auto vertex = table_.find_vertex(cause.workspace, each.id);
    if (!vertex) return vertex.error();
    if (*vertex) roots.insert((*vertex)->root);
  }
  Erased erased;
  if (identifiers.empty()) return erased;
  for (const Hash128& evidence : erasure.evidence) put_gone(evidence, cause.workspace);
  std::set<Hash128> customer;  // with whom it came to be one since the list was made
  for (const Hash128& root : roots) {
    auto container = find_container(root, cause);
    if (!container) return container.error();
    auto gone = erase_from(**container, erasure, identifiers, customer, cause);
    if (!gone) return gone.error();
    std::move(gone->begin(), gone->end(), std::back_inserter(erased.evidence));
  }
  auto others = named_by_nothing_else(erased.evidence, cause);
  if (!others) return others.error();
  for (const Hash128& id : *others) said_of.emplace(id, cuts(cause.workspace).origin(id));
  for (const auto& [id, said] : said_of) {
    bool suppress = identifiers.contains(id) || customer.contains(id);
    end_generation(said, id, erasure, suppress, cause.workspace);
  }
  TRIBUTARY_TRY(erase_identifiers(said_of, roots, cause));
  for (const auto& [id, said] : said_of) erased.identifiers.push_back(id);
  ++namings_version_;
  Change change;
  change.type = ChangeType::erased;
  change.from = {erasure.customer};
  add_change(std::move(change), cause);
  return erased;
}

// The evidence that is listed, and what came since the list was made. What becomes of this customer is told by one
// change; that of others follows from it as from any other.
Result<std::vector<Evidence>> IdentityFold::erase_from(Container& container, const Erasure& erasure,
                                                       const std::set<Hash128>& identifiers,
                                                       std::set<Hash128>& customer, const RecordCause& cause) {
  TRIBUTARY_TRY(touch(container, cause));
  std::erase_if(touched_.at(container.root).before, [&](const Cluster& cluster) {
    bool erased = std::any_of(cluster.members.begin(), cluster.members.end(),
                              [&](const Hash128& member) { return identifiers.contains(member); });
    if (erased) customer.insert(cluster.members.begin(), cluster.members.end());
    return erased;
  });
  auto rules = this->rules(cause.workspace);
  if (!rules) return rules.error();
  const std::set<Hash128> listed(erasure.evidence.begin(), erasure.evidence.end());
  std::vector<Evidence> gone;
  for (const Evidence& evidence : container.evidence) {
    const EvidenceMember* owner = owner_of(evidence, container, **rules);
    if (listed.contains(evidence.hash) || (owner != nullptr && identifiers.contains(owner->id))) {
      gone.push_back(evidence);
    }
  }
  take_out(container, gone, cause.workspace);
  for (const Evidence& evidence : gone) {
    put_gone(evidence.hash, cause.workspace);
    if (!evidence.decided) continue;
    // Of a part that a cut made, the decision is about the others as well.
    const Hash128& member = cuts(cause.workspace).origin(evidence.members.front().id);
    auto parts = parts_of(evidence.said(), member, cause);
    if (!parts) return parts.error();
    if (parts->empty()) batch_->erase(Family::meta, evidence_register_key(cause.workspace, evidence.said()));
  }
  return gone;
}

// Members of evidence that is gone whom no other evidence knows, and nobody decided anything about, wherever they are
// at home.
Result<std::vector<Hash128>> IdentityFold::named_by_nothing_else(std::span<const Evidence> gone,
                                                                 const RecordCause& cause) {
  std::set<Hash128> members;
  for (const Evidence& evidence : gone) {
    for (const EvidenceMember& each : evidence.members) members.insert(each.id);
  }
  std::map<Hash128, std::set<Hash128>> named_in;  // by root
  std::vector<Hash128> found;
  for (const Hash128& id : members) {
    auto vertex = table_.vertex(cause.workspace, id);
    if (!vertex) return vertex.error();
    if ((vertex->out & OutFlags::kErased) != 0) continue;
    auto hub = table_.find_hub(cause.workspace, id);
    if (!hub) return hub.error();
    auto elsewhere = table_.hub_evidence(cause.workspace, id);
    if (!elsewhere) return elsewhere.error();
    bool decided = *hub && !(*hub)->decision.id.empty();
    if (decided || !elsewhere->empty()) continue;
    auto [named, unknown] = named_in.try_emplace(vertex->root);
    if (unknown) {
      auto home = find_container(vertex->root, cause);
      if (!home) return home.error();
      for (const Evidence& evidence : (*home)->evidence) {
        for (const EvidenceMember& each : evidence.members) named->second.insert(each.id);
      }
      for (const PairRegister& pair : (*home)->pairs) {
        if (pair.state == PairState::must) named->second.insert({pair.a, pair.b});
      }
    }
    if (!named->second.contains(id)) found.push_back(id);
  }
  return found;
}

// Later events mean somebody else by it, unless that is so already because it changed hands.
void IdentityFold::end_generation(const Hash128& said, const Hash128& id, const Erasure& erasure, bool suppress,
                                  WorkspaceId workspace) {
  auto& [cuts, erasures] = namings_[workspace.value()];
  erasures.add(id);
  put_gone(id, workspace);
  if (cuts.newest(said) != id) return;
  // Behind the last one even if a clock was set back, or this would not be the newest generation.
  Timestamp at = std::max(erasure.decision.at, Timestamp{cuts.newest_from(said).micros + 1});
  cuts.add(said, at);
  table_.put_cut(workspace, {said, at, {}});
  if (!suppress) return;
  erasures.suppress(said, erasure.decision.id);
  put_suppressed(said, workspace);
}

// By whom it is suppressed now; no row for nobody.
void IdentityFold::put_suppressed(const Hash128& said, WorkspaceId workspace) {
  const std::set<std::string>& by = namings_[workspace.value()].erasures.suppressed_by(said);
  if (by.empty()) {
    batch_->erase(Family::meta, suppressed_key(workspace, said));
    return;
  }
  std::string row;
  encode(SuppressedRow{{by.begin(), by.end()}}, row);
  batch_->put(Family::meta, suppressed_key(workspace, said), row);
}

// What stays is a hash that evidence of others may name, and its kind: nobody's. All of them are marked before anything
// is counted again: what nothing names any more stays a member by its mark.
Result<void> IdentityFold::erase_identifiers(const std::map<Hash128, Hash128>& said_of, std::set<Hash128> roots,
                                             const RecordCause& cause) {
  std::vector<Hash128> hubs;
  for (const auto& [id, said] : said_of) {
    auto vertex = table_.find_vertex(cause.workspace, id);
    if (!vertex) return vertex.error();
    if (!*vertex) continue;
    if ((*vertex)->out != 0) hubs.push_back(id);
    roots.insert((*vertex)->root);
    TRIBUTARY_TRY(erase_identifier(id, **vertex, cause));
  }
  for (const Hash128& id : hubs) {
    auto vertex = table_.vertex(cause.workspace, id);
    if (!vertex) return vertex.error();
    TRIBUTARY_TRY(tell_elsewhere(id, vertex->out, vertex->root, cause));
  }
  for (const Hash128& root : roots) {
    auto container = find_container(root, cause);
    if (!container) return container.error();
    TRIBUTARY_TRY(recounted(**container, cause));
    TRIBUTARY_TRY(join_ownerless(**container, cause));
  }
  return {};
}

Result<void> IdentityFold::erase_identifier(const Hash128& id, VertexRow vertex, const RecordCause& cause) {
  WorkspaceId workspace = cause.workspace;
  auto container = find_container(vertex.root, cause);
  if (!container) return container.error();
  TRIBUTARY_TRY(touch(**container, cause));
  auto value = load_value(store_, workspace, id);
  if (!value) return value.error();
  table_.put_value(workspace, id, {std::move(value->kind), {}});
  uint8_t before = std::exchange(vertex.out, OutFlags::kErased);
  vertex.decided = cuts(workspace).concern(id);
  table_.put_vertex(workspace, id, vertex);
  table_.put_hub(workspace, id, std::nullopt);
  ContainerMember* member = (*container)->find(id);
  TRIBUTARY_CHECK(member != nullptr);
  member->out = vertex.out;
  member->decided = vertex.decided;
  table_.put_mark(workspace, (*container)->root, *member);
  --pending_->identifiers;
  if (before != 0) --pending_->hubs;
  return {};
}

void IdentityFold::put_gone(const Hash128& id, WorkspaceId workspace) {
  namings_[workspace.value()].erasures.add(id);
  batch_->put(Family::meta, gone_key(workspace, id), {});
}

Result<bool> IdentityFold::lift(const SuppressionLift& lift, const RecordCause& cause) {
  auto rows = store_.scan(Family::meta, erasure_prefix(cause.workspace));
  for (; rows->valid(); rows->next()) {
    auto row = decode_erasure_row(rows->value());
    if (!row) return row.error();
    if (row->decision.id != lift.erasure) continue;
    if (row->lifted) return false;
    row->lifted = lift.decision;
    std::string value;
    encode(*row, value);
    batch_->put(Family::meta, rows->key(), value);
    for (const Hash128& said : namings_[cause.workspace.value()].erasures.lift(lift.erasure)) {
      put_suppressed(said, cause.workspace);
    }
    ++namings_version_;
    return true;
  }
  if (auto status = rows->status(); !status) return status.error();
  return false;
}

}  // namespace tributary
