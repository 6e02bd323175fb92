#include "engine/fold/fold.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/crc32c.h"

namespace tributary {
namespace {

// Shares of the front table: fragments are touched by every event, the rest only by new evidence.
constexpr size_t share(size_t bytes, size_t percent) { return bytes / 100 * percent; }

std::vector<EvidenceMember> members_of(const EventView& event) {
  std::vector<EvidenceMember> members;
  members.reserve(event.identifiers.size());
  for (const RecordIdentifier& identifier : event.identifiers) {
    KindCode kind = kind_code({identifier.family, std::string(identifier.platform)});
    members.push_back({identifier.hash, kind, identifier.trust});
  }
  return members;
}

}  // namespace

Fold::Fold(StateStore& store, FoldOptions options, Metrics& metrics)
    : store_(store),
      options_(options),
      metrics_(metrics),
      evidence_(share(options.front_table_bytes, 55)),
      vertices_(share(options.front_table_bytes, 10)),
      containers_(share(options.front_table_bytes, 35)) {}

Result<void> Fold::open() {
  auto applied = store_.applied();
  if (!applied) return applied.error();
  applied_ = *applied;
  store_.set_log_time(applied_.received_at);
  return {};
}

Result<void> Fold::apply(std::span<const RecordView> records, std::vector<ItemOutcome>& outcomes) {
  if (records.empty()) return {};
  TRIBUTARY_CHECK(records.front().lsn > applied_.lsn);
  pending_ = applied_;
  batch_ = store_.make_batch();
  outcomes.clear();
  TRIBUTARY_TRY(decode(records));
  TRIBUTARY_TRY(prefetch_messages());
  TRIBUTARY_TRY(prefetch_fragments());
  TRIBUTARY_TRY(fold_group(outcomes));
  settle_containers();
  put_fragments();
  pending_.lsn = records.back().lsn;
  pending_.received_at = records.back().received_at;
  return commit();
}

Result<void> Fold::decode(std::span<const RecordView> records) {
  steps_.resize(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    Step& step = steps_[i];
    step.record = &records[i];
    step.message = {};
    step.known = nullptr;
    if (step.record->kind == RecordKind::event) {
      if (auto decoded = decode_event(step.record->payload, step.event); !decoded) return decoded.error();
      step.message = step.event.message_hash;
    } else if (step.record->kind == RecordKind::rejected_event) {
      auto decoded = decode_rejected(step.record->payload);
      if (!decoded) return decoded.error();
      step.rejected = *decoded;
      step.message = step.rejected.message_hash;
    } else {
      // Passing over it would leave a state that no later program could tell from a whole one.
      return Error{ErrorCode::corrupt, "record " + std::to_string(step.record->lsn.value()) + " is of kind " +
                                           std::to_string(static_cast<int>(step.record->kind)) +
                                           ", which needs a newer program"};
    }
  }
  return {};
}

Result<void> Fold::prefetch_messages() {
  messages_.clear();
  std::vector<std::string> keys;
  std::vector<Hash128> hashes;
  for (const Step& step : steps_) {
    if (step.message == Hash128{}) continue;
    keys.push_back(id_key(step.record->workspace, step.message));
    hashes.push_back(step.message);
  }
  std::vector<std::optional<std::string>> rows;
  TRIBUTARY_TRY(store_.multi_get(Family::dedup, keys, rows));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]) continue;
    auto row = decode_dedup(*rows[i]);
    if (!row) return row.error();
    messages_.emplace(hashes[i], *row);
  }
  return {};
}

Result<void> Fold::prefetch_fragments() {
  std::vector<std::string> keys;
  std::vector<std::pair<Hash128, EvidenceEntry>> wanted;
  boost::unordered_flat_set<Hash128, std::hash<Hash128>> asked;
  for (Step& step : steps_) {
    if (step.record->kind != RecordKind::event || step.event.identifiers.empty()) continue;
    step.known = evidence_.find(step.event.evidence);
    if (step.known != nullptr || !asked.insert(step.event.evidence).second) continue;
    Hash128 home = home_of(members_of(step.event)).id;
    keys.push_back(fragment_key(step.record->workspace, home, step.event.evidence));
    EvidenceEntry& entry = wanted.emplace_back(step.event.evidence, EvidenceEntry{}).second;
    entry.workspace = step.record->workspace;
    entry.home = home;
  }
  metrics_.front_misses.increment(static_cast<double>(wanted.size()));
  metrics_.front_hits.increment(static_cast<double>(steps_.size() - wanted.size()));
  std::vector<std::optional<std::string>> rows;
  TRIBUTARY_TRY(store_.multi_get(Family::fragment, keys, rows));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]) continue;
    auto fragment = decode_fragment(*rows[i]);
    if (!fragment) return fragment.error();
    auto& [hash, entry] = wanted[i];
    entry.fragment = std::move(*fragment);
    size_t bytes = memory_bytes(entry.fragment);
    entry.bytes = bytes;
    evidence_.insert(hash, std::move(entry), bytes);
  }
  return {};
}

