// Status of a customer: requests to change it, decisions about them, and what is evidence for a change.
#pragma once

#include "engine/domain/event.h"
#include "engine/ingest/fact_properties.h"

namespace tributary {

/// Needs `to` and `reason`. Named by `request_id`, else by the event.
void read_status_request(const FactProperties& properties, Event& event);
/// Status Change Approved, Rejected and Reverted. Need `request_id`; `by` is the event's source unless it says
/// otherwise.
void read_status_decision(const FactProperties& properties, Event& event);
/// Trial Requested, Quote Sent, Contract Signed and Opportunity Won.
void read_status_evidence(const FactProperties& properties, Event& event);

}  // namespace tributary
