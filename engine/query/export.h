// Everything of a workspace, from one snapshot and in bounded memory.
#pragma once

#include <memory>

#include "engine/log/log.h"
#include "engine/query/customer.h"
#include "engine/query/export_view.h"
#include "engine/query/rules_reader.h"
#include "engine/store/state_store.h"

namespace tributary {

/// Every customer once, as read_profile() shows it, in the order of containers. Memory: one container. Cost: one scan
/// of the containers, and a read for each fragment and identifier.
std::unique_ptr<ProfileExport> export_profiles(std::shared_ptr<const StateReader> snapshot, WorkspaceId workspace,
                                               RuleSet rules, ComputedTraitsAsOf computed = {});

/// Every event on a timeline once, in the order of the log, which is read from its beginning to where the snapshot
/// ends.
///
/// An event counts when its timeline has a row for this very record, as of the snapshot: a duplicate has none, nor has
/// an event of somebody who was erased, or one that names nobody. What retention deleted is not there.
///
/// Cost: the log once, in order; for each event of the workspace one point read of its row, and for each piece of
/// evidence that was not met lately its container. Memory: a batch of the log, one container, and names of the
/// customers of the evidence met last, about 10 MB. Errors: corrupt.
Result<std::unique_ptr<EventExport>> export_events(std::shared_ptr<const StateReader> snapshot, Log& log,
                                                   WorkspaceId workspace, RuleSet rules, const EventExportQuery& query);

}  // namespace tributary