Result<void> Fold::fold_group(std::vector<ItemOutcome>& outcomes) {
  outcomes.reserve(steps_.size());
  for (const Step& step : steps_) {
    bool rejected = step.record->kind == RecordKind::rejected_event;
    if (is_duplicate(step)) {
      outcomes.push_back(rejected ? ItemOutcome::rejected : ItemOutcome::duplicate);
      continue;
    }
    if (rejected) {
      fold_rejected(step);
    } else if (step.record->kind == RecordKind::event) {
      TRIBUTARY_TRY(fold_event(step));
    }
    outcomes.push_back(rejected ? ItemOutcome::rejected : ItemOutcome::accepted);
  }
  return {};
}

// Remembers the message when it is new. The first stored copy wins; the window is measured in log time.
bool Fold::is_duplicate(const Step& step) {
  if (step.message == Hash128{}) return false;
  bool event = step.record->kind == RecordKind::event;
  DedupRow row{step.record->received_at, crc32c(event ? step.event.json : step.rejected.raw)};
  auto [place, added] = messages_.emplace(step.message, row);
  if (!added) {
    bool inside = row.received_at.micros - place->second.received_at.micros <= options_.dedup_window_micros;
    if (inside) {
      if (event && place->second.content_crc != row.content_crc) metrics_.conflicting_duplicates.increment();
      return true;
    }
    place->second = row;
  }
  buffer_.clear();
  encode(row, buffer_);
  batch_->put(Family::dedup, id_key(step.record->workspace, step.message), buffer_);
  return false;
}

void Fold::fold_rejected(const Step& step) {
  buffer_.clear();
  encode(RejectedRow{step.rejected.code, crc32c(step.rejected.source)}, buffer_);
  batch_->put(Family::rejected, rejected_key(step.record->workspace, step.record->received_at, step.record->lsn),
              buffer_);
}

Result<void> Fold::fold_event(const Step& step) {
  // All its identifiers are blocked values: stored, but nobody's.
  if (step.event.identifiers.empty()) return {};
  auto entry = find_or_add_evidence(step);
  if (!entry) return entry.error();
  Fragment& fragment = (*entry)->fragment;
  bool earlier = std::make_tuple(step.event.occurred_at, step.event.message_id) <
                 std::make_tuple(fragment.first_at, std::string_view(fragment.first_message_id));
  if (earlier && fragment.events > 0) TRIBUTARY_TRY(update_first_seen(step, **entry));
  tributary::apply(fragment, step.event);
  touch(step.event.evidence, **entry);
  put_timeline(step, (*entry)->home);
  return {};
}

Result<Fold::EvidenceEntry*> Fold::find_or_add_evidence(const Step& step) {
  if (step.known != nullptr) return step.known;
  if (EvidenceEntry* known = evidence_.find(step.event.evidence)) return known;  // fetched ahead, or of this group
  Evidence evidence;
  evidence.hash = step.event.evidence;
  evidence.members = members_of(step.event);
  evidence.first = {step.event.occurred_at, std::string(step.event.message_id)};
  Hash128 home = home_of(evidence.members).id;
  if (auto added = add_to_identity(step, std::move(evidence)); !added) return added.error();
  EvidenceEntry entry;
  entry.workspace = step.record->workspace;
  entry.home = home;
  entry.bytes = sizeof(Fragment);
  return &evidence_.insert(step.event.evidence, std::move(entry), sizeof(Fragment));
}

void Fold::touch(const Hash128& evidence, EvidenceEntry& entry) {
  if (entry.dirty) return;
  entry.dirty = true;
  dirty_evidence_.emplace_back(evidence, &entry);
}

