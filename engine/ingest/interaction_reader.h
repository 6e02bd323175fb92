// Talks with a customer: Interaction Logged, Call Completed, Social Message Received and Sent.
#pragma once

#include "engine/domain/event.h"
#include "engine/ingest/fact_properties.h"

namespace tributary {

/// Needs `mode`, `subject`, `summary` (or `customer_said` and `we_said`), `feedback`, `next_action` and `logged_by`; a
/// time that is not in the future. `next_action` is `{what, who, due}` or `{none: true}`, or a text, which is vague.
void read_interaction_logged(const FactProperties& properties, Event& event);
void read_call_completed(const FactProperties& properties, Event& event);
void read_social_message(const FactProperties& properties, Event& event);

}  // namespace tributary
