#include <map>
#include <set>

#include "engine/fold/fold.h"

namespace tributary {

void count_not_taken(Admission admission, Metrics& metrics) {
  (admission == Admission::suppressed ? metrics.events_suppressed : metrics.events_erased_late).increment();
}

// False when it finds nobody, or was lifted before.
Result<bool> Fold::fold_erasure(const Step& step, const RecordCause& cause) {
  if (const auto* lift = std::get_if<SuppressionLift>(&step.erasure)) return identity_.lift(*lift, cause);
  const auto& erasure = std::get<Erasure>(step.erasure);
  auto erased = identity_.erase(erasure, cause);
  if (!erased) return erased.error();
  if (erased->identifiers.empty()) return false;
  auto events = forget(erased->evidence, cause.workspace);
  if (!events) return events.error();
  for (const Hash128& id : erased->identifiers) {
    for (WatchedFigure figure : kWatchedFigures) {
      batch_->erase(Family::history, told_key(cause.workspace, id, figure));
    }
  }
  ErasureRow row{erasure.decision, erasure.customer, erased->identifiers.size(), erased->evidence.size(), *events, {}};
  buffer_.clear();
  encode(row, buffer_);
  batch_->put(Family::meta, erasure_key(cause.workspace, cause.lsn), buffer_);
  return true;
}

Result<void> Fold::erase_rows(Family family, WorkspaceId workspace, const Hash128& home, const Hash128& evidence) {
  auto rows = store_.scan(family, fragment_key(workspace, home, evidence));
  for (; rows->valid(); rows->next()) batch_->erase(family, rows->key());
  return rows->status();
}

// Fragments, orders, facts, measurements and timelines; how many events they were.
Result<uint64_t> Fold::forget(const std::vector<Evidence>& evidence, WorkspaceId workspace) {
  std::map<Hash128, std::set<Hash128>> by_home;
  for (const Evidence& each : evidence) {
    Hash128 home = home_of(each.members).id;
    by_home[home].insert(each.hash);
    batch_->erase(Family::fragment, fragment_key(workspace, home, each.hash));
    for (Family family : {Family::order, Family::fact, Family::measure}) {
      if (auto erased = erase_rows(family, workspace, home, each.hash); !erased) return erased.error();
    }
    evidence_.erase(each.hash);
  }
  uint64_t events = 0;
  for (const auto& [home, hashes] : by_home) {
    auto rows = store_.scan(Family::timeline, id_key(workspace, home));
    for (; rows->valid(); rows->next()) {
      auto row = decode_timeline(rows->value());
      if (!row) return row.error();
      if (!hashes.contains(row->evidence)) continue;
      batch_->erase(Family::timeline, rows->key());
      ++events;
    }
    if (auto status = rows->status(); !status) return status.error();
  }
  return events;
}

}  // namespace tributary