// A late event with an earlier time: links sort by it, and the customer's anchor may move.
Result<void> Fold::update_first_seen(const Step& step, const EvidenceEntry& entry) {
  WorkspaceId workspace = step.record->workspace;
  auto vertex = find_vertex(workspace, entry.home);
  if (!vertex) return vertex.error();
  if (!*vertex) return Error{ErrorCode::corrupt, "fragment without a vertex: " + base32(entry.home)};
  auto container = find_container(workspace, (*vertex)->root);
  if (!container) return container.error();
  for (Evidence& evidence : (*container)->evidence) {
    if (evidence.hash != step.event.evidence) continue;
    evidence.first = {step.event.occurred_at, std::string(step.event.message_id)};
    buffer_.clear();
    encode(evidence, buffer_);
    batch_->put(Family::container, container_evidence_key(workspace, (*container)->root, evidence.hash), buffer_);
    dirty_containers_.emplace((*container)->root, workspace);
    return {};
  }
  return Error{ErrorCode::corrupt, "fragment without evidence in its container: " + base32(step.event.evidence)};
}

void Fold::put_timeline(const Step& step, const Hash128& home) {
  buffer_.clear();
  encode(TimelineRow{step.record->received_at, step.event.evidence, step.event.type, crc32c(step.event.source),
                     crc32c(step.event.name)},
         buffer_);
  batch_->put(Family::timeline, timeline_key(step.record->workspace, home, step.event.occurred_at, step.record->lsn),
              buffer_);
}

// New evidence: its members' containers become one, in which the rules decide.
Result<void> Fold::add_to_identity(const Step& step, Evidence evidence) {
  WorkspaceId workspace = step.record->workspace;
  std::vector<Hash128> roots;
  std::vector<const RecordIdentifier*> unknown;
  for (const RecordIdentifier& identifier : step.event.identifiers) {
    auto vertex = find_vertex(workspace, identifier.hash);
    if (!vertex) return vertex.error();
    if (!*vertex) {
      unknown.push_back(&identifier);
    } else if (std::find(roots.begin(), roots.end(), (*vertex)->root) == roots.end()) {
      roots.push_back((*vertex)->root);
    }
  }
  auto container = unite(workspace, roots, home_of(evidence.members).id);
  if (!container) return container.error();

  for (const RecordIdentifier* identifier : unknown) {
    IdentifierKind kind{identifier->family, std::string(identifier->platform)};
    put_vertex(workspace, identifier->hash, {kind_code(kind), (*container)->root});
    buffer_.clear();
    encode(IdentifierValue{std::move(kind), std::string(identifier->value)}, buffer_);
    batch_->put(Family::value, id_key(workspace, identifier->hash), buffer_);
    ++pending_.identifiers;
  }
  buffer_.clear();
  encode(evidence, buffer_);
  batch_->put(Family::container, container_evidence_key(workspace, (*container)->root, evidence.hash), buffer_);
  add_evidence(**container, std::move(evidence), rules_);
  dirty_containers_.emplace((*container)->root, workspace);
  return {};
}

Result<std::optional<VertexRow>> Fold::find_vertex(WorkspaceId workspace, const Hash128& id) {
  if (const VertexRow* known = vertices_.find(id)) return std::optional<VertexRow>(*known);
  auto loaded = load_vertex(store_, workspace, id);
  if (loaded && *loaded) vertices_.insert(id, **loaded, sizeof(VertexRow));
  return loaded;
}

void Fold::put_vertex(WorkspaceId workspace, const Hash128& id, const VertexRow& row) {
  if (VertexRow* known = vertices_.find(id)) {
    *known = row;
  } else {
    vertices_.insert(id, row, sizeof(VertexRow));
  }
  buffer_.clear();
  encode(row, buffer_);
  batch_->put(Family::vertex, id_key(workspace, id), buffer_);
}

Result<Container*> Fold::find_container(WorkspaceId workspace, const Hash128& root) {
  if (Container* known = containers_.find(root)) return known;
  auto loaded = load_container(store_, workspace, root, rules_);
  if (!loaded) return with_context("folding", loaded.error());
  size_t bytes = memory_bytes(*loaded);
  return &containers_.insert(root, std::move(*loaded), bytes);
}

