// Events that are answered like any other and stored nowhere, because whom they are about was erased.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/domain/assertion.h"
#include "engine/domain/outcome.h"
#include "engine/domain/record.h"
#include "engine/fold/partition.h"

namespace tributary {

/// The items of one request that do not reach the log.
class NotTaken {
 public:
  NotTaken(const Partition& partition, Metrics& metrics) : namings_(partition.namings()), metrics_(metrics) {}

  /// Whether the record of the next item is to be left out, in which case it is counted.
  bool leaves_out(const Record& record);

  /// Answers for the items that were left out as well: nobody learns that somebody was erased.
  std::function<void(IngestOutcome)> complete(std::function<void(IngestOutcome)> done) const;

 private:
  std::shared_ptr<const IdentityFold::Namings> namings_;  // null: nobody was erased
  Metrics& metrics_;
  size_t item_ = 0;
  std::vector<size_t> places_;
};

/// True for an identifier that no event may name, because a customer who had it was erased.
bool suppresses(const Partition& partition, WorkspaceId workspace, const Hash128& said);

/// True for a decision about two identifiers, or one that is shared, when one of them is somebody's who was erased.
bool names_nobody(const Partition& partition, WorkspaceId workspace, const Assertion& assertion);

}  // namespace tributary
