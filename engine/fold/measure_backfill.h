// Computed traits that are declared when there are events already: what those say is read from the log once.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/domain/record.h"
#include "engine/identity/cuts.h"
#include "engine/ingest/measure_reader.h"
#include "engine/store/state_store.h"

namespace tributary {

/// Brings the measurements of one store up to the definitions: begin(), then, when something is missing, add() for the
/// records up to applied().lsn, then finish(). An event counts when it stands on a timeline, so that a duplicate, or
/// one that was erased, does not. What it writes are the rows that the fold would have written, so a start that was
/// killed half-way is made up for by the next one.
///
/// Before the fold gets its first record: the fold's front table must not know the fragments yet. Rows of definitions
/// that are gone stay: they are still true, nobody reads them, and a rebuild leaves them out. Owner: one thread.
class MeasureBackfill {
 public:
  MeasureBackfill(StateStore& store, const std::vector<ComputedTrait>& definitions);

  /// Notes which measures are no longer kept. True when some are missing. Errors: as StateStore::commit().
  Result<bool> begin();
  /// Errors: corrupt, io; overloaded when the store stalls for long.
  Result<void> add(std::span<const RecordView> records);
  /// Notes that nothing is missing any more.
  Result<void> finish();

  Lsn applied() const { return applied_.lsn; }

 private:
  Result<void> add_event(const RecordView& record, const EventView& event);
  Result<void> mark_fragment(WorkspaceId workspace, const Hash128& home, const Hash128& evidence);
  Result<const Cuts*> cuts_of(WorkspaceId workspace);
  Result<void> note(std::vector<Hash128> measures);
  Result<void> commit(StateBatch& batch);

  StateStore& store_;
  std::vector<ComputedTrait> definitions_;
  std::vector<Hash128> wanted_;   // sorted
  std::vector<Hash128> missing_;  // sorted
  AppliedState applied_;
  std::unique_ptr<MeasureReader> reader_;  // of what is missing
  std::map<WorkspaceId, Cuts> cuts_;
  std::unique_ptr<StateBatch> batch_;
  std::set<std::string> marked_;  // fragments of the batch
  std::string buffer_;
};

}  // namespace tributary
