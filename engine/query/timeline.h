// A customer's events by time, and a workspace's rejected events: rows of the state that point into the log.
#pragma once

#include "engine/log/log.h"
#include "engine/query/customer.h"

namespace tributary {

/// One page, newest first. It may hold fewer entries than asked for, even none, and still have a next page: what one
/// request scans and holds is bounded. Events that retention deleted from the log are left out. Errors: invalid for a
/// bad cursor; corrupt when the log cannot give a payload back.
Result<TimelinePage> read_timeline(const StateReader& reader, Log& log, const KeyedHash& cursor_key,
                                   const Customer& customer, const TimelineQuery& query);

Result<RejectedPage> read_rejected(const StateReader& reader, Log& log, const KeyedHash& cursor_key,
                                   WorkspaceId workspace, const RejectedQuery& query);

}  // namespace tributary