// The container of all roots: the one with most evidence takes the others in, so a row moves O(log n) times.
Result<Container*> Fold::unite(WorkspaceId workspace, const std::vector<Hash128>& roots, const Hash128& new_root) {
  if (roots.empty()) {
    Container fresh;
    fresh.root = new_root;
    ++pending_.containers;
    return &containers_.insert(new_root, std::move(fresh), sizeof(Container));
  }
  std::vector<Container*> joined;
  for (const Hash128& root : roots) {
    auto container = find_container(workspace, root);
    if (!container) return container.error();
    joined.push_back(*container);
  }
  // Ties go to the smaller root, so that a replay builds the same rows.
  auto large = std::max_element(joined.begin(), joined.end(), [](const Container* a, const Container* b) {
    return std::make_tuple(a->evidence.size(), b->root) < std::make_tuple(b->evidence.size(), a->root);
  });
  std::swap(joined[0], *large);
  for (size_t i = 1; i < joined.size(); ++i) {
    Container small = std::move(*joined[i]);
    move_rows(workspace, small, joined[0]->root);
    if (!small.summary.simple) --pending_.containers_not_simple;
    --pending_.containers;
    dirty_containers_.erase(small.root);
    containers_.erase(small.root);
    absorb(*joined[0], std::move(small));
  }
  return joined[0];
}

void Fold::move_rows(WorkspaceId workspace, const Container& small, const Hash128& large_root) {
  batch_->erase(Family::container, container_header_key(workspace, small.root));
  for (const Evidence& evidence : small.evidence) {
    batch_->erase(Family::container, container_evidence_key(workspace, small.root, evidence.hash));
    buffer_.clear();
    encode(evidence, buffer_);
    batch_->put(Family::container, container_evidence_key(workspace, large_root, evidence.hash), buffer_);
  }
  for (const ContainerMember& member : small.members) put_vertex(workspace, member.id, {member.kind, large_root});
}

// Once per group, not per event: what the rules say about each container that changed.
void Fold::settle_containers() {
  for (const auto& [root, workspace] : dirty_containers_) {
    Container* container = containers_.find(root);
    TRIBUTARY_CHECK(container != nullptr);
    settle(workspace, *container);
  }
}

void Fold::settle(WorkspaceId workspace, Container& container) {
  ContainerSummary& summary = container.summary;
  ContainerSummary before = summary;
  summary.simple = is_simple(summary, rules_);
  summary.customers = 1;
  summary.refused_limit = summary.refused_trust = 0;
  if (!summary.simple) {
    Clusters clusters = compute_clusters(container, rules_);
    summary.customers = static_cast<uint32_t>(clusters.clusters.size());
    for (const Refusal& refusal : clusters.refusals) {
      ++(refusal.reason == RefusalReason::limit ? summary.refused_limit : summary.refused_trust);
    }
  }
  pending_.customers += summary.customers - static_cast<uint64_t>(before.customers);
  pending_.containers_not_simple += (summary.simple ? 0u : 1u) - static_cast<uint64_t>(before.simple ? 0u : 1u);
  if (before.customers > summary.customers) metrics_.merges.increment(before.customers - summary.customers);
  auto grown = [](uint32_t from, uint32_t to) { return to > from ? static_cast<double>(to - from) : 0.0; };
  metrics_.link_refusals_limit.increment(grown(before.refused_limit, summary.refused_limit));
  metrics_.link_refusals_trust.increment(grown(before.refused_trust, summary.refused_trust));
  buffer_.clear();
  encode(summary, buffer_);
  batch_->put(Family::container, container_header_key(workspace, container.root), buffer_);
  containers_.resize(container.root, memory_bytes(container));
}

void Fold::put_fragments() {
  for (auto& [hash, entry] : dirty_evidence_) {
    entry->dirty = false;
    buffer_.clear();
    encode_fragment(entry->fragment, buffer_);
    batch_->put(Family::fragment, fragment_key(entry->workspace, entry->home, hash), buffer_);
    size_t bytes = memory_bytes(entry->fragment);
    if (bytes != entry->bytes) evidence_.resize(hash, bytes);
    entry->bytes = bytes;
  }
  dirty_evidence_.clear();  // their addresses are good within the group only
}

Result<void> Fold::advance(Lsn lsn) {
  if (lsn <= applied_.lsn) return {};
  pending_ = applied_;
  pending_.lsn = lsn;
  batch_ = store_.make_batch();
  return commit();
}

Result<void> Fold::commit() {
  TRIBUTARY_TRY(store_.commit(*batch_, pending_));
  forget_group();
  return {};
}

void Fold::forget_group() {
  applied_ = pending_;
  batch_.reset();
  dirty_containers_.clear();
  evidence_.evict();
  vertices_.evict();
  containers_.evict();
}

}  // namespace tributary
