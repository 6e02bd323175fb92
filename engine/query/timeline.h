// A customer's events by time: rows of the state that point into the log.
#pragma once

#include "engine/log/log.h"
#include "engine/query/customer.h"

namespace tributary {

/// One page, newest first unless the query says otherwise. It may hold fewer entries than asked for, even none, and
/// still have a next page: what one request scans and holds is bounded. Events that retention deleted from the log are
/// left out. Errors: invalid for a bad cursor or a missing `from`; corrupt when the log cannot give a payload back.
Result<TimelinePage> read_timeline(const StateReader& reader, Log& log, const KeyedHash& cursor_key,
                                   const Customer& customer, const TimelineQuery& query);

}  // namespace tributary
