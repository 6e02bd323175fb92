// What happens to a matter that service works on: Ticket Created, Assigned, First Responded, Solved, Reopened, Closed.
#pragma once

#include "engine/domain/event.h"
#include "engine/ingest/fact_properties.h"

namespace tributary {

/// Needs `ticket_id`; Ticket Created also `ticket_type`. The rest may come with any of them.
void read_ticket(const FactProperties& properties, Event& event);

}  // namespace tributary
